"""Where in the text, and what is wrong there: every complaint starts here.

A `Span` names lines of a Dockerfile, a `Diagnostic` says what is wrong in them, `Refused` carries one out of the depth.
`draw` is the one picture of a diagnostic: the message, the excerpt with a caret, the cure.
"""

from typing import NamedTuple


class Span(NamedTuple):
    """Lines `first` to `last` of a source text, counted from 1, both included."""

    first: int
    last: int


class Diagnostic(NamedTuple):
    """One complaint. `near` is the text that the caret points at, `hint` the cure; both may be empty."""

    code: str
    message: str
    spans: tuple[Span, ...] = ()
    hint: str = ""
    near: str = ""
    severity: str = "error"
    url: str = ""


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


def draw(diagnostic: Diagnostic, name: str, text: str, colour: bool = False) -> str:
    """The diagnostic as a person reads it: place and message, the lines with a caret, the hint, the code."""
    bold, red, dim, plain = ("\033[1m", "\033[31m", "\033[2m", "\033[0m") if colour else ("", "", "", "")
    if diagnostic.severity != "error" and colour:
        red = "\033[33m"
    lines = text.splitlines()
    first = diagnostic.spans[0].first if diagnostic.spans else 0
    place = f"{name}:{max(first, 1)}" if diagnostic.spans else name
    out = [f"{bold}{place}: {red}{diagnostic.severity}{plain}{bold}: {diagnostic.message}{plain} {dim}[{diagnostic.code}]{plain}"]
    for span in diagnostic.spans:
        out += _excerpt(span, lines, diagnostic.near, (red, dim, plain))
    if diagnostic.hint:
        out.append(f"  {bold}help{plain}: {diagnostic.hint}")
    return "\n".join(out)


def _excerpt(span: Span, lines: list[str], near: str, colours: tuple[str, str, str]) -> list[str]:
    """The lines of a span (at most six), numbered, with a caret under `near` or under the first word."""
    red, dim, plain = colours
    out = []
    shown = range(max(span.first, 1), min(max(span.last, 1), len(lines)) + 1)
    pointed = next((n for n in shown if near and near in lines[n - 1]), shown[0] if shown else 0)
    for number in shown[:6] if pointed < shown.start + 6 else [*shown[:3], *range(pointed, min(pointed + 2, shown.stop))]:
        line = lines[number - 1].rstrip("\r").replace("\t", " ")
        line, cut = (line[:200], " …") if len(line) > 200 else (line, "")
        out.append(f"  {dim}{number:>5} |{plain} {line}{cut}")
        if number == pointed:
            out.append(f"  {dim}      |{plain} {red}{_caret(line, near)}{plain}")
    if len(shown) > 6:
        out.append(f"  {dim}      | … {len(shown) - 6} more{plain}")
    return out


def _caret(line: str, near: str) -> str:
    """Blanks and carets under `near`, or under the line's first word."""
    first_word = line.split(maxsplit=1)[0] if line.strip() else ""
    what = near if near and near in line else first_word
    return " " * line.find(what) + "^" * max(len(what), 1)
