"""One word of shell text: its quotes taken off, its variables named."""

import re

from dock2sh.shell.syntax import Word

_VARIABLE = re.compile(r"\$(?:\{[!#]?([A-Za-z_]\w*)|([A-Za-z_]\w*))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "e": "\x1b", "a": "\a", "b": "\b"}


def word(start: int, raw: str) -> Word:
    """The word that stands at `start`."""
    if raw.isalnum():
        return Word(start, start + len(raw), raw, raw)
    value, live = _unquoted(raw)
    variables = tuple(dict.fromkeys(a or b for a, b in _VARIABLE.findall(live)))
    dynamic = "$" in live or "`" in live
    glob = any(char in live for char in "*?") or bool(re.search(r"\[.+\]", live))
    return Word(start, start + len(raw), raw, value, variables, dynamic, glob and not dynamic)


def _unquoted(raw: str) -> tuple[str, str]:
    """The word without quotes, and the part of it that the shell still expands (text in single quotes left out)."""
    value, live, at, double = list[str](), list[str](), 0, False
    while at < len(raw):
        char = raw[at]
        if char == "\\" and at + 1 < len(raw):
            following = raw[at + 1]
            kept = double and following not in '$`"\\\n'
            value.append("" if following == "\n" else char + following if kept else following)
            at += 2
        elif char == '"':
            double = not double
            at += 1
        elif char == "'" and not double:
            end = raw.find("'", at + 1)
            end = len(raw) if end < 0 else end
            value.append(raw[at + 1 : end])
            at = end + 1
        elif raw.startswith("$'", at) and not double:
            text, at = _ansi(raw, at + 2)
            value.append(text)
        elif raw.startswith("$(", at):
            end = _closing(raw, at + 1)
            value.append(raw[at:end])
            live.append(f"$({_unquoted(raw[at + 2 : end - 1])[1]})")
            at = end
        else:
            value.append(char)
            live.append(char if not double or char in "$`" or char.isalnum() or char in "_{}" else " ")
            at += 1
    return "".join(value), "".join(live)


def _ansi(raw: str, at: int) -> tuple[str, int]:
    """The text of `$'…'` and the place behind it."""
    out = list[str]()
    while at < len(raw) and raw[at] != "'":
        if raw[at] == "\\" and at + 1 < len(raw):
            out.append(_ESCAPES.get(raw[at + 1], "\\" + raw[at + 1]))
            at += 2
        else:
            out.append(raw[at])
            at += 1
    return "".join(out), at + 1


def _closing(raw: str, at: int) -> int:
    """Behind the parenthesis that closes the one at `at`; the end where there is none. Quotes in it do not matter much here."""
    depth = 0
    for index in range(at, len(raw)):
        depth += (raw[index] == "(") - (raw[index] == ")")
        if not depth:
            return index + 1
    return len(raw)
