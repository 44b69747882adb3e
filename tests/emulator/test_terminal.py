"""`dock2sh emulate` on a real terminal: the live view, narrow and resized; Ctrl-C, Ctrl-Z; a shell where a step failed."""

import os
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

pytestmark = [pytest.mark.root, pytest.mark.docker]

SLOW = """\
FROM busybox
RUN for i in 1 2 3 4; do echo a line of output that is wider than forty columns $i; sleep 0.3; done
RUN exit 3
"""


def begin(folder: Path, text: str, *words: str, columns: int = 80) -> Any:
    """A shell in whose foreground it runs, as somebody's does."""
    (folder / "Dockerfile").write_text(text)
    able = os.environ | {"TERM": "xterm"}  # whatever the tests are run in
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], dimensions=(24, columns), encoding="utf-8", timeout=60, env=able
    )
    shell.sendline("PS1='prompt''> '")
    shell.expect("prompt> ")
    command = f"{sys.executable} -m dock2sh emulate --no-cache {' '.join(words)} {folder}"
    shell.sendline(f"XDG_DATA_HOME={folder}/data {command}; echo 'status ='$?=")
    return shell


@pytest.mark.parametrize("columns", [40, 132])
def test_the_live_view(columns: int, tmp_path: Path) -> None:
    shell = begin(tmp_path, SLOW, columns=columns)
    shell.expect("wider")
    shell.setwinsize(20, 60)
    shell.expect(r"status =(\d+)=\r\n")
    said = shell.before
    assert shell.match[1] == "1"
    assert "exit code: 3" in said.replace("\r\n", "")
    assert "Traceback" not in said


def test_ctrl_c_and_ctrl_z(tmp_path: Path) -> None:
    """A build that was stopped goes on; one that was ended leaves nothing at work."""
    shell = begin(tmp_path, SLOW)
    shell.expect("wider")
    shell.send("\x1a")
    shell.expect("Stopped")
    shell.expect("prompt> ")
    shell.sendline("fg; echo 'after ='$?=")
    shell.expect(r"after =(\d+)=\r\n")
    assert shell.match[1] == "1"
    shell = begin(tmp_path, SLOW)
    shell.expect("wider")
    shell.sendintr()
    shell.expect("prompt> ")
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    shell.sendline("jobs; echo none''left")
    shell.expect("noneleft")
    assert "emulate" not in shell.before


def test_a_shell_where_a_step_failed(tmp_path: Path) -> None:
    """The live view is gone then: it would take the line away that is being typed."""
    shell = begin(tmp_path, "FROM busybox\nENV A=b\nWORKDIR /w\nRUN touch made; exit 3\n", "--on-failure", "shell")
    shell.expect("/w # ")
    shell.sendline("echo $A-$(ls); exit 5")
    shell.expect("b-made\r\n")
    shell.expect(r"status =(\d+)=\r\n")
    assert shell.match[1] == "1"
    assert "\x1b[2K" not in shell.before
