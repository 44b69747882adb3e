"""A script and its layers: the first process of a build's own PID and mount namespaces. It runs the script, changes the layer at
each step, and starts the RUNs (door.sh is the script's side). When it dies the kernel ends all that it had started and mounted.
"""

import fcntl
import gc
import marshal
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from errno import EDQUOT, ENOSPC
from typing import NoReturn

from . import SandboxError, kernel, leap, seccomp
from .apart import HEAD, Build
from .container import described, exit_code, start
from .overlay import mount_layers, shallow
from .stubs import stubs
from .surroundings import system_files

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(parent: int) -> NoReturn:
    """A process that `apart.begin` has started: the build comes on standard input, what is told goes out on standard output.

    It is the parent of the namespace's first process, since who has made a user namespace cannot come back from a PID namespace.
    """
    gc.disable()
    status = 1
    try:
        kernel.die_with_parent(signal.SIGKILL)
        if os.getppid() == parent:  # else it died before that was asked for
            build = Build(*marshal.load(sys.stdin.buffer))
            kernel.unshare(kernel.CLONE_NEWPID)
            first = os.fork()
            if first == 0:
                _supervise(build)
            os.close(_WRITER)
            status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    except OSError as error:
        _write("x", f"a PID namespace may not be made here: {error.strerror}".encode())
    finally:
        os._exit(status & 0xFF)


_WRITER = 1


def _supervise(build: Build) -> NoReturn:
    status = 1
    try:
        kernel.die_with_parent(signal.SIGKILL)
        os.setsid()
        _Supervisor(build, _write).run()
        status = 0
    except SandboxError as error:
        _write("x", str(error).encode())
    except BaseException as error:
        _write("x", _sentence(error, build.work).encode(errors="replace"))
    finally:
        os._exit(status)


def _sentence(error: BaseException, work: str) -> str:
    """What broke the sandbox; of a full disk, which is no fault of ours, also the cure."""
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT):
        return f"no space left for a build in {work}. Remove images with `dock2sh rmi` and `dock2sh prune`, or free some"
    return f"{type(error).__name__}: {error}"


def _write(kind: str, data: bytes) -> None:
    message = memoryview(HEAD.pack(kind.encode(), len(data)) + data)
    while message:
        message = message[os.write(_WRITER, message) :]


