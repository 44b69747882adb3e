"""Write layers into a directory: what docker's own untar does, and nothing outside of the directory.

A layer is a tar laid over what is already there: a directory over a directory merges, everything else replaces; `.wh.NAME`
deletes NAME of the layers below, `.wh..wh..opq` everything of theirs in its directory (OCI image spec, layer.md). Member names
that are absolute or climb out with `..` are refused, and a symbolic link on the way is followed inside the root only, so that
an archive from anywhere can be unpacked by root.
"""

import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EDQUOT, ENOSPC, EPERM
from typing import Any, BinaryIO, Self, cast

from dock2sh.digest import sha256_for

from . import ImageError

_BLOCK = 1 << 20
_SAID_AT_MOST = 300  # characters: a name in it may be of any length
_LINKS_AT_MOST = 40  # the kernel's own limit (ELOOP, path_resolution(7))
_XATTR = "SCHILY.xattr."
_DAMAGED = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]  # not in typeshed
# attributes that are about a mount or a machine: overlayfs's notes would be obeyed by the next mount, the others refused
NOT_OF_THE_FILE = ("trusted.", "user.overlay.", "security.selinux", "security.ima", "security.evm")
_LARGE = 1 << 30  # a layer may be: OpenSSL is worth its start
_HEADER_AT_MOST = 1 << 23  # the kernel's own limit is 64 KiB of attributes for a file, and 4 KiB for a path; holes need the most


def apply_layer(stream: BinaryIO, root: str, diff_id: str = "") -> None:
    """Lay the tar `stream` over `root`; with `diff_id` ("sha256:..."), check that it is the layer that was promised.

    Raises ImageError for hostile or damaged archives, and where the rights for owners and devices are missing.
    """
    lay(stream, Layer(root), diff_id)


def lay(stream: BinaryIO, layer: "Layer", diff_id: str) -> None:
    """Give all members of the tar `stream` to `layer`. See `apply_layer`."""
    summed = _Summed(stream)
    try:
        with damage("the layer cannot be unpacked"), streamed(cast(BinaryIO, summed)) as tar:
            for member in members(tar):
                layer.add(member, tar)
            layer.finish()
            summed.drain()
    except PermissionError as error:
        raise ImageError(f"{error.strerror}: {error.filename}. Unpacking keeps owners and devices: do it as root") from error
    if diff_id and summed.digest() != diff_id:
        raise ImageError(f"the layer is damaged: it is {summed.digest()}, its image says {diff_id}. Fetch the image again")


def size_of_files(stream: BinaryIO) -> int:
    """The bytes of all files of a layer's tar, and of the paths in links, as docker counts what it was given.

    Raises ImageError for a damaged one.
    """
    with damage("the layer is damaged"), streamed(stream) as tar:
        found = (member for member in members(tar) if not member.isdir())
        return sum(len(os.fsencode(member.linkname)) if member.issym() else member.size for member in found)


@contextmanager
def damage(what: str, cure: str = "") -> Iterator[None]:
    """Numbers and names that no system takes, a tar that is none, as an ImageError that says so; a full disk is our own."""
    try:
        yield
    except ImageError:
        raise
    except RecursionError as error:
        raise ImageError(f"{what}: directories in directories without end{cure}") from error
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError) as error:
        if getattr(error, "errno", 0) in (ENOSPC, EDQUOT, EACCES, EPERM):
            raise
        raise ImageError(f"{what}: {str(error)[:_SAID_AT_MOST]}{cure}") from error


def streamed(stream: BinaryIO) -> tarfile.TarFile:
    """The tar in a stream that can only be read on."""
    options = {"encoding": "utf-8", "errors": "surrogateescape", "tarinfo": Header}
    return tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18, **options)  # type: ignore[call-overload,no-any-return]


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """One after the other: tarfile's own iterator keeps them all, and a layer may have a million."""
    while member := tar.next():
        tar.members.clear()  # type: ignore[attr-defined]  # typeshed does not know it
        yield member


