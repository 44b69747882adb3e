"""A Dockerfile, gone over: instruction by instruction, in the order of the file, each with what it does and means."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dock2sh.commands.apart import Apart, begins_with_errexit, run_apart, take_apart
from dock2sh.dockerfile.markers import marked
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.emit.manual import by_hand
from dock2sh.explain import commands, effects, inventory, starting, windows
from dock2sh.explain.brought import placed
from dock2sh.explain.language import Text, listed, say
from dock2sh.explain.places import of_run
from dock2sh.explain.replaced import replaced, users
from dock2sh.explain.scope import (
    Globals,
    Scope,
    assigned_in,
    expanded_in,
    global_scope,
    overwritten_in,
    reads_on,
    scopes,
    shown,
    used,
)
from dock2sh.explain.tree import Command, Measures, Remark, Stage, Step, Variable
from dock2sh.model import Configure, Plan, Run
from dock2sh.model import Stage as PlanStage
from dock2sh.model import Step as PlanStep
from dock2sh.plan.triggers import triggered

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree


class Assembly:
    """One pass over the file's instructions. `did` collects what the lists and the summary are made of."""

    def __init__(
        self,
        plan: Plan,
        dockerfile: Dockerfile,
        name: str,
        build_args: Mapping[str, str],
        remarks: tuple[Remark, ...],
        tree: "Tree | None",
    ) -> None:
        self.plan, self.dockerfile, self.windows = plan, dockerfile, plan.for_windows()
        self.shared: Globals = global_scope(dockerfile, plan, build_args)
        self.lines = dockerfile.text.split("\n")
        self.did: list[inventory.Did] = []
        self.remarks: dict[int, list[Remark]] = {}
        for remark in remarks:
            self.remarks.setdefault(remark.line, []).append(remark)
        hand = by_hand(plan, name, dockerfile.text, dockerfile.escape, tree)
        self.begins = {stage.index: begin for stage, begin in zip(plan.stages, hand.begins, strict=True)}
        self.started = hand.start
        self.ends: dict[str, Scope] = {}
        self.later: dict[int, tuple[PlanStep, Scope]] = {}
        self.scoped: dict[int, list[tuple[PlanStep, Scope, tuple[str, ...]]]] = {}
        self._scope(hand.steps)
        self.ran = False
        self.replaced, self.users = replaced(plan), users(plan)
        begun = next((node.span.first for node in dockerfile.nodes if node.keyword.lower() == "from"), 0)
        self.own_arguments = frozenset(node.span.first for node in dockerfile.nodes if node.span.first < begun)
        self.measures: dict[int, list[Measures]] = {}
        self.marks = {each.node.span.first: each.mark for each in marked(dockerfile)}

    def _scope(self, hands: tuple[tuple[str, ...], ...]) -> None:
        """Each step with what it sees and what one would type, by the line that it begins at."""
        at, chain = 0, {stage.key for stage in self.plan.chain()}
        for stage in self.plan.stages:
            seen = scopes(stage, self.shared, self.ends, stage.key in chain)
            self.ends[stage.key] = seen[-1]
            for step, scope in zip(stage.steps, seen, strict=False):
                self.scoped.setdefault(step.span.first, []).append((step, scope, hands[at]))
                at += 1
            nodes = {node.span.first: node for node in self.dockerfile.nodes if node.keyword.lower() == "onbuild"}
            noted = tuple(nodes[step.span.first] for step in stage.steps if not step.onbuild and step.span.first in nodes)
            for node, step in triggered(stage, noted, self.dockerfile.escape) if noted else ():
                self.later.setdefault(node.span.first, (step, seen[-1]))

    def stages(self) -> tuple[Stage, ...]:
        """What stands before the first FROM, then each stage."""
        groups: list[list[Node]] = [[]]
        for node in self.dockerfile.nodes:
            if node.keyword.lower() == "from":
                groups.append([])
            groups[-1].append(node)
        needed = {stage.index: stage for stage in self.plan.stages}
        made = list[Stage]()
        if groups[0]:
            steps = tuple(self._global(node) for node in groups[0])
            made.append(Stage(say("Before the first stage"), "", "", True, False, steps))
        for index, nodes in enumerate(groups[1:]):
            made.append(self._stage(needed[index], nodes) if index in needed else self._unused(index, nodes))
        return tuple(made)

    def _stage(self, stage: PlanStage, nodes: list[Node]) -> Stage:
        target = stage is self.plan.stages[-1]
        steps = [
            self._from(stage, nodes[0]),
            *(self._node(node) if not stage.replaced else self._undone(node) for node in nodes[1:]),
        ]
        starts = [index for index, step in enumerate(steps) if step.keyword in ("CMD", "ENTRYPOINT")]
        if target and starts and not self.windows:
            steps[starts[-1]] = steps[starts[-1]]._replace(by_hand=(self.started,))
        return Stage(_title(stage, target), stage.base, stage.name, True, target, tuple(steps))

    def _undone(self, node: Node) -> Step:
        """An instruction of a stage whose place a named context has taken. Its ONBUILD counts all the same."""
        if node.keyword.lower() == "onbuild":
            return self._step(node, "record", (), ())
        return self._step(node, "unused", (), [say("Not done: a build context takes the place of this stage.")])

    def _unused(self, index: int, nodes: list[Node]) -> Stage:
        name = nodes[0].args[2].lower() if len(nodes[0].args) == 3 else str(index)
        steps = [self._step(node, "unused", (), ()) for node in nodes]
        return Stage(
            say("Stage {name}: not built, because nothing that the image needs comes from it", name=name),
            nodes[0].args[0],
            name,
            False,
            False,
            tuple(steps),
        )

    # ---- single instructions

    def _step(
        self,
        node: Node,
        phase: str,
        place: Text,
        does: tuple[Text, ...] | list[Text],
        hand: tuple[str, ...] = (),
        variables: tuple[Variable, ...] = (),
        found: tuple[Command, ...] = (),
        unread: tuple[tuple[str, Text], ...] = (),
    ) -> Step:
        if self.windows:  # what one types there is no POSIX shell's, and neither are the variables of PowerShell
            hand, variables = (), () if node.keyword.upper() in ("RUN", "SHELL", "CMD", "ENTRYPOINT") else variables
        source = "\n".join(line.rstrip("\r") for line in self.lines[node.span.first - 1 : node.span.last])
        lines = range(node.span.first, node.span.last + 1)
        remarks = tuple(remark for line in lines for remark in self.remarks.get(line, ()))
        mark = self.marks.get(node.span.first)
        does = [*does, *([effects.of_mark(mark)] if mark else [])]
        return Step(
            node.span.first, node.span.last, node.keyword.upper(), source, phase, place, tuple(does), hand, variables, found,
            unread, remarks, mark.text if mark else "", tuple(self.measures.get(node.span.first, ())),
        )  # fmt: skip

    def _global(self, node: Node) -> Step:
        names = [word.partition("=")[0] for word in node.args]
        does = [
            say(
                "A value that `docker build --build-arg` can change: {names}. `FROM` lines see it; inside a stage it counts"
                " only where `ARG` names it again.",
                names=listed(names),
            ),
            *self._users(names),
        ]
        variables = shown(names, self.shared.variables, True, frozenset())
        return self._step(node, "choose", (), does, (), variables)

    def _users(self, names: list[str]) -> list[Text]:
        """The lines that make use of arguments before the first FROM."""
        lines = list[str]()
        for node in self.dockerfile.nodes:
            keyword = node.keyword.lower()
            again = keyword == "arg" and any(word.partition("=")[0] in names for word in node.args)
            begins_argument = node.span.first in self.own_arguments and any(
                set(names) & set(used(word.partition("=")[2])) for word in node.args
            )
            begins = keyword == "from" and bool(set(names) & set(used(node.original)))
            if begins or begins_argument or (again and node.span.first not in self.own_arguments):
                lines.append(str(node.span.first))
        return [say("Used in line {lines}.", lines=", ".join(lines[:8]) + (", …" if len(lines) > 8 else ""))] if lines else []

    def _from(self, stage: PlanStage, node: Node) -> Step:
        does = effects.of_from(stage, self.plan, node.args[0])
        triggered = [step for step, _, _ in self.scoped.get(node.span.first, ()) if step.onbuild]
        does += [
            say("The base brings along `ONBUILD {instruction}`, which is done first.", instruction=" ".join(step.text.split()))
            for step in triggered
        ]
        for step, scope, _ in self.scoped.get(node.span.first, ()):
            self._remember(step, scope)
        variables = shown(used(node.original), self.shared.variables, True, frozenset())
        hand = tuple(line.removeprefix("# ") for line in self.begins[stage.index].split("\n") if line)
        return self._step(node, "choose", (), does, hand, variables)

    def _remember(self, step: PlanStep, scope: Scope) -> Apart | None:
        apart = _apart(step)
        self.did.append(inventory.Did(scope.stage, step, apart))
        return apart

    def _node(self, node: Node) -> Step:
        entries = self.scoped.get(node.span.first, [])
        if not entries:
            return self._step(node, "record", (), ())
        if node.span.first in self.later:
            return self._onbuild(node, self.later[node.span.first], entries[0])
        step, scope, _ = entries[0]
        does, hand = list[Text](), list[str]()
        apart = None
        for each, scope_, typed in entries:
            seen = scope_._replace(until=self.users.get(each.span.first, 0))
            apart = self._remember(each, seen) or apart
            by = self.replaced.get(each.span.first) if isinstance(each, Configure) else None
            told = [effects.of_replaced(*by)] if by else effects.of_step(each, seen, isinstance(each, Run) and not self.ran)
            does += windows.of_step(each, told) if self.windows else told
            self.ran = self.ran or isinstance(each, Run)
            hand += typed
        found, unread, variables = self._shell(node, step, scope, apart)
        there = self.ends[scope.stage.key] if isinstance(step, Configure) else scope  # a container begins with all that there is
        found = placed(found, there.path(), there.cwd, there.brought.while_it_runs(step))
        place = of_run(step, scope) if isinstance(step, Run) and not self.windows else ()
        phase = "replaced" if node.span.first in self.replaced else effects.PHASES.get(node.keyword.upper(), "build")
        return self._step(node, phase, place, does, tuple(hand), variables, found, unread)

    def _onbuild(self, node: Node, later: tuple[PlanStep, Scope], entry: tuple[PlanStep, Scope, tuple[str, ...]]) -> Step:
        """An ONBUILD, and what it will do `later`, where it sees what the stage leaves at its end."""
        (step, end), (noted, now, typed) = later, entry
        self._remember(noted, now)
        does = effects.of_step(noted, now, False)
        if not isinstance(step, Configure):
            there = effects.of_step(step, end, False)
            does += [say("What it does there:"), *there] if there else []
        if not isinstance(step, Run):
            return self._step(node, "record", (), does, typed)
        env = dict(pair.partition("=")[::2] for pair in end.stage.config.get("Env") or ())
        scope = end._replace(variables={name: origin for name, origin in end.variables.items() if name in env})
        found, unread, variables = self._shell(node.child or node, step, scope, _apart(step))
        return self._step(node, "record", of_run(step, scope), does, typed, variables, found, unread)

    def _shell(
        self, node: Node, step: PlanStep, scope: Scope, apart: Apart | None
    ) -> tuple[tuple[Command, ...], tuple[tuple[str, Text], ...], tuple[Variable, ...]]:
        """The commands of a RUN, CMD, ENTRYPOINT or HEALTHCHECK, what of it could not be read, and its variables."""
        texts = [each.content for each in node.heredocs if each.expand and node.keyword.upper() in ("COPY", "ADD")]
        names, assigned = used("\n".join([node.original, *texts])), frozenset[str]()
        if isinstance(step, Configure) and step.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            words_ = step.words[1:] if step.keyword == "HEALTHCHECK" else step.words
            before = tuple(scope.stage.config.get("Entrypoint") or ()) if step.keyword == "CMD" else ()
            if before and starting.form_of(list(before)).shell:
                return (), (), ()
            if before:
                return (commands.told((*before, *words_), before[0]) if words_ else ()), (), ()
            if node.json:
                return (commands.exec_form(words_, None, False) if words_ else ()), (), ()
            apart = take_apart(words_[-1], errexit=begins_with_errexit(words_[:-2])) if words_ else None
            scope = self._in_a_container(scope)
        elif isinstance(step, Run) and not step.shell:
            return commands.exec_form(step.argv, None), (), ()
        if apart is None:
            return (), (), shown(names, scope.variables, scope.known, assigned)
        text = apart.shell.text
        assigned = assigned_in(apart)
        live = frozenset(expanded_in(apart))
        known = scope.variables.keys() - overwritten_in(apart)
        names = [name for name in used(text) if name in known or (name in live and name not in assigned)]
        unread = tuple((part, say(_WHY_SAY.get(why, "not understood"))) for part, why in apart.unread)
        return (
            commands.commands(apart, scope, scope.building),
            unread,
            shown(names, scope.variables, scope.known, assigned, scope.arguments, reads_on(apart) < len(text), shell=True),
        )

    def _in_a_container(self, scope: Scope) -> Scope:
        """What a command sees that runs when a container does: the environment of the image, and no ARG."""
        stage = self.plan.stages[-1] if scope.stays else scope.stage
        end = self.ends[stage.key].variables
        env = dict(pair.partition("=")[::2] for pair in stage.config.get("Env") or ())
        kept = {name: end[name] for name, value in env.items() if name in end and end[name].value == value}
        arguments = frozenset(end) - frozenset(kept)
        return scope._replace(variables=kept, arguments=arguments, building=False)


def _apart(step: PlanStep) -> Apart | None:
    if not isinstance(step, Run) or not step.shell:
        return None
    return run_apart(step.shell, step.handed(), step.script is not None)


_WHY_SAY = {
    "too long": "too long to be taken apart",
    "nested too deeply": "nested too deeply to be taken apart",
    "not understood": "not understood",
}


def _title(stage: PlanStage, target: bool) -> Text:
    name = stage.name or str(stage.index)
    return say("Stage {name}: it becomes the image", name=name) if target else say("Stage {name}", name=name)
