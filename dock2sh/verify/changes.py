"""The same change of two files that were not the same before: what was put in, and what was taken out, record by record."""

import re
from collections.abc import Callable
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


def _lines(content: bytes) -> set[bytes]:
    return set(content.splitlines())


def _accounts(content: bytes) -> set[bytes]:
    """passwd(5), group(5) without numbers: files that they own tell of these."""
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
    (r"/var/lib/dpkg/(status|available)|/var/lib/apt/extended_states|/var/cache/debconf/.+\.dat", _paragraphs),
    (r"/etc/ld\.so\.cache", _paths),
)
