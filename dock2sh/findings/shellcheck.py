"""What shellcheck says of the shell texts, where it is installed: all texts in one call."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run

_LEFT_OUT = "SC1090,SC1091,SC2187"
"""Files that are not there, and ash (dash's rules hold for it)."""
_SHELLS = {"sh": "sh", "ash": "sh", "dash": "dash", "bash": "bash", "ksh": "ksh"}


def find(did: list[Seen]) -> list[Finding]:
    """Nothing where shellcheck is not installed, or says what cannot be understood."""
    program = shutil.which("shellcheck")
    texts = [(one, shell, _text(one.step)) for one in did if isinstance(one.step, Run) and (shell := _shell(one.step))]
    if not program or not texts:
        return []
    with tempfile.TemporaryDirectory(prefix="dock2sh-") as home:
        for index, (_, shell, text) in enumerate(texts):
            (Path(home) / f"{index}").write_text(f"# shellcheck shell={shell}\n{text}\n", "utf-8", "replace")
        command = [program, "--format=json1", f"--exclude={_LEFT_OUT}", *map(str, range(len(texts)))]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    try:
        comments = json.loads(done.stdout)["comments"]
    except (ValueError, KeyError):
        return []
    return [_finding(texts[int(comment["file"])][0], comment) for comment in comments]


def _shell(step: Run) -> str:
    return _SHELLS.get(step.shell[0].rpartition("/")[2], "") if step.shell else ""


def _text(step: "Run") -> str:
    """The text with the variables that it sees, on the first line, so that lines are counted from the second on."""
    names = " ".join(name for name in step.env.items() if name.isidentifier() and name.isascii())
    known = f"export {names};" if names else ""
    return known + (step.script.content if step.script else step.argv[-1])


def _finding(one: Seen, comment: dict[str, object]) -> Finding:
    return Finding("SHELLCHECK", one.step.span, (("text", str(comment["message"])),), "", (), f"SC{comment['code']}")
