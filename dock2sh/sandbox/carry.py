"""Make one root file system the same as another, touching only what differs.

What is equal keeps its file: an engine's own copy of it has lost what no engine keeps (sockets, attributes of a user's own,
fractions of seconds).
"""

import filecmp
import os
import shutil
import stat
from collections.abc import Iterable
from typing import NamedTuple

# attributes of the machine and of overlay file systems, not of the files; and all that an engine's import and layers keep
_NOT_CARRIED = ("trusted.overlay.", "user.overlay.", "security.selinux")
_KEPT_BY_ENGINES = "security.capability"

File = tuple[int, int]  # device and inode


class _Pair(NamedTuple):
    """A path in both trees; `old` is None where the target has nothing there."""

    source: str
    target: str
    new: os.stat_result
    old: os.stat_result | None


def carry(source: str, root: str, ignored: Iterable[str] = ()) -> None:
    """Make `root` what `source` is: both are paths of directories. `ignored` are paths in them that stay as they are in `root`.

    Raises OSError.
    """
    carrier = _Carrier(frozenset(f"{source}/{path}" for path in ignored))
    carrier.directory(_Pair(source, root, os.stat(source), os.stat(root)))


class _Carrier:
    def __init__(self, ignored: frozenset[str]) -> None:
        self._ignored = ignored
        self._first: dict[File, str] = {}  # of each source file with several names: the target path that it has got
        self._taken: dict[File, File] = {}  # target file -> the source file that it stands for

    def directory(self, pair: _Pair) -> None:
        """A directory in both trees: what is in it, then its own attributes, since writing changes its time."""
        theirs = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(pair.source)}
        ours = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(pair.target)}
        for name in ours.keys() - theirs.keys():
            if not stat.S_ISSOCK(ours[name].st_mode):
                _remove(f"{pair.target}/{name}")
        for name, about in sorted(theirs.items()):
            if f"{pair.source}/{name}" not in self._ignored:
                self._entry(_Pair(f"{pair.source}/{name}", f"{pair.target}/{name}", about, ours.get(name)))
        _attributes(pair)

    def _entry(self, pair: _Pair) -> None:
        if pair.old and stat.S_IFMT(pair.old.st_mode) != stat.S_IFMT(pair.new.st_mode):
            _remove(pair.target)
            pair = pair._replace(old=None)
        if stat.S_ISDIR(pair.new.st_mode):
            if not pair.old:
                os.mkdir(pair.target)
            self.directory(pair)
        elif not self._linked(pair):
            self._file(pair)

    def _linked(self, pair: _Pair) -> bool:
        """A further name of a file that has been carried: the same one it becomes."""
        first = self._first.get(_file(pair.new))
        if first is None:
            return False
        if not pair.old or _file(pair.old) != _file(os.lstat(first)):
            if pair.old:
                os.unlink(pair.target)
            os.link(first, pair.target, follow_symlinks=False)
        return True

    def _file(self, pair: _Pair) -> None:
        """Anything but a directory, at its first name."""
        if pair.old and (self._taken.get(_file(pair.old)) or not _same_content(pair)):
            os.unlink(pair.target)
            pair = pair._replace(old=None)
        if not pair.old:
            _create(pair)
        _attributes(pair)
        self._taken[_file(os.lstat(pair.target))] = _file(pair.new)
        if pair.new.st_nlink > 1:
            self._first[_file(pair.new)] = pair.target


def _file(about: os.stat_result) -> File:
    return about.st_dev, about.st_ino


def _same_content(pair: _Pair) -> bool:
    assert pair.old
    if stat.S_ISREG(pair.new.st_mode):
        return pair.new.st_size == pair.old.st_size and filecmp.cmp(pair.source, pair.target, shallow=False)
    if stat.S_ISLNK(pair.new.st_mode):
        return os.readlink(pair.source) == os.readlink(pair.target)
    return pair.new.st_rdev == pair.old.st_rdev


def _create(pair: _Pair) -> None:
    if stat.S_ISREG(pair.new.st_mode):
        shutil.copyfile(pair.source, pair.target, follow_symlinks=False)
    elif stat.S_ISLNK(pair.new.st_mode):
        os.symlink(os.readlink(pair.source), pair.target)
    else:  # a device, a pipe, a socket
        os.mknod(pair.target, stat.S_IFMT(pair.new.st_mode) | 0o600, pair.new.st_rdev)


def _attributes(pair: _Pair) -> None:
    """Owner, mode, extended attributes, time, in this order: chown(2) takes setuid and capabilities away."""
    new, old = pair.new, pair.old
    owned = old and (old.st_uid, old.st_gid) == (new.st_uid, new.st_gid)
    if not owned:
        os.chown(pair.target, new.st_uid, new.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(new.st_mode) and not (owned and old and old.st_mode == new.st_mode):
        os.chmod(pair.target, stat.S_IMODE(new.st_mode))
    _extended_attributes(pair)
    # an engine that was given the file may have cut its time to seconds
    if not old or int(os.lstat(pair.target).st_mtime) != int(new.st_mtime):
        os.utime(pair.target, ns=(new.st_atime_ns, new.st_mtime_ns), follow_symlinks=False)


def _extended_attributes(pair: _Pair) -> None:
    wanted = {
        name: os.getxattr(pair.source, name, follow_symlinks=False)
        for name in os.listxattr(pair.source, follow_symlinks=False)
        if not name.startswith(_NOT_CARRIED)
    }
    there = set(os.listxattr(pair.target, follow_symlinks=False))
    if _KEPT_BY_ENGINES in there - wanted.keys():
        os.removexattr(pair.target, _KEPT_BY_ENGINES, follow_symlinks=False)
    for name, value in wanted.items():
        if name not in there or os.getxattr(pair.target, name, follow_symlinks=False) != value:
            os.setxattr(pair.target, name, value, follow_symlinks=False)


def _remove(place: str) -> None:
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    else:
        os.unlink(place)
