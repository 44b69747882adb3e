"""A verdict in words: for a terminal, and as JSON."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import oddities
from .calibrate import CODE, REASON
from .case import StageRow, StepRow
from .compare import Difference
from .engines import Failure
from .noise import NAMES, ROWS

STATUS = {"identical": 0, "equivalent": 0, "different": 1, "not built": 3, "inconclusive": 4}
SCHEMA = "dock2sh.verify/1"
_SHOWN = 50
_WIDE = 90


class Verdict(NamedTuple):
    """The judge's answer. `verdict` is a key of STATUS; `notes` say what a reader must know besides (errors, the unchecked).

    `sides` say who was compared, `steps` and `stages` how the image comes about, `configs` are ours and theirs, `size` the bytes
    that were compared, `first` the differences after the first step that shows any (`--each-step`), `name` what was verified,
    `failures` how our side and theirs failed where neither builds it (and how without the steps of these: rivals.py).
    """

    verdict: str
    differences: tuple[Difference, ...] = ()
    files: int = 0
    notes: tuple[str, ...] = ()
    sides: tuple[str, str] = ("the script", "docker")
    steps: tuple[StepRow, ...] = ()
    stages: tuple[StageRow, ...] = ()
    configs: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    size: int = 0
    first: tuple[Difference, ...] = ()
    name: str = ""
    failures: tuple[Failure, ...] = ()

    @property
    def status(self) -> int:
        """The exit status: 0 the same, 1 different, 3 a side did not build, 4 inconclusive (2 is the command line's)."""
        return STATUS[self.verdict]

    @property
    def real(self) -> tuple[Difference, ...]:
        """The differences that nothing excuses."""
        return tuple(difference for difference in self.differences if not difference.noise)

    @property
    def reasons(self) -> dict[str, tuple[int, str, str]]:
        """Each code that excuses differences here: how often, its reason, its witness."""
        counts = Counter(difference.noise for difference in self.differences if difference.noise)
        return {code: (counts[code], *_reasons()[code]) for code in sorted(counts)}


def _reasons() -> dict[str, tuple[str, str]]:
    noise = {row.code: (row.reason, row.witness) for row in (*ROWS, *NAMES)}
    odd = {row.code: (row.reason, row.witness) for row in oddities.ROWS}
    from .machines import ROWS as MERGED
    from .machines import SERVICE_ROWS, TREE_ROWS

    host = {row.code: (row.reason, row.witness) for row in (*MERGED, *TREE_ROWS, *SERVICE_ROWS)}
    return {**noise, **odd, **host, CODE: (REASON, "the builds of this run")}


def text(answer: Verdict, colour: bool = False) -> str:
    """The answer as a person reads it: the verdict first, then what differs, then the noise by its reasons."""
    bold, red, green, plain = ("\033[1m", "\033[31m", "\033[32m", "\033[0m") if colour else ("", "", "", "")
    shade = green if answer.status == 0 else red
    lines = [f"{bold}{shade}{answer.verdict.upper()}{plain}  {_counts(answer)}"]
    if len(answer.real) > 1:
        lines.append(f"  {_kinds(answer.real)}")
    if first := _first(answer):
        lines.append(f"  first at {first}")
    folded = _folded(answer.real)
    lines += [line for one, more in folded[:_SHOWN] for line in _lines(one, more, label(answer.sides[1]))]
    if len(folded) > _SHOWN:
        lines.append(f"  ... and {len(folded) - _SHOWN} more (--format json has all)")
    lines += [f"  {count:5} {code}: {reason}" for code, (count, reason, _) in answer.reasons.items()]
    return "\n".join([*lines, *map(_note, answer.notes)]) + "\n"


def as_json(answer: Verdict) -> str:
    """The answer for a program; `schema` names its shape."""
    return json.dumps(as_object(answer), indent=1, ensure_ascii=True) + "\n"


def as_object(answer: Verdict) -> dict[str, Any]:
    """What `--format json` writes, as an object."""
    return {
        "schema": SCHEMA,
        "name": answer.name,
        "verdict": answer.verdict,
        "status": answer.status,
        "sides": list(answer.sides),
        "files": answer.files,
        "bytes": answer.size,
        "differences": [difference._asdict() for difference in answer.differences],
        "first": [difference._asdict() for difference in answer.first],
        "noise": {code: {"count": count, "reason": reason, "witness": witness}
                  for code, (count, reason, witness) in answer.reasons.items()},
        "steps": [step._asdict() for step in answer.steps],
        "stages": [stage._asdict() for stage in answer.stages],
        "config": dict(zip(("ours", "theirs"), answer.configs, strict=True)),
        "notes": list(answer.notes),
    }  # fmt: skip


def _note(note: str) -> str:
    """A note; what a program printed has more lines than one."""
    return "\n        ".join(map(printable, f"  note: {note}".split("\n")))


def label(side: str) -> str:
    """A side in a word: the engine's name; of a record or an archive there is none."""
    word = side.split()[0]
    return word if word in ("docker", "podman", "buildah") else "theirs"


def _counts(answer: Verdict) -> str:
    if answer.status == STATUS["not built"]:
        return "a side did not build"
    if not answer.files:
        return "both sides refuse it" if answer.status == 0 else "nothing was compared"
    real = len(answer.real)
    noise = len(answer.differences) - real
    return f"{answer.files} files, {real} difference{'s' * (real != 1)}, {noise} of known noise"


def _kinds(differences: Sequence[Difference]) -> str:
    """How many of each kind, and of each step: what one sees before reading."""
    kinds = Counter(one.what for one in differences)
    steps = Counter(one.step for one in differences if one.step)
    words = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    places = ", ".join(f"{count} in step {step}" for step, count in sorted(steps.items())[:8])
    return f"{words}{f'  ({places})' if len(steps) > 1 else ''}"


def _first(answer: Verdict) -> str:
    """The first step that differs, in words; "" if nobody knows it."""
    guilty = sorted((one.step, one.line) for one in (answer.first or answer.real) if one.step)
    if not guilty:
        return ""
    words = next((f": {_short(step.text)}" for step in answer.steps if step.number == guilty[0][0]), "")
    gone = "" if answer.real else ", and the same again at the end"
    return f"step {guilty[0][0]} (line {guilty[0][1]}){printable(words)}{gone}"


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[:_WIDE]}..."


