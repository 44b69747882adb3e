"""Word expansion, as BuildKit's shell lexer does it (semantics.md 1.1): quotes, escapes, `$name` and `${name…}`.

A value is a `str`. What is known only when the script runs (the environment of a base image that is not at hand) is a
`Deferred`: a str that reads as the Dockerfile has it and knows itself as shell text.
"""

import re
from collections.abc import Callable
from typing import Self

from dock2sh.dockerfile.gotext import SPACE, quoted
from dock2sh.source import refuse

Lookup = Callable[[str], "str | None"]

_PLAIN = {True: re.compile(r"[^$'\"\\<`]+"), False: re.compile(r"[^$\\<`]+")}
_ASCII_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?![^\x00-\x7f])")
_IN_DOUBLE_QUOTES = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "`": "\\`"})
SPECIAL = "@*#?-$!0"
"""Names of one character. An image's environment may have them, in theory; where it is not at hand they count as unset."""


class Deferred(str):
    """A value with a part that only the running script knows.

    `shell` is its text between double quotes; `name` the base image's variable if it is nothing but a reference to one, and
    `unset` whether that may be unset altogether.
    """

    shell: str
    name: str
    unset: bool

    def __new__(cls, text: str, shell: str, name: str = "", unset: bool = False) -> Self:
        self = super().__new__(cls, text)
        self.shell, self.name, self.unset = shell, name, unset
        return self

    def assigned(self) -> "Deferred":
        """The same as another variable's value, which is set, be it empty."""
        return Deferred(self, self.shell, self.name)


def deferred_variable(name: str, default: str | None = None) -> Deferred:
    """The variable `name` of a base image whose environment is not known: `${BASE_name-}` in the script, or its `default`.

    Raises Refused for a name that no shell variable can have.
    """
    if not name.isascii():
        message = f"{name} may be a variable of the base image, which is not at hand, and a shell has no such names"
        raise refuse("deferred-name", message, near=name, hint="give the image with --base NAME=SOURCE")
    if default is None:
        return Deferred(f"${{{name}}}", f"${{BASE_{name}-}}", name, True)
    return Deferred(f"${{{name}-{default}}}", f"${{BASE_{name}-{_operand(default)}}}")


def shell_text(value: str) -> str:
    """`value` as it stands between double quotes in a script."""
    return value.shell if isinstance(value, Deferred) else value.translate(_IN_DOUBLE_QUOTES)


def concat(pieces: list[str]) -> str:
    """The pieces as one value: a Deferred if one of them is."""
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(pieces)
    if any(isinstance(piece, Deferred) for piece in pieces):
        return Deferred(text, "".join(map(shell_text, pieces)))
    return text


def expand(word: str, lookup: Lookup, escape: str = "\\", unmatched: set[str] | None = None, quotes: bool = True) -> str:
    """`word` with quotes, escapes and variables processed, as ONE word (BuildKit's ProcessWord).

    `lookup` gives a variable's value, or None if it is unset; `unmatched` collects the names that were unset;
    `quotes=False` leaves quotes alone (the content of a here-document). Raises Refused.
    """
    if "$" not in word and escape not in word and not (quotes and ("'" in word or '"' in word)):
        return word
    lexer = _Lexer(word, lookup, escape, unmatched, quotes)
    try:
        return concat(lexer.until("", False))
    except _Fault as fault:
        raise refuse("bad-word", f"failed to process {quoted(word)}: {fault}", near=word) from None


def split(text: str, lookup: Lookup, escape: str = "\\", raw: bool = False) -> list[str]:
    """`text` expanded and then split into words, quotes respected (BuildKit's ProcessWords).

    `raw` keeps quotes, escapes and unset variables as they are (the search for here-documents). Raises Refused.
    """
    lexer = _Lexer(text, lookup, escape, None, True, raw)
    try:
        lexer.until("", raw)
    except _Fault as fault:
        raise refuse("bad-word", f"failed to process {quoted(text)}: {fault}", near=text) from None
    return lexer.split_words()


