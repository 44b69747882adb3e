"""rpm's database: a table of headers in SQLite, a stranger's."""

import sqlite3
import struct
from pathlib import Path

from dock2sh.images.rpmdb import Installed, packages


def header(name: str, version: str, epoch: int | None = None) -> bytes:
    """A header as rpm stores it: strings, and the epoch as a number."""
    store, index = b"", []
    if epoch is not None:
        index.append((1003, 4, 0, 1))
        store = struct.pack("!I", epoch)
    for tag, text in ((1000, name), (1001, version), (1002, "3.fc40")):
        index.append((tag, 6, len(store), 1))
        store += text.encode() + b"\0"
    return struct.pack("!II", len(index), len(store)) + b"".join(struct.pack("!IIII", *entry) for entry in index) + store


def database(folder: Path, *headers: bytes) -> None:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "rpmdb.sqlite") as connection:
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(header,) for header in headers])
    connection.close()


def test_what_it_has(tmp_path: Path) -> None:
    """What is no header is left out."""
    folder = tmp_path / "rpm"
    database(folder, header("bash", "5.2"), header("curl", "8.6.0", 2), b"", b"\xff" * 40, struct.pack("!II", 1, 1))
    assert list(packages(str(folder))) == [Installed("bash", "5.2-3.fc40"), Installed("curl", "2:8.6.0-3.fc40")]


def test_none_and_a_damaged_one(tmp_path: Path) -> None:
    assert list(packages(str(tmp_path))) == []
    (tmp_path / "rpmdb.sqlite").write_text("no database")
    assert list(packages(str(tmp_path))) == []
