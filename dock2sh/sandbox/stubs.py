"""Mount points for files in a root that lacks them, and their end. The root is a stranger's: no way goes through a link.

A step that runs between the two may have put a link anywhere, so directories are opened one by one and never followed.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ELOOP

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def stubs(root: str, places: Iterable[str]) -> Iterator[None]:
    """Make what is missing of `places` (paths in `root` without links). Afterwards it is gone again where it is still empty, and
    the directory that held it keeps its time (BuildKit's executor/stubs.go)."""
    made = [parts for place in places for parts in _make(root, place.strip("/").split("/"))]
    try:
        yield
    finally:
        for parts in reversed(made):
            with suppress(OSError):  # the step has put something else there, which stays
                _remove(root, parts)


def mount_point(root: str, place: str, directory: bool) -> None:
    """Make what is missing of `place`, also in what is mounted in the root already, where it stays. Raises OSError."""
    parts = place.strip("/").split("/")
    for _ in _make(root, parts, directory):
        pass
    with _directory(root, parts[:-1]) as parent:
        if stat.S_ISLNK(os.lstat(parts[-1], dir_fd=parent).st_mode):
            raise OSError(ELOOP, "there is a symbolic link, which may lead anywhere", place)


def _make(root: str, parts: Sequence[str], directory: bool = False) -> Iterator[Sequence[str]]:
    for depth in range(1, len(parts) + 1):
        with _directory(root, parts[: depth - 1]) as parent, suppress(FileExistsError):
            if depth < len(parts) or directory:
                os.mkdir(parts[depth - 1], 0o755, dir_fd=parent)
            else:
                os.close(os.open(parts[-1], os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=parent))
            yield parts[:depth]


def _remove(root: str, parts: Sequence[str]) -> None:
    with _directory(root, parts[:-1]) as parent:
        before, about = os.fstat(parent), os.lstat(parts[-1], dir_fd=parent)
        if stat.S_ISDIR(about.st_mode):
            os.rmdir(parts[-1], dir_fd=parent)
        elif stat.S_ISREG(about.st_mode) and not about.st_size:
            os.unlink(parts[-1], dir_fd=parent)
        else:
            return
        os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))


@contextmanager
def _directory(root: str, parts: Sequence[str]) -> Iterator[int]:
    """A directory of the root, opened."""
    descriptor = os.open(root, _DIRECTORY)
    try:
        for part in parts:
            below = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)
