"""What a process of docker's sees: its own namespaces, /proc, /sys and /dev, names, volumes. What runc makes for `docker build`.

The same, in shell, is runtime/programs/enter.sh, for scripts that run on their own; tests/sandbox compares what a command sees in
both with what it sees in docker's.
"""

import os
import stat
from collections.abc import KeysView, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from . import kernel
from .kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_STRICTATIME, bind, mount
from .stubs import mount_point
from .volumes import check_null, mount_volume

if TYPE_CHECKING:
    from .container import Process

_QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_COVERED_PROC = (
    "asound", "acpi", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi",
)  # fmt: skip
_COVERED_SYS = ("firmware", "devices/virtual/powercap")

_UNLOCK, _NUMBER = 0x40045431, 0x80045430
"""TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), which Python's termios has from 3.13 on."""


def surround(root: str, process: "Process", work: str) -> None:
    """This process goes into namespaces of its own, with `root` (a mount point) as its root. `work` is a directory for files that
    are mounted (see `system_files`)."""
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    kernel.unshare(flags | (0 if process.network else kernel.CLONE_NEWNET))
    os.umask(0o022)
    os.chdir(root)
    volumes = {volume.place: volume for volume in process.volumes}
    _device_mounts(volumes.keys(), process.shm)
    _kernel_files(process, work)
    if not process.network:
        _loopback()
    for volume in process.volumes:
        mount_volume(volume)
    for place in process.names.keys() - volumes.keys():
        _name(place, process, work)
    if "/dev" not in volumes or not volumes["/dev"].source:
        _devices(any(place.startswith("/dev") for place in volumes), process.insecure and process.tells)
    if not process.insecure:
        _protect()
    if process.read_only:
        mount("", ".", flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY)
    if process.terminal >= 0:
        _terminal(process.terminal)
    kernel.change_root(root)
    os.makedirs(process.cwd, 0o755, exist_ok=True)  # in a volume it may not be there yet
    os.chdir(process.cwd)


def _device_mounts(taken: KeysView[str], shm: int) -> None:
    """/dev below the current directory, and what is mounted in it, but where a volume will be; /dev/shm has `shm` bytes."""
    if "/dev" in taken:
        return
    mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "size=65536k,mode=755")
    for name in ("pts", "shm", "mqueue"):
        if f"/dev/{name}" not in taken:
            os.mkdir(f"dev/{name}")
    if "/dev/pts" not in taken:
        _terminals()
    if "/dev/shm" not in taken:
        mount("shm", "dev/shm", "tmpfs", _QUIET, f"size={shm},mode=1777")
    if "/dev/mqueue" not in taken:
        with suppress(OSError):
            mount("mqueue", "dev/mqueue", "mqueue", _QUIET)


def _devices(partly: bool, everything: bool) -> None:
    """The nodes and links of /dev, but (`partly`) for what is there already: a volume. Where no device may be made (a user
    namespace) the machine's are bound. `everything`: all of the machine's, too."""
    for name, (major, minor) in _DEVICES.items():
        with suppress(FileExistsError):
            _device(name, os.makedev(major, minor))
    for name, target in _LINKS.items():
        with suppress(FileExistsError):
            os.symlink(target if name in ("fd", "ptmx") else f"/proc/self/{target}", f"dev/{name}")
    if everything:
        _machine_devices("/dev", "dev")
    if partly:
        check_null(_DEVICES["null"])


def _machine_devices(source: str, target: str) -> None:
    """Every device that the machine has, as docker run --privileged gives them (libcontainer's HostDevices)."""
    for entry in os.scandir(source):
        about, place = entry.stat(follow_symlinks=False), f"{target}/{entry.name}"
        if stat.S_ISDIR(about.st_mode) and entry.name not in _NOT_DEVICES:
            with suppress(FileExistsError):
                os.mkdir(place, 0o755)
            _machine_devices(entry.path, place)
        elif place != "dev/console" and (stat.S_ISCHR(about.st_mode) or stat.S_ISBLK(about.st_mode)):
            with suppress(FileExistsError, PermissionError):  # an ordinary user has none to give
                os.mknod(place, about.st_mode, about.st_rdev)
                os.chmod(place, stat.S_IMODE(about.st_mode))
                os.chown(place, about.st_uid, about.st_gid)


