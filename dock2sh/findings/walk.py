"""The instructions of the stages that are built, each with its shell text taken apart, which every rule looks at."""

from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Apart, Understood, exec_apart, run_apart
from dock2sh.commands.known import Part
from dock2sh.dockerfile.positions import Position, positions
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.model import Configure, Plan, Run, Stage, Step
from dock2sh.source import Place


class Seen(NamedTuple):
    """A step that stands in the file itself (not a trigger of the base), and its instruction. `before` are the variables of its
    stage's beginning and of ENV and ARG above it; `file` is what it stands in. `later`: an ONBUILD's, done in another image.
    """

    stage: Stage
    step: Step
    node: Node
    apart: Apart | None
    before: tuple[tuple[str, str | None], ...] = ()
    file: Dockerfile | None = None
    later: bool = False

    def commands(self) -> Iterator[tuple[Understood, Known]]:
        """Its commands and those within them, each with the one that it stands in."""
        for understood in self.apart.found if self.apart else ():
            for known in understood.known.chain() if understood.known else ():
                yield understood, known

    def text(self) -> str:
        """What a RUN hands to its shell."""
        return self.step.handed() if isinstance(self.step, Run) else ""

    def place(self, understood: Understood, *parts: Part) -> Place | None:
        """Where parts of a command that follow one another stand in the file: all of them, or the last one if they are on
        several lines. None where they do not stand there as they are (another shell's escaped text, an exec form)."""
        positions = self.positions() if understood.where is not None else None
        if understood.where is None or positions is None:
            return None
        (line, column), (last, end) = (positions[understood.where[at]] for at in (parts[0].start, parts[-1].end - 1))
        if line != last:
            return self.place(understood, parts[-1]) if len(parts) > 1 else None
        return Place(line, column, end - column + 1)

    def point(self, near: str) -> Place | None:
        """Where a word of a command stands, or the words of a command's name. None where it is not one, or not a shell's."""
        for understood, known in self.commands():
            named = tuple(part for part in known.parts if part.kind in ("command", "subcommand"))
            if near in (known.title, named[0].text):
                return self.place(understood, *(named if near == known.title else named[:1]))
        parts = ((understood, part) for understood, known in self.commands() for part in known.parts)
        found = next(((understood, part) for understood, part in parts if near in (part.text, part.value)), None)
        return self.place(*found) if found else None

    def positions(self) -> list[Position] | None:
        """Where each character of the RUN's own text stands in the file; None where that cannot be told."""
        if self.file is None or self.apart is None or self.apart.shell.text != self.text():
            return None
        return positions(self.node, self.text(), self.file.text.removeprefix("\ufeff").split("\n"), self.file.escape)


def seen(plan: Plan, dockerfile: Dockerfile) -> list[Seen]:
    """All of them, in the order of the stages; what ONBUILDs will do behind the steps of theirs."""
    from dock2sh.plan.triggers import triggered

    nodes = {node.span.first: node for node in dockerfile.nodes}
    found = list[Seen]()
    for stage in plan.stages:
        before: dict[str, str | None] = dict(stage.start_env)
        for step in stage.steps:
            node = nodes.get(step.span.first)
            settings = isinstance(step, Configure) and step.keyword in ("ENV", "ARG")
            if node is not None and not step.onbuild:
                found.append(
                    Seen(
                        stage,
                        step,
                        node,
                        _apart(step),
                        tuple(before.items()) if settings or isinstance(step, Run) else (),
                        dockerfile,
                    )
                )
            if isinstance(step, Configure) and settings:
                before.update(step.pairs)
        noted = [one.node for one in found if one.stage is stage and one.node.keyword.lower() == "onbuild"]
        for node, step in triggered(stage, tuple(noted), dockerfile.escape) if noted else ():
            found.append(Seen(stage, step, node, _apart(step), (), dockerfile, True))
    return found


def written(understood: Understood, known: Known) -> list[str]:
    """The files that a command writes to, as far as its words tell."""
    tool, paths = known.title.partition(" ")[0], known.words("path")
    in_place = tool == "sed" and any(part.text.startswith(("-i", "--in-place")) for part in known.parts)
    found = [each.target.strip("'\"") for each in understood.command.redirects if each.operator in (">", ">>", ">|", "&>")]
    return [*found, *(paths if tool == "tee" or in_place else paths[-1:] if tool in ("cp", "mv", "ln", "install") else ())]


def _apart(step: Step) -> Apart | None:
    if not isinstance(step, Run):
        return None
    return run_apart(step.shell, step.handed(), step.script is not None) if step.shell else exec_apart(step.argv)
