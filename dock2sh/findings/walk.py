"""The instructions of the stages that are built, each with its shell text taken apart, which every rule looks at."""

from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Apart, Understood, exec_apart, take_apart
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.model import Configure, Plan, Run, Stage, Step


class Seen(NamedTuple):
    """A step that stands in the file itself (not a trigger of the base), and its instruction. `before` are the variables of its
    stage's beginning and of ENV and ARG above it."""

    stage: Stage
    step: Step
    node: Node
    apart: Apart | None
    before: tuple[tuple[str, str | None], ...] = ()

    def commands(self) -> Iterator[tuple[Understood, Known]]:
        """Its commands and those within them, each with the one that it stands in."""
        for understood in self.apart.found if self.apart else ():
            for known in understood.known.chain() if understood.known else ():
                yield understood, known


def seen(plan: Plan, dockerfile: Dockerfile) -> list[Seen]:
    """All of them, in the order of the stages."""
    nodes = {node.span.first: node for node in dockerfile.nodes}
    found = list[Seen]()
    for stage in plan.stages:
        before: dict[str, str | None] = dict(stage.start_env)
        for step in stage.steps:
            node = nodes.get(step.span.first)
            settings = isinstance(step, Configure) and step.keyword in ("ENV", "ARG")
            if node is not None and not step.onbuild:
                found.append(Seen(stage, step, node, _apart(step), tuple(before.items()) if settings else ()))
            if isinstance(step, Configure) and settings:
                before.update(step.pairs)
    return found


def _apart(step: Step) -> Apart | None:
    if not isinstance(step, Run):
        return None
    if not step.shell:
        return exec_apart(step.argv)
    return take_apart(step.script.content if step.script else step.argv[-1])
