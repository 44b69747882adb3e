"""A shell in a terminal, and its end."""

import os
import signal

import pytest

from dock2sh.sandbox.cast import Cast
from dock2sh.sandbox.typist import PROMPTS, Typist


def test_a_shell_that_does_not_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed, and a tenth of a second later it is still there: that is how slow a busy machine is."""
    for name, value in PROMPTS.items():
        monkeypatch.setenv(name, value)
    typist = Typist(["sh"], Cast("", lambda line: None), 1000, 30)
    process = typist._shell.ptyproc

    def terminate(force: bool) -> bool:
        os.kill(process.pid, signal.SIGKILL)
        return False

    monkeypatch.setattr(process, "isalive", lambda: True)
    monkeypatch.setattr(process, "terminate", terminate)
    typist.close()
    assert not os.path.exists(f"/proc/{process.pid}")
