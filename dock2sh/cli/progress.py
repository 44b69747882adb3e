"""How far pulling and pushing have got: bars on a terminal, else a line when a layer is done. All of it on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from dock2sh.cli.say import colour, note

Moved = Callable[[str, str, int, int], None]


@contextmanager
def watching(quiet: bool) -> Iterator[Moved]:
    """What to call with a layer, what is done with it, bytes so far, bytes in all."""
    if quiet:
        yield lambda layer, what, done, total: None
    elif sys.stderr.isatty():
        with _bars() as moved:
            yield moved
    else:
        yield _line


def _line(layer: str, what: str, done: int, total: int) -> None:
    if not what.endswith("ing"):
        note(f"{layer}: {what}")


@contextmanager
def _bars() -> Iterator[Moved]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(file=sys.stderr, no_color=not colour(sys.stderr))
    tasks, lock = dict[str, TaskID](), Lock()
    with Progress(*columns, console=console) as progress:

        def moved(layer: str, what: str, done: int, total: int) -> None:
            with lock:
                task = tasks[layer] if layer in tasks else tasks.setdefault(layer, progress.add_task("", total=total))
            progress.update(task, description=f"{layer}: {what}", completed=done, total=total)

        yield moved
