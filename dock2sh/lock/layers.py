"""What a step got, out of its layer: packages of pip, npm and gem, which keep no list that a shell could read, and files
that steer npm. A layer is a directory in overlayfs's form; it is a stranger's, so nothing is followed."""

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dock2sh.lock.held import File, Gem, Npm, Open, Pip, Thing, checked
from dock2sh.lock.records import normal

_LARGEST = 16 << 20
_GEM = re.compile(r"(?P<name>.+?)-(?P<version>\d[0-9A-Za-z.]*)(?:-[^/]*)?\.gemspec")


class Found(NamedTuple):
    things: tuple[Thing, ...]
    files: tuple[File, ...]
    open: tuple[Open, ...]


def found(layer: str, lower: Sequence[str]) -> Found:
    """What is new in `layer`; `lower` are the directories below it, the lowest first."""
    things: list[Thing] = []
    files: list[File] = []
    candidates = sorted(_candidates(layer))
    owned = _owned(layer) if candidates else frozenset[str]()
    for path in candidates:
        if path in owned or os.path.dirname(path) in owned:
            continue  # a Debian package brought it, which is locked
        folder, name = os.path.split(path)
        if name == "METADATA":
            things += _distribution(layer, folder)
        elif name == "package.json":
            things += _package(layer, folder)
        elif name == "package-lock.json" and not any(os.path.lexists(below + path) for below in lower):
            files += [File(path, text) for text in [_text(layer, path)] if text]
        elif match := _GEM.fullmatch(name):
            things.append(Gem(match["name"], match["version"], path))
    good = [thing for thing in _with_integrity(things, layer) if checked(thing)]
    strange = len(things) - len(good)
    return Found(tuple(good), tuple(files), (Open(f"{strange} packages", "names that no lock can hold"),) if strange else ())


def _candidates(layer: str) -> Iterator[str]:
    for folder, _, names in os.walk(layer):
        place = folder[len(layer) :]
        parent = os.path.basename(place)
        if parent.endswith(".dist-info") and "METADATA" in names and "/_vendor/" not in place:
            yield f"{place}/METADATA"
        if "package.json" in names and re.search(r"/node_modules/(@[^/]+/)?[^/@][^/]*$", place):
            yield f"{place}/package.json"
        if "package-lock.json" in names and "/node_modules" not in place:
            yield f"{place}/package-lock.json"
        if parent == "specifications":
            yield from (f"{place}/{name}" for name in names if name.endswith(".gemspec"))


def _owned(layer: str) -> frozenset[str]:
    """The paths of the Debian packages that this layer brought."""
    info = "var/lib/dpkg/info"
    if not _leads_nowhere_else(layer, info):
        return frozenset()
    names = [name for name in os.listdir(f"{layer}/{info}") if name.endswith(".list")]
    return frozenset(line for name in names for line in _text(layer, f"/{info}/{name}").splitlines())


def _leads_nowhere_else(layer: str, folder: str) -> bool:
    """Whether the folder is there without a link on the way: a link could lead to this machine's own."""
    return os.path.isdir(f"{layer}/{folder}") and os.path.realpath(f"{layer}/{folder}") == f"{os.path.realpath(layer)}/{folder}"


def _text(layer: str, path: str) -> str:
    """A regular file of the layer, "" for anything else."""
    try:
        descriptor = os.open(layer + path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            return ""
        return file.read().decode(errors="replace").replace("\0", "")


def _distribution(layer: str, folder: str) -> list[Thing]:
    installer = _text(layer, f"{folder}/INSTALLER").strip()
    fields = dict(re.findall(r"^(Name|Version): (\S+)$", _text(layer, f"{folder}/METADATA").partition("\n\n")[0], re.MULTILINE))
    if installer in ("", "rpm", "debian") or len(fields) < 2:
        return []
    return [Pip(normal(fields["Name"]), fields["Version"], path=folder)]


def _package(layer: str, folder: str) -> list[Thing]:
    about = _json(_text(layer, f"{folder}/package.json"))
    name, version = about.get("name"), about.get("version")
    named = isinstance(name, str) and isinstance(version, str) and folder.endswith(f"/node_modules/{name}")
    return [Npm(name, version, folder)] if named and isinstance(name, str) and isinstance(version, str) else []


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _with_integrity(things: Sequence[Thing], layer: str) -> Iterator[Thing]:
    """npm's own list of a node_modules (.package-lock.json) has the integrity of each package."""
    lists: dict[str, Any] = {}
    for thing in things:
        if not isinstance(thing, Npm):
            yield thing
            continue
        top = thing.path.partition("/node_modules/")[0]
        if top not in lists:
            listed = _json(_text(layer, f"{top}/node_modules/.package-lock.json")).get("packages")
            lists[top] = listed if isinstance(listed, dict) else {}
        entry = lists[top].get(thing.path[len(top) + 1 :])
        integrity = entry.get("integrity") if isinstance(entry, dict) else None
        yield thing._replace(integrity=integrity) if isinstance(integrity, str) else thing
