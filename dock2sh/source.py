"""Where in the text, and what is wrong there: every complaint starts here.

A `Span` names lines of a Dockerfile, a `Diagnostic` says what is wrong in them, `Refused` carries one out of the depth.
`draw` is the one picture of a diagnostic: the message, the excerpt with a caret, the cure.
"""

from functools import lru_cache
from typing import NamedTuple


class Span(NamedTuple):
    """Lines `first` to `last` of a source text, counted from 1, both included."""

    first: int
    last: int


class Place(NamedTuple):
    """What a diagnostic points at: a line and a column, counted from 1, and how many characters."""

    line: int
    column: int
    length: int


class Diagnostic(NamedTuple):
    """One complaint. `near` is the text that the caret points at, `hint` the cure; both may be empty.

    `also` are the names that other tools have for it; `at` is where it points, if that is known better than by `near`.
    """

    code: str
    message: str
    spans: tuple[Span, ...] = ()
    hint: str = ""
    near: str = ""
    severity: str = "error"
    url: str = ""
    also: tuple[str, ...] = ()
    at: Place | None = None


class Refused(Exception):
    """The input cannot be taken; `diagnostic` says why and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def refuse(code: str, message: str, spans: tuple[Span, ...] = (), hint: str = "", near: str = "") -> Refused:
    """A `Refused` to raise."""
    return Refused(Diagnostic(code, message, spans, hint, near))


def located(refused: Refused, *spans: Span) -> Refused:
    """The same refusal, with `spans` put before its own (BuildKit wraps an error in locations from the inside out)."""
    diagnostic = refused.diagnostic
    return Refused(diagnostic._replace(spans=diagnostic.spans + spans))


def place(diagnostic: Diagnostic, lines: list[str]) -> Place | None:
    """Where `near` stands in the diagnostic's lines, as a word of its own if it can; else their first word."""
    if diagnostic.at:
        return diagnostic.at
    for span in diagnostic.spans:
        if pointed := _pointed(span, lines, diagnostic.near):
            return pointed
    return None


def _pointed(span: Span, lines: list[str], near: str) -> Place | None:
    shown = range(max(span.first, 1), min(max(span.last, 1), len(lines)) + 1)
    for find in (_word, str.find) if near else ():
        for number in shown:
            if (at := find(lines[number - 1], near)) >= 0:
                return Place(number, at + 1, len(near))
    for number in shown:
        if words := lines[number - 1].split(maxsplit=1):
            return Place(number, lines[number - 1].index(words[0]) + 1, len(words[0]))
    return Place(shown[0], 1, 1) if shown else None


def _word(line: str, near: str) -> int:
    """Where `near` stands in `line` with no letter or digit grown on to it, or -1."""
    at = line.find(near)
    while at >= 0:
        before, after = line[at - 1 : at] if at else "", line[at + len(near) : at + len(near) + 1]
        if not (_joined(before, near[0]) or _joined(near[-1], after)):
            return at
        at = line.find(near, at + 1)
    return -1


def _joined(left: str, right: str) -> bool:
    return all(char.isalnum() or char == "_" for char in left + right) and bool(left and right)


WIDE = 170
"""Columns that an excerpt may take where nothing else is said."""
_MARGIN = 10
"""Columns before an excerpt: the number of its line."""


