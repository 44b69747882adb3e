"""Archives by what is in them: tar, zip, ar (of which .deb is one), and what gzip, bzip2, xz and zstd have packed.

Two builds make archives that differ only in the times of their members, also in archives inside of archives. What cannot be read
is no archive, so that nothing is excused by accident.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LARGEST = 1 << 28  # what is in an archive, unpacked, is compared up to this size
_SHOWN = 1 << 26
_DEPTH = 4
_MEMBERS = 5  # whose contents are shown in full
_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, RuntimeError,
           NotImplementedError)  # fmt: skip
_AR = b"!<arch>\n"


class Member(NamedTuple):
    """What an archive has: `about` is all but name, content and times, in words."""

    name: str
    about: str
    content: bytes


def archive(content: bytes, depth: int = 0) -> bytes:
    """What is in an archive, member by member, without times; what is none as it is."""
    try:
        if (inner := _unpacked(content)) is not None:
            return archive(inner, depth + 1) if depth < _DEPTH else inner
        members = _members(content) if depth < _DEPTH else None
        return content if members is None else b"\n".join(_row(member, depth) for member in members)
    except _BROKEN:
        return content


def difference(mine: bytes, other: bytes, detail: Callable[[bytes, bytes], str]) -> list[str]:
    """The members that differ, a line or more each; empty if these are not two archives. `detail` shows two contents."""
    one, two = _known(mine), _known(other)
    if one is None or two is None:
        return _packed(mine, other, detail)
    lines = list[str]()
    for what, left, right in (("theirs", two, one), ("ours", one, two)):
        if alone := [name for name in left if name not in right]:
            lines.append(f"only {what}: {', '.join(alone[:10])}{f' and {len(alone) - 10} more' if len(alone) > 10 else ''}")
    shown = 0
    for name in (name for name in two if name in one):
        own, their = one[name], two[name]
        if own.about != their.about:
            lines.append(f"member {name}: theirs {their.about}, ours {own.about}")
        if archive(own.content) != archive(their.content):
            lines.append(f"member {name}: theirs {len(their.content)} bytes, ours {len(own.content)}")
            shown += 1
            lines += [f"  {line}" for line in detail(own.content, their.content).splitlines()] if shown <= _MEMBERS else []
    if not lines and list(one) != list(two):
        return ["the same members in another order"]
    return lines or ["the same members, with other times, or packed in another way"]


def _packed(mine: bytes, other: bytes, detail: Callable[[bytes, bytes], str]) -> list[str]:
    """Two files that a packer has packed, and that are no archives."""
    try:
        one, two = _unpacked(mine), _unpacked(other)
    except _BROKEN:
        return []
    if one is None or two is None:
        return []
    if one == two:
        return ["the same, packed at another time or in another way"]
    return [f"unpacked: theirs {len(two)} bytes, ours {len(one)}", *(f"  {line}" for line in detail(one, two).splitlines())]


def _row(member: Member, depth: int) -> bytes:
    return repr((member.name, member.about, hashlib.sha256(archive(member.content, depth + 1)).hexdigest())).encode(
        errors="surrogateescape"
    )


def _known(content: bytes) -> dict[str, Member] | None:
    """The members by name; one that stands there twice has a number."""
    try:
        while (inner := _unpacked(content)) is not None:
            content = inner
        members = _members(content) if len(content) <= _SHOWN else None
        found = dict[str, Member]()
        counts = Counter[str]()
        for member in members or ():
            counts[member.name] += 1
            found[f"{member.name} ({counts[member.name]})" if counts[member.name] > 1 else member.name] = member
        return None if members is None else found
    except _BROKEN:
        return None


# -- formats -------------------------------------------------------------------------------------------------------------------


def _unpacked(content: bytes) -> bytes | None:
    """What a packer has packed; None if there is none, or it is too large. Raises one of _BROKEN."""
    streams: list[tuple[bytes, Callable[[io.BytesIO], io.BufferedIOBase]]] = [
        (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
        (b"BZh", bz2.BZ2File),
        (b"\xfd7zXZ\0", lzma.LZMAFile),
        (b"\x28\xb5\x2f\xfd", _zstd),
    ]
    for mark, opened in streams:
        if content.startswith(mark):
            with opened(io.BytesIO(content)) as stream:
                inner = stream.read(_LARGEST + 1)
            return inner if len(inner) <= _LARGEST else None
    return None


def _zstd(file: io.BytesIO) -> io.BufferedIOBase:
    """zstd is in the standard library since Python 3.14; its own error is none that _BROKEN could name."""
    import importlib.util

    name = "compression.zstd" if importlib.util.find_spec("compression") else "backports.zstd"
    try:
        with importlib.import_module(name).ZstdFile(file) as stream:
            return io.BytesIO(stream.read(_LARGEST + 1))
    except Exception as error:
        raise ValueError(f"no zstd: {error}") from error


def _members(content: bytes) -> Iterator[Member] | None:
    """What is in an archive; None if it is none. The iterator raises one of _BROKEN."""
    if content.startswith(b"PK\3\4"):
        return _zip(content)
    if content.startswith(_AR):
        return _ar(content)
    return _tar(content) if content[257:262] == b"ustar" else None


def _tar(content: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            kind = {b"0": "f", b"\0": "f", b"5": "d", b"2": "l"}.get(member.type, member.type.decode("latin-1"))
            owner = f"{member.uid}:{member.gid} {member.uname}:{member.gname}"
            device = f" {member.devmajor},{member.devminor}" if member.isdev() else ""
            target = f" -> {member.linkname}" if member.linkname else ""
            yield Member(member.name, f"{kind} {member.mode:04o} {owner}{device}{target}", file.read() if file else b"")


def _zip(content: bytes) -> Iterator[Member]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if sum(member.file_size for member in file.infolist()) > _LARGEST:
            raise ValueError("too large")
        for member in file.infolist():
            words = f"attributes {member.external_attr:#x}{f' comment {member.comment!r}' if member.comment else ''}"
            yield Member(member.filename, words, file.read(member))


def _ar(content: bytes) -> Iterator[Member]:
    """ar(5): heads of 60 bytes, contents with a byte more where they are odd. GNU has a symbol table (/), and long names in a
    member of its own (//), to which /NUMBER points."""
    at, names = len(_AR), b""
    while at < len(content):
        head = content[at : at + 60]
        if len(head) < 60 or head[58:] != b"`\n":
            raise ValueError("no head of ar's")
        size, name = int(head[48:58]), head[:16].decode("latin-1").rstrip()
        inner = content[at + 60 : at + 60 + size]
        if len(inner) < size:
            raise ValueError("cut off")
        if name == "//":
            names = inner
        elif name[:1] == "/" and name[1:].isdigit():
            name = names[int(name[1:]) :].split(b"\n", 1)[0].decode("latin-1")
        yield Member(name.removesuffix("/") or name, " ".join(head[28:48].decode("latin-1").split()), inner)
        at += 60 + size + size % 2
