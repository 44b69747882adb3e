"""What an ONBUILD of this file will do, in an image that begins with this one: a step as it would be planned there.

The planner itself only stores its text. Who explains or checks a file wants to know more, long before there is such an image.
"""

from collections.abc import Iterator

from dock2sh.dockerfile.syntax import Node
from dock2sh.model import Stage, Step
from dock2sh.plan.builder import Globals, StageBuilder
from dock2sh.plan.stages import command_of
from dock2sh.source import Refused


def triggered(stage: Stage, nodes: tuple[Node, ...], escape: str) -> Iterator[tuple[Node, Step]]:
    """Each step that the ONBUILDs among the nodes, those of the stage, will do, with the instruction behind the word ONBUILD.

    They see what the stage leaves behind, and one another. What docker will refuse there is left out: it may be meant for a
    newer docker, and nobody asks this one.
    """
    onbuild = [node for node in nodes if node.keyword.lower() == "onbuild" and node.child]
    builder = StageBuilder(Globals({}, escape), stage.key, stage.known, {**stage.config, "OnBuild": None})
    for node in onbuild:
        assert node.child
        child, done = node.child._replace(span=node.span, heredocs=node.heredocs), len(builder.steps)
        try:
            command = command_of(child, node.span, onbuild=True)
            builder.begin(child, node.span, onbuild=True)
            command.keyword.plan(builder, child, command.flags)
        except Refused:
            continue
        yield from ((child, step) for step in builder.steps[done:])