class _Supervisor:
    def __init__(self, build: Build, tell: Callable[[str, bytes], None]) -> None:
        self.build, self.tell = build, tell
        self.quick = f"{build.work}/quick"
        self.root, self.door, self.names = f"{self.quick}/root", f"{self.quick}/door", f"{self.quick}/names"
        self.layers = list(build.layers)
        self.step = 0
        self.locks: dict[str, int] = {}
        self.began = 0.0

    def run(self) -> None:
        self._places()
        self._mount()
        self.input, unused = os.pipe()
        os.close(unused)
        self.output, self.pipe = os.pipe()
        os.set_blocking(self.output, False)
        self.ask = os.open(f"{self.door}/ask", os.O_RDWR)
        self.answer = os.open(f"{self.door}/answer", os.O_RDWR)
        script = self._script()
        self._filter()
        status = self._converse(script)
        if status == 0:
            self._finish_layer()
        self.tell("e", str(status).encode())

    # -- the place ---------------------------------------------------------------------------------------------------------

    def _places(self) -> None:
        """What is small and changes with each step is in memory: making and taking away a name costs ext4 a tenth of a step."""
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        for name in ("quick", "state", "flat"):
            os.mkdir(f"{self.build.work}/{name}", 0o700)
        kernel.mount("tmpfs", self.quick, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=700")
        for name in ("root", "door", "roots", "names", "names/sys", "none"):
            os.mkdir(f"{self.quick}/{name}", 0o700)
        system_files(f"{self.names}/sys")
        for name in ("ask", "answer"):
            os.mkfifo(f"{self.door}/{name}", 0o600)
        os.symlink(self.build.caches, f"{self.door}/caches")
        os.symlink(os.path.join(os.path.dirname(__file__), "door.sh"), f"{self.door}/door.sh")
        with open(f"{self.door}/roots", "w") as listed:
            for number, (name, layers) in enumerate(self.build.roots.items()):
                listed.write(f"{name} {self._extra(number, layers)}\n")
            if self.build.stage:
                listed.write(f"{self.build.stage} {self.root}\n")

    def _extra(self, number: int, layers: Sequence[str]) -> str:
        """The finished root of another stage or an image."""
        place, work = f"{self.quick}/roots/{number}", f"{self.names}/{number}"
        os.mkdir(place)
        os.mkdir(work)
        mount_layers(shallow(layers, f"{self.build.work}/flat"), place, work=work)
        return place

    def _mount(self) -> None:
        """A new layer on top."""
        made = f"{self.build.work}/{self.step or self.build.first}"
        os.mkdir(made)
        os.mkdir(f"{made}/diff")
        self.layers = shallow(self.layers or [self._nothing()], f"{self.build.work}/flat")
        mount_layers(self.layers, self.root, f"{made}/diff", self.names, f"{made}.index")

    def _nothing(self) -> str:
        """What `FROM scratch` begins with."""
        place = f"{self.build.work}/nothing"
        os.makedirs(place, 0o755, exist_ok=True)
        os.chmod(place, 0o755)
        return place

    def _finish_layer(self) -> None:
        """The step has ended well: what it wrote becomes a layer, whole or not at all."""
        if not self.step:
            return
        kernel.unmount(self.root)
        made, place = f"{self.build.work}/{self.step}", self.build.finished[self.step - self.build.first]
        os.rename(made, place)
        self.layers.append(f"{place}/diff")
        self.tell("l", f"{self.step} {time.monotonic() - self.began:.6f}".encode())

    # -- the script --------------------------------------------------------------------------------------------------------

    def _script(self) -> int:
        """Start it: its number."""
        build = self.build
        file = f"{build.work}/setup.sh"
        with open(file, "w", encoding="utf-8", errors="surrogateescape") as text:
            text.write(build.script)
        root = f"{self.quick}/none" if build.stage else self.root
        command = [*build.shell, file, "--root", root, "--state", f"{build.work}/state", "--door", self.door]
        command += ["--from", str(build.first), "--to", str(build.last), *build.options]
        command += ["--context", build.context] if build.context else []
        number = os.fork()
        if number == 0:
            self._become_script(command, {**build.env, "PATH": _PATH, "LC_ALL": "C"})
        return number

    def _become_script(self, command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
        try:
            for number, stream in enumerate((self.input, self.pipe, self.pipe)):
                os.dup2(stream, number)
            for kind in (signal.SIGPIPE, signal.SIGXFSZ):  # what Python ignores
                signal.signal(kind, signal.SIG_DFL)
            os.execvpe(command[0], list(command), environment)
        except OSError as error:
            os.write(2, f"missing: {command[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)

    def _filter(self) -> None:
        """docker's filter of system calls, for the script's own RUNs too (door_filter). It is made while the script begins."""
        with open(f"{self.door}/filter", "wb") as file:
            file.write(seccomp.program())
        os.symlink(sys.executable, f"{self.door}/python")
        os.symlink(seccomp.__file__, f"{self.door}/filtered.py")
        os.symlink(leap.__file__, f"{self.door}/leap.py")

    def _converse(self, script: int) -> int:
        """Do what the script asks for until it ends: its exit status. What is printed meanwhile is told."""
        end = os.pidfd_open(script)
        poll = select.poll()
        for source in (self.output, self.ask, end):
            poll.register(source, select.POLLIN)
        while True:
            sources = [source for source, _ in poll.poll()]
            self._drain()
            if self.ask in sources:
                self._serve(os.read(self.ask, 4096).decode().strip())
            elif end in sources:
                _, status = os.waitpid(script, 0)
                self._drain()
                return exit_code(status)

    def _serve(self, request: str) -> None:
        kind, _, about = request.partition(" ")
        answer = "go"
        if kind == "step":
            self._begin_step(int(about))
            answer = _accounts(self.root) or about
        elif kind == "lock":
            self._lock(about)
        elif kind == "keep":
            self._keep(about)
        else:
            answer = self._run()
        os.write(self.answer, answer.replace("\n", " ").encode(errors="replace") + b"\n")

    def _keep(self, name: str) -> None:
        """What is there before this step is a root of its own, too."""
        with open(f"{self.door}/roots", "a") as listed:
            listed.write(f"{name} {self._extra(len(os.listdir(f'{self.quick}/roots')), self.layers)}\n")

    def _lock(self, cache: str) -> None:
        """One step at a time has this cache, of all builds on the machine. What a step has already is taken anew with it, all in
        one order: it has done nothing yet, and no two steps wait for one another."""
        wanted = sorted({*self.locks, cache})
        self._unlock()
        for each in wanted:
            self.locks[each] = os.open(f"{each}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self.locks[each], fcntl.LOCK_EX)

    def _unlock(self) -> None:
        while self.locks:
            os.close(self.locks.popitem()[1])

    def _begin_step(self, number: int) -> None:
        self._unlock()
        if self.step:
            self._finish_layer()
            self.step = number
            self._mount()
        self.step, self.began = number, time.monotonic()
        self.tell("s", str(number).encode())

    def _drain(self) -> None:
        """What has been printed up to now; what belongs to a step is told before the next one begins."""
        while True:
            try:
                data = os.read(self.output, 65536)
            except BlockingIOError:
                return
            self.tell("o", data)

    # -- RUN ---------------------------------------------------------------------------------------------------------------

    def _run(self) -> str:
        """Start what $door/run describes and wait for it: its exit status, or a sentence."""
        process = described(f"{self.door}/run")
        os.unlink(f"{self.door}/run")  # or the next one would be written over it, which ext4 sends to the disk
        with stubs(self.root, process.names):
            return self._wait(start(self.root, process, (self.input, self.pipe, self.pipe), self.names))

    def _wait(self, number: int) -> str:
        end = os.pidfd_open(number)
        poll = select.poll()
        for source in (self.output, end):
            poll.register(source, select.POLLIN)
        while end not in (found := [source for source, _ in poll.poll()]):
            self._drain() if found else None
        _, status = os.waitpid(number, 0)
        os.close(end)
        self._drain()
        return str(exit_code(status))


def _accounts(root: str) -> str:
    """What tells the root's files of users and groups from others; "" where a link is on the way to them."""
    told = []
    for name in ("etc", "etc/passwd", "etc/group"):
        try:
            about = os.lstat(f"{root}/{name}")
        except FileNotFoundError:
            told.append("-")
            continue
        if stat.S_ISLNK(about.st_mode):
            return ""
        if not stat.S_ISDIR(about.st_mode):
            told.append(f"{about.st_ino}.{about.st_size}.{about.st_mtime_ns}.{about.st_ctime_ns}")
    return " ".join(told)
