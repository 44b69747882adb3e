"""Directories to work in, which go: at the end, or, of a process that was killed, at the next start."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PREFIX = "dock2sh-judge-"
_YOUNG = 60  # seconds: a directory that was made just now may not be locked yet


@contextmanager
def workplace() -> Iterator[str]:
    """An empty directory, locked as long as this process lives.

    The lock is the kernel's: it ends with the process, however that ends, and a number that is given again cannot deceive it.
    """
    place = tempfile.mkdtemp(prefix=_PREFIX)
    lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Take away the directories of ours that nobody has locked, and what is mounted in them."""
    with os.scandir(tempfile.gettempdir()) as listing:
        left = [entry.path for entry in listing if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False)]
    for place in left:
        with suppress(OSError):
            _take_away(place)


def _take_away(place: str) -> None:
    lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        about = os.fstat(lock)
        if about.st_uid != os.geteuid() or about.st_ctime > time.time() - _YOUNG:
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for mount in _mounts(place):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        if not _mounts(place):  # else what is mounted would be emptied
            shutil.rmtree(place, ignore_errors=True)
    finally:
        os.close(lock)


def _mounts(place: str) -> list[str]:
    """What is mounted below a directory, the innermost first."""
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        points = [line.split(" ")[1] for line in mounts]
    return sorted((point for point in points if point.startswith(f"{place}/")), reverse=True)
