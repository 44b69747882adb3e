"""Our side of a comparison: run a script on a root file system, in one of the shells that it must work in.

The script is stopped for a moment before each of its steps, so that what a step wrote can be told by the kernel's own clock (a
file's ctime), how long it took, and what the root is between two steps.
"""

import bisect
import os
import selectors
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .snapshot import now

SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "ash")}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WAYS = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "CONTAINER_HOST")
_MAIN = 'main "$@"\n'
# The script announces a step by `say "[3/7] ..."` (runtime/stage.sh). 1<> opens a FIFO without waiting for a reader.
_WAIT = """\
say() {{
    printf '%s\\n' "$*" >&2
    case $* in "[${{step_now-}}/${{total-}}]"*) printf '%s\\n' "$step_now" 1<>{told} && read -r said <{go} ;; esac
    : "${{said-}}"
}}
"""


class Place(NamedTuple):
    """Where a script works: the root that it builds into, the build context, a directory for itself and its state."""

    root: str
    context: str
    work: str

    @property
    def state(self) -> str:
        """The script's own state: the roots of other stages are in `stages/NAME/root` of it."""
        return os.path.join(self.work, "state")


class Mark(NamedTuple):
    """A step, and when it began: nanoseconds of the file system's clock. `reached`: when the script came to it and waited."""

    step: int
    began: int
    reached: int


class Outcome(NamedTuple):
    """How a script ended: its exit status, all that it said, when its steps began, and when it ended (as Mark.began)."""

    status: int
    output: str
    marks: tuple[Mark, ...] = ()
    ended: int = 0

    def step_of(self, moment: int) -> int:
        """The step that was at work at that time; 0 before the first one."""
        index = bisect.bisect_right([mark.began for mark in self.marks], moment)
        return self.marks[index - 1].step if index else 0

    def seconds(self) -> dict[int, float]:
        """How long each step took."""
        ends = [*(mark.reached for mark in self.marks[1:]), self.ended]
        return {mark.step: (end - mark.began) / 10**9 for mark, end in zip(self.marks, ends, strict=False)}


def run_script(
    script: str, shell: str, place: Place, options: Sequence[str] = (), at_step: Callable[[int], None] | None = None
) -> Outcome:
    """Run `script` under `shell` (a key of SHELLS) with `--root` and `--context`, its state under `place.work`.

    `at_step` is called before each step, while the script waits, and once more at the end, with 0. The script sees a bare
    environment: what is in ours must not decide what it makes. Raises OSError if the shell is missing.
    """
    file = Path(place.work, "setup.sh")
    with _Marks(place.work) as marks:
        file.write_text(marks.waiting(script), encoding="utf-8", errors="surrogateescape")
        command = [*SHELLS[shell], str(file), "--root", place.root, "--context", place.context, "--state", place.state, *options]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_bare(),
            cwd=place.work,
        ) as process:
            try:
                output = marks.follow(process, at_step or _nothing)
            except BaseException:
                process.terminate()  # it takes away what it has mounted
                marks.go()
                process.wait()
                raise
        ended = _tick(place.work)
        (at_step or _nothing)(0)
        return Outcome(process.returncode, output.decode(errors="replace"), tuple(marks.seen), ended)


def _bare() -> dict[str, str]:
    """The script's environment: nothing of ours, but the way to the engines that it asks for images."""
    ways = {name: value for name in _WAYS if (value := os.environ.get(name))}
    folder = os.path.dirname(shutil.which("docker") or "")
    path = f"{_PATH}:{folder}" if folder and folder not in _PATH.split(":") else _PATH
    return {"PATH": path, "LC_ALL": "C", **ways}


class _Marks:
    """The two FIFOs by which a script tells that a step begins, and is told to go on."""

    def __init__(self, work: str) -> None:
        self._work, self.seen = work, list[Mark]()
        self._told, self._go = os.path.join(work, "told"), os.path.join(work, "go")

    def __enter__(self) -> "_Marks":
        for fifo in (self._told, self._go):
            os.mkfifo(fifo)
        # for reading and writing: neither waits for the other end, and reading never comes to an end
        self._hears, self._says = (os.open(fifo, os.O_RDWR | os.O_CLOEXEC) for fifo in (self._told, self._go))
        return self

    def __exit__(self, *error: object) -> None:
        for descriptor, fifo in ((self._hears, self._told), (self._says, self._go)):
            os.close(descriptor)
            os.unlink(fifo)

    def waiting(self, script: str) -> str:
        """The script with a `say` that waits; one that is none of ours stays as it is."""
        if not script.endswith(_MAIN):
            return script
        told, go = shlex.quote(self._told), shlex.quote(self._go)
        return script.removesuffix(_MAIN) + _WAIT.format(told=told, go=go) + _MAIN

    def follow(self, process: "subprocess.Popen[bytes]", at_step: Callable[[int], None]) -> bytes:
        """All that the process says, until it says no more; a mark for each step that it tells of."""
        assert process.stdout
        said = bytearray()
        with selectors.DefaultSelector() as ready:
            for stream in (process.stdout.fileno(), self._hears):
                ready.register(stream, selectors.EVENT_READ)
            while True:
                found = {key.fd for key, _ in ready.select()}
                if self._hears in found:
                    self._step(at_step)
                if process.stdout.fileno() in found:
                    chunk = os.read(process.stdout.fileno(), 1 << 16)
                    if not chunk:
                        return bytes(said)
                    said += chunk

    def _step(self, at_step: Callable[[int], None]) -> None:
        number = os.read(self._hears, 64).split()[-1]
        reached = _tick(self._work)
        at_step(int(number))
        self.seen.append(Mark(int(number), _tick(self._work), reached))
        self.go()

    def go(self) -> None:
        """Let the script go on."""
        os.write(self._says, b"go\n")


def _tick(work: str) -> int:
    """The next moment of the file system's clock: what was written before lies before it, what comes does not."""
    before = now(work)
    while (moment := now(work)) == before:
        pass
    return moment


def _nothing(step: int) -> None:
    pass
