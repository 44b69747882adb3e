"""What docker calls a step while it builds: `[2/3] RUN echo 1` for `RUN echo $A` where A is 1 (BuildKit's processCmdEnv)."""

from dock2sh.dockerfile.heredocs import heredoc_of
from dock2sh.dockerfile.syntax import Node
from dock2sh.dockerfile.words import expand, shown
from dock2sh.model import Copy, Fetch, MakeDirectory, Run
from dock2sh.plan.builder import StageBuilder
from dock2sh.source import Refused


def entitle(stage: StageBuilder, node: Node, first: int) -> None:
    """Give the steps that the instruction has made, from `first` on, its title."""
    for number, step in enumerate(stage.steps[first:], first):
        if isinstance(step, (Run, Copy, Fetch, MakeDirectory)):
            stage.steps[number] = step._replace(title=_title(stage, node, isinstance(step, Run)))


def _title(stage: StageBuilder, node: Node, is_run: bool) -> str:
    """With the values of variables, those of a RUN only where they are set; as it is written where that cannot be."""
    keyword, blanks, rest = node.original.strip().partition(" ")
    text = keyword.upper() + blanks + rest
    if is_run and len(node.heredocs) == 1 and heredoc_of(" ".join(node.args)):
        text += f" ({_summary(node.heredocs[0].content)})"
    try:
        return (shown if is_run else expand)(text, stage.variables.get, stage.shared.escape)
    except Refused:
        return text


def _summary(content: str) -> str:
    first, more, _ = content.strip().replace("\r\n", "\n").partition("\n")
    return f"{first}..." if more else first
