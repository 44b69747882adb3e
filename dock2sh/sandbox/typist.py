"""Types into a real interactive shell in a real terminal, at the speed at which one reads, and sees how each command ends."""

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from . import SandboxError
from .cast import Cast

_LONGEST = 4095  # bytes in a line that a terminal takes (N_TTY, canonical mode)
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_LITERAL = b"\x16"  # Ctrl-V, VLNEXT: the next character means nothing
_END = "\x1b]7777;"  # the beginning of a private string that terminals do not show; it ends with BEL
_MARK = re.compile(rb"\x1b\]7777;(\d+|more)\x07")
_CURSOR = b"\x1b[6n"  # busybox asks where the cursor is; nobody is there to tell

# the prompts: invisible, then what one sees. Every shell expands $? and $PWD in them
# (one that prints its environment must not be taken for one that prompts)
PROMPTS = {"PS1": f"{_END}$?\x07$PWD # ", "PS2": f"{_END}m${{PS1:+ore}}\x07> "}


class Typist:
    """A shell at the other end of a terminal. `speed` 1 is reading speed. Raises SandboxError if it does not start."""

    def __init__(self, command: Sequence[str], cast: Cast, speed: float, patience: float) -> None:
        import pexpect

        self._cast, self._speed, self._patience, self._waiting = cast, speed, patience, b""
        self._gone = (pexpect.EOF, OSError)
        self._alive = pexpect.ExceptionPexpect
        self._nothing_yet = pexpect.TIMEOUT
        try:
            lines = (cast.size.rows, cast.size.columns)
            self._shell: Any = pexpect.spawn(command[0], list(command[1:]), dimensions=lines, echo=True, timeout=None)
        except pexpect.ExceptionPexpect as error:
            raise SandboxError(str(error)) from error
        self._shell.delaybeforesend = None  # 50 ms a character, whatever the speed; it is for who types a password
        if self._prompt() is None:
            raise SandboxError(f"no shell answers: {self._said()}")

    def type(self, text: str) -> int | None:
        """Type the lines of `text`; the exit status of the last command. None: the shell has ended, or waits for more."""
        mark = b"more"
        for line in text.encode("utf-8", "surrogateescape").split(b"\n"):
            if len(line) > _LONGEST:
                raise SandboxError(f"a line of {len(line)} bytes: a terminal takes {_LONGEST}. Break it with a backslash")
            self._line(line)
            answer = self._prompt()
            if answer is None:
                return None
            mark = answer
        return None if mark == b"more" else int(mark)

    def close(self) -> None:
        """The terminal goes away, and the shell with it. pexpect kills it, and waits only a tenth of a second."""
        with suppress(self._alive):
            self._shell.close(force=True)
            return
        self._shell.ptyproc.wait()

    def pause(self, seconds: float) -> None:
        """Let one read what is there."""
        self._listen(seconds / self._speed)

    def _line(self, line: bytes) -> None:
        self.pause(0.5)
        for character in re.findall(rb"[\x00-\x7f]|[\x80-\xff]+", line):
            self._shell.send(_LITERAL + character if _CONTROL.match(character) else character)
            self.pause(0.09)
        self._shell.send(b"\n")

    def _prompt(self) -> bytes | None:
        """Wait for the next prompt, and show what comes until then; what it tells: a status, or `more`. None if none comes."""
        until = time.monotonic() + self._patience
        while not (match := _MARK.search(self._waiting)):
            if time.monotonic() > until or not self._read(1.0):
                return None
            if not _MARK.search(self._waiting):
                self._show_all_but_a_beginning()
        self._show(self._waiting[: match.start()])
        self._waiting = self._waiting[match.end() :]
        return match[1]

    def _listen(self, seconds: float) -> None:
        """Show what comes within a time. A prompt that comes is waited for by whoever typed."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self._read(left):
            self._show_all_but_a_beginning()

    def _show_all_but_a_beginning(self) -> None:
        cut = self._waiting.rfind(b"\x1b")
        held = cut if cut >= 0 and _END.encode().startswith(self._waiting[cut : cut + len(_END)]) else len(self._waiting)
        self._show(self._waiting[:held])
        self._waiting = self._waiting[held:]

    def _read(self, seconds: float) -> bool:
        """Take what comes; false if the shell has ended."""
        try:
            self._waiting += self._shell.read_nonblocking(1 << 16, max(seconds, 0.001))
        except self._nothing_yet:
            return True
        except self._gone:
            return False
        return True

    def _show(self, data: bytes) -> None:
        if data := data.replace(_CURSOR, b""):
            self._cast.show(data)

    def _said(self) -> str:
        lines = [line for line in self._waiting.decode(errors="replace").split("\n") if line.strip()]
        return lines[-1].strip() if lines else "it ended at once"
