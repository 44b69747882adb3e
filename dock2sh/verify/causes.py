"""A difference explained: what the contents say to a person, what probably brought it about, and what to do."""

import difflib
import re
from typing import NamedTuple

from . import archives, programs
from .compare import Difference, Reader

_LINES = 40
_WIDE = 200
_TEXT_AT_MOST = 1 << 20
_VARYING = (
    ("times", re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?"
                         rb"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .{3,7} \d\d:\d\d:\d\d( [AP]M)?( [A-Z]+)?( \d{4})?|\b1[6-9]\d{8}\b")),
    ("random identifiers", re.compile(rb"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b[0-9a-f]{16,128}\b")),
    ("names of temporary files", re.compile(rb"/tmp/[A-Za-z0-9._-]+")),
)  # fmt: skip
_SECRET = (b"PRIVATE KEY-----", b":$y$", b":$6$", b":$5$", b":$1$")
_CALIBRATE = "build the reference twice to see whether docker agrees with itself: --calibrate 2"


class Cause(NamedTuple):
    """A guess at why, and what to do."""

    cause: str
    cure: str


_BY_KIND = {
    "missing": Cause(
        "the script did not make it, or a step of it deleted it",
        "look at what that step says: dock2sh FILE > setup.sh && sh setup.sh --root DIR",
    ),
    "extra": Cause("the engine did not make it, or a step of its deleted it", ""),
    "mode": Cause("a umask, or a chmod that one side does not do", "report it: modes are a promise of the script"),
    "owner": Cause("another USER, or --chown, or another account in /etc/passwd", "compare /etc/passwd of both first"),
    "mtime": Cause("a time that is kept on one side only, from the context or an archive", ""),
    "xattrs": Cause(
        "a file system that cannot hold them, or a copy that drops them", "look at the file system of the temporary directory"
    ),
    "hard links": Cause("files that are one on one side only", ""),
    "target": Cause("a link that was made with another word, or that a later step made anew", ""),
    "type": Cause("one side has something else in that place: a step failed silently, or the order of two steps differs", ""),
    "device": Cause("a device node with other numbers", ""),
    "layer": Cause(
        "the step writes it on one side only, though what is there in the end is the same",
        "see whether docker does it each time: --calibrate 2",
    ),
    "history": Cause("another instruction, or another wording of the same by a newer or older engine", ""),
}


def explain(found: Difference, contents: Reader) -> Difference:
    """The difference with `detail`, `cause` and `cure`; one that is excused stays as it is."""
    if found.noise or found.what == "config":
        return found
    if found.what != "content":
        cause = _BY_KIND.get(found.what)
        return found._replace(cause=cause.cause, cure=cause.cure) if cause else found
    mine, other = contents(found.where)
    cause = _of_contents(mine, other)
    return found._replace(detail=detail(mine, other), cause=cause.cause, cure=cause.cure)


def detail(mine: bytes, other: bytes) -> str:
    """What differs: a diff of texts, build ids and sections of programs, members of archives, else the first bytes."""
    if any(mark in side for side in (mine, other) for mark in _SECRET):
        return "(not shown: it holds a private key or a password)"
    if programs.both(mine, other):
        return "\n".join(programs.difference(mine, other)[:_LINES])
    if rows := archives.difference(mine, other, detail):
        return "\n".join(map(_cut, rows[:_LINES]))
    if _is_text(mine) and _is_text(other):
        lines = difflib.unified_diff(_lines(other), _lines(mine), "theirs", "ours", n=1, lineterm="")
        shown = [line for _, line in zip(range(_LINES + 1), lines, strict=False)]
        return "\n".join([_cut(line) for line in shown[:_LINES]] + ["..."] * (len(shown) > _LINES))
    first = next((at for at, (one, two) in enumerate(zip(mine, other, strict=False)) if one != two), min(len(mine), len(other)))
    start = max(0, first - 8)
    return f"first at byte {first}\n  theirs {other[start : start + 32].hex(' ')}\n  ours   {mine[start : start + 32].hex(' ')}"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDE else f"{line[:_WIDE]}... ({len(line)} characters)"


def _of_contents(mine: bytes, other: bytes) -> Cause:
    if archives.archive(mine) == archives.archive(other):
        return Cause("an archive of the same, with other times, or compressed in another way", _CALIBRATE)
    one, two = mine, other
    if _is_text(mine) and _is_text(other):
        for what, pattern in _VARYING:
            one, two = pattern.sub(b"*", one), pattern.sub(b"*", two)
            if one == two:
                return Cause(f"the same but for {what}: the step writes something else each time it runs", _CALIBRATE)
        if sorted(mine.splitlines()) == sorted(other.splitlines()):
            return Cause("the same lines in another order: the order of a directory, or of parallel work", _CALIBRATE)
        return Cause("", _CALIBRATE)
    if programs.both(mine, other):
        return Cause(programs.cause(mine, other), _CALIBRATE)
    return Cause("", _CALIBRATE)


def _is_text(content: bytes) -> bool:
    """No zeros, and in one encoding or another mostly letters: of three control characters or stray bytes in ten it is none."""
    if len(content) > _TEXT_AT_MOST or b"\0" in content:
        return False
    words = content.decode("utf-8", "replace")
    return sum(not (char.isprintable() or char.isspace()) or char == "\ufffd" for char in words) * 10 <= len(words) * 3


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "backslashreplace").splitlines()
