"""The headers of a tar, as docker writes them: ustar, and a pax record for each value that ustar has no room for.

Written here and not by tarfile since a layer has ten thousand of them, and since names and attributes are bytes.
"""

import os
import stat
import tarfile
from collections.abc import Mapping
from typing import NamedTuple

END = bytes(2 * tarfile.BLOCKSIZE)
_KINDS = {
    stat.S_IFREG: b"0", stat.S_IFLNK: b"2", stat.S_IFCHR: b"3", stat.S_IFBLK: b"4", stat.S_IFDIR: b"5", stat.S_IFIFO: b"6",
}  # fmt: skip


class Member(NamedTuple):
    """An entry: its type and permissions in `mode`, owner and time of `about`; with `hard` it is a hard link to `link`."""

    name: bytes
    mode: int
    about: os.stat_result
    link: bytes = b""
    hard: bool = False
    attributes: Mapping[bytes, bytes] = {}


def header(member: Member) -> bytes:
    """The entry's header, with a pax header before it where it needs one; a regular file's content follows, padded."""
    about, kind = member.about, b"1" if member.hard else _KINDS[stat.S_IFMT(member.mode)]
    name = member.name + b"/" if kind == b"5" else member.name
    # the size of another file (a whiteout stands for a device, which has none) is never taken
    size = about.st_size if kind == b"0" and stat.S_ISREG(about.st_mode) else 0
    time = about.st_mtime_ns // 10**9
    records = [(b"SCHILY.xattr." + key, value) for key, value in sorted(member.attributes.items())]
    fields = (
        _text(b"path", name, 100, records),
        _number(b"", member.mode & 0o7777, 8, records),
        _number(b"uid", about.st_uid, 8, records),
        _number(b"gid", about.st_gid, 8, records),
        _number(b"size", size, 12, records),
        _number(b"mtime", time, 12, records),
    )
    device = about.st_rdev if kind in (b"3", b"4") else 0
    numbers = _number(b"", os.major(device), 8, []) + _number(b"", os.minor(device), 8, [])
    block = _block(b"".join(fields), kind, _text(b"linkpath", member.link, 100, records), numbers)
    return _pax(records) + block if records else block


def _block(fields: bytes, kind: bytes, link: bytes, numbers: bytes) -> bytes:
    rest = kind + link + b"ustar\x0000" + bytes(64) + numbers + bytes(167)
    total = sum(fields) + 8 * 32 + sum(rest)
    return fields + b"%06o\0 " % total + rest


def _pax(records: list[tuple[bytes, bytes]]) -> bytes:
    data = b"".join(_record(key, value) for key, value in records)
    none: list[tuple[bytes, bytes]] = []
    numbers = [(0o644, 8), (0, 8), (0, 8), (len(data), 12), (0, 12)]
    fields = b"PaxHeaders".ljust(100, b"\0") + b"".join(_number(b"", number, width, none) for number, width in numbers)
    return _block(fields, b"x", bytes(100), bytes(16)) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _record(key: bytes, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE\\n`, where LENGTH counts its own digits too."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) != len(str(rest)):
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def _text(key: bytes, value: bytes, width: int, records: list[tuple[bytes, bytes]]) -> bytes:
    if len(value) <= width and value.isascii():
        return value.ljust(width, b"\0")
    records.append((key, value))
    return value[:width].decode("ascii", "ignore").encode().ljust(width, b"\0")


def _number(key: bytes, value: int, width: int, records: list[tuple[bytes, bytes]]) -> bytes:
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    records.append((key, b"%d" % value))
    return b"0" * (width - 1) + b"\0"
