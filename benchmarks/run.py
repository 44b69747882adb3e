"""How fast it is, as ratios on this machine:  ./dev python benchmarks/run.py

The official parser, BuildKit's in Go, is the yardstick where its Python binding is installed (./dev pip install dockerfile). What
is compared is measured in turns, and the best of all rounds counts: other work on the machine only ever adds. Exit status 1 if a
goal is missed.
"""

import compileall
import gc
import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import dock2sh
from dock2sh.plan.context import Project

FILE = Path(__file__).parent / "Dockerfile"
ROUNDS = 15


class Row(NamedTuple):
    what: str
    ours: float
    theirs: float
    goal: float


def best(*actions: Callable[[], float]) -> list[float]:
    """The smallest answer of each, asked in turns."""
    return [min(answers) for answers in zip(*([action() for action in actions] for _ in range(ROUNDS)), strict=True)]


def clock(action: Callable[[str], object], text: str, times: int) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        for _ in range(times):
            action(text)
        return (time.perf_counter() - start) / times

    return measure


def cpu(*command: str) -> Callable[[], float]:
    """User and system time of a process."""

    def measure() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return measure


def whole(text: str) -> str:
    plan = dock2sh.evaluate(dock2sh.parse(text), find_base=dock2sh.find_bases({}, offline=True))
    return dock2sh.script(plan, Project("Dockerfile", text, None, None))


def long(text: str) -> str:
    """One stage of a thousand lines: the instructions of the first one, again and again."""
    stage = text.split("FROM ")[1]
    body = stage.partition("\n")[2]
    return f"FROM debian:12\n{body * (1000 // body.count(chr(10)))}"


def against_go(text: str, name: str, times: int) -> list[Row]:
    import dockerfile

    ours, everything, theirs = best(
        clock(dock2sh.parse, text, times), clock(whole, text, times), clock(dockerfile.parse_string, text, times)
    )
    return [
        Row(f"parse, {name}: Go's parser", ours, theirs, 1),
        Row(f"parse, plan, script, {name}: Go's parse", everything, theirs, 3),
    ]


def start_up() -> Row:
    ours, theirs = best(cpu(sys.executable, "-m", "dock2sh", "--offline", str(FILE)), cpu(sys.executable, "-c", "import typer"))
    return Row("dock2sh FILE, a process: import typer", ours, theirs, 1.25)


def growth() -> Row:
    """A process for each, with a Dockerfile of many RUNs."""
    with tempfile.TemporaryDirectory() as folder:
        measures = []
        for lines in (10_000, 100_000):
            path = Path(folder, str(lines))
            path.write_text("FROM debian:12\n" + "".join(f"RUN echo {number}\n" for number in range(lines - 1)))
            command = [sys.executable, "-m", "dock2sh", "--offline", str(path)]
            measures.append(min(cpu(*command)() for _ in range(3)))
    return Row("100,000 lines: 10,000 lines", measures[1], measures[0], 12)


def main() -> int:
    gc.disable()  # as the command line does
    compileall.compile_dir(
        Path(dock2sh.__file__).parent, quiet=1
    )  # as it is installed, even where PYTHONDONTWRITEBYTECODE is set
    text = FILE.read_text()
    rows = []
    if importlib.util.find_spec("dockerfile"):
        rows += against_go(text, "40 lines", 50) + against_go(long(text), "1,000 lines", 3)
    else:
        print("without the official parser: ./dev pip install dockerfile\n")
    return show([*rows, start_up(), growth()])


def show(rows: list[Row]) -> int:
    """The table; 1 if a goal is missed."""
    print(f"{'':48}{'ours':>10}{'theirs':>10}{'ratio':>8}{'goal':>8}")
    for row in rows:
        ratio = row.ours / row.theirs
        verdict = "" if ratio <= row.goal else "  missed"
        print(f"{row.what:48}{row.ours * 1000:7.2f} ms{row.theirs * 1000:7.2f} ms{ratio:8.2f}{row.goal:8.2f}{verdict}")
    return int(any(row.ours > row.theirs * row.goal for row in rows))


if __name__ == "__main__":
    sys.exit(main())
