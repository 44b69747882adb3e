"""A build on a terminal, as it goes: a line for each step with its time, and the last lines of what is at work."""

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from dock2sh.emulator import Event
from dock2sh.emulator.progress import Titles, printable
from dock2sh.model import Plan

_TAIL = 6
_MARKS = {"begin": ("=>", "cyan"), "cached": ("=> CACHED", "green"), "done": ("=>", "green"), "failed": ("=> ERROR", "red")}


class LiveView:
    """Shows events. A context: while it lasts the last lines of the terminal are its own. Finished steps scroll up and stay."""

    def __init__(self, plan: Plan, colour: bool) -> None:
        self._console = Console(stderr=True, highlight=False, no_color=not colour)
        self._titles = Titles(plan)
        self._titled: dict[int, str] = {}
        self._began: dict[int, float] = {}
        self._tails: dict[int, list[str]] = {}
        # asks for the view as soon as it is there (rich 15)
        self._live = Live(console=self._console, get_renderable=self._view, refresh_per_second=8, transient=True)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """An event of the build."""
        match event.kind:
            case "begin":
                self._titled[event.number], self._began[event.number] = self._titles.of(event), time.monotonic()
            case "output":
                lines = [printable(line) for line in event.data.splitlines()]
                self._tails[event.number] = [*self._tails.get(event.number, ()), *lines][-200:]
            case "cached":
                self._print(event, 0.0)
            case "done" | "failed":
                self._print(event, event.seconds or time.monotonic() - self._began.get(event.number, time.monotonic()))
                if event.kind == "failed":
                    self._console.print(Text("\n".join(self._tails.get(event.number, ()))))
                self._began.pop(event.number, None)
                if event.kind == "failed":  # nothing comes any more, and a shell may have the terminal (--on-failure)
                    self._live.stop()

    def _print(self, event: Event, seconds: float) -> None:
        self._live.console.print(self._line(event.kind, self._titles.of(event), seconds))

    def _line(self, kind: str, title: str, seconds: float) -> Text:
        mark, style = _MARKS[kind]
        width = self._console.width
        left = f" {mark} {title}"
        right = f"{seconds:.1f}s"
        room = max(width - len(right) - 1, 10)
        text = left if len(left) <= room else left[: room - 3] + "..."
        return Text(f"{text:<{room}} {right}", style=style, no_wrap=True, overflow="crop")

    def _view(self) -> Group:
        """The steps at work."""
        shown: list[Text] = []
        for number, began in list(self._began.items()):
            shown.append(self._line("begin", self._titled[number], time.monotonic() - began))
            shown += [
                Text(f" # {line}", style="dim", no_wrap=True, overflow="ellipsis")
                for line in self._tails.get(number, ())[-_TAIL:]
            ]
        return Group(*shown)
