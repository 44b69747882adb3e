"""Two results side by side: what differs, what of it is known noise, and the verdict. Pure but for the reading of noisy files."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .noise import NAMES, ROWS, Name, Noise
from .snapshot import Entry, Tree

Config = Mapping[str, Any]
# the two contents of a path: ours, theirs
Reader = Callable[[str], tuple[bytes, bytes]]
# path -> code of a noise row -> SHA-256 of the content after the row's mask: what a record keeps of noisy files
Masked = Mapping[str, Mapping[str, str]]


_ALONE = "has no other name"


class Result(NamedTuple):
    """What one side made: files, the image config (docker's keys), the history's `created_by` of its own instructions.

    `began` is when its build began, in seconds: a later mtime is "now", which two builds cannot have in common. `base` are the
    diff ids of the base image, where they are known. `empty` tells which entries of the history make no layer (None:
    nobody knows).
    """

    tree: Tree
    config: Config
    history: tuple[str, ...] | None = None
    began: int = 0
    base: tuple[str, ...] = ()
    masked: Masked = MappingProxyType({})
    empty: tuple[bool, ...] | None = None


class Difference(NamedTuple):
    """One thing that is not the same. `where` is a path or a config key; `what` says which of its properties.

    `noise` is the code of the row that excuses it, or "". `step` and `line` say who wrote it (0: nobody knows), `cause` what may
    have brought it about, `cure` what to do, `detail` a diff or the like of several lines.
    """

    where: str
    what: str
    ours: str
    theirs: str
    noise: str = ""
    step: int = 0
    line: int = 0
    cause: str = ""
    cure: str = ""
    detail: str = ""


def compare(
    ours: Result,
    theirs: Result,
    contents: Reader | None = None,
    inline: frozenset[str] = frozenset(),
    rows: Iterable[Noise] = ROWS,
    bytes_of: Callable[[str], bytes] | None = None,
) -> list[Difference]:
    """Every difference between two results, in a stable order. `contents` lets noise be told from real changes.

    Where theirs is a record, `bytes_of` reads ours, and what the record keeps of noisy files is theirs. `inline` are the files of
    COPY and ADD here-documents: docker takes these from its cache even with --no-cache, with the time of the build that made
    them first, so that their mtimes say nothing.
    """
    found = [*_trees(ours, theirs), *configs(ours.config, theirs.config), *_histories(ours, theirs)]
    found = [difference for difference in found if difference.what != "mtime" or difference.where not in inline]
    if contents:
        return _new_names([_excused(difference, rows, _by_contents(contents)) for difference in found])
    if bytes_of:
        return _new_names([_excused(difference, rows, _by_record(bytes_of, theirs.masked)) for difference in found])
    return found


# whether a noise row explains all of the difference between the contents of a path
Explains = Callable[[Noise, str], bool]


def _by_contents(contents: Reader) -> Explains:
    def explains(row: Noise, path: str) -> bool:
        mine, other = contents(path)
        return row.mask(mine) == row.mask(other)

    return explains


def _by_record(bytes_of: Callable[[str], bytes], masked: Masked) -> Explains:
    def explains(row: Noise, path: str) -> bool:
        return masked.get(path, {}).get(row.code) == hashlib.sha256(row.mask(bytes_of(path))).hexdigest()

    return explains


def masks_of(tree: Tree, bytes_of: Callable[[str], bytes], rows: Iterable[Noise] = ROWS) -> Masked:
    """What a record keeps of the files that a noise row may be asked about later."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        for path, entry in tree.items():
            if entry.kind == "f" and re.fullmatch(row.pattern, path):
                found.setdefault(path, {})[row.code] = hashlib.sha256(row.mask(bytes_of(path))).hexdigest()
    return found


def verdict(differences: Iterable[Difference]) -> str:
    """identical, equivalent (nothing but named noise), or different."""
    found = list(differences)
    if not found:
        return "identical"
    return "equivalent" if all(difference.noise for difference in found) else "different"


def _trees(ours: Result, theirs: Result) -> Iterator[Difference]:
    for path in sorted(ours.tree.keys() | theirs.tree.keys()):
        mine, other = ours.tree.get(path), theirs.tree.get(path)
        if mine is None or other is None:
            yield Difference(path, "extra" if mine else "missing", _words(mine), _words(other))
        elif mine.kind != other.kind:
            yield Difference(path, "type", _words(mine), _words(other))
        elif mine != other:
            yield from _entries(path, mine, other, ours.began, theirs.began)


def _entries(path: str, mine: Entry, other: Entry, we_began: int, they_began: int) -> Iterator[Difference]:
    """The properties that differ between two files of one kind; a link's mode is the kernel's, so it is not looked at."""
    if mine.kind != "l" and mine.mode != other.mode:
        yield Difference(path, "mode", f"{mine.mode:04o}", f"{other.mode:04o}")
    if mine[2:4] != other[2:4]:
        yield Difference(path, "owner", f"{mine.uid}:{mine.gid}", f"{other.uid}:{other.gid}")
    if not _same_content(mine, other):
        yield Difference(path, "content", _content(mine), _content(other))
    for name, one, two in (
        ("target", mine.target, other.target),
        ("hard links", mine.links or _ALONE, other.links or _ALONE),
        ("device", mine.device, other.device),
        ("xattrs", _attributes(mine), _attributes(other)),
    ):
        if one != two:
            yield Difference(path, name, one, two)
    if not _same_time(mine, other, we_began, they_began):
        yield Difference(path, "mtime", str(mine.mtime), str(other.mtime))


def _same_content(mine: Entry, other: Entry) -> bool:
    """Recorded digests may be shortened; a digest that is missing on both sides is that of the base."""
    length = min(len(mine.digest), len(other.digest))
    return (
        mine.size == other.size
        and mine.digest[:length] == other.digest[:length]
        and (length > 0) == bool(mine.digest or other.digest)
    )


def _same_time(mine: Entry, other: Entry, we_began: int, they_began: int) -> bool:
    """Whole seconds, as layers carry them. Directories' times are not docker's promise (a context's second transfer changes
    them), and "now" is equal to "now"."""
    if mine.kind == "d" or mine.mtime == other.mtime:
        return True
    return mine.mtime >= we_began and other.mtime >= they_began


def configs(ours: Config, theirs: Config) -> Iterator[Difference]:
    """Key by key; what is absent, null, empty or false is the same to docker."""
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key), theirs.get(key)
        if (mine or other) and mine != other:
            yield Difference(key, "config", *_apart(mine, other))


