"""Where both sides fail, each at a step of its own: whether each would fail at the other's, too.

docker builds stages side by side and looks for a COPY's sources while the RUNs before it still run, so that of two steps that
fail it may name either; the script comes to the first of them. Which one is a race; that both fail is what the Dockerfile says.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from dock2sh.dockerfile.lines import parse
from dock2sh.plan.context import Project
from dock2sh.verify import Failure, Verdict

# verifies this Dockerfile, of which the engine gets the file of that path
Judge = Callable[[Project, str], Verdict]
_MOST = 3  # steps that fail beside one another; each more doubles the builds


def judged(project: Project, file: str, judge: Judge) -> Verdict:
    """The judge's verdict. Where both sides fail at different steps each is built again without its own failing step: they agree
    if then it fails as the other did. The file is changed in a copy; no line moves."""
    return _judged(project, file, judge, ())


def _judged(project: Project, file: str, judge: Judge, gone: tuple[int, ...]) -> Verdict:
    answer = judge(project, file)
    if not _race(answer) or len(gone) == _MOST:
        return answer
    ours, theirs = answer.failures[:2]
    if not theirs.line:
        again = _without(project, file, judge, (*gone, ours.line))
        theirs = _found(again, theirs)
        if not theirs.line:
            return _apart(answer, ours, theirs, again)
    more: tuple[Failure, ...] = ()
    for own, other in ((ours, theirs), (theirs, ours)):
        again = _without(project, file, judge, (*gone, own.line))
        if again.verdict != "identical" or other.line not in {failure.line for failure in again.failures}:
            return _apart(answer, own, other, again)
        more += again.failures
    steps = " and ".join(f"line {failure.line}" for failure in sorted((ours, theirs), key=lambda failure: failure.line))
    why = f"both refuse it: {steps} both fail, and of steps that fail side by side either may be named. Without one of them"
    return answer._replace(
        verdict="identical", notes=(f"{why} both sides fail at the other", *answer.notes[1:]), failures=(ours, theirs, *more)
    )


def _race(answer: Verdict) -> bool:
    """Whether both failed, and not at the same step. Of a repository that it cannot take docker names no line."""
    if len(answer.failures) < 2 or any(failure.missing for failure in answer.failures):
        return False
    ours, theirs = answer.failures[:2]
    return bool(ours.line) and (ours.line != theirs.line if theirs.line else answer.verdict == "inconclusive")


def _found(again: Verdict, theirs: Failure) -> Failure:
    """The engine's failure with the line that it did not name: where both fail alike without our failing step."""
    line = next((failure.line for failure in again.failures if failure.line), 0)
    return theirs._replace(line=line) if again.verdict == "identical" else theirs


def _apart(answer: Verdict, own: Failure, other: Failure, again: Verdict) -> Verdict:
    """Two failures that have nothing to do with each other: without its own failing step a side does not fail as the other."""
    what = " ".join((again.notes or ("",))[0].split())
    where = f" at line {other.line}" if other.line else ""
    why = f"without line {own.line} they do not both fail{where}: {again.verdict}{f' ({what})' if what else ''}"
    return answer._replace(verdict="inconclusive", notes=(*answer.notes, why))


def _without(project: Project, file: str, judge: Judge, lines: tuple[int, ...]) -> Verdict:
    """The verdict on the Dockerfile without the instructions that begin in these lines."""
    text = blanked(project.text, lines)
    with tempfile.TemporaryDirectory(prefix="dock2sh-rivals-") as folder:
        copy = Path(folder, os.path.basename(file))
        copy.write_text(text, encoding="utf-8", errors="surrogateescape")
        own = Path(f"{file}.dockerignore")  # it goes by the Dockerfile's name
        if own.exists():
            Path(f"{copy}.dockerignore").write_bytes(own.read_bytes())
        return _judged(project._replace(text=text), str(copy), judge, lines)


def blanked(text: str, lines: tuple[int, ...]) -> str:
    """A Dockerfile with blank lines in the place of the instructions that begin in these lines."""
    rows = text.split("\n")
    for node in parse(text).nodes:
        if node.span.first in lines:
            rows[node.span.first - 1 : node.span.last] = [""] * (node.span.last - node.span.first + 1)
    return "\n".join(rows)
