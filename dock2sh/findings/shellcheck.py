"""What shellcheck says of the shell texts, where it is installed: all texts in one call."""

import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dock2sh.commands.apart import interpreter, shell_named
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run
from dock2sh.shell.quotes import DEEPEST
from dock2sh.source import Place, Span

_LEFT_OUT = "SC1090,SC1091,SC2187"
"""Files that are not there, and ash (dash's rules hold for it)."""
_SHELLS = {"sh": "sh", "ash": "sh", "dash": "dash", "bash": "bash", "ksh": "ksh"}


_PATIENCE = 30
"""Seconds. Ordinary files take one or two; nested ones exponentially long."""


class _Text(NamedTuple):
    """A text to ask about: the RUN's own, or a here-document that a shell within reads; its places in the RUN's own."""

    one: Seen
    step: Run
    shell: str
    text: str
    where: Sequence[int]


def find(did: list[Seen]) -> list[Finding]:
    """Nothing where shellcheck is not installed, or says what cannot be understood. What it is not asked of is told."""
    program = shutil.which("shellcheck")
    texts = [each for one in did if isinstance(one.step, Run) and one.step.shell for each in _texts(one, one.step)]
    if not program or not texts:
        return []
    left = dict.fromkeys(each.one.step.span for each in texts if _is_hopeless(each.one))
    texts = [each for each in texts if each.one.step.span not in left]
    told = [_untold(span, "too long, or nested too deeply, for shellcheck") for span in left]
    return told + (_asked(program, texts) if texts else [])


def _texts(one: Seen, step: Run) -> Iterator[_Text]:
    """The RUN's text, and here-documents for a shell that no other shell puts anything into before."""
    words = interpreter(step.script.content) if step.script else step.shell[:1]
    if shell := _SHELLS.get(shell_named(words), ""):
        yield _Text(one, step, shell, one.text(), range(len(one.text())))
    for inner in one.apart.documents if one.apart else ():
        if inner.literal and inner.where is not None and inner.shell in _SHELLS:
            yield _Text(one, step, _SHELLS[inner.shell], inner.text, inner.where)


def _is_hopeless(one: Seen) -> bool:
    """Whether shellcheck would not end in a lifetime."""
    if one.apart is None:
        return False
    if any(part.why in ("too long", "nested too deeply") for part in one.apart.shell.opaque):
        return True
    depths = itertools.accumulate((char == "(") - (char == ")") for char in one.apart.shell.text)
    return max(depths, default=0) > DEEPEST


def _untold(span: Span, why: str) -> Finding:
    return Finding("SHELLCHECK", span, (("text", why),), "", (), "shellcheck")


def _asked(program: str, texts: list[_Text]) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="dock2sh-") as home:
        for index, each in enumerate(texts):
            text = f"# shellcheck shell={each.shell}\n{_known(each.step)}{each.text}\n"
            (Path(home) / f"{index}").write_text(text, "utf-8", "replace")
        command = [program, "--format=json1", f"--exclude={_LEFT_OUT}", *map(str, range(len(texts)))]
        try:
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            why = f"shellcheck took more than {_PATIENCE} seconds and was stopped: nothing of it is here"
            return [_untold(texts[0].step.span, why)]
    try:
        comments = json.loads(done.stdout)["comments"]
    except (ValueError, KeyError):
        return []
    asked = ((texts[int(comment["file"])], comment) for comment in comments)
    return [_finding(each.one, comment, _place(each, comment)) for each, comment in asked]


def _known(step: Run) -> str:
    """The variables that the text sees, on its first line, so that lines are counted as they are."""
    names = " ".join(name for name in step.env.items() if name.isidentifier() and name.isascii())
    return f"export {names};" if names else ""


def _place(each: _Text, comment: dict[str, Any]) -> Place | None:
    """Where a comment of shellcheck's points, in the file: it counts lines of the text, below one of ours, and columns."""
    text, step, whole = each.text, each.step, each.one.positions()
    if whole is None:
        return None
    where = [whole[at] for at in each.where]
    begins = [0, *(index + 1 for index, char in enumerate(text) if char == "\n")]
    first, last = (_offset(begins, comment[key + "ine"], comment[other], len(_known(step))) for key, other in _KEYS)
    if not 0 <= first < len(where):
        return None
    line, column = where[first]
    end = where[min(last, len(where)) - 1] if last > first else (line, column)
    return Place(line, column, max(end[1] - column + 1, 1) if end[0] == line else 1)


_KEYS = (("l", "column"), ("endL", "endColumn"))


def _offset(begins: list[int], line: int, column: int, known: int) -> int:
    row = line - 2
    if not 0 <= row < len(begins):
        return -1
    return begins[row] + column - 1 - (known if row == 0 else 0)


def _finding(one: Seen, comment: dict[str, Any], place: Place | None) -> Finding:
    return Finding("SHELLCHECK", one.step.span, (("text", str(comment["message"])),), "", (), f"SC{comment['code']}", place)
