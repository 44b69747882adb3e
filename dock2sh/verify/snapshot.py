"""A tree of files as data: everything that `docker build` decides about a file, and that a judge must therefore see.

Three depths, since both sides of a comparison stand on the same base and only what a build changed is worth its cost: `look` is
an lstat of every file, `entries` says all but the contents of some, `read` adds the contents.
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from typing import NamedTuple

_KINDS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFIFO: "p",
    stat.S_IFCHR: "c",
    stat.S_IFBLK: "b",
    stat.S_IFSOCK: "s",
}
_BATCH = 64  # files a task: one a task costs twice the time of the reading itself
_READERS = 2
_CHUNK = 1 << 18


class Entry(NamedTuple):
    """One file. `kind` is a letter: f d l p c b s. `digest` is "" where the content was not read (it is the base's)."""

    kind: str
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    digest: str = ""
    target: str = ""
    links: str = ""
    """The first path, in order, of the files that are one (hard links); "" for a file with a single name."""
    device: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()


# path (always with a leading slash; bytes that are no UTF-8 as surrogates) -> entry. The root itself is "/".
Tree = dict[str, Entry]


class Scan(NamedTuple):
    """A tree without contents, and the regular files in it that were written since the time given to `scan`."""

    tree: Tree
    changed: frozenset[str]


# path -> lstat, of every file of a root
Look = dict[str, os.stat_result]


def look(root: str) -> Look:
    """Every file under `root` and `root` itself: an lstat each, nothing else is read."""
    found = {"/": os.lstat(root)}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root + (folder or "/")) as listing:
            for entry in listing:
                path = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                found[path] = entry.stat(follow_symlinks=False)
    return found


def written(seen: Look, since: int, until: int = 1 << 63) -> frozenset[str]:
    """The files whose ctime lies in [since, until) (nanoseconds; see `now`).

    The kernel sets a ctime at every change of a file and nobody can set it back, so that an untouched base shows.
    """
    return frozenset(path for path, about in seen.items() if since <= about.st_ctime_ns < until)


def entries(root: str, seen: Look, paths: Iterable[str]) -> Tree:
    """The entries of these paths, without contents; a path that is not there has none."""
    links = _groups(seen)
    found = ((path, seen[path]) for path in paths if path in seen)
    return {path: _entry(root + path, about, links.get(path, "")) for path, about in found}


def scan(root: str, since: int = 0) -> Scan:
    """Describe every file under `root`, and tell which regular files were written since then (see `written`)."""
    seen = look(root)
    changed = (path for path in written(seen, since) if stat.S_ISREG(seen[path].st_mode))
    return Scan(entries(root, seen, seen), frozenset(changed))


def read(root: str, tree: Tree, paths: Iterable[str]) -> Tree:
    """The tree with the SHA-256 of those regular files' contents; of hard links one name is read."""
    wanted = sorted(path for path in paths if path in tree and tree[path].kind == "f")
    names = sorted({tree[path].links or path for path in wanted})
    batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
    digests: dict[str, str] = {}
    with ThreadPoolExecutor(_READERS) as pool:
        for done in pool.map(lambda batch: {name: _digest(root + name) for name in batch}, batches):
            digests.update(done)
    return tree | {path: tree[path]._replace(digest=digests[tree[path].links or path]) for path in wanted}


def unequal(root: str, other: str, paths: Iterable[str]) -> frozenset[str]:
    """Of these regular files, which both roots have in the same size: those whose contents differ. Cheaper than two hashes."""
    wanted = sorted(paths)
    batches = [wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH)]
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(lambda batch: _differing(root, other, batch), batches)
        return frozenset(path for batch in found for path in batch)


def snapshot(root: str) -> Tree:
    """The whole tree, every file read."""
    tree = scan(root).tree
    return read(root, tree, tree)


def now(directory: str) -> int:
    """The file system's own clock, in nanoseconds: the ctime of a file made just now (the kernel's is coarser than ours)."""
    probe = os.path.join(directory, ".dock2sh-now")
    with open(probe, "xb") as file:
        moment = os.fstat(file.fileno()).st_ctime_ns
    os.unlink(probe)
    return moment


def _groups(seen: Look) -> dict[str, str]:
    """For each file that has several names in the tree: the first of them, in order."""
    names: dict[tuple[int, int], list[str]] = {}
    for path, about in seen.items():
        if about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode):
            names.setdefault((about.st_dev, about.st_ino), []).append(path)
    return {path: min(group) for group in names.values() if len(group) > 1 for path in group}


def _entry(place: str, about: os.stat_result, links: str) -> Entry:
    kind = _KINDS[stat.S_IFMT(about.st_mode)]
    return Entry(
        kind=kind,
        mode=stat.S_IMODE(about.st_mode),
        uid=about.st_uid,
        gid=about.st_gid,
        mtime=about.st_mtime_ns // 10**9,
        size=about.st_size if kind == "f" else 0,
        target=os.readlink(place) if kind == "l" else "",
        links=links,
        device=f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}" if kind in "cb" else "",
        xattrs=_xattrs(place),
    )


def _xattrs(place: str) -> tuple[tuple[str, str], ...]:
    """The extended attributes in hexadecimal, less those of the overlay file system itself."""
    names = [name for name in os.listxattr(place, follow_symlinks=False) if not name.startswith("trusted.overlay.")]
    return tuple((name, os.getxattr(place, name, follow_symlinks=False).hex()) for name in sorted(names))


def _differing(root: str, other: str, paths: list[str]) -> list[str]:
    mine, theirs = bytearray(_CHUNK), bytearray(_CHUNK)
    return [path for path in paths if _differs(root + path, other + path, mine, theirs)]


def _differs(place: str, other: str, mine: bytearray, theirs: bytearray) -> bool:
    """Whether two files differ; by way of two buffers, since memory that the system gives anew costs as much as the reading."""
    with open_file(place) as one, open_file(other) as two:
        while size := one.readinto(mine):
            if two.readinto(theirs) != size or (mine != theirs if size == _CHUNK else mine[:size] != theirs[:size]):
                return True
        return bool(two.readinto(theirs))


def open_file(place: str) -> FileIO:
    """A regular file to be read, whose name is no link: what a build made is not to be trusted."""
    return FileIO(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def contents(place: str) -> bytes:
    """All of a file."""
    with open_file(place) as file:
        return file.read()


def _digest(place: str) -> str:
    with open_file(place) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
