"""A tree of files as data: everything that `docker build` decides about a file, and that a judge must therefore see.

`scan` looks at names and attributes, `read` adds what the files contain: only of those that a build changed, since both sides
of a comparison stand on the same base (a GiB of unchanged files costs an lstat each, not a read).
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


def scan(root: str, since: int = 0) -> Scan:
    """Look at every file under `root`. A file changed if its ctime is not before `since` (nanoseconds; see `now`).

    The kernel sets a ctime at every change of a file and nobody can set it back, so that an untouched base shows.
    """
    tree: Tree = {}
    changed: set[str] = set()
    names: dict[tuple[int, int], list[str]] = {}
    for place, path, about in _walk(root):
        entry = _entry(place, about)
        if entry.kind != "d" and about.st_nlink > 1:
            names.setdefault((about.st_dev, about.st_ino), []).append(path)
        if entry.kind == "f" and about.st_ctime_ns >= since:
            changed.add(path)
        tree[path] = entry
    for group in names.values():
        if len(group) > 1:
            tree.update({path: tree[path]._replace(links=min(group)) for path in group})
    return Scan(tree, frozenset(changed))


def read(root: str, tree: Tree, paths: Iterable[str]) -> Tree:
    """The tree with the SHA-256 of those regular files' contents."""
    wanted = sorted(path for path in paths if path in tree and tree[path].kind == "f")
    batches = [wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH)]
    read_files = dict(tree)
    with ThreadPoolExecutor(_READERS) as pool:
        for batch, digests in zip(
            batches, pool.map(lambda batch: [_digest(root + path) for path in batch], batches), strict=True
        ):
            read_files.update({path: tree[path]._replace(digest=digest) for path, digest in zip(batch, digests, strict=True)})
    return read_files


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


def _walk(root: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """Every file under `root` and `root` itself: its place, its path in there, its lstat."""
    yield root, "/", os.lstat(root)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root + (folder or "/")) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                yield entry.path, path, entry.stat(follow_symlinks=False)


def _entry(place: str, about: os.stat_result) -> Entry:
    kind = _KINDS[stat.S_IFMT(about.st_mode)]
    return Entry(
        kind=kind,
        mode=stat.S_IMODE(about.st_mode),
        uid=about.st_uid,
        gid=about.st_gid,
        mtime=int(about.st_mtime // 1),
        size=about.st_size if kind == "f" else 0,
        target=os.readlink(place) if kind == "l" else "",
        device=f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}" if kind in "cb" else "",
        xattrs=_xattrs(place),
    )


def _xattrs(place: str) -> tuple[tuple[str, str], ...]:
    """The extended attributes in hexadecimal, less those of the overlay file system itself."""
    names = [name for name in os.listxattr(place, follow_symlinks=False) if not name.startswith("trusted.overlay.")]
    return tuple((name, os.getxattr(place, name, follow_symlinks=False).hex()) for name in sorted(names))


def _digest(place: str) -> str:
    with open(os.open(place, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
