"""Sentences in the reader's language: templates with `{fields}` and with code in backticks, looked up in a gettext catalogue.

A value that is put into a field is never read as a template or as markup: what stands in a Dockerfile cannot change the page.
Catalogues are `locale/LANGUAGE.po`; without one the template itself, which is English, is what is said.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).parent / "locale"


class Piece(NamedTuple):
    """A part of a sentence: words, or code."""

    text: str
    code: bool = False


Text = tuple[Piece, ...]

_catalogue: dict[str, str] = {}
_FIELD = re.compile(r"\{(\w+)\}")


def languages() -> list[str]:
    """Those that there is a catalogue for, and English."""
    return sorted(["en", *(path.stem for path in HOME.glob("*.po"))])


def speak(language: str) -> None:
    """Choose the language of all that is said from here on. Raises KeyError for one without a catalogue."""
    if language not in languages():
        raise KeyError(language)
    _catalogue.clear()
    if language != "en":
        _catalogue.update(catalogue(language))


def translated(template: str) -> str:
    return _catalogue.get(template) or template


def say(template: str, **fields: "str | int | Text") -> Text:
    """The sentence of a template, which is written as a literal so that a test finds it for the catalogues."""
    pieces = list[Piece]()
    for index, part in enumerate(translated(template).split("`")):
        _fill(pieces, part, index % 2 == 1, fields)
    return tuple(pieces) if not _catalogue else tuple(piece if piece.code else Piece(_fitting(piece.text)) for piece in pieces)


_PARTICLE = re.compile(r"([가-힣])(을\(를\)|은\(는\)|이\(가\)|과\(와\)|\(이\)라고|\(으\)로)")
_PARTICLES = {"을(를)": "을를", "은(는)": "은는", "이(가)": "이가", "과(와)": "과와"}


def _fitting(text: str) -> str:
    """Korean's particles depend on the sound before them, which is known behind a Korean word: `8개을(를)` is `8개를`."""

    def fit(match: re.Match[str]) -> str:
        last = (ord(match[1]) - 0xAC00) % 28  # 0: no consonant ends the syllable; 8: ㄹ
        if match[2] in _PARTICLES:
            return match[1] + _PARTICLES[match[2]][not last]
        if match[2] == "(이)라고":
            return match[1] + ("이라고" if last else "라고")
        return match[1] + ("으로" if last not in (0, 8) else "로")

    return _PARTICLE.sub(fit, text)


def _fill(pieces: list[Piece], part: str, code: bool, fields: "dict[str, str | int | Text]") -> None:
    at = 0
    for match in _FIELD.finditer(part):
        if match[1] not in fields:
            continue
        _add(pieces, part[at : match.start()], code)
        value = fields[match[1]]
        if isinstance(value, tuple):
            pieces += value
        else:
            _add(pieces, str(value), code)
        at = match.end()
    _add(pieces, part[at:], code)


def _add(pieces: list[Piece], text: str, code: bool) -> None:
    if text and pieces and pieces[-1].code == code:
        pieces[-1] = Piece(pieces[-1].text + text, code)
    elif text:
        pieces.append(Piece(text, code))


def plain(text: Text) -> str:
    """Without the distinction of code, except that code of the template is in backticks where it could be mistaken for words."""
    return "".join(piece.text for piece in text)


def code(text: str) -> Text:
    return (Piece(text, True),)


def words(text: str) -> Text:
    return (Piece(text),)


def joined(parts: list[Text], separator: str = ", ", last: str = "") -> Text:
    """Texts with separators between them; `last` before the last one."""
    pieces = list[Piece]()
    for index, part in enumerate(parts):
        if index:
            pieces.append(Piece(last if last and index == len(parts) - 1 else separator))
        pieces += part
    return tuple(pieces)


@cache
def catalogue(language: str) -> dict[str, str]:
    """A catalogue's templates and their translations. The .po file is read as it is: nothing has to be compiled."""
    found: dict[str, str] = {}
    field, texts = "", {"msgid": "", "msgstr": ""}
    for line in [*(HOME / f"{language}.po").read_text(encoding="utf-8").splitlines(), 'msgid ""']:
        keyword, _, quoted = line.partition(" ")
        if keyword in texts:
            if keyword == "msgid" and texts["msgid"] and texts["msgstr"]:
                found[texts["msgid"]] = texts["msgstr"]
            field = keyword
            texts[field] = _unquoted(quoted)
        elif line.startswith('"') and field:
            texts[field] += _unquoted(line)
    return found


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text.strip()[1:-1])


MOST = 12
"""Names that are listed before `and N more`."""


def listed(names: list[str], most: int = MOST) -> Text:
    """Names as code, with commas, and how many more there are."""
    shown = [code(name) for name in names[:most]]
    if len(names) > most:
        return (*joined(shown), *say(" and {count} more", count=len(names) - most))
    return joined(shown, ", ", plain_and())


def plain_and() -> str:
    """What stands before the last of several."""
    return "".join(piece.text for piece in say(" and "))
