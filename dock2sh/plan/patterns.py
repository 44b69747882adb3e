"""Go's wildcards as extended regular expressions, for awk in a script and for Python here: one translation for both.

Two languages: filepath.Match (sources of COPY and ADD) and moby's patternmatcher (.dockerignore, --exclude). Both are applied to
paths without a leading slash. Only what POSIX ERE and Python's re read alike is emitted, and four notes for what awk, which reads
bytes, has no words for (`compiled` here and runtime/programs/bytes.awk put bytes in their place):

    (?)        a character but `/`              (?!)       in brackets: the bytes that are not ASCII
    (?+)       a character that is not ASCII    (?195-223) a byte in that range
"""

import re
from functools import cache

from dock2sh.plan.classes import PERL, POSIX, Ranges, literal, one_of, others
from dock2sh.source import Refused, refuse

_HIGH = rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf][\x80-\xbf][\x80-\xbf]"


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
        piece, at = _glob_piece(pattern, at)
        out.append(piece)
    return "".join(out) + "$"


def exclude_regex(pattern: str) -> str:
    """A pattern of .dockerignore or --exclude (cleaned, without `!`) as an ERE for whole paths, without those below a match.

    moby's patternmatcher takes two short ways that its regular expression does not have: `x/**` is a prefix, `**x` a suffix;
    `**x**` takes neither.
    """
    check_pattern(pattern)
    short = pattern.removeprefix("**") if pattern.startswith("**") else pattern.removesuffix("**")
    plain = not any(char in "*?[]\\" for char in short)
    if plain and pattern.startswith("**"):
        rest = pattern[2:]
        if rest.startswith("/"):
            return f"(^|/){literal(rest[1:])}$"
        return f"{literal(rest)}$" if rest else "^"
    if plain and pattern.endswith("**"):
        return "^" + literal(pattern[:-2])
    return f"^{literal(pattern)}$" if plain else _expression(pattern)


def check_pattern(pattern: str) -> None:
    """What filepath.Match calls a bad pattern. Raises Refused."""
    at = 0
    while at < len(pattern):
        _, at = _glob_piece(pattern, at)


@cache
def compiled(regex: str) -> "re.Pattern[bytes]":
    """An expression of this module, for paths as bytes (surrogateescape)."""
    text = regex.encode("utf-8", "surrogateescape")
    text = re.sub(rb"\(\?(\d+)-(\d+)\)", lambda found: b"[\\x%02x-\\x%02x]" % (int(found[1]), int(found[2])), text)
    text = text.replace(b"(?!)", rb"\x80-\xff").replace(b"(?+)", b"(" + _HIGH + b")")
    return re.compile(text.replace(b"(?)", rb"([^/\x80-\xff]|" + _HIGH + rb"|[\xc0-\xff])"), re.S)


def search(regex: str, path: str) -> bool:
    """Whether an expression of this module matches a path."""
    return compiled(regex).search(path.encode("utf-8", "surrogateescape")) is not None


# -- moby's patternmatcher ---------------------------------------------------------------------------------------------


def _expression(pattern: str) -> str:
    """A pattern with a wildcard in it is made a regular expression of Go's, in which `|`, `{2}` and `^` mean what they mean there
    (only `.+()$` are escaped), and so do `\\d` and `[[:alpha:]]`. Of alternatives the first begins at the start of a path, the
    last ends at an end."""
    out, at = list[str](), 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 2
            at += pattern.startswith("/", at)
            out.append("(.*/)?" if at < len(pattern) else ".*")
        elif pattern[at] == "{" and out and (times := re.match(r"\{(\d+)(,?)(\d*)\}", pattern[at:])):
            out[-1] = _repeated(out[-1], times)
            at += times.end()
        elif pattern[at] in "|^":
            out.append(pattern[at])
            at += 1
        else:
            piece, at = _go_piece(pattern, at)
            out.append(piece)
    return "^" + "".join(out) + "$"


