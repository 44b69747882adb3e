"""The installed packages of both sides. Where a version moved between the builds the files follow: no builder is to blame."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .snapshot import contents

_STATUS = "/var/lib/dpkg/status"
_DIST_INFO = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)\.dist-info")
_PYTHON = ("/usr/local/lib", "/usr/lib", "/venv/lib", "/opt/venv/lib")


class Moved(NamedTuple):
    """What the two sides have installed in different versions. `explain_all`: every difference is in one of these packages."""

    notes: tuple[str, ...] = ()
    explain_all: bool = False


def moved(mine: str, theirs: str, paths: Sequence[str]) -> Moved:
    """Compare the packages of two roots, if files differ at all."""
    if not paths:
        return Moved()
    notes, owned = [], set[str]()
    for kind, find in (("dpkg", _dpkg), ("pip", _pip)):
        ours, other = find(mine), find(theirs)
        for name in sorted(name for name in ours.keys() & other.keys() if ours[name] != other[name]):
            notes.append(
                f"the {kind} package {name} is {ours[name]} here and {other[name]} there: the archive moved between the builds"
            )
            owned |= _files(mine, kind, name, ours[name]) | _files(theirs, kind, name, other[name])
    return Moved(
        tuple(notes), bool(notes) and all(path in owned or path == _STATUS or path.startswith("/var/lib/apt/") for path in paths)
    )


def _dpkg(root: str) -> Mapping[str, str]:
    """name:architecture -> version."""
    if not os.path.isfile(root + _STATUS) or os.path.islink(root + _STATUS):
        return {}
    found = {}
    for record in contents(root + _STATUS).decode(errors="replace").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in record.splitlines() if ": " in line and not line.startswith(" "))
        if "Package" in fields:
            found[f"{fields['Package']}:{fields.get('Architecture', '')}"] = fields.get("Version", "")
    return found


def _pip(root: str) -> Mapping[str, str]:
    return {match["name"]: match["version"] for _, match in _dist_infos(root)}


def _dist_infos(root: str) -> Iterable[tuple[str, "re.Match[str]"]]:
    for top in _PYTHON:
        for folder, directories, _ in os.walk(root + top):
            for name in directories:
                if match := _DIST_INFO.fullmatch(name):
                    yield os.path.join(folder, name)[len(root) :], match
            if folder.count("/") - (root + top).count("/") >= 2:
                directories.clear()


def _files(root: str, kind: str, name: str, version: str) -> set[str]:
    """The paths that belong to a package."""
    if kind == "pip":
        for place, match in _dist_infos(root):
            if match["name"] == name:
                record = f"{root}{place}/RECORD"
                lines = contents(record).decode(errors="replace").splitlines() if os.path.isfile(record) else []
                site = os.path.dirname(place)
                return {os.path.normpath(os.path.join(site, line.split(",")[0])) for line in lines} | {place, f"{place}/RECORD"}
        return set()
    short, _, architecture = name.partition(":")
    found = set[str]()
    for stem in (short, f"{short}:{architecture}"):
        listing = f"{root}/var/lib/dpkg/info/{stem}.list"
        if os.path.isfile(listing) and not os.path.islink(listing):
            found |= set(contents(listing).decode(errors="replace").splitlines())
            found |= {
                f"/var/lib/dpkg/info/{stem}.{end}" for end in ("list", "md5sums", "postinst", "prerm", "shlibs", "triggers")
            }
    return found
