"""What a process of docker's sees: its own namespaces, /proc, /sys and /dev, names, rights. What runc makes for `docker build`.

The same, in shell, is runtime/programs/enter.sh, for scripts that run on their own; tests/sandbox compares what a command sees in
both with what it sees in docker's.
"""

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, NoReturn

from . import kernel, seccomp
from .kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_STRICTATIME, bind, mount

_HOSTS = "127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_COVERED = (
    "proc/asound", "proc/acpi", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/timer_stats",
    "proc/sched_debug", "proc/scsi", "sys/firmware", "sys/devices/virtual/powercap",
)  # fmt: skip
CAPABILITIES = frozenset((0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
"""docker's fourteen: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod
audit_write setfcap (linux/capability.h)."""

_UNLOCK, _NUMBER = 0x40045431, 0x80045430
"""TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), which Python's termios has from 3.13 on."""

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

CANNOT_EXECUTE = 127


class Volume(NamedTuple):
    """A directory or file of the machine at `place` (a path in the root without links, which is there); without `source` a new
    tmpfs with these `options`, as `docker run --tmpfs` gives them."""

    source: str
    place: str
    read_only: bool = False
    options: str = ""


class Process(NamedTuple):
    """A process to be: everything evaluated, as numbers, and `cwd` without links. `names` is the text of /etc/hosts and the like
    by their paths in the root; `volumes` are mounted last. With `init` the first process is one that reaps and passes signals on.

    `terminal` is one end of a socket: a terminal is made, and its master is sent through it (else -1).
    """

    argv: Sequence[str]
    env: Sequence[str]
    cwd: str = "/"
    uid: int = 0
    gid: int = 0
    groups: Sequence[int] = ()
    network: bool = True
    insecure: bool = False
    hostname: str = "buildkitsandbox"
    names: Mapping[str, str] = {}
    volumes: Sequence[Volume] = ()
    read_only: bool = False
    capabilities: frozenset[int] = CAPABILITIES
    init: bool = False
    terminal: int = -1


def described(path: str) -> Process:
    """The process that a script has described in `path` (door.sh). What docker build calls its host is in its /etc/hosts."""
    with open(path, "rb") as file:
        words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    uid, gid, groups, cwd, network, security, hosts, resolv, count, *rest = words
    size = int(count)
    return Process(
        argv=rest[size:],
        env=rest[:size],
        cwd=cwd,
        uid=int(uid),
        gid=int(gid),
        groups=[int(group) for group in groups.split(",")],
        network=network != "none",
        insecure=security == "insecure",
        names={hosts: _HOSTS, resolv: resolver()} if hosts else {},
    )


def resolver() -> str:
    """The machine's own resolv.conf."""
    try:
        with open("/etc/resolv.conf") as file:
            return file.read()
    except OSError:
        return ""


def start_apart(root: str, process: Process, streams: tuple[int, int, int], work: str) -> int:
    """As `start`, for who has made a user namespace and cannot come back from a PID namespace: the number is that of a parent
    that ends as the command does, and passes signals on."""
    number = os.fork()
    if number:
        return number
    try:
        kernel.die_with_parent(signal.SIGKILL)
        kernel.unshare(kernel.CLONE_NEWPID)
        command = os.fork()
        if command == 0:
            _become(root, process, streams, work)
        for kind in _PASSED_ON:
            signal.signal(kind, lambda kind, _: os.kill(command, kind))
        code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    finally:
        os._exit(1)


def start(root: str, process: Process, streams: tuple[int, int, int], work: str) -> int:
    """Start it with `root` (a mount point) as its root and these streams; its number. It is the first of a PID namespace of its
    own: when it ends the kernel ends all others in it. `work` is a directory for files that are mounted."""
    seccomp.program()  # known in the child, too
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        kernel.unshare(kernel.CLONE_NEWPID)
        try:
            number = os.fork()
            if number == 0:
                _become(root, process, streams, work)
        finally:
            kernel.enter(own, kernel.CLONE_NEWPID)
    finally:
        os.close(own)
    return number


def _become(root: str, process: Process, streams: tuple[int, int, int], work: str) -> NoReturn:
    """In the child: what is refused is said on its standard error, as runc's own words are in docker's output."""
    try:
        kernel.die_with_parent(signal.SIGKILL)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        _close_all_but(process.terminal)
        os.setsid()
        _namespaces(root, process, work)
        _rights(process)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if process.init:
            _be_init()
        _execute(process)
    except BaseException as error:
        about = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else repr(error)
        os.write(2, f"dock2sh: {about}\n".encode(errors="replace"))
    finally:
        os._exit(CANNOT_EXECUTE)


def _be_init() -> None:
    """Go on as a child; this process stays the first one, reaps what is left to it, and ends as the child does."""
    command = os.fork()
    if command == 0:
        return
    for kind in _PASSED_ON:
        signal.signal(kind, lambda kind, _: os.kill(command, kind))
    while True:
        number, status = os.wait()
        if number == command:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _execute(process: Process) -> NoReturn:
    """exec(3), with runc's words and statuses for what cannot be executed."""
    environment = dict(pair.split("=", 1) for pair in process.env)
    try:
        os.execvpe(process.argv[0], list(process.argv), environment)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and "/" not in process.argv[0]
        why = "executable file not found in $PATH" if missing else os.strerror(error.errno or 0).lower()
        os.write(2, f'exec: "{process.argv[0]}": {why}\n'.encode(errors="replace"))
        os._exit(126 if isinstance(error, PermissionError) else CANNOT_EXECUTE)


def _close_all_but(kept: int) -> None:
    if kept < 0:
        os.closerange(3, 65536)
    else:
        os.closerange(3, kept)
        os.closerange(kept + 1, 65536)


def _namespaces(root: str, process: Process, work: str) -> None:
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    kernel.unshare(flags | (0 if process.network else kernel.CLONE_NEWNET))
    os.umask(0o022)
    os.chdir(root)
    devices()
    _kernel_files(process)
    if not process.network:
        _loopback()
    for place, text in process.names.items():
        _name(place, text, work)
    for volume in process.volumes:
        _volume(volume, volume.place.lstrip("/") or ".")
    if process.read_only:
        mount("", ".", flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY)
    if process.terminal >= 0:
        _terminal(process.terminal)
    kernel.change_root(root)
    os.chdir(process.cwd)


def _volume(volume: Volume, place: str) -> None:
    if not volume.source:
        words = volume.options.split(",") if volume.options else []
        lifted = {"exec": MS_NOEXEC, "suid": MS_NOSUID, "dev": MS_NODEV}
        flags = _QUIET & ~sum(lifted[word] for word in set(words) & lifted.keys()) | (MS_RDONLY if "ro" in words else 0)
        known = {*lifted, *(f"no{word}" for word in lifted), "ro", "rw"}
        mount("tmpfs", place, "tmpfs", flags, ",".join(word for word in words if word not in known))
        return
    mount(volume.source, place, flags=MS_BIND | MS_REC)
    if volume.read_only:
        mount("", place, flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY)


def devices() -> None:
    """/dev below the current directory. Where no device may be made (a user namespace) the machine's are bound."""
    mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "size=65536k,mode=755")
    for name, (major, minor) in _DEVICES.items():
        try:
            os.mknod(f"dev/{name}", 0o20666, os.makedev(major, minor))
            os.chmod(f"dev/{name}", 0o666)
        except PermissionError:
            os.close(os.open(f"dev/{name}", os.O_CREAT))
            bind(f"/dev/{name}", f"dev/{name}")
    for name, target in _LINKS.items():
        os.symlink(target if name in ("fd", "ptmx") else f"/proc/self/{target}", f"dev/{name}")
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"dev/{name}")
    _terminals()
    mount("shm", "dev/shm", "tmpfs", _QUIET, "size=65536k,mode=1777")
    with suppress(OSError):
        mount("mqueue", "dev/mqueue", "mqueue", _QUIET)


