"""Which packages a layer's changes mean: of Debian, Alpine and Red Hat by their databases, of Python, Node and Ruby by the files
that each package has of its own."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence

from dock2sh.explain.measured import Change, Package
from dock2sh.images import rpmdb
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
    folder = inside(root, os.path.dirname(path).lstrip("/"))
    return {package.name: package.version for package in rpmdb.packages(folder)}


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
