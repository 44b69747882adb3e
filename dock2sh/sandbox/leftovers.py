"""What a container's start leaves in a root file system that is not of the image: mount points, and marks of the engine.

An engine makes them where they are missing, empty; what was there before, or has become something since, stays.
"""

import os
import stat
from typing import NamedTuple

# docker makes these in a layer of its own below the container's, podman and runc in the root itself, as mount points
_FILES = ("etc/hosts", "etc/hostname", "etc/resolv.conf", "dev/console", ".dockerenv", "run/.containerenv")
_LINKS = {"etc/mtab": "/proc/mounts"}
_DIRECTORIES = ("dev/pts", "dev/shm", "dev/mqueue", "run/secrets", "run", "etc", "dev", "proc", "sys")
# those that a RUN of docker build leaves behind, too (measured: runc makes them, nobody takes them away)
_OF_A_RUN = ("dev", "proc", "sys")


class Before(NamedTuple):
    """What is not there yet, of all that an engine may make, and how the directories look that it makes them in."""

    missing: frozenset[str]
    folders: dict[str, tuple[int, frozenset[str]]]
    """Folder -> its mtime in nanoseconds and the names in it."""


def before(root: str, *mount_points: str) -> Before:
    """Look at a root file system before a container starts in it, with `mount_points` (relative paths) of the sandbox's own."""
    known = (*_FILES, *_LINKS, *_DIRECTORIES, *mount_points)
    folders = ("", "etc", "dev", "run")
    return Before(
        frozenset(path for path in known if not os.path.lexists(f"{root}/{path}")),
        {folder: _look(f"{root}/{folder}") for folder in folders if _is_directory(f"{root}/{folder}")},
    )


def hidden(root: str) -> frozenset[str]:
    """The files that docker has put over the image's own, or where it has none, in the root of a running container."""
    return frozenset(path for path in (*_FILES, *_LINKS) if _is_stub(root, path))


def remove(root: str, before: Before, runs: bool) -> None:
    """Take away what the engine has made, and give the folders their times back where nothing else has changed in them.

    `runs`: there was a RUN in this root. docker's leave mount points, too.
    """
    kept = _OF_A_RUN if runs else ()
    for path in sorted(before.missing, reverse=True):
        if path not in kept and _is_stub(root, path):
            _remove(f"{root}/{path}")
    for folder, (time, names) in before.folders.items():
        place = f"{root}/{folder}"
        if _is_directory(place) and _look(place)[1] == names:
            os.utime(place, ns=(time, time))


def _look(place: str) -> tuple[int, frozenset[str]]:
    return os.lstat(place).st_mtime_ns, frozenset(os.listdir(place))


def _is_directory(place: str) -> bool:
    return os.path.isdir(place) and not os.path.islink(place)


def _is_stub(root: str, path: str) -> bool:
    """Is it there as an engine makes it? Nothing on the way is a link, which could lead out of the root."""
    way = path.split("/")
    if not all(_is_directory("/".join([root, *way[:depth]])) for depth in range(1, len(way))):
        return False
    place = f"{root}/{path}"
    if os.path.islink(place):
        return os.readlink(place) == _LINKS.get(path)
    if not os.path.exists(place):
        return False
    about = os.lstat(place)
    return stat.S_ISDIR(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_size == 0)


def _remove(place: str) -> None:
    if _is_directory(place):
        if not os.listdir(place):
            os.rmdir(place)
    else:
        os.unlink(place)
