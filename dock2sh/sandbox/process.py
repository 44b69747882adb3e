"""Processes of a sandbox's own: each dies with us, whatever we die of, and none of them hears a Ctrl-C that is meant for us."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from . import SandboxError

SHELL_FILES = Path(__file__).parent
_PR_SET_PDEATHSIG = 1


def start(command: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a process that dies with us; `streams` are Popen's arguments. Raises SandboxError if it is not here."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def dies_with_us() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # we died before it was asked for
            os._exit(1)

    settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, **streams}
    try:
        return subprocess.Popen(command, start_new_session=True, preexec_fn=dies_with_us, **settings)
    except FileNotFoundError as error:
        raise SandboxError(f"there is no program {command[0]} here. Install it, or choose another sandbox") from error


def ask(command: Sequence[str], what: str, source: "IO[bytes] | int" = subprocess.DEVNULL) -> str:
    """What a command prints. Raises SandboxError, `what` and the last line of what it complains of, if it fails."""
    with start(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            told, complaint = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise SandboxError(f"{what}: {last_line(complaint) or f'exit status {process.returncode}'}")
    return told.decode(errors="replace")


def last_line(said: bytes) -> str:
    """The last line that is not empty: what a program ends with is what it died of."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


class Undertaker:
    """Removes a container and its image at the end of the `with`, or when we die: it is a process that outlives us."""

    def __init__(self, engine: str, container: str, image: str = "") -> None:
        words = [engine, container, *filter(None, [image])]
        self._process = subprocess.Popen(
            ["sh", str(SHELL_FILES / "undertaker.sh"), *words], stdin=subprocess.PIPE, start_new_session=True
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        assert self._process.stdin
        if not kind or issubclass(kind, SandboxError):
            self._process.stdin.write(b"done\n")
        self._process.stdin.close()
        self._process.wait()
