"""The system calls that docker refuses a process without privileges, as a seccomp filter (seccomp(2)).

The tables are what the filter of a RUN of Docker Engine 28.5 answers, asked for every system call of x86-64 and i386
(tests/emulator/test_surroundings.py asks again). libseccomp knows their numbers on each machine and makes the program; where it
is not installed (Debian's apt needs it) there is no filter.

`python seccomp.py FILTER WORD...` becomes the program WORD... with the filter of that file, in a script's chain (door.sh).
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

_NOT_PERMITTED, _NO_SUCH_CALL = 1, 38  # EPERM, ENOSYS
_REFUSED = """
    _sysctl acct add_key afs_syscall bdflush bpf break clock_settime clock_settime64 create_module delete_module fanotify_init
    finit_module fsconfig fsmount fsopen fspick ftime get_kernel_syms get_mempolicy getpmsg gtty idle init_module
    io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lock lookup_dcookie
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr mbind migrate_pages mount mount_setattr move_mount move_pages mpx
    nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname open_by_handle_at open_tree perf_event_open pidfd_getfd
    pivot_root process_madvise prof profil putpmsg query_module quotactl quotactl_fd readdir reboot request_key security
    set_mempolicy set_mempolicy_home_node setdomainname sethostname setns settimeofday sgetmask sigaction signal sigpending
    sigsuspend ssetmask stime stty swapoff swapon sysfs syslog tuxcall ulimit umount umount2 unshare uselib userfaultfd ustat
    vhangup vm86 vm86old vserver
""".split()
_NEWEST = 466
"""The newest call that docker's table knows; runc answers ENOSYS for newer ones, so that a C library tries an older one."""

_NAMESPACES = 0x7E020000
"""The flags of clone(2) that begin with CLONE_NEW. clone3 has them behind a pointer: it is answered as unknown."""

_VSOCK = 40
_MAY_SET = 0x8 | 0x20000
"""PER_LINUX32 and UNAME26, all that personality(2) may be given; 0xffffffff asks only."""

_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_EQUAL, _GREATER, _MASKED = 4, 6, 7
_MORE = {"x86_64": ("x86", "x32"), "aarch64": ("arm",)}
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_INSTRUCTION = 8


class _Compare(ctypes.Structure):
    """libseccomp's scmp_arg_cmp."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class _Program(ctypes.Structure):
    """The kernel's sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class _Rule(NamedTuple):
    """A call that is refused with `error`, where it has an argument that compares so: (its number, how, with what, and what)."""

    name: str
    error: int = _NOT_PERMITTED
    compare: tuple[int, int, int, int] | None = None


@cache
def program() -> bytes:
    """docker's filter as a program for the kernel; b"" where there is no libseccomp.

    To be asked for before the root is left, and then known in each child: in the image's root its own library would be run.
    """
    library = _library()
    if library is None:
        return b""
    context = library.seccomp_init(_ALLOW)
    for name in _MORE.get(os.uname().machine, ()):
        library.seccomp_arch_add(context, library.seccomp_arch_resolve_name(name.encode()))
    for rule in _rules():
        number = library.seccomp_syscall_resolve_name(rule.name.encode())
        if number != -1:  # this libseccomp is older than the call
            compares = () if rule.compare is None else (_Compare(*rule.compare),)
            array = (_Compare * len(compares))(*compares)
            library.seccomp_rule_add_array(context, _ERROR | rule.error, number, len(compares), array)
    exported = _exported(library, context)
    library.seccomp_release(context)
    return _newest() + exported if exported else b""


def install(filter_program: bytes) -> None:
    """The calling process and what it starts have this filter from now on. Needs CAP_SYS_ADMIN. Raises OSError."""
    if not filter_program:
        return
    told = _Program(len(filter_program) // _INSTRUCTION, filter_program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(told), 0, 0) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "seccomp")


def _library() -> Any:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    context = ctypes.c_void_p
    library.seccomp_init.restype = context
    library.seccomp_arch_add.argtypes = (context, ctypes.c_uint32)
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_rule_add_array.argtypes = (context, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, context)
    library.seccomp_export_bpf.argtypes = (context, ctypes.c_int)
    library.seccomp_release.argtypes = (context,)
    return library


def _rules() -> Iterator[_Rule]:
    yield from map(_Rule, _REFUSED)
    yield _Rule("clone3", _NO_SUCH_CALL)
    yield _Rule("socket", compare=(0, _EQUAL, _VSOCK, 0))
    for bit in (1 << number for number in range(32)):
        if bit & _NAMESPACES:
            yield _Rule("clone", compare=(0, _MASKED, bit, bit))
        if bit & ~_MAY_SET & 0x7FFFFFFF:
            yield _Rule("personality", compare=(0, _MASKED, bit | 0x80000000, bit))
    yield _Rule("personality", compare=(0, _GREATER, 0xFFFFFFFF, 0))


def _exported(library: Any, context: Any) -> bytes:
    descriptor = os.memfd_create("seccomp")
    try:
        if library.seccomp_export_bpf(context, descriptor) < 0:
            return b""
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    finally:
        os.close(descriptor)


def _newest() -> bytes:
    """Before all else: newer calls are not there. Their numbers are the same on every architecture, with a bit more for x32."""
    import struct

    load, mask, above, answer = 0x20, 0x54, 0x25, 0x06  # BPF_LD|ABS, BPF_ALU|AND, BPF_JMP|JGT, BPF_RET
    instructions = ((load, 0, 0, 0), (mask, 0, 0, 0xBFFFFFFF), (above, 0, 1, _NEWEST), (answer, 0, 0, _ERROR | _NO_SUCH_CALL))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as ready:
        install(ready.read())
    os.execv(sys.argv[2], sys.argv[2:])
