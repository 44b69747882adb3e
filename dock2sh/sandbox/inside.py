"""A running container's own root file system, seen from outside: nothing of what is mounted on it, nothing lost on the way."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from . import SandboxError

_OPEN_TREE = 428  # the same number on every architecture (Linux 5.2)
_OPEN_TREE_CLONE = 1
_AT_FDCWD = -100
_IDENTITY = ["0", "0", str(2**32 - 1)]  # a uid_map without any shift


def is_visible(process: int, name: str) -> bool:
    """Whether this is the container's first process, on this machine, with owners as they are here, and we may look inside.

    `name` is a word of its command line: an engine on another machine would tell a number that means another process here.
    """
    place = Path(f"/proc/{process}")
    try:
        ours = os.geteuid() == 0 and os.fsencode(name) in (place / "cmdline").read_bytes().split(b"\0")
        return ours and (place / "uid_map").read_text().split() == _IDENTITY
    except OSError:
        return False


def visit(process: int, work: Callable[[str], None]) -> None:
    """Call `work` with a path that leads to the bare root file system of the process. Raises SandboxError for an OSError.

    That is in a child process: a process with threads cannot go into another mount namespace, setns(2).
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        os._exit(_complain(write_end, lambda: work(_bare_root(process))))
    os.close(write_end)
    with os.fdopen(read_end, errors="replace") as pipe:
        complaint = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SandboxError(f"the result could not be taken out of the container: {complaint or f'status {status}'}")


def _complain(pipe: int, work: Callable[[], None]) -> int:
    """Do the child's work; an exit status, and what went wrong into the pipe."""
    try:
        work()
    except OSError as error:
        os.write(pipe, f"{error.filename or ''}: {error.strerror}".removeprefix(": ").encode(errors="replace"))
        return 1
    except BaseException:
        return 2
    return 0


def _bare_root(process: int) -> str:
    """A path to a copy of the mount that is the process's root, without what is mounted on it (open_tree(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    theirs = os.open(f"/proc/{process}/ns/mnt", os.O_RDONLY)
    _enter(libc, theirs)
    tree = libc.syscall(_OPEN_TREE, _AT_FDCWD, b"/", _OPEN_TREE_CLONE | os.O_CLOEXEC)
    if tree < 0:
        raise OSError(ctypes.get_errno(), f"open_tree: {os.strerror(ctypes.get_errno())}")
    _enter(libc, home)
    return f"/proc/self/fd/{tree}"


def _enter(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, 0) < 0:
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