_NOT_DEVICES = ("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev")


def _device(name: str, number: int) -> None:
    try:
        os.mknod(f"dev/{name}", 0o20666, number)
        os.chmod(f"dev/{name}", 0o666)
    except PermissionError:
        os.close(os.open(f"dev/{name}", os.O_CREAT | os.O_EXCL))
        bind(f"/dev/{name}", f"dev/{name}")


def _terminals() -> None:
    """gid=5 is the group tty; it may be unknown to a user namespace of one id."""
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options + ",gid=5")
    except OSError:
        mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options)


def _kernel_files(process: "Process", work: str) -> None:
    """/proc, /sys, the host name."""
    mount("proc", "proc", "proc", _QUIET)
    kernel.name_host(process.hostname)
    if process.network and not process.insecure and os.path.isdir(f"{work}/sys"):
        mount(f"{work}/sys", "sys", flags=MS_BIND | MS_REC)
    else:
        system_files("sys", process.insecure)


def _protect() -> None:
    """What of /proc is read-only and what is covered, whoever has mounted it."""
    for name in _READ_ONLY:
        if os.path.exists(f"proc/{name}"):
            bind(f"proc/{name}", f"proc/{name}", MS_RDONLY | _QUIET)
    _cover("proc", _COVERED_PROC)


def system_files(place: str, insecure: bool = False) -> None:
    """/sys as docker gives it; a kernel that wants a network namespace of its own for a new sysfs gives the machine's.

    Who starts many makes one in its `work`/sys: it is twenty mounts, and the same for all that have this network.
    """
    read_only = 0 if insecure else MS_RDONLY
    try:
        mount("sysfs", place, "sysfs", _QUIET | read_only)
    except OSError:
        mount("/sys", place, flags=MS_BIND | MS_REC)
    _control_groups(f"{place}/fs/cgroup", read_only)
    if not insecure:
        _cover(place, _COVERED_SYS)


def _control_groups(place: str, read_only: int) -> None:
    with suppress(OSError):
        mount("/sys/fs/cgroup", place, flags=MS_BIND | MS_REC)
        if read_only:
            for path in (*_below(place), place):
                with suppress(OSError):
                    mount("", path, flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY | _QUIET)


def _below(directory: str) -> list[str]:
    """The mount points in it; a version 2 hierarchy has none."""
    device = os.stat(directory).st_dev
    return [entry.path for entry in os.scandir(directory) if entry.is_dir() and entry.stat().st_dev != device]


def _cover(place: str, names: Sequence[str]) -> None:
    """What docker makes read-only and what it covers are runc's readonlyPaths and maskedPaths."""
    for path in (f"{place}/{name}" for name in names):
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=4k,nr_inodes=1")
        elif os.path.exists(path):
            bind("dev/null", path)


def _terminal(outside: int) -> None:
    """A terminal of the container's own devpts becomes its streams and /dev/console; the master goes outside (pty(7))."""
    import fcntl
    import socket
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
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        fcntl.ioctl(ask, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def _name(place: str, process: "Process", work: str) -> None:
    """A file of ours over one of the root's, whose way in is without links (the script has looked), or over a volume's."""
    own, text = f"{work}/{os.path.basename(place)}", process.names[place]
    if process.own_names:
        mount_point(".", place, False)
    if not _says(own, text):  # the step before has mostly left it: what is truncated and written anew, ext4 sends to the disk
        with open(own, "w") as file:
            file.write(text)
        os.chmod(own, 0o644)
    bind(own, place.lstrip("/"), 0 if process.own_names and not process.read_only else MS_RDONLY | _QUIET)


def _says(path: str, text: str) -> bool:
    try:
        with open(path) as file:
            return file.read() == text
    except OSError:
        return False
