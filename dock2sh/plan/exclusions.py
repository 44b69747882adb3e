"""Patterns of .dockerignore and --exclude, as moby's patternmatcher reads them, in the notation of patterns.py.

A pattern with a wildcard or a backslash is made a regular expression of Go's, in which `|`, `{2}`, `^`, `\\d` and `[[:alpha:]]`
mean what they mean there (only `.+()$` are escaped). Rows of witnesses: tests/frontend/test_patterns.py.
"""

import re

from dock2sh.dockerfile.gotext import SPACE
from dock2sh.plan.classes import NOTHING, PERL, POSIX, Ranges, literal, one_of, others
from dock2sh.plan.paths import clean
from dock2sh.plan.patterns import bad, brackets, glob_piece, glob_regex, has_wildcard, search
from dock2sh.source import Refused, refuse

_COUNT = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_MOST_OF_GO, _MOST_HERE = 1000, 100
_CHARACTERS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def exclude_regex(pattern: str) -> str:
    """A pattern (cleaned, without `!`) as an ERE for whole paths, without those below a match. Raises Refused for a bad one.

    moby's patternmatcher takes two short ways that its regular expression does not have: `x/**` is a prefix, `**x` a suffix;
    `**x**` takes neither.
    """
    _check(pattern)
    short = pattern.removeprefix("**") if pattern.startswith("**") else pattern.removesuffix("**")
    plain = not any(char in "*?[]\\" for char in short)
    if plain and pattern.startswith("**"):
        rest = pattern[2:]
        if rest.startswith("/"):
            return f"(^|/){literal(rest[1:])}$"
        return f"{literal(rest)}$" if rest else "^"
    if plain and pattern.endswith("**"):
        return "^" + literal(pattern[:-2])
    return f"^{literal(pattern)}$" if plain else _Expression(pattern).regex()


def sent_regex(source: str) -> str:
    """What docker brings into a build for a source with a wildcard: it is matched as a line of an ignore file, and only what is
    there then by filepath.Match. Empty where that is the same, or cannot be told, and for a source without one."""
    if not has_wildcard(source):
        return ""
    try:
        regex = exclude_regex(clean(source.strip(SPACE)))
    except Refused:
        return ""
    return regex if regex != glob_regex(source) else ""


def _check(pattern: str) -> None:
    """Refuse what `filepath.Match(pattern, ".")` refuses: it looks at a pattern from star to star, as far as "." matches."""
    name, rest = ".", pattern
    while rest:
        chunk, rest, star = _chunk(rest)
        if star and not chunk:
            return
        matches = bool(name) and search(glob_regex(chunk), name)
        at = 0
        while at < len(chunk):
            _, at = glob_piece(chunk, at)
        if not matches:
            return
        name = ""


def _chunk(pattern: str) -> tuple[str, str, bool]:
    """The text up to the next star outside of brackets, what follows, and whether stars stood before it."""
    bare, at, inside = pattern.lstrip("*"), 0, False
    while at < len(bare) and (inside or bare[at] != "*"):
        inside = bare[at] == "[" or (inside and bare[at] != "]")
        at += 2 if bare[at] == "\\" else 1
    return bare[:at], bare[at:], bare != pattern


