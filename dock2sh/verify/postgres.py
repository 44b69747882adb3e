"""What is left of PostgreSQL's files when that is taken away which two clusters cannot have in common.

As in masks.py, what a mask cannot read it gives back whole.
"""

import hashlib
import re
import struct
from collections.abc import Iterator

_CONTROL = 1300  # pg_control's version in PostgreSQL 13 to 16
_CONTROL_SIZE = 292  # of what its last four bytes are the sum of, and they
_PAGE, _SHORT, _LONG = 8192, 24, 40  # bytes of a page of the log, of its head, and of the head of a file's first page
_RECORD = struct.Struct("<IIQBBxxI")  # length, transaction, where the one before it is, what, whose, sum
_STANDBY = 8  # which transactions run: written every 15 seconds


def log(content: bytes) -> bytes:
    """Without times, durations and the numbers of processes."""
    return re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|(?<= )\[\d+\](?= )|\d+\.\d{3} s\b", b"(...)", content)


def lock(content: bytes) -> bytes:
    """postmaster.pid and a socket's lock: directory, port and socket stay; the process, its start and its memory go."""
    lines = content.split(b"\n")
    if len(lines) < 5 or not lines[0].isdigit() or not lines[2].isdigit():
        return content
    lines[0] = lines[2] = b"(...)"
    if len(lines) > 6 and re.fullmatch(rb" *\d+ +\d+", lines[6]):
        lines[6] = b"(memory)"
    return b"\n".join(lines)


def control(content: bytes) -> bytes:
    """pg_control: its state, positions, limits and settings stay. The cluster's random number, two times, the random bytes for
    users that are not there, and the sum go."""
    if len(content) < _CONTROL_SIZE or struct.unpack_from("<I", content, 8)[0] != _CONTROL:
        return content
    left = bytearray(content)
    for start, length in ((0, 8), (24, 8), (104, 8), (256, 32), (288, 4)):
        left[start : start + length] = bytes(length)
    return bytes(left)


def relations(content: bytes) -> bytes:
    """pg_internal.init is memory of the server: what is an address in it (x86-64 and aarch64, of programs and libraries) goes."""
    if content[:4] != b"f2W\0":
        return content
    left = bytearray(content)
    for found in re.finditer(rb"(?=[\x55\x56\x7e\x7f]\0\0)", content):
        start = max(found.start() - 5, 0)
        left[start : found.start() + 1] = bytes(found.start() + 1 - start)
    return bytes(left)


def statistics(content: bytes) -> bytes:
    """pgstat.stat: its format stays. What is counted (blocks read, rows that a vacuum saw) depends on how fast it went."""
    return content[:4] if content[:4] == b"\xa7\xbc\xa5\x01" else content


def write_ahead(content: bytes) -> bytes:
    """A file of the write-ahead log: of each record its length, transaction, kind, and what it is a record of, in order. What
    they hold are pages, most of them files beside it, and times."""
    try:
        return b"\n".join(_records(content))
    except (struct.error, ValueError):
        return content


def _records(content: bytes) -> Iterator[bytes]:
    """Raises struct.error, ValueError."""
    rest = struct.unpack_from("<I", content, 16)[0]
    if len(content) % _PAGE or content[2] & 2 == 0:
        raise ValueError
    yield content[:2]
    stream = content[_LONG:_PAGE] + b"".join(content[at + _SHORT : at + _PAGE] for at in range(_PAGE, len(content), _PAGE))
    at = (rest + 7) // 8 * 8
    while at + _RECORD.size <= len(stream):
        length, transaction, _, what, whose, _ = _RECORD.unpack_from(stream, at)
        if length < _RECORD.size:
            break
        if whose != _STANDBY:
            yield b"%d %d %d %d" % (length, transaction, what, whose)
        at += (length + 7) // 8 * 8
    yield hashlib.sha256(stream[at:]).digest()
