"""What an engine does not reproduce itself. Learned by comparing its builds of the same with each other; only that is excused."""

import os.path
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .compare import Difference

CODE = "calibrated"
REASON = "the engine's own builds of this do not agree here (--calibrate)"


class Shown(NamedTuple):
    """What the engine has shown against itself: places, and patterns of names that are made anew each time (mktemp)."""

    places: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()


def learn(shown: Shown, found: Iterable[Difference]) -> Shown:
    """What was shown until now and by these differences between two builds."""
    differences = list(found)
    places = {(one.where, one.what) for one in differences}
    alone = [[one.where for one in differences if one.what == what] for what in ("missing", "extra")]
    names = {pattern for one in alone[0] for two in alone[1] if (pattern := _alike(one, two))}
    return Shown(shown.places | places, shown.names | names)


def excused(found: Sequence[Difference], shown: Shown) -> list[Difference]:
    """The differences, those excused that the engine has shown, and none else: a row of noise is not enough here."""
    return [one._replace(noise=(one.noise or CODE) if _was_shown(one, shown) else "") for one in found]


def _was_shown(one: Difference, shown: Shown) -> bool:
    if one.what in ("config", "history"):
        return False
    if (one.where, one.what) in shown.places:
        return True
    return one.what in ("missing", "extra") and any(re.fullmatch(name, one.where) for name in shown.names)


def _alike(one: str, two: str) -> str:
    """The pattern of two names of one directory that differ in a part of the same length in both; "" if they do not.

    What is in a directory of such a name follows it.
    """
    if len(one) != len(two) or os.path.dirname(one) != os.path.dirname(two):
        return ""
    same = [left == right for left, right in zip(one, two, strict=True)]
    start, end = _widened(one, same.index(False), same[::-1].index(False))
    middle = len(one) - start - end
    return f"{re.escape(one[:start])}[^/]{{{middle}}}{re.escape(one[len(one) - end :])}(/.*)?" if middle >= 4 else ""


def _widened(name: str, start: int, end: int) -> tuple[int, int]:
    """Random letters may agree by chance: the varying part reaches to the next sign that is neither letter nor digit."""
    folder = name.rfind("/") + 1
    while start > folder and name[start - 1].isalnum():
        start -= 1
    while end and name[len(name) - end].isalnum():
        end -= 1
    return start, end
