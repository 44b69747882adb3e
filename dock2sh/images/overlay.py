"""Layers as overlayfs keeps them: one directory each, mounted one over the other, and the tars that they come from and become.

What is deleted is a character device 0:0 in the directory and `.wh.NAME` in the tar; a directory that hides the one below has the
attribute `trusted.overlay.opaque` (`user.overlay.opaque` in a user namespace) and `.wh..wh..opq` (kernel:
filesystems/overlayfs.rst; OCI image spec: layer.md).
"""

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, ENODATA, ENOTSUP
from typing import BinaryIO, NamedTuple

from . import ImageError
from .layers import NOT_OF_THE_FILE, Layer, lay
from .tars import END, Member, header

_BLOCK = 1 << 20
_WHITEOUT, _OPAQUE = b".wh.", b".wh..wh..opq"
_WHITEOUT_DEVICE = os.makedev(0, 0)
# whiteouts have no owner and no time: the same deletion is the same layer
_NOBODY = os.stat_result((0,) * 10, {"st_mtime_ns": 0})
_NOT_KEPT = tuple(name.encode() for name in NOT_OF_THE_FILE)
# what docker puts into a layer that it makes (semantics.md 1.6, rule 19); layers that others made stay as they are
_KEPT_IN_A_LAYER = b"security.capability"


def rootless() -> bool:
    """Whether this process is in a user namespace (or no root at all), where attributes are called user.overlay.*."""
    if os.geteuid() != 0:
        return True
    with open("/proc/self/uid_map") as file:
        return file.read().split() != ["0", "0", "4294967295"]


def _one_user() -> bool:
    """Whether this user namespace has no other user: nothing can be given to one."""
    with open("/proc/self/uid_map") as file:
        return file.read().split()[2:] == ["1"]


def unpack_layer(stream: BinaryIO, directory: str, rootless: bool = False, diff_id: str = "") -> None:
    """Write the layer tar `stream` into the new or empty `directory`, in overlayfs's form; with `diff_id` check what it is.

    The same defences as `apply_layer`. In a user namespace device nodes are left out, since the kernel allows none there (as
    docker and podman do), and where that has a single user everything is his. Raises ImageError; what was written until then
    stays for the caller to remove.
    """
    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, 0o755)
    lay(stream, _Overlay(directory, "user." if rootless else "trusted."), diff_id)


class _Overlay(Layer):
    """A layer that is kept apart: it says what it hides, instead of hiding it."""

    def __init__(self, root: str, space: str) -> None:
        super().__init__(root)
        self._attribute = f"{space}overlay.opaque"
        self._rootless = space == "user."
        self._alone = self._rootless and _one_user()

    def _create(self, member: tarfile.TarInfo, place: str, tar: tarfile.TarFile) -> None:
        if not (self._rootless and (member.ischr() or member.isblk())):
            super()._create(member, place, tar)

    def _dress(self, member: tarfile.TarInfo, place: str) -> None:
        if self._alone:
            member.uid, member.gid = os.geteuid(), os.getegid()
        if os.path.lexists(place):
            with self._owned(member):
                super()._dress(member, place)

    @contextmanager
    def _owned(self, member: tarfile.TarInfo) -> Iterator[None]:
        """An id that this user namespace has not (chown(2): EINVAL) as an ImageError with the cure."""
        try:
            yield
        except OSError as error:
            if error.errno != EINVAL or not self._rootless:
                raise
            raise ImageError(
                f"{member.name} belongs to {member.uid}:{member.gid}, and this user has not so many ids: give him a wider range "
                "in /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids), or be root"
            ) from error

    def _note(self, place: str) -> None:
        """Nothing: it hides what is elsewhere. (A million names would be 150 MB.)"""

    def _hide_all(self, parent: str) -> None:
        os.setxattr(parent, self._attribute, b"y")

    def _hide(self, place: str) -> None:
        """An entry of this same layer stays, in whatever order they come: a whiteout is about the layers below."""
        if os.path.lexists(place):
            if os.path.isdir(place) and not os.path.islink(place):
                self._hide_all(place)
            return
        os.mknod(place, stat.S_IFCHR | 0o600, _WHITEOUT_DEVICE)

    def _make_directory(self, place: str) -> None:
        hidden = os.path.lexists(place) and is_whiteout(os.lstat(place))
        super()._make_directory(place)
        if hidden:
            self._hide_all(place)


class _Found(NamedTuple):
    """Something in a layer's directory: its name in the tar, where it is, what it is."""

    name: bytes
    path: bytes
    about: os.stat_result


