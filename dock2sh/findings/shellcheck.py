"""What shellcheck says of the shell texts, where it is installed: all texts in one call."""

import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from dock2sh.dockerfile.positions import positions
from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run
from dock2sh.shell.quotes import DEEPEST
from dock2sh.source import Place

_LEFT_OUT = "SC1090,SC1091,SC2187"
"""Files that are not there, and ash (dash's rules hold for it)."""
_SHELLS = {"sh": "sh", "ash": "sh", "dash": "dash", "bash": "bash", "ksh": "ksh"}


_PATIENCE = 30
"""Seconds. Ordinary files take one or two; nested ones exponentially long."""


def find(did: list[Seen], dockerfile: Dockerfile) -> list[Finding]:
    """Nothing where shellcheck is not installed, or says what cannot be understood. What it is not asked of is told."""
    program = shutil.which("shellcheck")
    texts = [(one, shell, one.step) for one in did if isinstance(one.step, Run) and (shell := _shell(one.step))]
    if not program or not texts:
        return []
    left = [one for one, _, _ in texts if _is_hopeless(one)]
    texts = [each for each in texts if not _is_hopeless(each[0])]
    told = [_untold(one, "too long, or nested too deeply, for shellcheck") for one in left]
    return told + (_asked(program, texts, dockerfile) if texts else [])


def _is_hopeless(one: Seen) -> bool:
    """Whether shellcheck would not end in a lifetime."""
    if one.apart is None:
        return False
    if any(part.why in ("too long", "nested too deeply") for part in one.apart.shell.opaque):
        return True
    depths = itertools.accumulate((char == "(") - (char == ")") for char in one.apart.shell.text)
    return max(depths, default=0) > DEEPEST


def _untold(one: Seen, why: str) -> Finding:
    return Finding("SHELLCHECK", one.step.span, (("text", why),), "", (), "shellcheck")


def _asked(program: str, texts: list[tuple[Seen, str, Run]], dockerfile: Dockerfile) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="dock2sh-") as home:
        for index, (_, shell, step) in enumerate(texts):
            text = f"# shellcheck shell={shell}\n{_known(step)}{_text(step)}\n"
            (Path(home) / f"{index}").write_text(text, "utf-8", "replace")
        command = [program, "--format=json1", f"--exclude={_LEFT_OUT}", *map(str, range(len(texts)))]
        try:
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            return [_untold(texts[0][0], f"shellcheck took more than {_PATIENCE} seconds and was stopped: nothing of it is here")]
    try:
        comments = json.loads(done.stdout)["comments"]
    except (ValueError, KeyError):
        return []
    lines = dockerfile.text.removeprefix("\ufeff").split("\n")
    found = list[Finding]()
    for comment in comments:
        one, _, step = texts[int(comment["file"])]
        found.append(_finding(one, comment, _place(one, step, comment, lines, dockerfile.escape)))
    return found


def _shell(step: Run) -> str:
    return _SHELLS.get(step.shell[0].rpartition("/")[2], "") if step.shell else ""


def _text(step: Run) -> str:
    return step.script.content if step.script else step.argv[-1]


def _known(step: Run) -> str:
    """The variables that the text sees, on its first line, so that lines are counted as they are."""
    names = " ".join(name for name in step.env.items() if name.isidentifier() and name.isascii())
    return f"export {names};" if names else ""


def _place(one: Seen, step: Run, comment: dict[str, Any], lines: list[str], escape: str) -> Place | None:
    """Where a comment of shellcheck's points, in the file: it counts lines of the text, below one of ours, and columns."""
    text = _text(step)
    where = positions(one.node, text, lines, escape)
    if where is None:
        return None
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
