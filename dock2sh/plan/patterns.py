"""Go's wildcards as extended regular expressions, for awk in a script and for Python here: one translation for both.

Two languages: filepath.Match (sources of COPY and ADD) and moby's patternmatcher (.dockerignore, --exclude). Both are applied to
paths without a leading slash. Only what POSIX ERE and Python's re read alike is emitted, and four notes for what awk, which reads
bytes, has no words for (`compiled` here and runtime/programs/bytes.awk put bytes in their place):

    (?)        a character but `/`              (?!)       in brackets: the bytes that are not ASCII
    (?+)       a character that is not ASCII    (?195-223) a byte in that range
"""

import re
from collections.abc import Callable
from functools import cache

from dock2sh.plan.classes import Ranges, literal, one_of, others
from dock2sh.source import Refused, refuse

_HIGH = rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf]"

_PLAIN = re.compile(r"[^*?\[\\]+")


def has_wildcard(path: str) -> bool:
    """Whether BuildKit takes `path` for a wildcard: an unescaped `*`, `?` or `[`."""
    skip = False
    for char in path:
        if skip:
            skip = False
        elif char in "*?[":
            return True
        else:
            skip = char == "\\"
    return False


def glob_regex(pattern: str) -> str:
    """filepath.Match as an ERE for whole paths. `*` and `?` do not cross `/`, a class does. Raises Refused for a bad pattern."""
    out, at = ["^"], 0
    while at < len(pattern):
        plain = _PLAIN.match(pattern, at)
        piece, at = (literal(plain[0]), plain.end()) if plain else glob_piece(pattern, at)
        out.append(piece)
    return "".join(out) + "$"


@cache
def compiled(regex: str) -> "re.Pattern[bytes]":
    """An expression of this module, for paths as bytes (surrogateescape)."""
    text = regex.encode("utf-8", "surrogateescape")
    text = re.sub(rb"\(\?(\d+)-(\d+)\)", lambda found: b"[\\x%02x-\\x%02x]" % (int(found[1]), int(found[2])), text)
    text = text.replace(b".*", b"[^\n]*")  # `**` of an ignore file: Go's `.` is no newline
    text = text.replace(b"(?!)", rb"\x80-\xff").replace(b"(?+)", b"(" + _HIGH + b")")
    return re.compile(text.replace(b"(?)", rb"([^/\x80-\xff]|" + _HIGH + rb"|[\xc0-\xff])"), re.S)


def search(regex: str, path: str) -> bool:
    """Whether an expression of this module matches a path."""
    return compiled(regex).search(path.encode("utf-8", "surrogateescape")) is not None


def glob_piece(pattern: str, at: int) -> tuple[str, int]:
    """One element of a pattern and where the next begins."""
    char = pattern[at]
    if char == "*":
        while pattern.startswith("*", at):  # filepath.Match: `**` is `*`
            at += 1
        return "[^/]*", at
    if char == "?":
        return "(?)", at + 1
    if char == "[":
        return brackets(pattern, at + 1, _range)
    if char == "\\":
        if at + 1 == len(pattern):
            raise bad(pattern)
        return literal(pattern[at + 1]), at + 2
    return literal(char), at + 1


def brackets(pattern: str, at: int, member: Callable[[str, int], tuple[Ranges, int]]) -> tuple[str, int]:
    """A class `[a-z]`, `[^a]`, whose bracket stands before `at`; `member` reads what stands next in it."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges, first = Ranges(), True
    while first or not pattern.startswith("]", at):
        found, at = member(pattern, at)
        ranges += found
        first = False
    return one_of(others(ranges) if negated else ranges), at + 1


def _range(pattern: str, at: int) -> tuple[Ranges, int]:
    """A character or a range of filepath.Match; one that ends before it begins is empty."""
    low, at = _member(pattern, at)
    high = low
    if pattern.startswith("-", at):
        high, at = _member(pattern, at + 1)
    return [(low, high)] if low <= high else [], at


def _member(pattern: str, at: int) -> tuple[int, int]:
    char = pattern[at : at + 1]
    if not char or char in "-]":
        raise bad(pattern)
    if char != "\\":
        return ord(char), at + 1
    if at + 1 >= len(pattern):
        raise bad(pattern)
    return ord(pattern[at + 1]), at + 2


def bad(pattern: str) -> Refused:
    return refuse("pattern", "syntax error in pattern", near=pattern, hint="brackets are closed, and `\\` escapes something")
