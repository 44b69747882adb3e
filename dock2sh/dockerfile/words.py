"""Word expansion, as BuildKit's shell lexer does it (semantics.md 1.1): quotes, escapes, `$name` and `${name…}`.

A value is a `str`. What is known only when the script runs (the environment of a base image that is not at hand) is a
`Deferred` (deferred.py): a str that reads as the Dockerfile has it and knows itself as shell text.
"""

import re
from collections.abc import Callable

from dock2sh.dockerfile.deferred import concat
from dock2sh.dockerfile.gotext import SPACE, quoted, scanned
from dock2sh.dockerfile.modifiers import Fault, alternative, default, replaced, required, trimmed
from dock2sh.source import refuse

Lookup = Callable[[str], "str | None"]

_PLAIN = {True: re.compile(r"[^$'\"\\<`]+"), False: re.compile(r"[^$\\<`]+")}
_ASCII_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_]|[^\x00-\x7f])")
"""A whole name: a letter of another script behind it would be a part of it."""
DEEPEST = 80
"""`${a:-${b:-…}}`: docker has no bound; nobody writes as many, and Python's stack has room for not many more."""
SPECIAL = "@*#?-$!0"
"""Names of one character. An image's environment may have them, in theory; where it is not at hand they count as unset."""


_LOST = None
"""Stands for a modifier's word among the pieces: BuildKit reads it into the buffer of the word around it, and what that had so
far is lost to one who asks for words (`EXPOSE 80-${END:-90}` is 90)."""


class _TooDeep(Fault):
    """More than DEEPEST."""


def expand(word: str, lookup: Lookup, escape: str = "\\", unmatched: set[str] | None = None, quotes: bool = True) -> str:
    """`word` with quotes, escapes and variables processed, as ONE word (BuildKit's ProcessWord).

    `lookup` gives a variable's value, or None if it is unset; `unmatched` collects the names that were unset;
    `quotes=False` leaves quotes alone (the content of a here-document). Raises Refused.
    """
    text = scanned(word)
    if "$" not in text and escape not in text and not (quotes and ("'" in text or '"' in text)):
        return text
    lexer = _Lexer(text, lookup, escape, unmatched, quotes)
    try:
        return concat(lexer.until("", False))
    except Fault as fault:
        raise refuse("bad-word", f"failed to process {quoted(word)}: {fault}", near=word) from None


def split(text: str, lookup: Lookup, escape: str = "\\", raw: bool = False, keep_unset: bool = False) -> list[str]:
    """`text` expanded and then split into words, quotes respected (BuildKit's ProcessWords).

    `raw` keeps quotes, escapes and unset variables as they are (the search for here-documents), `keep_unset` the unset variables
    alone (their names). Raises Refused.
    """
    lexer = _Lexer(scanned(text), lookup, escape, None, True, raw)
    lexer.keep_unset = raw or keep_unset
    try:
        lexer.until("", raw)
    except Fault as fault:
        raise refuse("bad-word", f"failed to process {quoted(text)}: {fault}", near=text) from None
    return lexer.split_words()


def shown(text: str, lookup: Lookup, escape: str = "\\") -> str:
    """`text` expanded, its quotes and unset variables as they are (BuildKit's RawQuotes, SkipUnsetEnv). Raises Refused."""
    lexer = _Lexer(scanned(text), lookup, escape, None, True, raw=True)
    try:
        return concat(lexer.until("", False))
    except Fault as fault:
        raise refuse("bad-word", f"failed to process {quoted(text)}: {fault}", near=text) from None