def draw(diagnostic: Diagnostic, name: str, text: str, colour: bool = False, width: int = WIDE) -> str:
    """The diagnostic as a person reads it: place and message, the lines with a caret, the hint, the code.

    Lines of the excerpt are cut, around what is pointed at, so that the caret stays below it in a terminal of `width` columns.
    """
    bold, red, dim, plain = ("\033[1m", "\033[31m", "\033[2m", "\033[0m") if colour else ("", "", "", "")
    if diagnostic.severity != "error" and colour:
        red = "\033[34m" if diagnostic.severity == "info" else "\033[33m"
    lines = _lines(text)
    line = diagnostic.at.line if diagnostic.at else max(diagnostic.spans[0].first, 1) if diagnostic.spans else 0
    where = f"{visible(name)}:{line}" if line else visible(name)
    codes = ", ".join((diagnostic.code, *diagnostic.also))
    message = f"{bold}: {visible(diagnostic.message)}{plain} {dim}[{codes}]{plain}"
    out = [f"{bold}{where}: {red}{diagnostic.severity}{plain}{message}"]
    for index, span in enumerate(diagnostic.spans):
        out += [f"  {dim}  ...{plain}"] if index else []
        pointed = diagnostic.at or _pointed(span, lines, diagnostic.near)
        out += _excerpt(span, lines, pointed, (red, dim, plain), max(min(width, WIDE) - _MARGIN, 20))
    for index, hint in enumerate(diagnostic.hint.split("\n") if diagnostic.hint else ()):
        out.append(f"        {visible(hint)}" if index else f"  {bold}help{plain}: {visible(hint)}")
    return "\n".join(out)


@lru_cache(maxsize=1)
def _lines(text: str) -> list[str]:
    """The lines of a text, kept for the next diagnostic of the same file (ten thousand of them are drawn one by one)."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _excerpt(span: Span, lines: list[str], pointed: Place | None, colours: tuple[str, str, str], width: int) -> list[str]:
    """The lines of a span (at most six), numbered, with a caret under what is pointed at."""
    red, dim, plain = colours
    if pointed is None:
        return []
    out, before = list[str](), 0
    numbers = range(max(span.first, 1), min(max(span.last, 1), len(lines)) + 1)
    for number in numbers if len(numbers) <= 6 else sorted({*numbers[:4], pointed.line, numbers[-1]}):
        if before and number != before + 1:
            out.append(f"  {dim}      | ...{plain}")
        before = number
        line = lines[number - 1].rstrip("\r")
        if number != pointed.line:
            out.append(f"  {dim}{number:>5} |{plain} {_cut(line, 1, 1, width)[0]}".rstrip())
            continue
        shown, caret = _cut(line, pointed.column, pointed.length, width)
        out += [f"  {dim}{number:>5} |{plain} {shown}", f"  {dim}      |{plain} {red}{caret}{plain}"]
    return out


def _cut(line: str, column: int, length: int, width: int) -> tuple[str, str]:
    """The line as a terminal shows it, and the carets below the `length` characters at `column`; a long line around those."""
    start = column - 1
    end = min(start + max(length, 1), max(len(line), start + 1))
    whole = len(line) <= width and _width(visible(line)) <= width
    fits = whole or (end < width and _width(visible(line[:end])) < width)
    first = 0 if fits else start
    while not fits and first and _width(visible(line[first - 1 : start])) <= width // 4:
        first -= 1
    room = width - (first > 0) - (not whole)
    shown = line[first:] if whole else _as_much(line[first:], room)
    end, last = min(end, first + len(shown)), first + len(shown)
    left, right = "…" if first else "", "…" if last < len(line) else ""
    before, point = left + visible(line[first:start]), visible(line[start:end])
    return before + point + visible(line[end:last]) + right, " " * _width(before) + "^" * max(_width(point), 1)


def _as_much(text: str, room: int) -> str:
    """The beginning of a text that takes at most so many columns."""
    used = 0
    for index, char in enumerate(text):
        used += _width(visible(char))
        if used > room:
            return text[:index]
    return text


def visible(text: str) -> str:
    """`text` without what a terminal would obey or hide: control characters, direction marks, bytes that were no UTF-8."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _stand_in(char) for char in text)


def _stand_in(char: str) -> str:
    if char == "\t":
        return "    "
    code = ord(char)
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else " " if char.isspace() else "\ufffd"


def _width(text: str) -> int:
    """Columns in a terminal: East Asian wide characters take two, marks that combine take none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)
