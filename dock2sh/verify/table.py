"""Who wrote a difference, and a row for each step: what it took on both sides."""

from collections.abc import Mapping, Sequence

from .case import Case, StepRow
from .compare import Difference
from .layers import Layer
from .reference import Built
from .side import Ours
from .steps import Looked


def placed(found: Difference, case: Case, mine: Ours, theirs: Built) -> Difference:
    """The difference with the step that wrote it: the layer that holds it tells, theirs or ours, else the time of our file."""
    if found.what in ("config", "history"):
        return found
    number = found.step or _last_with(found.where, their_layers(case, theirs)) or mine.writer.get(found.where, 0)
    line = next((step.line for step in case.steps if step.number == number), 0)
    return found._replace(step=number, line=line)


def their_layers(case: Case, theirs: Built) -> dict[int, Layer]:
    """Their layers by the steps that made them; none for a builder that squashes, or that makes no layer for some steps."""
    steps = case.layers()
    if len(steps) != len(theirs.layers):
        return {}
    return {step.number: layer for step, layer in zip(steps, theirs.layers, strict=True)}


def _last_with(path: str, layers: Mapping[int, Layer]) -> int:
    return max((number for number, layer in layers.items() if path in layer.paths), default=0)


def rows(case: Case, mine: Ours, theirs: Built, found: Sequence[Difference], looked: Looked | None) -> list[StepRow]:
    """Every step with its times and its size on both sides, and how many differences it wrote."""
    layers = their_layers(case, theirs)
    names = _names(case)
    times = {(stage, place): took for stage, place, took in theirs.times}
    return [
        StepRow(
            step.number,
            step.line,
            step.text,
            step.stage,
            mine.seconds.get(step.number, 0.0),
            next((times[name, step.place] for name in names[step.stage] if (name, step.place) in times), None),
            mine.sizes.get(step.number, 0),
            layers[step.number].size if step.number in layers else None,
            len(looked.found.get(step.number, ())) if looked else sum(one.step == step.number and not one.noise for one in found),
        )
        for step in case.steps
    ]


def our_rows(case: Case, mine: Ours, found: Sequence[Difference]) -> list[StepRow]:
    """Every step where nobody knows of theirs: a record has none."""
    return [
        StepRow(
            step.number,
            step.line,
            step.text,
            step.stage,
            mine.seconds.get(step.number, 0.0),
            None,
            mine.sizes.get(step.number, 0),
            None,
            sum(one.step == step.number and not one.noise for one in found),
        )
        for step in case.steps
    ]


def _names(case: Case) -> dict[str, tuple[str, ...]]:
    """What BuildKit may call a stage: its name, `stage-N`, or nothing if it is the only one."""
    return {
        row.key: (row.key, f"stage-{row.key}", "") if len(case.stages) == 1 else (row.key, f"stage-{row.key}")
        for row in case.stages
    }
