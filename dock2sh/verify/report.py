"""A verdict in words: for a terminal, and as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from .compare import Difference
from .noise import ROWS

STATUS = {"identical": 0, "equivalent": 0, "different": 1, "not built": 3, "inconclusive": 4}
SCHEMA = "dock2sh.verify/1"
_SHOWN = 50


class Verdict(NamedTuple):
    """The judge's answer. `verdict` is a key of STATUS; `notes` say what a reader must know besides (errors, the unchecked)."""

    verdict: str
    differences: tuple[Difference, ...] = ()
    files: int = 0
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The exit status: 0 the same, 1 different, 3 a side did not build, 4 inconclusive (2 is the command line's)."""
        return STATUS[self.verdict]


def text(answer: Verdict, colour: bool = False) -> str:
    """The answer as a person reads it: the verdict first, then what differs, then the noise by its reasons."""
    bold, red, green, plain = ("\033[1m", "\033[31m", "\033[32m", "\033[0m") if colour else ("", "", "", "")
    real = [difference for difference in answer.differences if not difference.noise]
    shade = green if answer.status == 0 else red
    lines = [f"{bold}{shade}{answer.verdict.upper()}{plain}  {_counts(answer, len(real))}"]
    lines += [_line(difference) for difference in real[:_SHOWN]]
    if len(real) > _SHOWN:
        lines.append(f"  ... and {len(real) - _SHOWN} more (--format json has all)")
    noise = Counter(difference.noise for difference in answer.differences if difference.noise)
    lines += [f"  {noise[row.code]:5} {row.code}: {row.reason}" for row in ROWS if noise[row.code]]
    return "\n".join([*lines, *(f"  note: {note}" for note in answer.notes)]) + "\n"


def as_json(answer: Verdict) -> str:
    """The answer for a program; `schema` names its shape."""
    rows: dict[str, Any] = {row.code: {"reason": row.reason, "witness": row.witness} for row in ROWS}
    used = {difference.noise for difference in answer.differences}
    whole = {
        "schema": SCHEMA,
        "verdict": answer.verdict,
        "status": answer.status,
        "files": answer.files,
        "differences": [difference._asdict() for difference in answer.differences],
        "noise": {code: row for code, row in rows.items() if code in used},
        "notes": list(answer.notes),
    }
    return json.dumps(whole, indent=1, ensure_ascii=True) + "\n"


def _counts(answer: Verdict, real: int) -> str:
    if answer.status == STATUS["not built"]:
        return "a side did not build"
    return f"{answer.files} files, {real} differences, {len(answer.differences) - real} of known noise"


def _line(difference: Difference) -> str:
    if difference.what in ("missing", "extra"):
        there = difference.theirs if difference.what == "missing" else difference.ours
        return f"  {difference.what:10} {_printable(difference.where)}  ({there})"
    where, ours, theirs = (_printable(part) for part in (difference.where, difference.ours, difference.theirs))
    return f"  {difference.what:10} {where}\n             docker {theirs}\n             ours   {ours}"


def _printable(name: str) -> str:
    """A file name that can do a terminal no harm: control characters and stray bytes are escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def describe(differences: Sequence[Difference]) -> str:
    """The differences alone, a line or three each; for a failing test's message."""
    return "\n".join(_line(difference) for difference in differences)
