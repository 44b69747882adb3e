"""Volumes and tmpfs in a process's root, where runc allows them: its rules for /proc, and for a /dev that is somebody's own."""

import os
import stat
from errno import EINVAL, EPERM
from typing import TYPE_CHECKING

from . import kernel
from .kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, mount
from .stubs import mount_point

if TYPE_CHECKING:
    from .container import Volume

_EMULATED = frozenset(
    f"proc/{name}"
    for name in (
        "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "sys/kernel/ns_last_pid",
        "sys/crypto/fips_enabled",
    )
)  # fmt: skip
"""What lxcfs has files for: nothing else of /proc may be covered (runc's checkProcMount)."""

_QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC


def mount_volume(volume: "Volume") -> None:
    """Mount it below the current directory, the root to be. Raises OSError, which names the place in the root."""
    place = volume.place.lstrip("/")
    try:
        # a tmpfs has the mode of the directory that it takes the place of (runc's mountToRootfs)
        mode = [f"mode={os.stat(place).st_mode & 0o7777:o}"] if os.path.isdir(place) else []
        mount_point(".", place, not volume.source or os.path.isdir(volume.source))
        _check_kernel_file(volume, place)
        if volume.source:
            _bind(volume, place)
        else:
            _in_memory(volume, place, [] if "mode=" in volume.options else mode)
    except OSError as error:
        raise OSError(
            error.errno, f"{volume.source or 'a tmpfs'} cannot be mounted there: {error.strerror}", volume.place
        ) from error


def _check_kernel_file(volume: "Volume", place: str) -> None:
    """A process that is lied to about itself and its rights is no safe one: /proc has another /proc over it, or nothing."""
    if place == "proc" and not os.path.islink(f"{volume.source}/self"):
        raise OSError(EINVAL, "it is not of type proc")
    if place.startswith("proc/") and place not in _EMULATED:
        raise OSError(EPERM, "it is inside of /proc")


def _bind(volume: "Volume", place: str) -> None:
    mount(volume.source, place, flags=MS_BIND | MS_REC)
    if volume.read_only:
        mount("", place, flags=kernel.MS_REMOUNT | MS_BIND | MS_RDONLY)


def _in_memory(volume: "Volume", place: str, mode: list[str]) -> None:
    words = [*mode, *(volume.options.split(",") if volume.options else [])]
    lifted = {"exec": MS_NOEXEC, "suid": MS_NOSUID, "dev": MS_NODEV}
    flags = _QUIET & ~sum(lifted[word] for word in set(words) & lifted.keys()) | (MS_RDONLY if "ro" in words else 0)
    known = {*lifted, *(f"no{word}" for word in lifted), "ro", "rw"}
    mount("tmpfs", place, "tmpfs", flags, ",".join(word for word in words if word not in known))


def check_null(null: tuple[int, int]) -> None:
    """What is mounted on /dev or in it must leave /dev/null what it is (runc's reopenDevNull). Raises OSError."""
    descriptor = os.open("dev/null", os.O_RDWR | os.O_NOFOLLOW)
    about = os.fstat(descriptor)
    os.close(descriptor)
    if not stat.S_ISCHR(about.st_mode) or about.st_rdev != os.makedev(*null):
        raise OSError(EINVAL, "the container's own is covered by another", "/dev/null")
