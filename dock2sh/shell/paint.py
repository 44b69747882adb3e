"""The painting: which parts of a shell text bashlex must not see, and what it sees in their place, as long as they."""

from typing import NamedTuple

ENDS_WORD = frozenset(" \t\n\r\v\f;&|()<>")


class Region(NamedTuple):
    """A painted part. `inner` are the slices in it that hold commands, of a `case` its arms.

    `asked` are those in what a `case` asks, and of a `[[ ]]` its words.
    """

    kind: str
    start: int
    end: int
    inner: tuple[tuple[int, int], ...] = ()
    asked: tuple[tuple[int, int], ...] = ()


def paint(text: str, regions: list[Region]) -> str:
    """`text` with each region painted over, and whatever else is not plain ASCII made a letter."""
    out = [char if " " <= char <= "~" or char == "\n" else " " if char.isspace() else "w" for char in text]
    for region in regions:
        out[region.start : region.end] = _paint(region, text)
    return "".join(out)


def _paint(region: Region, text: str) -> str:
    size = region.end - region.start
    if region.kind == "select":
        return "for   "
    if region.kind in ("blank", "body", "time", "coproc"):
        continued = region.kind == "blank" and text[region.start] == "\\" and _in_word(text, region)
        return ("w" if continued else " ") * size
    if region.kind in ("case", "condition", "arithmetic"):
        return ": " + "w" * (size - 2)
    if region.kind == "for":
        return "w in " + "w" * (size - 5)
    return "<" + "w" * (size - 1) if region.kind == "heredoc" else "w" * size


def _in_word(text: str, region: Region) -> bool:
    """Whether a continued line breaks a word in two."""
    before, after = text[: region.start][-1:], text[region.end : region.end + 1]
    return bool(before and after) and before not in ENDS_WORD and after not in ENDS_WORD
