"""What both do when they are run: `docker run IMAGE ARG...` and `sh setup.sh --root DIR start ARG...`, side by side.

Each run has a fresh root on our side too, as a container has. The environment, the user and the directory that the process sees
are told by a static busybox, which is put into container and root for that; an image needs no shell.
"""

import difflib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

from .calibrate import CODE
from .case import Run
from .compare import Difference
from .engines import Engine, NoReference, command, said
from .ours import SHELLS

_PROBE = "/busybox-dock2sh"  # it looks at its own name to know what to be
_SEEN = (("environment", ("env",)), ("user", ("cat", "/proc/self/status")), ("directory", ("readlink", "/proc/self/cwd")))
_IDENTITY = ("Uid:", "Gid:", "Groups:")
_SECONDS = 20.0


class Seen(NamedTuple):
    """How a process ended ("still running after N s" if it was ended by us), and what it said."""

    status: str
    stdout: bytes
    stderr: bytes


class Stage(NamedTuple):
    """Where both are run: the engine and its image, our script and root, an empty directory for what it takes."""

    by: Engine
    image: str
    script: str
    shell: str
    root: str
    work: str


def behave(stage: Stage, runs: tuple[Run, ...]) -> tuple[list[Difference], list[str]]:
    """Every difference between the two when they are run, and notes on what could not be seen. Raises NoReference."""
    found: list[Difference] = []
    for run in runs:
        name = shlex.join(run.arguments) or "(no arguments)"
        theirs = _theirs(stage, run)
        ours = _ours(stage, run)
        differences = _compared(f"start {name}", ours, theirs)
        found += _steady(stage, run, theirs, differences) if differences else []
    more, notes = _looked(stage)
    return found + more, notes


def _compared(where: str, ours: Seen, theirs: Seen) -> list[Difference]:
    found = []
    if ours.status != theirs.status:
        found.append(Difference(where, "exit status", ours.status, theirs.status))
    for what, mine, other in (("stdout", ours.stdout, theirs.stdout), ("stderr", ours.stderr, theirs.stderr)):
        if mine != other:
            found.append(Difference(where, what, _first(mine), _first(other), detail=_diff(mine, other)))
    return found


def _steady(stage: Stage, run: Run, theirs: Seen, differences: list[Difference]) -> list[Difference]:
    """What the image does not say twice in the same way is no difference of ours."""
    again = {one.what for one in _compared("", _theirs(stage, run), theirs)}
    return [one._replace(noise=CODE) if one.what in again else one for one in differences]


def _first(text: bytes) -> str:
    line = text.split(b"\n", 1)[0].decode(errors="replace")
    return f"{len(text)} bytes: {line[:80]}" if text else "nothing"


def _diff(mine: bytes, other: bytes) -> str:
    one, two = (text.decode(errors="backslashreplace").splitlines() for text in (other, mine))
    return "\n".join(list(difflib.unified_diff(one, two, "theirs", "ours", n=1, lineterm=""))[:40])


# -- theirs ------------------------------------------------------------------------------------------------------------------


def _theirs(stage: Stage, run: Run) -> Seen:
    name = f"dock2sh-{uuid4().hex[:12]}"
    words = ("run", "--name", name, "--hostname", os.uname().nodename, stage.image, *run.arguments)
    try:
        done = stage.by.run(*words, seconds=run.seconds)
        return Seen(str(done.returncode), done.stdout, done.stderr)
    except subprocess.TimeoutExpired as error:
        return Seen(f"still running after {run.seconds:g} s", error.stdout or b"", error.stderr or b"")
    finally:
        stage.by.run("rm", "-f", name)


def _their_probe(stage: Stage, busybox: str, words: tuple[str, ...]) -> bytes:
    name = f"dock2sh-{uuid4().hex[:12]}"
    make = ("create", "--name", name, "--hostname", os.uname().nodename, "--entrypoint", _PROBE, stage.image, *words)
    try:
        for step in (make, ("cp", busybox, f"{name}:{_PROBE}"), ("start", "-a", name)):
            done = stage.by.run(*step, seconds=_SECONDS)
            if done.returncode:
                raise NoReference(f"{stage.by.name} cannot run a probe in the image: {said(done)}")
        return done.stdout
    finally:
        stage.by.run("rm", "-f", name)


# -- ours --------------------------------------------------------------------------------------------------------------------


def _ours(stage: Stage, run: Run) -> Seen:
    with _fresh(stage) as root:
        return _started(stage, root, run.arguments, run.seconds)


def _our_probe(stage: Stage, busybox: str, words: tuple[str, ...]) -> bytes:
    with _fresh(stage) as root:
        shutil.copy2(busybox, root + _PROBE)
        return _started(stage, root, ("--entrypoint", _PROBE, *words), _SECONDS).stdout


@contextmanager
def _fresh(stage: Stage) -> Iterator[str]:
    """The root that was built, with what is written from now on thrown away."""
    with tempfile.TemporaryDirectory(dir=stage.work) as folder:
        places = [os.path.join(folder, name) for name in ("upper", "work", "root")]
        for place in places:
            os.mkdir(place)
        options = f"lowerdir={stage.root},upperdir={places[0]},workdir={places[1]}"
        done = command(["mount", "-t", "overlay", "overlay", "-o", options, places[2]], "Install mount")
        if done.returncode:
            raise NoReference(f"the root cannot be covered to be started: {said(done)}. Be root")
        try:
            yield places[2]
        finally:
            command(["umount", "--lazy", places[2]], "Install mount")


# As in a container: what has gone into the background, in a session of its own even, ends with the first process.
_ALONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


def _started(stage: Stage, root: str, arguments: tuple[str, ...], seconds: float) -> Seen:
    words = [*_ALONE, *SHELLS[stage.shell], stage.script, "--root", root, "start", *arguments]
    environment = {"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C"}
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        cwd=stage.work,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
            return Seen(str(process.returncode), stdout, stderr)
        except subprocess.TimeoutExpired:
            return Seen(f"still running after {seconds:g} s", *_ended(process))
        except BaseException:
            _ended(process)
            raise


def _ended(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """End the process and all that it has started; what they had said."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()


# -- what the process sees ---------------------------------------------------------------------------------------------------


def _looked(stage: Stage) -> tuple[list[Difference], list[str]]:
    """The environment, the user and the directory of the process, on both sides."""
    busybox = shutil.which("busybox")
    if not busybox or not _is_static(busybox):
        return [], ["what the process sees (environment, user, directory) was not looked at: it needs a static busybox here"]
    found = []
    for what, words in _SEEN:
        filtered: Callable[[bytes], list[str]] = _FILTERS[what]
        mine, other = filtered(_our_probe(stage, busybox, words)), filtered(_their_probe(stage, busybox, words))
        if mine != other:
            only = [[line for line in one if line not in two] for one, two in ((mine, other), (other, mine))]
            found.append(Difference("the process", what, "; ".join(only[0]) or "(less)", "; ".join(only[1]) or "(less)"))
    return found, []


_FILTERS: dict[str, Callable[[bytes], list[str]]] = {
    "environment": lambda text: sorted(text.decode(errors="replace").splitlines()),
    "user": lambda text: [" ".join(line.split()) for line in text.decode().splitlines() if line.startswith(_IDENTITY)],
    "directory": lambda text: text.decode(errors="replace").splitlines(),
}


def _is_static(program: str) -> bool:
    with open(program, "rb") as file:
        return b"/ld-" not in file.read(4096)
