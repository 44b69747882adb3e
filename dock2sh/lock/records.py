"""What the steps of a recording build noted (runtime/programs/lock_*.sh), as things. A step may have written anything there: a
line that is not as ours are is left out, and counted."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dock2sh.lock.held import KINDS, Apk, Archive, Context, Deb, Git, Open, Pip, Rpm, Thing, Url, checked, kind_of

SNAPSHOTS = {
    ("Debian", "Debian"): "debian", ("Debian", "Debian-Security"): "debian-security", ("Debian", "Debian-Backports"): "debian",
    ("Debian_Backports", "Debian_Backports"): "debian", ("Ubuntu", "Ubuntu"): "ubuntu",
}  # fmt: skip
"""What a snapshot service calls an archive, by Origin and Label of its Release file."""


class Noted(NamedTuple):
    """What was noted of one step: things, what is open, the digest of the packages before it."""

    things: tuple[Thing, ...]
    open: tuple[Open, ...]
    packages: str


def noted(records: str, before: str = "", after: str = "") -> Noted:
    """`records` are the lines of a step; `before` and `after` what its root had installed (runtime/programs/installed.awk)."""
    rows = [line.split(" ") for line in records.splitlines() if line]
    made = [(row, _made(row)) for row in rows]
    things = [thing for _, thing in made if thing is not None and checked(thing)]
    strange = sum(thing is None and row[0] not in ("base", "unlocked") for row, thing in made)
    came = list(_installed(before, after, things))
    installed = [thing for thing in came if checked(thing)]
    strange += sum(thing is not None and not checked(thing) for _, thing in made) + len(came) - len(installed)
    open_ = [Open(" ".join(row[1:]).strip()[:300], _why(row[1:])) for row in rows if row[0] == "unlocked"]
    open_ += [Open(f"{strange} notes of the step", "they are not as dock2sh writes them")] if strange else []
    single, changing = _single(_going([*things, *installed], after))
    open_ += [Open(f"{thing.url}", "it gave other content each time in the same step") for thing in changing]
    open_ += _without_digest(single)
    packages = next((row[1] for row in rows if row[0] == "base" and re.fullmatch("[0-9a-f]{64}", row[1])), "-")
    return Noted(tuple(_joined_archives(single)), tuple(dict.fromkeys(open_)), packages)


def _made(row: list[str]) -> Thing | None:
    match row:
        case ["deb", name, arch, version, sha256, source]:
            return Deb(name, version, arch, sha256, source)
        case ["apk", name, arch, version, checksum]:
            return Apk(name, version, arch, checksum)
        case ["rpm", name, arch, version, sha256]:
            return Rpm(name, version, arch, sha256)
        case ["url" | "add", url, sha256, size]:
            return Url(plain(url), sha256, size)
        case ["git" | "addgit", url, ref, commit]:
            return Git(plain(url), ref, commit)
        case ["fetched", file, sha256, _]:
            return _pip(file, sha256)
        case ["list", url, suite, component, origin, label, seconds, keyring, trusted] if seconds.isdigit() and len(seconds) < 12:
            return Archive(url, suite, component, _time(int(seconds)), SNAPSHOTS.get((origin, label), "-"), keyring, trusted)
    return None


def contexts(records: str) -> Iterator[Context]:
    """The named contexts that were fetched; each once, though stages and steps may have asked for it apart."""
    for line in dict.fromkeys(records.splitlines()):
        match line.split(" "):
            case ["context", name, url, ref, commit] if checked(found := Context(name, plain(url), ref, commit)):
                yield found


def _pip(file: str, sha256: str) -> Pip | None:
    """NAME-VERSION of a wheel (PEP 427) or of a source distribution."""
    if match := re.fullmatch(r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl", file):
        return Pip(normal(match["name"]), match["version"], file, sha256)
    if match := re.fullmatch(r"(?P<name>.+)-(?P<version>\d[^-]*?)\.(?:tar\.gz|tar\.bz2|zip)", file):
        return Pip(normal(match["name"]), match["version"], file, sha256)
    return None


def plain(url: str) -> str:
    """A URL without the password that may be in it."""
    return re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/@]*@", r"\1", url)


def normal(name: str) -> str:
    """A Python distribution's name as an index writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _time(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _installed(before: str, after: str, things: Iterable[Thing]) -> Iterator[Thing]:
    """Packages that came without a note: what dpkg or rpm was given by hand."""
    known = {(kind_of(thing), *thing[:3]) for thing in things}
    for line in sorted(set(after.splitlines()) - set(before.splitlines())):
        match line.split(" "):
            case ["deb" | "apk" | "rpm" as kind, name, arch, version, *digest] if (kind, name, version, arch) not in known:
                yield KINDS[kind](name, version, arch, *digest)


def _going(things: Iterable[Thing], after: str) -> Iterator[Thing]:
    """The same things; packages that a step brought and removed again say so. Without a list of what there is at the end none
    does."""
    there = {tuple(line.split(" ")[:4]) for line in after.splitlines()}
    for thing in things:
        if after and isinstance(thing, (Deb, Apk, Rpm)) and (kind_of(thing), thing.name, thing.arch, thing.version) not in there:
            yield thing._replace(gone="yes")
        else:
            yield thing


def _single(things: Iterable[Thing]) -> tuple[list[Thing], list[Url]]:
    """Each once; URLs that gave this and that are none to be locked. Of a repository's reference the last commit counts."""
    contents: Mapping[str, set[str]] = defaultdict(set)
    last: dict[Any, Thing] = {}
    for thing in things:
        if isinstance(thing, Url):
            contents[thing.url].add(thing.sha256)
        last[thing[:2] if isinstance(thing, Git) else thing] = thing
    changing = {url for url, found in contents.items() if len(found) > 1}
    kept = [thing for thing in last.values() if not (isinstance(thing, Url) and thing.url in changing)]
    return kept, [Url(url, "-") for url in sorted(changing)]


def _without_digest(things: Iterable[Thing]) -> Iterator[Open]:
    for thing in things:
        if isinstance(thing, Deb) and thing.sha256 == "-":
            yield Open(f"deb {thing.name} {thing.version}", "not by apt: its version is locked, its file is not")
        if isinstance(thing, Pip) and thing.sha256 == "-":
            why = "its sha256 is not known (two calls of `python -m pip`, or pip before 22.2): only its version is locked"
            yield Open(f"pip {thing.name} {thing.version}", why)


def _joined_archives(things: Iterable[Thing]) -> Iterator[Thing]:
    """The components of one archive on one line."""
    lists: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for thing in things:
        if isinstance(thing, Archive):
            lists[(thing.url, thing.suite, *thing[3:])].append(thing.components)
        else:
            yield thing
    for (url, suite, *rest), components in lists.items():
        yield Archive(url, suite, " ".join(sorted(set(components))), *rest)


def _why(words: list[str]) -> str:
    """Why a command is open."""
    if words == ["rpm"]:
        return "there is a database of rpm's, and no rpm that reads it"
    if {"apk", "dnf", "dnf5", "yum", "microdnf", "zypper"} & {words[0]}:
        return "packages of a root in the root"
    if words[0] in ("curl", "wget"):
        return "not a plain download of one URL"
    if words[0] == "git":
        return "no checkout to look at, or one that follows a branch"
    return f"what it fetches is fixed by the lock file of {words[0]} alone, if there is one"
