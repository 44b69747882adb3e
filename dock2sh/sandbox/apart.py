"""A supervisor as a process: what it is told, what it tells, how it begins and ends.

It is a Python of its own that has imported nothing but what it needs: each step is a fork of it, which costs by the memory that
the process has; a fork of ours, with the whole of dock2sh in it, costs three times that of a small one.
"""

import marshal
import os
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess

HEAD = struct.Struct("!cI")
"""Before each message: its kind, and the bytes of its text."""


class Build(NamedTuple):
    """Steps `first` to `last` of a script, which belong to one stage.

    `stage` is its name in the script, "" if it shares the target's root; `layers` are what it begins with, the lowest first,
    `finished` where the directory of each step's layer goes. `roots` are the layers of the stages and images that the steps read.
    `options` are more of the script's own, `env` is what they need of the environment (a secret's variable). `shell` reads the
    script. `work` is an empty directory on the file system of `finished`, `caches` where RUN --mount=type=cache keeps its
    directories.
    """

    script: str
    first: int
    last: int
    stage: str
    layers: Sequence[str]
    finished: Sequence[str]
    work: str
    caches: str
    roots: Mapping[str, Sequence[str]] = {}
    context: str = ""
    options: Sequence[str] = ()
    env: Mapping[str, str] = {}
    shell: Sequence[str] = ("sh",)


# What is told on the way: (kind, text). Kinds: s a step begins (its number), o output, l a layer is finished (its step, the
# seconds that it took), e the end (the script's exit status), x the sandbox has broken down (a sentence).
Message = tuple[str, bytes]


def begin(build: Build) -> "tuple[subprocess.Popen[bytes], int]":
    """Start it: the process, and where its messages come from (see `Messages`).

    Not by posix_spawn, of which glibc's leaves two signals ignored that no program can see to (32 and 33).
    """
    import subprocess

    reader, writer = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, os.path.dirname(os.path.dirname(__file__)), str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writer)
    os.close(writer)
    assert process.stdin
    with suppress(BrokenPipeError), process.stdin as pipe:  # it is gone already: its messages say so
        marshal.dump(_plain(build), pipe)  # type: ignore[arg-type]  # texts, numbers, lists and dicts of them
    return process, reader


# This package by a name of its own: nothing else of dock2sh is imported, and nothing of the machine's (-I, -S). A Ctrl-C, which
# goes to all of us, has no traceback meanwhile.
_PROGRAM = """
import sys, _signal
heard = _signal.getsignal(_signal.SIGINT)
if heard is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
sys.path.append(sys.argv[1])
from sandbox.supervisor import main
_signal.signal(_signal.SIGINT, heard)
main(int(sys.argv[2]))
"""


def _plain(build: Build) -> tuple[object, ...]:
    """As marshal takes it."""
    return tuple(
        {key: _listed(one) for key, one in value.items()} if isinstance(value, Mapping) else _listed(value) for value in build
    )


def _listed(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


class Messages:
    """The messages of a build, out of the bytes that have come."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Those that are complete now."""
        self._rest += data
        found: list[Message] = []
        while len(self._rest) >= HEAD.size:
            kind, size = HEAD.unpack_from(self._rest)
            if len(self._rest) < HEAD.size + size:
                break
            found.append((kind.decode(), self._rest[HEAD.size : HEAD.size + size]))
            self._rest = self._rest[HEAD.size + size :]
        return found


def end(process: "subprocess.Popen[bytes]", reader: int) -> None:
    """Kill it, and wait until all of it is gone."""
    process.kill()
    while os.read(reader, 1 << 16):
        pass
    os.close(reader)
    process.wait()
