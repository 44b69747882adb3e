"""The instructions of the stages that are built, each with its shell text taken apart, which every rule looks at."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Apart, Understood, exec_apart, take_apart
from dock2sh.commands.matching import Part
from dock2sh.dockerfile.positions import Position, positions
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.model import Configure, Plan, Run, Stage, Step
from dock2sh.source import Place

_OTHER_LANGUAGES = ("python", "python3", "perl", "ruby", "node", "php", "pwsh", "powershell", "cmd")
"""Programs that SHELL may name and that read another language than a shell's."""


class Seen(NamedTuple):
    """A step that stands in the file itself (not a trigger of the base), and its instruction. `before` are the variables of its
    stage's beginning and of ENV and ARG above it; `file` is what it stands in."""

    stage: Stage
    step: Step
    node: Node
    apart: Apart | None
    before: tuple[tuple[str, str | None], ...] = ()
    file: Dockerfile | None = None

    def commands(self) -> Iterator[tuple[Understood, Known]]:
        """Its commands and those within them, each with the one that it stands in."""
        for understood in self.apart.found if self.apart else ():
            for known in understood.known.chain() if understood.known else ():
                yield understood, known

    def text(self) -> str:
        """What a RUN hands to its shell."""
        return handed(self.step) if isinstance(self.step, Run) else ""

    def place(self, understood: Understood, *parts: Part) -> Place | None:
        """Where parts of a command that follow one another stand in the file: all of them, or the last one if they are on
        several lines. None where they do not stand there as they are (another shell's escaped text, an exec form)."""
        offset = self._offset(understood)
        where = self._positions() if offset is not None else None
        if offset is None or where is None:
            return None
        (line, column), (last, end) = where[offset + parts[0].start], where[offset + parts[-1].end - 1]
        if line != last:
            return self.place(understood, parts[-1]) if len(parts) > 1 else None
        return Place(line, column, end - column + 1)

    def _offset(self, understood: Understood) -> int | None:
        """Where the command's text begins in the RUN's own: it is that text, or stands in it as a word (`sh -c '…'`)."""
        if self.apart is None or understood.text == self.apart.shell.text:
            return 0
        own = (each for each in self.apart.found if each.text == self.apart.shell.text and each.known)
        words = (word for each in own if each.known for known in each.known.chain() for word in known.scripts)
        return next((w.start + w.raw.index(w.value) for w in words if w.value == understood.text and w.value in w.raw), None)

    def _positions(self) -> list[Position] | None:
        if self.file is None or self.apart is None or self.apart.shell.text != self.text():
            return None
        return positions(self.node, self.text(), self.file.text.removeprefix("\ufeff").split("\n"), self.file.escape)


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
                found.append(Seen(stage, step, node, _apart(step), tuple(before.items()) if settings else (), dockerfile))
            if isinstance(step, Configure) and settings:
                before.update(step.pairs)
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
    if not step.shell:
        return exec_apart(step.argv)
    if PurePosixPath(step.shell[0].replace("\\", "/").lower()).stem in _OTHER_LANGUAGES:
        return None
    return take_apart(handed(step))


def handed(step: Run) -> str:
    """The text that a RUN hands to its shell, or to the program that its first line names."""
    return step.script.content if step.script else step.argv[-1]