class _Lexer:
    """A cursor over one word. Methods are named for what stands at the cursor."""

    def __init__(
        self, text: str, lookup: Lookup, escape: str, unmatched: set[str] | None, quotes: bool, raw: bool = False
    ) -> None:
        self.text, self.at, self.end = text, 0, len(text)
        self.lookup, self.escape, self.unmatched = lookup, escape, unmatched
        self.quotes, self.raw, self.raw_escapes, self.keep_unset = quotes, raw, raw, raw
        self.plain = _PLAIN[quotes]
        self.depth = 0
        self.marks: list[tuple[str, bool] | None] = []  # (piece, may be split at blanks) or _LOST, for split_words

    def until(self, stop: str, raw_escapes: bool) -> list[str]:
        """The pieces up to `stop`, which is consumed; the end of the text if `stop` is empty."""
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        around, self.marks = self.marks, []
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
                raise Fault(f"unexpected end of statement while looking for matching {stop}")
        self.raw_escapes = outer
        if self.depth:
            around.append(_LOST)
            self.marks = around
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
            while self.at < self.end and self.text[self.at] in " \t\r":
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
            self.at = self.end  # docker has read on until there: what is around it then says what is missing
            raise Fault("unexpected end of statement while looking for matching single-quote")
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
        raise Fault("unexpected end of statement while looking for matching double-quote")

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
            return ("$" + name if self.keep_unset else "") if value is None else value
        self.at += 1
        return self.braces()

    def braces(self) -> str:
        """What stands behind `${`."""
        char = self.text[self.at : self.at + 1]
        if not char:
            raise Fault("syntax error: missing '}'")
        if char in "{}:":
            raise Fault("syntax error: bad substitution")
        name = self.name()
        operator = self.take()
        if operator == "}":
            value = self.value(name)
            return (f"${{{name}}}" if self.keep_unset else "") if value is None else value
        if operator == "/":
            return self.replacement(name)
        null = operator == ":"
        if null:
            operator = self.take()
        if not null and operator not in ("+", "-", "?", "#", "%"):
            raise Fault(f"unsupported modifier ({operator or chr(0xFFFD)}) in substitution")
        return self.modified(name, operator, null)

    def take(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def operand(self, stop: str, raw_escapes: bool, missing: str) -> str:
        """The word behind a modifier."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise _TooDeep(f"variables are nested more than {DEEPEST} deep")
        try:
            return concat(self.until(stop, raw_escapes) or [""])
        except _TooDeep:
            raise
        except Fault as fault:
            raise (Fault(missing) if self.at >= self.end else fault) from None
        finally:
            self.depth -= 1

    def modified(self, name: str, operator: str, null: bool) -> str:
        sign = (":" if null else "") + operator
        if null and operator in ("#", "%"):
            raise Fault(f"unsupported modifier ({sign}) in substitution")
        word = self.operand("}", operator in ("#", "%"), "syntax error: missing '}'")
        value = self.value(name)
        if value is None and self.keep_unset:
            return f"${{{name}{sign}{word}}}"
        if operator == "-":
            return default(value, word, null)
        if operator == "+":
            return alternative(value, word, null)
        if operator == "?":
            return required(name, value, word, null)
        if operator in ("#", "%"):
            return trimmed(value or "", word, operator)
        raise Fault(f"unsupported modifier ({sign}) in substitution")

    def replacement(self, name: str) -> str:
        every = self.text.startswith("/", self.at)
        self.at += every
        pattern = self.operand("/", True, "syntax error: missing '/' in ${}")
        new = self.operand("}", True, "syntax error: missing '}'")
        value = self.value(name)
        if value is None and self.keep_unset:
            return f"${{{name}/{pattern}/{new}}}"
        return replaced(value or "", pattern, new, every)

    def split_words(self) -> list[str]:
        """The words of the pieces read last: blanks part them, except in quotes and behind escapes."""
        words, current, inside = list[str](), list[str](), False
        for mark in self.marks:
            if mark is _LOST:
                current = []
            elif mark[1]:
                current, inside = _parted(mark[0], words, current, inside)
            else:
                current.append(mark[0])
                inside = True
        if any(current):
            words.append("".join(current))
        return words


def _parted(piece: str, words: list[str], current: list[str], inside: bool) -> tuple[list[str], bool]:
    """Part a piece at its blanks: whole words go to `words`; what is left, and whether one has begun."""
    for char in piece:
        if char not in SPACE:
            current.append(char)
            inside = True
        elif inside and any(current):
            words.append("".join(current))
            current, inside = [], False
    return current, inside