def _repeated(atom: str, times: re.Match[str]) -> str:
    """`a{2,3}` without braces, which not every awk has."""
    least, most = int(times[1]), int(times[3] or times[1])
    if max(least, most) > 100 or atom in "|^":
        raise _inexpressible(times[0])
    more = f"({atom})*" if times[2] and not times[3] else f"({atom})?" * (most - least)
    return f"({atom})" * least + more


def _go_piece(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and pattern[at + 1 : at + 2].isalnum() and pattern[at + 1].isascii():
        return one_of(_perl(pattern[at + 1])), at + 2
    if pattern[at] == "[":
        return _go_class(pattern, at + 1)
    return _glob_piece(pattern, at)


def _perl(letter: str) -> Ranges:
    if letter.lower() not in PERL:
        raise _inexpressible("\\" + letter)
    ranges = PERL[letter.lower()]
    return ranges if letter.islower() else others(ranges)


def _go_class(pattern: str, at: int) -> tuple[str, int]:
    """A class as Go's regular expressions have it: `[[:alpha:]\\d-]` besides what filepath.Match knows."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges, first = Ranges(), True
    while first or not pattern.startswith("]", at):
        first = False
        if named := re.match(r"\[:(\^?)(\w+):\]", pattern[at:]):
            if named[2] not in POSIX:
                raise _inexpressible(named[0])
            ranges += others(POSIX[named[2]]) if named[1] else POSIX[named[2]]
            at += named.end()
        elif pattern[at : at + 1] == "\\" and pattern[at + 1 : at + 2].isalnum() and pattern[at + 1].isascii():
            ranges += _perl(pattern[at + 1])
            at += 2
        else:
            (low, high), at = _range(pattern, at)
            if low > high:
                raise _inexpressible(f"{chr(low)}-{chr(high)}")
            ranges.append((low, high))
    return one_of(others(ranges) if negated else ranges), at + 1


# -- filepath.Match ----------------------------------------------------------------------------------------------------


def _glob_piece(pattern: str, at: int) -> tuple[str, int]:
    """One element of a pattern and where the next begins."""
    char = pattern[at]
    if char == "*":
        while pattern.startswith("*", at):  # filepath.Match: `**` is `*`
            at += 1
        return "[^/]*", at
    if char == "?":
        return "(?)", at + 1
    if char == "[":
        return _brackets(pattern, at + 1)
    if char == "\\":
        if at + 1 == len(pattern):
            raise _bad(pattern)
        return literal(pattern[at + 1]), at + 2
    return literal(char), at + 1


def _brackets(pattern: str, at: int) -> tuple[str, int]:
    """A class `[a-z]`, `[^a]`, with `\\` as escape. A range that ends before it begins is empty."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges, first = Ranges(), True
    while first or not pattern.startswith("]", at):
        found, at = _range(pattern, at)
        ranges.append(found)
        first = False
    ranges = [(low, high) for low, high in ranges if low <= high]
    return one_of(others(ranges) if negated else ranges), at + 1


def _range(pattern: str, at: int) -> tuple[tuple[int, int], int]:
    low, at = _member(pattern, at)
    high = low
    if pattern.startswith("-", at):
        high, at = _member(pattern, at + 1)
    return (low, high), at


def _member(pattern: str, at: int) -> tuple[int, int]:
    char = pattern[at : at + 1]
    if not char or char in "-]":
        raise _bad(pattern)
    if char != "\\":
        return ord(char), at + 1
    if at + 1 >= len(pattern):
        raise _bad(pattern)
    return ord(pattern[at + 1]), at + 2


def _bad(pattern: str) -> Refused:
    return refuse("pattern", "syntax error in pattern", near=pattern, hint="brackets are closed, and `\\` escapes something")


def _inexpressible(text: str) -> Refused:
    message = f"{text} in a pattern cannot be expressed in a script (docker takes it for a regular expression of Go's)"
    return refuse("pattern", message, near=text, hint="write the names out")