def _terminals() -> None:
    """gid=5 is the group tty; it may be unknown to a user namespace of one id."""
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options + ",gid=5")
    except OSError:
        mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options)


def _kernel_files(process: Process) -> None:
    """/proc, /sys, the host name; a kernel that wants a network namespace of its own for a new sysfs gives the machine's."""
    mount("proc", "proc", "proc", _QUIET)
    socket.sethostname(process.hostname)
    read_only = 0 if process.insecure else MS_RDONLY
    try:
        mount("sysfs", "sys", "sysfs", _QUIET | read_only)
    except OSError:
        mount("/sys", "sys", flags=MS_BIND | MS_REC)
    _control_groups(read_only)
    if not process.insecure:
        _cover()


def _control_groups(read_only: int) -> None:
    with suppress(OSError):
        mount("/sys/fs/cgroup", "sys/fs/cgroup", flags=MS_BIND | MS_REC)
        if read_only:
            for path in (*_below("sys/fs/cgroup"), "sys/fs/cgroup"):
                with suppress(OSError):
                    mount("", path, flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY | _QUIET)


def _below(directory: str) -> list[str]:
    """The mount points in it; a version 2 hierarchy has none."""
    device = os.stat(directory).st_dev
    return [entry.path for entry in os.scandir(directory) if entry.is_dir() and entry.stat().st_dev != device]


