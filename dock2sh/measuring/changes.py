"""A layer as overlayfs keeps it, against the root that it lies on: what was added, changed and deleted.

A directory that is only there because something in it changed is not told: that its time is another one is no news.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from dock2sh.explain.measured import Change
from dock2sh.images.overlay import is_whiteout, rootless


def changes(upper: str, below: str) -> Iterator[Change]:
    """What the layer in `upper` changes in the root `below`. The bytes of a file with several names count once."""
    opaque = ("user." if rootless() else "trusted.") + "overlay.opaque"
    seen = set[tuple[int, int]]()
    yield from _directory(upper, below, "", opaque, seen)


def _directory(upper: str, below: str, path: str, opaque: str, seen: set[tuple[int, int]]) -> Iterator[Change]:
    with os.scandir(upper + path) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        yield from _entry(upper, below, f"{path}/{name}", opaque, seen)
    if _is_opaque(upper + path, opaque):
        gone = {*_names(below + path)} - {*names}
        yield from (Change("D", f"{path}/{name}") for name in sorted(gone))


def _entry(upper: str, below: str, path: str, opaque: str, seen: set[tuple[int, int]]) -> Iterator[Change]:
    about, before = os.lstat(upper + path), _status(below + path)
    if is_whiteout(about):
        if before:
            yield Change("D", path)
    elif stat.S_ISDIR(about.st_mode):
        if before is None or not stat.S_ISDIR(before.st_mode):
            yield Change("C" if before else "A", path)
        elif _rights(about) != _rights(before):
            yield Change("C", path, same=True)
        yield from _directory(upper, below, path, opaque, seen)
    else:
        yield _file(about, before, path, seen)


def _file(about: os.stat_result, before: os.stat_result | None, path: str, seen: set[tuple[int, int]]) -> Change:
    key = about.st_dev, about.st_ino
    size = about.st_size if stat.S_ISREG(about.st_mode) and key not in seen else 0
    seen.add(key)
    return Change("C" if before else "A", path, size, before is not None and _same_content(about, before))


def _same_content(about: os.stat_result, before: os.stat_result) -> bool:
    """chmod and chown leave a file's time as it was: overlayfs copies all of it up nevertheless."""
    what = about.st_size == before.st_size and stat.S_IFMT(about.st_mode) == stat.S_IFMT(before.st_mode)
    return what and about.st_mtime_ns == before.st_mtime_ns


def _rights(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_mode, about.st_uid, about.st_gid


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_opaque(path: str, attribute: str) -> bool:
    try:
        return os.getxattr(path, attribute, follow_symlinks=False) == b"y"
    except OSError:
        return False


def hidden(layers: Sequence[Iterable[Change]]) -> Iterator[Change]:
    """The files that one of these layers (the lowest first) adds or changes, and a later one changes or deletes."""
    there: dict[str, Change] = {}
    for layer in layers:
        for change in layer:
            if change.kind == "D":
                below = [path for path in there if path.startswith(change.path + "/")]
                yield from (there.pop(path) for path in below)
            if change.kind in "CD" and change.path in there:
                yield there.pop(change.path)
        there.update({change.path: change for change in layer if change.size})
