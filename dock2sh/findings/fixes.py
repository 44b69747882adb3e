"""Cures that leave no choice, as edits of the file's lines. What is not plain text on one line is left to a person."""

import re
from collections.abc import Callable, Iterator
from difflib import unified_diff
from typing import NamedTuple

from dock2sh.source import Diagnostic


class Edit(NamedTuple):
    """Characters `start` to `end` of a line (counted from 0) become `text`."""

    line: int
    start: int
    end: int
    text: str


def fixed(text: str, found: tuple[Diagnostic, ...]) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text with all safe cures, and the findings that they cure. Lines stay lines, so that places stay true."""
    lines, edits, cured = text.split("\n"), set[Edit](), list[Diagnostic]()
    for diagnostic in found:
        made = set(_edits(diagnostic, lines))
        edits |= made
        cured += [diagnostic] if made else []
    for edit in sorted(edits, reverse=True):  # from the right, so that the columns of the others stay true
        lines[edit.line] = lines[edit.line][: edit.start] + edit.text + lines[edit.line][edit.end :]
    return "\n".join(lines), tuple(cured)


def diff(before: str, after: str, name: str) -> str:
    """A unified diff, as `patch` takes it."""
    pieces = unified_diff(_split(before), _split(after), f"a/{name}", f"b/{name}")
    return "".join(piece if piece.endswith("\n") else f"{piece}\n\\ No newline at end of file\n" for piece in pieces)


def _split(text: str) -> list[str]:
    """Lines as `patch` counts them: only a newline ends one."""
    lines = [line + "\n" for line in text.split("\n")]
    return [*lines[:-1], lines[-1][:-1]] if lines[-1] != "\n" else lines[:-1]


def _edits(diagnostic: Diagnostic, lines: list[str]) -> Iterator[Edit]:
    if diagnostic.at and (word := WORDS.get(diagnostic.code)):
        number, start = diagnostic.at.line - 1, diagnostic.at.column - 1
        yield from word(number, start, lines[number][start:][: diagnostic.at.length], diagnostic)
    fix = LINES.get(diagnostic.code)
    if fix is None or not diagnostic.spans:
        return
    span = diagnostic.spans[0]
    for number in range(span.first - 1, min(span.last, len(lines))):
        line = lines[number].rstrip("\r")
        bare = line.removeprefix("\ufeff")
        changed = None if bare.lstrip().startswith("#") else fix(bare, span.first == span.last)
        if changed is not None and changed != bare:
            yield Edit(number, len(line) - len(bare), len(line), changed)


def _answer(line: int, start: int, word: str, diagnostic: Diagnostic) -> Iterator[Edit]:
    """D2S111, D2S117: the option behind the subcommand that asks."""
    option = re.search(r"`.+ (-\S+)`", diagnostic.hint)
    if option:
        yield Edit(line, start + len(word), start + len(word), f" {option[1]}")


def _apt_get(line: int, start: int, word: str, diagnostic: Diagnostic) -> Iterator[Edit]:
    """D2S112: apt-get has these subcommands, too. A path is left to a person."""
    if word == "apt" and diagnostic.hint.startswith("write `apt-get "):
        yield Edit(line, start, start + len(word), "apt-get")


def _maintainer(line: str, alone: bool) -> str | None:
    match = re.fullmatch(r"(?i)\s*(MAINTAINER)\s+(.*?)\s*", line)
    if match is None or not alone or any(char in match[2] for char in '"\\$`'):
        return None
    keyword = "label" if match[1].islower() else "LABEL"
    return f'{keyword} org.opencontainers.image.authors="{match[2]}"'


def _legacy(line: str, alone: bool) -> str | None:
    match = re.fullmatch(r"(?i)(\s*(?:ENV|LABEL)\s+)([\w.-]+)\s+(\S(?:.*\S)?)\s*", line)
    if match is None or not alone or any(char in match[3] for char in "\"'\\`"):
        return None
    value = match[3] if re.fullmatch(r"[^\s]+", match[3]) else f'"{match[3]}"'
    return f"{match[1]}{match[2]}={value}"


def _as_casing(line: str, alone: bool) -> str | None:
    match = re.match(r"(\s*)(from)(\s.*\s)(as)(\s+\S+\s*)$", line, re.IGNORECASE)
    if match is None:
        return None
    word = "AS" if match[2].isupper() else "as" if match[2].islower() else match[4]
    return f"{match[1]}{match[2]}{match[3]}{word}{match[5]}"


def _protocol(line: str, alone: bool) -> str | None:
    return re.sub(r"(?<=\d)/(TCP|UDP|SCTP)\b", lambda match: match[0].lower(), line, flags=re.IGNORECASE)


LINES: dict[str, Callable[[str, bool], "str | None"]] = {
    "MaintainerDeprecated": _maintainer,
    "LegacyKeyValueFormat": _legacy,
    "FromAsCasing": _as_casing,
    "ExposeProtoCasing": _protocol,
}
"""By the code of what they cure: a line of the instruction, and whether it is its only one, to the line as it should be."""
WORDS: dict[str, Callable[[int, int, str, Diagnostic], Iterator[Edit]]] = {
    "D2S111": _answer,
    "D2S112": _apt_get,
    "D2S117": _answer,
}
"""By the code: the word that is pointed at (its line, its column from 0), to what is to be edited there."""
FIXES = frozenset((*LINES, *WORDS))
"""The codes of what can be cured."""