def _cover() -> None:
    """What docker makes read-only and what it covers (runc's readonlyPaths and maskedPaths)."""
    for name in _READ_ONLY:
        if os.path.exists(f"proc/{name}"):
            bind(f"proc/{name}", f"proc/{name}", MS_RDONLY | _QUIET)
    for path in _COVERED:
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=4k,nr_inodes=1")
        elif os.path.exists(path):
            bind("dev/null", path)


def _terminal(outside: int) -> None:
    """A terminal of the container's own devpts becomes its streams and /dev/console; the master goes outside (pty(7))."""
    import fcntl
    import struct
    import termios

    master = os.open("dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, _UNLOCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(master, _NUMBER, bytes(4)))
    slave = os.open(f"dev/pts/{number}", os.O_RDWR)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.close(os.open("dev/console", os.O_CREAT))
    bind(f"dev/pts/{number}", "dev/console")
    with socket.socket(fileno=outside) as channel:
        socket.send_fds(channel, [b"t"], [master])
    for stream in (0, 1, 2):
        os.dup2(slave, stream)
    os.close(master)
    os.close(slave)


def _loopback() -> None:
    """--network=none: only lo, and it is up (netdevice(7): SIOCSIFFLAGS with IFF_UP and IFF_RUNNING)."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        fcntl.ioctl(ask, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def _name(place: str, text: str, work: str) -> None:
    """A file of ours over one of the root's, whose way in is without links (the script has looked)."""
    own = f"{work}/{os.path.basename(place)}"
    with open(own, "w") as file:
        file.write(text)
    os.chmod(own, 0o644)
    bind(own, place.lstrip("/"), MS_RDONLY | _QUIET)


def _rights(process: Process) -> None:
    """The pipes become the user's, since programs open /dev/stdout; then calls, capabilities, groups and numbers."""
    if process.uid:
        for stream in (0, 1, 2):
            with suppress(OSError):  # EPERM: not ours to give; EINVAL: nobody of this user namespace, which `_numbers` says
                os.fchown(stream, process.uid, -1)
    if not process.insecure:
        if process.capabilities <= CAPABILITIES:  # a right more lifts docker's filter in part, ours as a whole
            seccomp.install(seccomp.program())
        kernel.limit_capabilities(process.capabilities)
    _numbers(process)


def _numbers(process: Process) -> None:
    with suppress(PermissionError):  # a user namespace of one id has no say over groups (user_namespaces(7))
        os.setgroups(process.groups)
    try:
        if process.gid != os.getgid():
            os.setgid(process.gid)
        if process.uid != os.getuid():
            os.setuid(process.uid)
    except OSError as error:
        cure = "this sandbox has no such user; root's has, or one with ranges in /etc/subuid and /etc/subgid"
        raise OSError(error.errno, cure, f"user {process.uid}:{process.gid}") from error
