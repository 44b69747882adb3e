"""Which packages a layer's changes mean: of Debian, Alpine and Red Hat by their databases, of Python, Node and Ruby by the files
that each package has of its own."""

import json
import os
import re
import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence

from dock2sh.explain.measured import Change, Package
from dock2sh.images.layers import inside

_DPKG, _APK = "/var/lib/dpkg/status", "/lib/apk/db/installed"
_RPM = ("/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite")
_OWN_FILES = {
    "pip": re.compile(r".*/(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-/]+)\.(?:dist|egg)-info/(?:METADATA|PKG-INFO)\Z"),
    "gem": re.compile(r".*/specifications/(?:default/)?(?P<name>[\w.-]+?)-(?P<version>\d[\w.]*)(?:-[\w-]+)?\.gemspec\Z"),
    "npm": re.compile(r"(?:(?!/node_modules/).)*/node_modules/(?P<name>(?:@[^/]+/)?[^/@.][^/]*)/package\.json\Z"),
}
"""A file whose path tells the package; of npm's only those that are in no other package's node_modules."""


def packages(changes: Sequence[Change], upper: str, below: str) -> Iterator[Package]:
    """What the layer in `upper` installs in the root `below`, upgrades and removes; sorted by name."""
    touched = {change.path for change in changes}
    for manager, paths, read in (("dpkg", (_DPKG,), _dpkg), ("apk", (_APK,), _apk), ("rpm", _RPM, _rpm)):
        for path in touched.intersection(paths):
            yield from _compared(manager, read(below, path), read(upper, path))
    for manager, pattern in _OWN_FILES.items():
        yield from _of_files(manager, pattern, changes, upper, below)


def _compared(manager: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Package]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name, "") != after.get(name, ""):
            yield Package(manager, name, before.get(name, ""), after.get(name, ""))


def _read(root: str, path: str) -> bytes:
    """A file of a root; links do not lead out of it."""
    place = inside(root, path.lstrip("/"))
    if not os.path.isfile(place):
        return b""
    with open(place, "rb") as file:
        return file.read()


def _records(text: str, name: str, value: str) -> Iterator[tuple[str, str, str]]:
    for record in text.split("\n\n"):
        fields = dict(line.split(":", 1) for line in record.splitlines() if ":" in line and not line.startswith(" "))
        if name in fields:
            yield fields[name].strip(), fields.get(value, "").strip(), fields.get("Status", "").strip()


def _dpkg(root: str, path: str) -> dict[str, str]:
    """Those that are installed, and not only configured."""
    found = _records(_read(root, path).decode(errors="replace"), "Package", "Version")
    return {name: version for name, version, status in found if status.endswith(" installed")}


def _apk(root: str, path: str) -> dict[str, str]:
    return {name: version for name, version, _ in _records(_read(root, path).decode(errors="replace"), "P", "V")}


def _rpm(root: str, path: str) -> dict[str, str]:
    """Read as a copy in memory: sqlite would write a journal beside it."""
    data = _read(root, path)
    if not data.startswith(b"SQLite format 3\0"):
        return {}
    data = data[:18] + b"\x01\x01" + data[20:]  # no write-ahead log: that of a database at rest is empty
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data)
        rows = database.execute("SELECT blob FROM Packages").fetchall()
        return dict(_rpm_header(bytes(blob)) for (blob,) in rows)
    except (sqlite3.Error, struct.error, ValueError):
        return {}
    finally:
        database.close()


_NAME, _VERSION, _RELEASE = 1000, 1001, 1002


def _rpm_header(blob: bytes) -> tuple[str, str]:
    """Name, and version-release: a header is a number of index entries (tag, type, offset, count) and the data behind them."""
    entries, _ = struct.unpack_from(">II", blob)
    data = 8 + 16 * entries
    found: dict[int, str] = {}
    for number in range(entries):
        tag, _, offset, _ = struct.unpack_from(">IIiI", blob, 8 + 16 * number)
        if tag in (_NAME, _VERSION, _RELEASE):
            start = data + offset
            found[tag] = blob[start : blob.index(b"\0", start)].decode(errors="replace")
    return found.get(_NAME, "?"), f"{found.get(_VERSION, '')}-{found.get(_RELEASE, '')}"


def _of_files(manager: str, pattern: re.Pattern[str], changes: Sequence[Change], upper: str, below: str) -> Iterator[Package]:
    """New and removed files that tell a package. A version that replaces another one is told once."""
    before, after = dict[str, str](), dict[str, str]()
    for change in changes:
        if change.kind == "D":
            before.update(_told(manager, pattern, below, change.path))
        elif match := pattern.match(change.path):
            after[match["name"]] = _version(manager, match, upper, change.path)
            if change.kind == "C":
                before[match["name"]] = _version(manager, match, below, change.path)
    yield from _compared(manager, before, after)


def _told(manager: str, pattern: re.Pattern[str], root: str, path: str) -> Iterator[tuple[str, str]]:
    """The packages of a deleted path, which may be their directory."""
    for own in ("", "/METADATA", "/PKG-INFO", "/package.json"):
        match = pattern.match(path + own)
        if match and (not own or os.path.lexists(root + path + own)):
            yield match["name"], _version(manager, match, root, path + own)


def _version(manager: str, match: re.Match[str], root: str, path: str) -> str:
    if manager != "npm":
        return match["version"]
    try:
        found = json.loads(_read(root, path))
    except ValueError:
        return "?"
    version = found.get("version") if isinstance(found, dict) else None
    return version if isinstance(version, str) else "?"