class _Expression:
    """One pass over a pattern. `out` are atoms; `fixed`: a count cannot follow, as Go has it."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.anchor, self.out, self.fixed = "^", list[str](), False
        self.end = "$"
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:  # the last one escapes the `$` that moby puts behind a pattern
            self.pattern, self.end = pattern[:-1], literal("$")

    def regex(self) -> str:
        """Of alternatives the first begins at the start of a path, the last ends at an end."""
        while self.at < len(self.pattern):
            if count := _COUNT.match(self.pattern, self.at):
                self.at = count.end()
                self.count(count)
            else:
                self.atom()
        return self.anchor + "".join(self.out) + self.end

    def atom(self) -> None:
        char = self.pattern[self.at]
        self.fixed = char == "*"
        if self.pattern.startswith("**", self.at):
            self.at += 2
            self.at += self.pattern.startswith("/", self.at)
            piece = "(.*/)?" if self.at < len(self.pattern) else ".*"
        elif char in "|^":
            self.at += 1
            piece = char
        elif char == "[":
            piece, self.at = brackets(self.pattern, self.at + 1, _members)
        elif char == "\\":
            piece = self.escaped()
        else:
            piece, self.at = glob_piece(self.pattern, self.at)
        self.out.append(piece)

    def count(self, count: re.Match[str]) -> None:
        """`{2,3}` behind an atom, without braces, which not every awk has. An anchor is the same twice."""
        least, most = int(count[1]), int(count[3] or count[1])
        if self.fixed or self.out[-1:] == ["|"] or most < least or most > _MOST_OF_GO:
            raise bad(self.pattern)
        self.fixed = True
        if self.out and self.out[-1] != "^":
            self.out[-1] = _repeated(self.out[-1], least, most, bool(count[2] and not count[3]), count[0])
        elif not least:
            self.anchor = self.anchor if self.out else ""
            self.out = self.out[:-1]

    def escaped(self) -> str:
        """A backslash and what it makes of the next characters."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in PERL or letter.lower() in PERL:
            self.at += 2
            return one_of(_perl(letter))
        if letter in ("A", "z"):
            self.at += 2
            return "^" if letter == "A" else "$"
        if letter in ("b", "B"):
            return self.boundary(letter)
        code, self.at = _escape(self.pattern, self.at + 1)
        return literal(chr(code)) if code and code != 10 else NOTHING  # a script's lists have a name in a line

    def boundary(self, letter: str) -> str:
        """A word begins or ends here, or (`B`) does not: known where ordinary characters stand on both sides."""
        before, after = self.pattern[self.at - 1 : self.at] if self.at else "", self.pattern[self.at + 2 : self.at + 3]
        if any(char in "*?[]{}\\|^" for char in before + after) or self.pattern[max(0, self.at - 2) : self.at - 1] == "\\":
            raise _inexpressible("\\" + letter)
        self.at += 2
        return "" if (_in_a_word(before) != _in_a_word(after)) == (letter == "b") else NOTHING


def _in_a_word(char: str) -> bool:
    return bool(char) and char.isascii() and (char.isalnum() or char == "_")


def _repeated(atom: str, least: int, most: int, endless: bool, written: str) -> str:
    if most > _MOST_HERE:
        raise _inexpressible(written)
    return f"({atom})" * least + (f"({atom})*" if endless else f"({atom})?" * (most - least))


def _perl(letter: str) -> Ranges:
    ranges = PERL[letter.lower()]
    return ranges if letter.islower() else others(ranges)


def _escape(pattern: str, at: int) -> tuple[int, int]:
    """The character of an escape whose backslash stands before `at`, and where it ends (parseEscape of Go's regexp/syntax)."""
    letter = pattern[at : at + 1]
    if letter and letter in "pPQ":
        raise _inexpressible("\\" + letter)
    if letter in _CHARACTERS:
        return ord(_CHARACTERS[letter]), at + 1
    if number := re.compile(r"x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}").match(pattern, at):
        code = int(number[1] or number[2], 16)
        if code > 0x10FFFF:
            raise bad(pattern)
        return code, number.end()
    if number := re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}").match(pattern, at):
        return int(number[0], 8), number.end()
    if not letter or not letter.isascii() or letter.isalnum():
        raise bad(pattern)
    return ord(letter), at + 1


def _members(pattern: str, at: int) -> tuple[Ranges, int]:
    """What stands next in a class of Go's: `[:alpha:]`, `\\d`, a range, or a character; a `-` that parts nothing is one."""
    if named := re.compile(r"\[:(\^?)(\w+):\]").match(pattern, at):
        if named[2] not in POSIX:
            raise bad(pattern)
        return (others(POSIX[named[2]]) if named[1] else POSIX[named[2]]), named.end()
    if pattern[at : at + 1] == "\\" and pattern[at + 1 : at + 2].lower() in PERL:
        return _perl(pattern[at + 1]), at + 2
    low, at = _member(pattern, at)
    if pattern[at : at + 1] != "-" or pattern[at + 1 : at + 2] in ("", "]"):
        return [(low, low)], at
    high, at = _member(pattern, at + 1)
    if low > high:
        raise bad(pattern)
    return [(low, high)], at


def _member(pattern: str, at: int) -> tuple[int, int]:
    char = pattern[at : at + 1]
    if not char:
        raise bad(pattern)
    return _escape(pattern, at + 1) if char == "\\" else (ord(char), at + 1)


def _inexpressible(text: str) -> Refused:
    message = f"{text} in a pattern cannot be expressed in a script (docker takes it for a regular expression of Go's)"
    return refuse("pattern", message, near=text, hint="write the names out")
