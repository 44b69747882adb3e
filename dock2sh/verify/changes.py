"""The same change of two files that were not the same before: what was put in, and what was taken out, record by record."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from . import masks

Split = Callable[[bytes], set[bytes]]


class Sides(NamedTuple):
    """A file's content on both sides."""

    mine: bytes
    theirs: bytes


def earlier(path: str) -> str:
    """The file of which this one is the copy that was made before the last change (passwd-, status-old); else the path itself."""
    return re.sub(r"(?:-old|(?:(?<=/passwd)|(?<=/group)|(?<=shadow))-)\Z", "", path)


def rotated(path: str) -> str:
    """The file of which this one is what it was some changes ago (hashfile.3, of ucf); else the path itself."""
    return re.sub(r"(/var/lib/ucf/(?:hashfile|registry))\.\d+\Z", r"\1", path)


def same_change(path: str, now: Sides, before: Sides, had: Callable[[bytes], bool] = lambda record: False) -> bool:
    """Whether each side has what the other put in (but for records of what ours `had`), and not what the other took out.

    False for a file of which nobody knows what its records are.
    """
    split = next((how for pattern, how in _FILES if re.fullmatch(pattern, path)), None)
    if split is None:
        return False
    mine, theirs, mine_before, theirs_before = (split(content) for content in (*now, *before))
    put, taken = (mine - mine_before, theirs - theirs_before), (mine_before - mine, theirs_before - theirs)
    lacking = (record for record in put[1] - mine if not had(record))
    return put[0] <= theirs and not any(lacking) and not taken[0] & theirs and not taken[1] & mine


def same_numbers(now: Sides, before: bytes, taken: Sequence[Collection[int]]) -> bool:
    """Whether the accounts of passwd(5) or group(5) have the numbers that they should have.

    An account that the machine had `before` has its own still; a new one has theirs, unless the machine had given that away:
    `taken` are the numbers of its users (for passwd) and of its groups.
    """
    mine, theirs, had = (_numbers(content) for content in (now.mine, now.theirs, before))
    for name, own in mine.items():
        if name in had or name not in theirs:
            same = own == had.get(name, own)
        else:
            pairs = list(zip(own, theirs[name], taken, strict=False))
            same = len(own) == len(theirs[name]) and all(one == two or two in gone for one, two, gone in pairs)
        if not same:
            return False
    return True


def _numbers(content: bytes) -> dict[bytes, tuple[int, ...]]:
    """The numbers of each account: of a user the own one and the group's, of a group its own; more if it stands there twice."""
    found: dict[bytes, tuple[int, ...]] = {}
    for line in content.splitlines():
        name, *fields = line.split(b":")
        found[name] = (*found.get(name, ()), *(int(field) for field in fields[1:3] if field.isdigit()))
    return found


def _lines(content: bytes) -> set[bytes]:
    return set(content.splitlines())


def _accounts(content: bytes) -> set[bytes]:
    """passwd(5), group(5) without numbers: see `same_numbers`."""
    return _lines(re.sub(rb"(?m)^([^:\n]*:[^:\n]*):\d+(:\d+)?(?=:)", rb"\1:#", content))


def _passwords(content: bytes) -> set[bytes]:
    return _lines(masks.shadow(content))


def _paragraphs(content: bytes) -> set[bytes]:
    return set(content.strip(b"\n").split(b"\n\n")) - {b""}


def _paths(content: bytes) -> set[bytes]:
    """ld.so.cache has no text form: the paths that are in it."""
    return set(re.findall(rb"/[ -~]{3,}", content))


_FILES: tuple[tuple[str, Split], ...] = (
    (r"/etc/(passwd|group)", _accounts),
    (r"/etc/shadow", _passwords),
    (r"/etc/(gshadow|subuid|subgid|shells|ld\.so\.conf)|/var/lib/dpkg/(diversions|statoverride|triggers/.+)", _lines),
    (r"/var/lib/ucf/(hashfile|registry)(\.\d+)?", _lines),
    (r"/var/lib/dpkg/(status|available)|/var/lib/apt/extended_states|/var/cache/debconf/.+\.dat", _paragraphs),
    (r"/etc/ld\.so\.cache", _paths),
)
