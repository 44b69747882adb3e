"""rpm's database: a table of headers. A header is two numbers, an index of 16 bytes an entry, and a store (rpm's manual, its
format)."""

import os
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_INT32 = 4


class Installed(NamedTuple):
    """A package: `version` is EPOCH:VERSION-RELEASE, the epoch only where there is one."""

    name: str
    version: str


def packages(folder: str) -> Iterator[Installed]:
    """The packages that the database in `folder` has, which is a stranger's; none if it is damaged, or not there."""
    if not os.path.isfile(f"{folder}/rpmdb.sqlite"):
        return
    with tempfile.TemporaryDirectory() as own:
        for name in ("rpmdb.sqlite", "rpmdb.sqlite-wal"):  # a copy: what is in the log is written into the database at opening
            if os.path.isfile(f"{folder}/{name}") and not os.path.islink(f"{folder}/{name}"):
                shutil.copyfile(f"{folder}/{name}", f"{own}/{name}")
        database = sqlite3.connect(f"{own}/rpmdb.sqlite")
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            headers = [row[0] for row in database.execute("SELECT blob FROM Packages")]
        except sqlite3.DatabaseError:
            return
        finally:
            database.close()
    for header in headers:
        if isinstance(header, bytes) and (package := _package(header)):
            yield package


def _package(header: bytes) -> Installed | None:
    try:
        fields = _fields(header)
        version = f"{fields[_VERSION]}-{fields[_RELEASE]}"
        epoch = f"{fields[_EPOCH]}:" if _EPOCH in fields else ""
        return Installed(fields[_NAME], epoch + version)
    except (struct.error, KeyError, ValueError):
        return None


def _fields(header: bytes) -> dict[int, str]:
    count, size = struct.unpack_from("!II", header)
    store = header[8 + 16 * count :][:size]
    found = {}
    for number in range(count):
        tag, kind, offset, _ = struct.unpack_from("!IIII", header, 8 + 16 * number)
        if tag in (_NAME, _VERSION, _RELEASE):
            found[tag] = store[offset : store.index(b"\0", offset)].decode("ascii")
        elif tag == _EPOCH and kind == _INT32:
            found[tag] = str(struct.unpack_from("!I", store, offset)[0])
    return found
