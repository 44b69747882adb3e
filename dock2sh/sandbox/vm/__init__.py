"""A sandbox that is a virtual machine: QEMU, with KVM where a guest really boots with it, else in software.

The guest works in job.root itself, by virtiofs: nothing is copied, nothing lost. Its only process (sandbox/guest.sh)
comes in an initrd that is made in memory, and so are the secrets. A file system server (virtiofsd) shows it the root, and the
rest for reading only, in a mount namespace that nobody else sees (sandbox/share.sh).
"""

import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .. import Job, SandboxError, leftovers
from ..output import READY, Say, listen
from ..process import SHELL_FILES, last_line, start
from .guest import Descriptors, Guest, Size, initrd, invite, machine, missing, places, program
from .kernel import Kernel, cache, find

_BOOT_SECONDS = {"kvm": 8.0, "tcg": 120.0}
_OFF_SECONDS = 15.0


class Vm:
    """Runs jobs in a virtual machine of `memory` MiB at most; the root file system has the room that job.root has.

    `kernel` is a file, by default Debian's cloud kernel, fetched at first use. Needs root. An image without a shell is fine: the
    guest has one. The agent of --ssh cannot come along.
    """

    def __init__(self, kernel: str = "", memory: int = 2048, processors: int = 0) -> None:
        self.kernel, self.size = kernel, Size(memory, processors)

    def trouble(self) -> str:
        """See Sandbox. What is missing; a guest that does not boot is told when it does not."""
        try:
            return missing() or (find(self.kernel) and "")
        except SandboxError as error:
            return str(error)

    def run(self, job: Job, say: Say) -> int:
        """See Sandbox."""
        if trouble := missing():
            raise SandboxError(trouble)
        kernel = find(self.kernel)
        guest = invite(job)
        memory = initrd(guest, kernel)
        try:
            status = self._boot(guest, kernel, memory, say)
        finally:
            os.close(memory)
        leftovers.remove(job.root, guest.before, job.runs)
        if status is None:
            raise SandboxError(f"the virtual machine ended before the script did: {_last_words(guest)}")
        return status

    def _boot(self, guest: Guest, kernel: Kernel, memory: int, say: Say) -> int | None:
        """The script's exit status, by the first accelerator with which the guest boots."""
        for accelerator in ("kvm", "tcg") if _may_have_kvm() else ("tcg",):
            with self._running(guest, kernel, memory, accelerator) as output:
                if output is not None:
                    return listen(output, guest.token, say)
            if accelerator == "kvm":
                _note_no_kvm()
        raise SandboxError(f"the virtual machine did not boot: {_last_words(guest)}")

    @contextmanager
    def _running(self, guest: Guest, kernel: Kernel, memory: int, accelerator: str) -> Iterator[int | None]:
        """A guest that is ready, and the descriptor from which its words come; None if it did not boot in time."""
        ours, theirs = socket.socketpair()
        with ours, theirs, _shared(guest) as share:
            command = machine(guest, kernel, self.size, accelerator, Descriptors(memory, theirs.fileno(), share.fileno()))
            with open(guest.place("qemu"), "wb") as log:
                qemu = start(command, stdout=log, stderr=log, pass_fds=(memory, theirs.fileno(), share.fileno()))
            with qemu:
                try:
                    theirs.close()
                    share.close()
                    if _is_ready(ours, time.monotonic() + _BOOT_SECONDS[accelerator]):
                        yield ours.fileno()
                        with suppress(subprocess.TimeoutExpired):
                            qemu.wait(_OFF_SECONDS)
                    else:
                        yield None
                finally:
                    qemu.kill()


@contextmanager
def _shared(guest: Guest) -> Iterator[socket.socket]:
    """The file system server: QEMU's end of the line to it. It ends with us, and with the guest.

    Raises SandboxError, with the server's own words, if it did not serve.
    """
    top = guest.place("share")
    os.makedirs(top, exist_ok=True)
    listener, line = _line(guest)
    command = ["unshare", "-m", "sh", str(SHELL_FILES / "share.sh"), top, program("virtiofsd"), str(listener.fileno())]
    with line:
        with listener, open(guest.place("virtiofsd"), "wb") as log:
            server = start(command, stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=(listener.fileno(),))
        with server:
            try:
                _tell(server, places(guest))
                yield line
                if server.poll():
                    said = last_line(Path(guest.place("virtiofsd")).read_bytes())
                    raise SandboxError(f"the root cannot be shared with the virtual machine: {said}")
            finally:
                server.kill()


def _line(guest: Guest) -> tuple[socket.socket, socket.socket]:
    """A socket that listens, and one that is connected to it, in the sandbox's own folder, where nobody else gets in.

    By the folder's descriptor: a socket's path has 107 bytes at most (unix(7)), and where we work may be deeper than that.
    """
    folder = os.open(guest.job.work, os.O_PATH | os.O_DIRECTORY)
    listener, line = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    try:
        with suppress(FileNotFoundError):
            os.unlink("socket", dir_fd=folder)
        listener.bind(f"/proc/self/fd/{folder}/socket")
        listener.listen(1)
        line.connect(f"/proc/self/fd/{folder}/socket")
        os.unlink("socket", dir_fd=folder)
    finally:
        os.close(folder)
    return listener, line


def _tell(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stdin
    with suppress(BrokenPipeError):
        process.stdin.write(words)
        process.stdin.close()


def _is_ready(output: socket.socket, until: float) -> bool:
    """Whether the guest says so before `until` (time.monotonic)."""
    said = b""
    while said != READY and (left := until - time.monotonic()) > 0:
        if not select.select([output], [], [], left)[0]:
            return False
        byte = output.recv(1)
        if not byte:  # QEMU has ended
            return False
        said += byte
    return said == READY


def _no_kvm() -> Path:
    """A note, for this boot of the machine, that guests do not boot with KVM here."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return cache() / f"no-kvm-{boot}"


def _may_have_kvm() -> bool:
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and not _no_kvm().exists()


def _note_no_kvm() -> None:
    cache().mkdir(parents=True, exist_ok=True)
    for old in cache().glob("no-kvm-*"):
        old.unlink(missing_ok=True)
    _no_kvm().touch()


def _last_words(guest: Guest) -> str:
    """What the kernel or QEMU said last."""
    for name in ("console", "qemu"):
        with suppress(OSError):
            if said := last_line(Path(guest.place(name)).read_bytes()):
                return said
    return "it said nothing"