def _apart(mine: Any, other: Any) -> tuple[str, str]:
    """Two values in words; of two lists (Env) or mappings (Labels) only what they do not have in common."""
    if isinstance(mine, dict) and isinstance(other, dict):
        keys = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
        return repr({key: mine[key] for key in keys if key in mine}), repr({key: other[key] for key in keys if key in other})
    if isinstance(mine, list) and isinstance(other, list):
        one, two = [item for item in mine if item not in other], [item for item in other if item not in mine]
        if len(one) < len(mine) and (one or two):
            same = f", and {len(mine) - len(one)} that both have"
            return f"{one!r}{same}", f"{two!r}{same}"
    return repr(mine), repr(other)


def _histories(ours: Result, theirs: Result) -> Iterator[Difference]:
    """Instruction by instruction, from the end: the base's come first, and a side may not know them. None is not compared."""
    yield from _side_by_side(ours.history, theirs.history)
    if ours.empty is not None and theirs.empty is not None and len(ours.empty) == len(theirs.empty):
        words = [tuple("makes no layer" if one else "makes a layer" for one in side) for side in (ours.empty, theirs.empty)]
        yield from _side_by_side(*words)


def _side_by_side(ours: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> Iterator[Difference]:
    if ours is None or theirs is None:
        return
    longest = max(len(ours), len(theirs))
    mine, other = (("",) * (longest - len(side)) + side for side in (ours, theirs))
    for number, (one, two) in enumerate(zip(mine, other, strict=True), 1):
        if one != two:
            yield Difference(f"history {number}", "history", one, two)


def _excused(difference: Difference, rows: Iterable[Noise], explains: Explains) -> Difference:
    """The difference with the code of the first noise row that explains all of it."""
    if difference.what != "content":
        return difference
    for row in rows:
        if re.fullmatch(row.pattern, difference.where) and explains(row, difference.where):
            return difference._replace(noise=row.code)
    return difference


def _new_names(found: list[Difference], rows: Iterable[Name] = NAMES) -> list[Difference]:
    """The differences, files excused of which both sides have as many, under names that are new each time."""
    for row in rows:
        ours, theirs = (_masked_names(found, row, what) for what in ("extra", "missing"))
        alike = {name for name, count in ours.items() if theirs[name] == count}
        found = [one._replace(noise=row.code) if _masked_name(one, row) in alike else one for one in found]
    return found


def _masked_names(found: Iterable[Difference], row: Name, what: str) -> Counter[str]:
    return Counter(name for one in found if one.what == what and (name := _masked_name(one, row)))


def _masked_name(one: Difference, row: Name) -> str:
    """The path without what is new each time, and what the file is; "" if the row does not speak of it."""
    match = re.fullmatch(row.pattern, one.where) if one.what in ("extra", "missing") and not one.noise else None
    return one.where.replace(match[1], "*") + f" {one.ours if one.what == 'extra' else one.theirs}" if match else ""


def _words(entry: Entry | None) -> str:
    """An entry in short: `f 0644 0:0`, or `nothing`."""
    return f"{entry.kind} {entry.mode:04o} {entry.uid}:{entry.gid}" if entry else "nothing"


def _content(entry: Entry) -> str:
    return f"{entry.size} bytes, sha256 {entry.digest[:16] or 'of the base'}"


def _attributes(entry: Entry) -> str:
    return " ".join(f"{name}=0x{value}" for name, value in entry.xattrs)