def _folded(differences: Sequence[Difference]) -> list[tuple[Difference, int]]:
    """The differences, what is below a directory that one side has alone folded into it: how many files these are."""
    found: list[tuple[Difference, int]] = []
    for one in differences:
        last = found[-1][0] if found else None
        if last and one.what == last.what in ("missing", "extra") and one.where.startswith(f"{last.where}/"):
            found[-1] = (last, found[-1][1] + 1)
        else:
            found.append((one, 0))
    return found


def _lines(one: Difference, more: int = 0, engine: str = "docker") -> list[str]:
    where = printable(one.where) + (f"  [step {one.step}, line {one.line}]" if one.line else "")
    if one.what in ("missing", "extra"):
        there = one.theirs if one.what == "missing" else one.ours
        lines = [f"  {one.what:10} {where}  ({there}{f', and {more} files below' if more else ''})"]
    else:
        lines = [f"  {one.what:10} {where}", *_pair(one, engine)]
    lines += [f"             {printable(line)}" for line in one.detail.splitlines()]
    return lines + [f"             {word}: {printable(text)}" for word, text in (("why", one.cause), ("do", one.cure)) if text]


def _pair(one: Difference, engine: str) -> list[str]:
    width = max(len(engine), 6)
    return [f"             {who:{width}} {printable(value)}" for who, value in ((engine, one.theirs), ("ours", one.ours))]


def printable(name: str) -> str:
    """A file name that can do a terminal no harm: control characters and stray bytes are escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def describe(differences: Sequence[Difference]) -> str:
    """The differences alone, a line or three each; for a failing test's message."""
    return "\n".join(line for one in differences for line in _lines(one))
