"""The system calls that Python 3.11 has no names for: mounts, namespaces, capabilities. Linux's own names and numbers.

Every function raises OSError with the call's errno; the file name of the error is the thing that it was about.
"""

import ctypes
import os

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_STRICTATIME = 0x1000, 0x4000, 0x40000, 0x1000000
MNT_DETACH = 2

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

_PR_SET_PDEATHSIG, _PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_CAP_AMBIENT = 1, 23, 24, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    words = (os.fsencode(word) if word else None for word in (source or "none", target, kind))
    _checked(_libc.mount(*words, flags, os.fsencode(options) or None), target)


def bind(source: str, target: str, flags: int = 0) -> None:
    """A bind mount; `flags` (MS_RDONLY, ...) need a second call, since the first one does not look at them."""
    mount(source, target, flags=MS_BIND)
    if flags:
        mount("", target, flags=MS_REMOUNT | MS_BIND | flags)


def unmount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(os.fsencode(target), flags), target)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "namespaces")


def enter(descriptor: int, kind: int) -> None:
    """setns(2)."""
    _checked(_libc.setns(descriptor, kind), "namespace")


def change_root(directory: str) -> None:
    """`directory` (a mount point) becomes /, and nothing of the old root can be reached: pivot_root(2) onto itself."""
    os.chdir(directory)
    _checked(_libc.pivot_root(b".", b"."), directory)
    unmount(".", MNT_DETACH)
    os.chdir("/")


def name_host(name: str) -> None:
    """sethostname(2)."""
    data = os.fsencode(name)
    _checked(_libc.sethostname(data, len(data)), "host name")


def die_with_parent(signal: int) -> None:
    """Get `signal` when the parent dies."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl")


def limit_capabilities(kept: frozenset[int]) -> None:
    """Take all other capabilities out of the bounding, the inheritable and the ambient set; exec(2) does the rest."""
    number = 0
    while (there := _libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0)) >= 0:  # -1: the kernel knows no more
        if there and number not in kept:
            _checked(_libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0), "capabilities")
        number += 1
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, sets), "capabilities")
    sets[2] = sets[5] = 0
    _checked(_libc.capset(header, sets), "capabilities")


def keep_capabilities() -> None:
    """The permitted ones stay when another user is become (until exec(2))."""
    _checked(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")


def no_new_privileges() -> None:
    """No program gets more rights by its set-user-id bit or its capabilities."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def raise_capabilities(wanted: frozenset[int]) -> None:
    """Of the permitted capabilities these are in effect, and no other is permitted any more."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, sets), "capabilities")
    mask = sum(1 << number for number in wanted)
    for half in (0, 1):
        sets[3 * half] = sets[3 * half + 1] = sets[3 * half + 1] & (mask >> 32 * half) & 0xFFFFFFFF
    _checked(_libc.capset(header, sets), "capabilities")


def _checked(result: int, about: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)
