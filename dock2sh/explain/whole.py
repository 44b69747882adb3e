"""All that explain knows of a Dockerfile, put together: its lines, and what is told of the whole."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.explain import inventory, measures, picture, starting, summary, windows
from dock2sh.explain.assembly import Assembly
from dock2sh.explain.language import Text, plain
from dock2sh.explain.measured import Measurement
from dock2sh.explain.tree import Explanation, Reading, Remark, Stage
from dock2sh.model import Plan

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree


def title(plan: Plan, dockerfile: Dockerfile, name: str) -> str:
    return f"{name} · {plain(_size(plan, dockerfile))}"


def _size(plan: Plan, dockerfile: Dockerfile) -> Text:
    lines = dockerfile.text.count("\n") + (not dockerfile.text.endswith("\n"))
    stages = sum(node.keyword.lower() == "from" for node in dockerfile.nodes)
    return summary.size(plan, lines, len(dockerfile.nodes), stages)


def assemble(
    plan: Plan,
    dockerfile: Dockerfile,
    name: str,
    build_args: Mapping[str, str],
    remarks: tuple[Remark, ...],
    measurement: Measurement | None = None,
    tree: "Tree | None" = None,
) -> Explanation:
    maker = Assembly(plan, dockerfile, name, build_args, remarks, tree)
    if measurement:
        maker.measures = measures.by_line(measurement)
    stages = maker.stages()
    return Explanation(
        name,
        _size(plan, dockerfile),
        summary.sentence(plan, maker.did),
        picture.graph(dockerfile, plan),
        stages,
        windows.start(plan) if maker.windows else starting.start(plan),
        inventory.sections(plan, maker.did),
        remarks,
        summary.glossary(),
        _reading(stages),
        measures.account(measurement, plan) if measurement else None,
    )


def _reading(stages: tuple[Stage, ...]) -> Reading:
    found = [command for stage in stages for step in stage.steps for command in step.commands]
    parts = [part for command in found for part in command.parts]
    unknown = sum(part.kind == "unknown" for part in parts) + sum(not command.known for command in found)
    count = sum(any(part.kind not in ("operator", "redirect") for part in command.parts) for command in found)
    return Reading(count, sum(not command.known for command in found), len(parts), unknown)
