"""Packages, read out of what a layer changed."""

import json
import sqlite3
import struct
from pathlib import Path

import pytest

from dock2sh.explain.measured import Change, Package
from dock2sh.measuring.packages import packages

DPKG = "Package: {}\nStatus: {}\nArchitecture: amd64\nVersion: {}\nDescription: x\n Package: no\n\n"
INSTALLED, REMOVED = "install ok installed", "deinstall ok config-files"


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """The layer, and what it lies on."""
    upper, below = tmp_path / "upper", tmp_path / "below"
    upper.mkdir()
    below.mkdir()
    return upper, below


def write(root: Path, path: str, data: str | bytes) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data.encode() if isinstance(data, str) else data)


def found(roots: tuple[Path, Path], *changes: tuple[str, str]) -> list[Package]:
    upper, below = roots
    return list(packages([Change(kind, path) for kind, path in changes], str(upper), str(below)))


def test_debian(roots: tuple[Path, Path]) -> None:
    upper, below = roots
    path = "/var/lib/dpkg/status"
    write(below, path, DPKG.format("a", INSTALLED, "1") + DPKG.format("b", INSTALLED, "1") + DPKG.format("c", INSTALLED, "1:1"))
    write(upper, path, DPKG.format("a", INSTALLED, "2") + DPKG.format("b", REMOVED, "1") + DPKG.format("c", INSTALLED, "1:1")
          + DPKG.format("d", INSTALLED, "4:5.6-7~x"))  # fmt: skip
    assert found(roots, ("C", path)) == [
        Package("dpkg", "a", "1", "2"), Package("dpkg", "b", "1", ""), Package("dpkg", "d", "", "4:5.6-7~x"),
    ]  # fmt: skip


def test_a_database_that_did_not_change_is_not_looked_at(roots: tuple[Path, Path]) -> None:
    write(roots[1], "/var/lib/dpkg/status", DPKG.format("a", INSTALLED, "1"))
    assert found(roots, ("A", "/x")) == []


def test_alpine(roots: tuple[Path, Path]) -> None:
    write(roots[0], "/lib/apk/db/installed", "C:Q1=\nP:musl\nV:1.2.4-r2\nF:lib\nR:x\n\nP:zlib\nV:1\n\n")
    assert found(roots, ("A", "/lib/apk/db/installed")) == [
        Package("apk", "musl", "", "1.2.4-r2"),
        Package("apk", "zlib", "", "1"),
    ]


def header(name: str, version: str, release: str) -> bytes:
    """An rpm header, as rpm writes it into its database: region entry left out."""
    data, entries = b"", []
    for tag, text in ((1000, name), (1001, version), (1002, release)):
        entries.append(struct.pack(">IIiI", tag, 6, len(data), 1))
        data += text.encode() + b"\0"
    return struct.pack(">II", len(entries), len(data)) + b"".join(entries) + data


def test_red_hat(roots: tuple[Path, Path], tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "rpm")
    database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    database.execute("INSERT INTO Packages (blob) VALUES (?)", [header("bash", "5.2", "6.el9")])
    database.commit()
    database.close()
    path = "/var/lib/rpm/rpmdb.sqlite"
    write(roots[0], path, (tmp_path / "rpm").read_bytes())
    assert found(roots, ("A", path)) == [Package("rpm", "bash", "", "5.2-6.el9")]
    write(roots[0], path, b"SQLite format 3\0 and no more")
    assert found(roots, ("A", path)) == []


def test_python(roots: tuple[Path, Path]) -> None:
    site = "/usr/lib/python3/dist-packages"
    write(roots[1], f"{site}/Gone-1.0.dist-info/METADATA", "")
    write(roots[1], f"{site}/up-1.0.dist-info/METADATA", "")
    changes = [
        ("D", f"{site}/Gone-1.0.dist-info"), ("D", f"{site}/up-1.0.dist-info"), ("A", f"{site}/up-2.0.dist-info/METADATA"),
        ("A", f"{site}/flask-3.1.0.dist-info/METADATA"), ("A", f"{site}/flask-3.1.0.dist-info/RECORD"),
        ("A", f"{site}/old-1.egg-info/PKG-INFO"),
    ]  # fmt: skip
    assert found(roots, *changes) == [
        Package("pip", "Gone", "1.0", ""), Package("pip", "flask", "", "3.1.0"), Package("pip", "old", "", "1"),
        Package("pip", "up", "1.0", "2.0"),
    ]  # fmt: skip


def test_node_and_ruby(roots: tuple[Path, Path]) -> None:
    top = "/usr/local/lib/node_modules"
    paths = [f"{top}/@a/b/package.json", f"{top}/@a/b/node_modules/c/package.json", f"{top}/bad/package.json"]
    for path, text in zip(paths, (json.dumps({"version": "1.2.3"}), '{"version": "9"}', "[1"), strict=True):
        write(roots[0], path, text)
    gem = "/usr/lib/ruby/gems/3.1.0/specifications/rack-test-2.1.0.gemspec"
    changes = [("A", path) for path in (*paths, gem)]
    assert found(roots, *changes) == [
        Package("gem", "rack-test", "", "2.1.0"), Package("npm", "@a/b", "", "1.2.3"), Package("npm", "bad", "", "?"),
    ]  # fmt: skip


def test_a_link_that_leads_out(roots: tuple[Path, Path], tmp_path: Path) -> None:
    write(tmp_path, "secret", DPKG.format("outside", INSTALLED, "1"))
    (roots[0] / "var/lib/dpkg").mkdir(parents=True)
    (roots[0] / "var/lib/dpkg/status").symlink_to(tmp_path / "secret")
    assert found(roots, ("A", "/var/lib/dpkg/status")) == []