class _Fault(Exception):
    """A message without its word."""


class _Lexer:
    """A cursor over one word. Methods are named for what stands at the cursor."""

    def __init__(
        self, text: str, lookup: Lookup, escape: str, unmatched: set[str] | None, quotes: bool, raw: bool = False
    ) -> None:
        self.text, self.at, self.end = text, 0, len(text)
        self.lookup, self.escape, self.unmatched = lookup, escape, unmatched
        self.quotes, self.raw, self.raw_escapes = quotes, raw, raw
        self.plain = _PLAIN[quotes]
        self.marks: list[tuple[str, bool]] = []  # (piece, may be split at blanks), for split_words

    def until(self, stop: str, raw_escapes: bool) -> list[str]:
        """The pieces up to `stop`, which is consumed; the end of the text if `stop` is empty."""
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        self.marks = []
        marks, pieces = self.marks, list[str]()
        while self.at < self.end:
            char = self.text[self.at]
            if char == stop:
                self.at += 1
                break
            piece, splits = self.piece(char, stop)
            pieces.append(piece)
            marks.append((piece, splits))
        else:
            if stop:
                raise _Fault(f"unexpected end of statement while looking for matching {stop}")
        self.raw_escapes, self.marks = outer, marks
        return pieces

    def piece(self, char: str, stop: str) -> tuple[str, bool]:
        """What stands at the cursor, and whether its blanks separate words."""
        if char == "$":
            return self.dollar(), True
        if self.quotes and char == "'":
            return self.single_quotes(), False
        if self.quotes and char == '"':
            return self.double_quotes(), False
        if char == "<":
            return self.less_than(), False
        if char == self.escape:
            return self.escaped(), False
        return self.run(stop), True

    def run(self, stop: str) -> str:
        """Ordinary characters. The stop character ends them."""
        match = self.plain.match(self.text, self.at)
        text = match[0] if match else self.text[self.at]
        if stop and stop in text:
            text = text[: text.index(stop)]
        self.at += len(text)
        return text

    def less_than(self) -> str:
        """`<`, or `<<` with the blanks behind it, which must not part it from a here-document's name."""
        start = self.at
        self.at += 1
        if self.text.startswith("<", self.at):
            self.at += 1
            while self.at < self.end and self.text[self.at] in " \t":
                self.at += 1
        return self.text[start : self.at]

    def escaped(self) -> str:
        kept = self.escape if self.raw_escapes else ""
        char = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return kept + char

    def single_quotes(self) -> str:
        close = self.text.find("'", self.at + 1)
        if close < 0:
            raise _Fault("unexpected end of statement while looking for matching single-quote")
        start, self.at = self.at, close + 1
        return self.text[start : self.at] if self.raw else self.text[start + 1 : close]

    def double_quotes(self) -> str:
        self.at += 1
        pieces = ['"'] if self.raw else []
        while self.at < self.end:
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return concat([*pieces, '"']) if self.raw else concat(pieces or [""])
            if char == "$":
                pieces.append(self.dollar())
            elif char == self.escape:
                pieces.append(self.escaped_in_quotes())
            else:
                pieces.append(char)
                self.at += 1
        raise _Fault("unexpected end of statement while looking for matching double-quote")

    def escaped_in_quotes(self) -> str:
        """Between double quotes an escape is one only before a quote, a dollar or itself."""
        following = self.text[self.at + 1 : self.at + 2]
        self.at += 1
        if following and following in ('"', "$", self.escape):
            self.at += 1
            return (self.escape if self.raw_escapes else "") + following
        if not following:  # at the end of the word it is dropped
            return self.escape if self.raw_escapes else ""
        return self.escape * 2 if self.raw_escapes else self.escape

    def name(self) -> str:
        """A variable's name, a run of digits or one special parameter; maybe empty."""
        if match := _ASCII_NAME.match(self.text, self.at):
            self.at = match.end()
            return match[0]
        start = self.at
        first = self.text[start : start + 1]
        if first.isdecimal():
            while self.at < self.end and self.text[self.at].isdecimal():
                self.at += 1
        elif first and first in SPECIAL:
            self.at += 1
        else:
            while self.at < self.end and (
                self.text[self.at].isalpha() or self.text[self.at].isdecimal() or self.text[self.at] == "_"
            ):
                self.at += 1
        return self.text[start : self.at]

    def value(self, name: str) -> str | None:
        found = self.lookup(name)
        if found is None and self.unmatched is not None:
            self.unmatched.add(name)
        return found

    def dollar(self) -> str:
        self.at += 1
        if not self.text.startswith("{", self.at):
            name = self.name()
            if not name:
                return "$"
            value = self.value(name)
            return ("$" + name if self.raw else "") if value is None else value
        self.at += 1
        return self.braces()

    def braces(self) -> str:
        """What stands behind `${`."""
        char = self.text[self.at : self.at + 1]
        if not char:
            raise _Fault("syntax error: missing '}'")
        if char in "{}:":
            raise _Fault("syntax error: bad substitution")
        name = self.name()
        operator = self.take()
        if operator == "}":
            value = self.value(name)
            return (f"${{{name}}}" if self.raw else "") if value is None else value
        if operator == "/":
            return self.replacement(name)
        null = operator == ":"
        if null:
            operator = self.take()
        if not null and operator not in ("+", "-", "?", "#", "%"):
            raise _Fault(f"unsupported modifier ({operator or chr(0xFFFD)}) in substitution")
        return self.modified(name, operator, null)

    def take(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def operand(self, stop: str, raw_escapes: bool, missing: str) -> str:
        """The word behind a modifier."""
        try:
            return concat(self.until(stop, raw_escapes) or [""])
        except _Fault as fault:
            raise (_Fault(missing) if self.at >= self.end else fault) from None

    def modified(self, name: str, operator: str, null: bool) -> str:
        sign = (":" if null else "") + operator
        if null and operator in ("#", "%"):
            raise _Fault(f"unsupported modifier ({sign}) in substitution")
        word = self.operand("}", operator in ("#", "%"), "syntax error: missing '}'")
        value = self.value(name)
        if value is None and self.raw:
            return f"${{{name}{sign}{word}}}"
        if operator == "-":
            return _default(value, word, null)
        if operator == "+":
            return _alternative(value, word, null)
        if operator == "?":
            return _required(name, value, word, null)
        if operator in ("#", "%"):
            return _trimmed(value or "", word, operator)
        raise _Fault(f"unsupported modifier ({sign}) in substitution")

    def replacement(self, name: str) -> str:
        every = self.text.startswith("/", self.at)
        self.at += every
        pattern = self.operand("/", True, "syntax error: missing '/' in ${}")
        new = self.operand("}", True, "syntax error: missing '}'")
        value = self.value(name)
        if value is None and self.raw:
            return f"${{{name}/{pattern}/{new}}}"
        return _replaced(value or "", pattern, new, every)

    def split_words(self) -> list[str]:
        """The words of the pieces read last: blanks part them, except in quotes and behind escapes."""
        words, current, inside = list[str](), list[str](), False
        for piece, splits in self.marks:
            if not splits:
                current.append(piece)
                inside = True
                continue
            for char in piece:
                if char not in SPACE:
                    current.append(char)
                    inside = True
                elif inside and any(current):
                    words.append("".join(current))
                    current, inside = [], False
        if any(current):
            words.append("".join(current))
        return words


def _default(value: str | None, word: str, null: bool) -> str:
    """`${v-w}`, `${v:-w}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        return Deferred(f"${{{value.name}{':' * null}-{word}}}", f"${{BASE_{value.name}{':' * null}-{_operand(word)}}}")
    return word if value is None or (null and value == "") else value


def _alternative(value: str | None, word: str, null: bool) -> str:
    """`${v+w}`, `${v:+w}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        return Deferred(f"${{{value.name}{':' * null}+{word}}}", f"${{BASE_{value.name}{':' * null}+{_operand(word)}}}")
    return "" if value is None or (null and value == "") else word


def _required(name: str, value: str | None, word: str, null: bool) -> str:
    """`${v?message}`, `${v:?message}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        message = _operand(word or "is not allowed to be unset")
        return Deferred(f"${{{value.name}{':' * null}?{word}}}", f"${{BASE_{value.name}{':' * null}?{message}}}")
    if value is None:
        raise _Fault(f"{name}: {word or 'is not allowed to be unset'}")
    if null and value == "":
        raise _Fault(f"{name}: {word or 'is not allowed to be empty'}")
    return value


def _operand(word: str) -> str:
    """A word behind a modifier, between double quotes in a script."""
    return shell_text(word).replace("}", "\\}") if not isinstance(word, Deferred) else word.shell


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """`${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`: p has `*` and `?`, no brackets."""
    greedy = pattern.startswith(operator)
    pattern = pattern[1:] if greedy else pattern
    if isinstance(value, Deferred) or isinstance(pattern, Deferred):
        return _deferred_trim(value, pattern, operator * (1 + greedy))
    if operator == "#":
        match = re.match(_regex(pattern, greedy), value)
        return value[match.end() :] if match else value
    # the shortest match at the end is the shortest at the start of both reversed (BuildKit does the same)
    match = re.match(_regex(_reversed_pattern(pattern), greedy), value[::-1])
    return value[: len(value) - match.end()] if match else value


def _deferred_trim(value: str, pattern: str, operator: str) -> str:
    name = value.name if isinstance(value, Deferred) else ""
    if not name or isinstance(pattern, Deferred):
        raise _Fault("this needs the base image's environment, which is not at hand")
    _regex(pattern, True)  # a bad pattern is bad here too
    shell = re.sub(r"\\.|[^A-Za-z0-9_*?./:=@%+,-]", lambda m: m[0] if m[0][0] == "\\" else "\\" + m[0], pattern)
    return Deferred(f"${{{name}{operator}{pattern}}}", f"${{BASE_{name}{operator}{shell}}}")


def _replaced(value: str, pattern: str, new: str, every: bool) -> str:
    """`${v/p/r}`, `${v//p/r}`: p unanchored and greedy; for `//` r is a template of Go's regexp."""
    if any(isinstance(part, Deferred) for part in (value, pattern, new)):
        raise _Fault("this needs the base image's environment, which is not at hand")
    regex = re.compile(_regex(pattern, True))
    if not every:
        return regex.sub(lambda _: new, value, count=1)
    return regex.sub(lambda match: _template(new, match), value)


def _template(template: str, match: re.Match[str]) -> str:
    """Go's Regexp.Expand: `$0` is the match, any other name is empty, `$$` a dollar."""

    def reference(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return "$" if found[0] == "$$" else match[0] if name and name.isdecimal() and int(name) == 0 else ""

    return re.sub(r"\$\$|\$(\w+)|\$\{(\w+)\}", reference, template)


def _regex(pattern: str, greedy: bool) -> str:
    """A pattern of `*`, `?` and `\\*` `\\?` `\\\\` as a regular expression; another escape is an error."""
    out, chars = list[str](), iter(range(len(pattern)))
    for i in chars:
        char = pattern[i]
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        elif char == "\\":
            following = pattern[i + 1 : i + 2]
            if following and following in "}/":  # escaped only for ${}
                continue
            if not following or following not in "*?\\":
                raise _Fault(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{following or chr(0xFFFD)}'")
            out.append("\\" + following)
            next(chars)
        else:
            out.append(re.escape(char))
    return "".join(out)


def _reversed_pattern(pattern: str) -> str:
    return "".join(reversed(re.findall(r"\\.|.", pattern, re.DOTALL)))