def write_layer(directory: str, out: BinaryIO, rootless: bool = False) -> None:
    """Write an overlay's upper directory as a layer tar: sorted, without a time or an owner of its own.

    As docker's: the root directory itself and sockets are not in it, times are in whole seconds. The overlay must have been
    mounted with redirect_dir=off and metacopy=off (else: ImageError). Of all attributes a file's capabilities are.
    """
    space = b"user." if rootless else b"trusted."
    first_of = dict[tuple[int, int], bytes]()
    for found in _walk(os.fsencode(directory), b""):
        _write(found, out, space + b"overlay.", first_of)
    out.write(END)


def size_of_tree(directory: str) -> int:
    """The bytes of all files of an overlay's upper directory, each once. docker counts no paths in links where it has built."""
    files = (found.about for found in _walk(os.fsencode(directory), b"") if stat.S_ISREG(found.about.st_mode))
    return sum({(about.st_dev, about.st_ino): about.st_size for about in files}.values())


def write_tree(directory: str, out: BinaryIO) -> None:
    """Write any root file system as a layer tar, with all attributes but this machine's own. A character device 0:0 in it is a
    device, not a whiteout."""
    first_of = dict[tuple[int, int], bytes]()
    for found in _walk(os.fsencode(directory), b""):
        _write(found, out, b"", first_of)
    out.write(END)


def _walk(directory: bytes, prefix: bytes) -> Iterator[_Found]:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = directory + b"/" + name
        about = os.lstat(path)
        yield _Found(prefix + name, path, about)
        if stat.S_ISDIR(about.st_mode):
            yield from _walk(path, prefix + name + b"/")


def _write(found: _Found, out: BinaryIO, space: bytes, first_of: dict[tuple[int, int], bytes]) -> None:
    """One entry, with what overlayfs notes (attributes whose name begins with `space`; b"" is no overlay) translated."""
    name, path, about = found
    if space and is_whiteout(about):
        parent, _, base = name.rpartition(b"/")
        out.write(header(Member((parent + b"/" if parent else b"") + _WHITEOUT + base, stat.S_IFREG | 0o600, _NOBODY)))
        return
    attributes = _attributes(path)
    if space:
        _check_plain(path, attributes, space)
    _write_plain(found, {key: value for key, value in attributes.items() if _is_kept(key, bool(space))}, out, first_of)
    if space and attributes.get(space + b"opaque") == b"y":
        out.write(header(Member(name + b"/" + _OPAQUE, stat.S_IFREG | 0o600, _NOBODY)))


def _is_kept(attribute: bytes, in_layer: bool) -> bool:
    return attribute == _KEPT_IN_A_LAYER if in_layer else not attribute.startswith(_NOT_KEPT)


def _write_plain(found: _Found, kept: dict[bytes, bytes], out: BinaryIO, first_of: dict[tuple[int, int], bytes]) -> None:
    name, path, about = found
    if stat.S_ISSOCK(about.st_mode):
        return  # a tar has none; docker leaves them out too
    if not stat.S_ISDIR(about.st_mode) and about.st_nlink > 1:
        first = first_of.setdefault((about.st_dev, about.st_ino), name)
        if first != name:
            out.write(header(Member(name, about.st_mode, about, link=first, hard=True)))
            return
    link = os.readlink(path) if stat.S_ISLNK(about.st_mode) else b""
    out.write(header(Member(name, about.st_mode, about, link, attributes=kept)))
    if stat.S_ISREG(about.st_mode) and about.st_size:
        _write_content(path, about.st_size, out)


def _write_content(path: bytes, size: int, out: BinaryIO) -> None:
    """Exactly `size` bytes, as the header has said, and zeros up to a block of the tar."""
    left = size
    with open(path, "rb", buffering=0) as file:
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise ImageError(f"{os.fsdecode(path)} became shorter while it was read")
            out.write(block)
            left -= len(block)
    out.write(bytes(-size % tarfile.BLOCKSIZE))


def _attributes(path: bytes) -> dict[bytes, bytes]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == ENOTSUP:
            return {}
        raise
    return {os.fsencode(name): value for name in names if (value := _value(path, name)) is not None}


def _value(path: bytes, name: str) -> bytes | None:
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError as error:
        if error.errno in (ENODATA, ENOTSUP):  # overlayfs and ACLs name some that cannot be read
            return None
        raise


def _check_plain(path: bytes, attributes: dict[bytes, bytes], space: bytes) -> None:
    for note in (b"redirect", b"metacopy"):
        if space + note in attributes:
            cure = "mount the overlay with redirect_dir=off,metacopy=off"
            raise ImageError(f"{os.fsdecode(path)} is only a reference to another layer: {cure}")


def is_whiteout(about: os.stat_result) -> bool:
    """Whether something in a layer's directory says that it is deleted."""
    return stat.S_ISCHR(about.st_mode) and about.st_rdev == _WHITEOUT_DEVICE
