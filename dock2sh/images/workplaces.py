"""Directories to work in that are gone afterwards. What a killed process has left is unlocked, and the next one takes it away."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def held(place: str, name: str = "") -> Iterator[str]:
    """A directory, locked as long as this process is at work in it; from then on it has the name by which others find it."""
    lock = os.open(place, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if name:
        os.rename(place, name)
    try:
        yield name or place
    finally:
        shutil.rmtree(name or place, ignore_errors=True)
        os.close(lock)


def sweep(place: str) -> None:
    """Away with it, if it is this user's and nobody is at work in it."""
    with suppress(OSError):
        lock = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(lock)