class Header(tarfile.TarInfo):
    """A header that is read with suspicion.

    tarfile takes a damaged one for the end of the archive, and half a root file system for a whole one; and it reads long names,
    pax headers and lists of holes whole, which may be all memory there is.
    """

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        whole = tarfile.fileobj
        tarfile.fileobj = cast(Any, _Bounded(whole))
        try:
            info = super().fromtarfile(tarfile)
        except _DAMAGED as error:
            if tarfile.offset:
                raise ImageError(f"the archive is damaged: {error} at byte {tarfile.offset}") from error
            raise
        finally:
            tarfile.fileobj = whole
        if info.size < 0:
            raise ImageError(f"the archive is damaged: {info.name} has a size that is none")
        return info


class _Bounded:
    """What a header is read from: no more of it than any needs."""

    def __init__(self, file: Any) -> None:
        self._file, self._left = file, _HEADER_AT_MOST

    def read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            limit = _HEADER_AT_MOST >> 20
            raise ImageError(f"the archive has a header of more than {limit} MiB, which no file's name or attributes need")
        return bytes(self._file.read(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def inside(root: str, path: str) -> str:
    """The real place of `path` in `root`, with every symbolic link on the way, the last too, followed as if `root` were `/`.

    What does not exist is taken as it is named. Raises ImageError for a loop of links.
    """
    parts, done, links = path.split("/")[::-1], root, 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done if done == root else os.path.dirname(done)
            continue
        place = f"{done}/{part}"
        if not os.path.islink(place):
            done = place
            continue
        links += 1
        if links > _LINKS_AT_MOST:
            raise ImageError(f"{path}: too many levels of symbolic links")
        target = os.readlink(place)
        done = root if target.startswith("/") else done
        parts += target.split("/")[::-1]
    return done


class _Summed:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._sum = stream, sha256_for(_LARGE)()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._sum.update(data)
        return data

    def drain(self) -> None:
        """Read what follows the end of the tar: it counts for the digest."""
        while self.read(1 << 20):
            pass

    def digest(self) -> str:
        return f"sha256:{self._sum.hexdigest()}"


class Layer:
    """One layer on its way into `root`."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._parents: dict[str, str] = {"": root}
        self._written: set[str] = set()
        self._directories: dict[str, tarfile.TarInfo] = {}

    def add(self, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        """Write one member, or do what its whiteout says."""
        parts = _parts(member.name)
        if not parts:
            return  # docker leaves the root directory as it makes it, 0755 and root's, whatever the tar's "./" says
        parent, name = self._parent(parts[:-1]), parts[-1]
        if name.startswith(".wh."):
            self._whiteout(parent, name)
            return
        place = f"{parent}/{name}"
        self._note(place)
        if member.isdir():
            self._make_directory(place)
            self._directories[place] = member
        else:
            self._put(member, place, tar)
        if not member.islnk():
            self._dress(member, place)

    def finish(self) -> None:
        """Give directories their times, the deepest first: writing into one has changed it."""
        for place, member in sorted(self._directories.items(), reverse=True):
            os.utime(place, (member.mtime, member.mtime))

    def _parent(self, parts: list[str]) -> str:
        """The directory that `parts` lead to; what is missing of it is made, 0755 and root's, as docker does."""
        key = "/".join(parts)
        if key not in self._parents:
            self._parents[key] = place = inside(self._root, key)
            _make_directories(place)
        return self._parents[key]

    def _whiteout(self, parent: str, name: str) -> None:
        if name == ".wh..wh..opq":
            self._hide_all(parent)
        elif not name.startswith(".wh..wh."):  # the others are aufs' own notes
            hidden = name.removeprefix(".wh.")
            if hidden in ("", ".", ".."):
                raise ImageError(f"the archive has a whiteout that names no file: {name}")
            self._hide(f"{parent}/{hidden}")

    def _note(self, place: str) -> None:
        """It is this layer's own, whatever a whiteout hides."""
        self._written.add(place)

    def _hide_all(self, parent: str) -> None:
        """What is in `parent` of the layers below."""
        for entry in os.listdir(parent):
            if f"{parent}/{entry}" not in self._written:
                self._remove(f"{parent}/{entry}")

    def _hide(self, place: str) -> None:
        self._remove(place)

    def _make_directory(self, place: str) -> None:
        if os.path.islink(place) or not os.path.isdir(place):
            self._remove(place)
            os.mkdir(place)

    def _remove(self, place: str) -> None:
        """Delete `place`; with a directory or a link goes what is remembered of it, since something else takes its place."""
        if _remove(place):
            self._parents = {"": self._root}
            gone = [known for known in self._directories if known == place or known.startswith(f"{place}/")]
            for known in gone:
                del self._directories[known]

    def _dress(self, member: tarfile.TarInfo, place: str) -> None:
        _attributes(member, place)

    def _put(self, member: tarfile.TarInfo, place: str, tar: tarfile.TarFile) -> None:
        """Create what is no directory, in the place of what is there; mostly nothing is, so ask only then."""
        try:
            self._create(member, place, tar)
        except FileExistsError:
            self._remove(place)
            self._create(member, place, tar)

    def _create(self, member: tarfile.TarInfo, place: str, tar: tarfile.TarFile) -> None:
        if member.isreg():
            with open(place, "xb") as file:
                _write_content(member, tar, file)
        elif member.issym():
            os.symlink(member.linkname, place)
        elif member.islnk():
            parts = _parts(member.linkname)
            target = f"{self._parent(parts[:-1])}/{parts[-1]}" if parts else self._root
            if os.path.isdir(target) and not os.path.islink(target):
                raise ImageError(f"the archive has a hard link to a directory: {member.name}")
            os.link(target, place, follow_symlinks=False)
        elif member.isfifo():
            os.mkfifo(place)
        elif member.ischr() or member.isblk():
            kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(place, kind | 0o600, os.makedev(member.devmajor, member.devminor))
        else:
            raise ImageError(f"the archive has an entry of unknown type {member.type!r}: {member.name}")


def _write_content(member: tarfile.TarInfo, tar: tarfile.TarFile, file: BinaryIO) -> None:
    """What is in it; holes stay holes, or a sparse file of a few bytes would fill any disk."""
    if not member.issparse():
        shutil.copyfileobj(cast(BinaryIO, tar.extractfile(member)), file, 1 << 20)
        return
    stream = cast(BinaryIO, tar.fileobj)
    stream.seek(member.offset_data)  # tarfile's own view would read zeros for the holes, all of them
    for start, size in cast("list[tuple[int, int]]", member.sparse):
        file.seek(start)
        for left in range(size, 0, -_BLOCK):
            block = stream.read(min(left, _BLOCK))
            if len(block) < min(left, _BLOCK):
                raise tarfile.ReadError("unexpected end of data")
            file.write(block)
    file.truncate(member.size)


def _parts(name: str) -> list[str]:
    """The elements of a member's name; refuses names that lead out of the root."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ImageError(f"the archive names {name!r}, which is outside of a root file system. Make it with `tar -C ROOT -c .`")
    return parts


def _make_directories(place: str) -> None:
    """`mkdir -p` with mode 0755 whatever the umask is."""
    if not os.path.isdir(place):
        _make_directories(os.path.dirname(place))
        os.mkdir(place)
        os.chmod(place, 0o755)


def _remove(place: str) -> bool:
    """Delete whatever is there, never what a link points at; tells whether one could go through it: a directory or a link."""
    link = os.path.islink(place)
    if not link and os.path.isdir(place):
        shutil.rmtree(place)
        return True
    if link or os.path.lexists(place):
        os.unlink(place)
    return link


def _attributes(member: tarfile.TarInfo, place: str) -> None:
    """Owner, mode, extended attributes, time, in this order: chown(2) takes setuid and capabilities away."""
    os.chown(place, member.uid, member.gid, follow_symlinks=False)
    if not member.issym():
        os.chmod(place, member.mode & 0o7777)
    for key, value in member.pax_headers.items():
        name = key.removeprefix(_XATTR)
        if name != key and not name.startswith(NOT_OF_THE_FILE):
            os.setxattr(place, name, value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
    if not member.isdir():
        os.utime(place, (member.mtime, member.mtime), follow_symlinks=False)
