"""The stage graph: which stages there are, what they are built from, which the target needs (semantics.md 1.2)."""

from typing import TYPE_CHECKING, NamedTuple

from dock2sh.dockerfile.flags import Flags
from dock2sh.dockerfile.gotext import atoi, did_you_mean, quoted
from dock2sh.dockerfile.lines import KEYWORDS as NAMES
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.dockerfile.words import expand
from dock2sh.instructions import KEYWORDS, Keyword
from dock2sh.instructions.stage import parse_from
from dock2sh.plan import platforms
from dock2sh.plan.builder import Globals
from dock2sh.plan.contexts import Contexts, check_stage_name
from dock2sh.source import Refused, Span, located, refuse

if TYPE_CHECKING:
    from dock2sh.plan.watch import Watch


class Command(NamedTuple):
    """An instruction that passed its keyword's checks. `origins` are what its --from or --mount name."""

    node: Node
    keyword: Keyword
    flags: Flags
    span: Span
    onbuild: bool = False
    origins: tuple[str, ...] = ()


class Source(NamedTuple):
    """A FROM and what follows it, before evaluation."""

    index: int  # type: ignore[assignment]  # a name of tuple's too, which nobody calls here
    name: str
    node: Node
    platform: str
    commands: tuple[Command, ...]


class Resolved(NamedTuple):
    """A stage whose FROM is evaluated: `parent` is the index of the stage that it continues, or None.

    Where a named context has taken its place `base` is that, `replaced` is what FROM names, and of its instructions only their
    form and ONBUILD count.
    """

    source: Source
    base: str
    parent: int | None
    platform: platforms.Platform | None
    replaced: str = ""

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.source.name or f"stage-{self.source.index}"


def command_of(node: Node, span: Span, onbuild: bool = False) -> Command:
    """Check one instruction. Raises Refused with the instruction's lines."""
    entry = KEYWORDS.get(node.keyword) or KEYWORDS.get(node.keyword.lower())
    try:
        if entry is None:
            meant = did_you_mean(node.keyword, NAMES, ignore_case=True)
            message = f"unknown instruction: {node.keyword}{meant}"
            raise refuse(
                "unknown-instruction",
                message,
                near=node.keyword,
                hint="every line begins with an instruction; `\\` continues one",
            )
        flags = entry.parse(node)
    except Refused as refused:
        raise located(refused, span) from None
    origins = _origins(flags) if flags else ()
    return Command(node, entry, flags, span, onbuild, origins)


def _origins(flags: Flags) -> tuple[str, ...]:
    """The names of stages or images in COPY --from and RUN --mount."""
    if "from" in flags:
        return (str(flags["from"]),) if flags["from"] else ()
    if "mount" in flags:
        from dock2sh.instructions.mounts import origin_of

        mounts = flags["mount"]
        assert isinstance(mounts, list)
        return tuple(map(origin_of, mounts))
    return ()


def collect(dockerfile: Dockerfile, watch: "Watch | None" = None) -> tuple[list[Source], list[Node]]:
    """The stages of a file and its global ARGs, every instruction checked. Raises Refused."""
    begun, arguments = list[tuple[Node, tuple[str, str], list[Command]]](), list[Node]()
    for node in dockerfile.nodes:
        if watch:
            watch.met(node)
        is_from = node.keyword == "FROM" or node.keyword.lower() == "from"
        if is_from:
            begun.append((node, _parsed(node), []))
        else:
            command = command_of(node, node.span)
        if watch:
            watch.accepted(node)
        if is_from:
            continue
        if begun:
            begun[-1][2].append(command)
        elif node.keyword.lower() == "arg":
            arguments.append(node)
        else:
            hint = "FROM comes first; only ARG may stand before it"
            raise refuse("no-stage", "no build stage in current context", (node.span,), hint, node.keyword)
    if not begun:
        raise refuse("no-stage", "dockerfile contains no stages to build", hint="add FROM, for example `FROM debian:12`")
    if watch:
        watch.collected()
    stages = [
        Source(index, name, node, platform, tuple(commands)) for index, (node, (name, platform), commands) in enumerate(begun)
    ]
    return stages, arguments


def _parsed(node: Node) -> tuple[str, str]:
    try:
        return parse_from(node)
    except Refused as refused:
        raise located(refused, node.span) from None


def resolve(stages: list[Source], shared: Globals, contexts: Contexts) -> list[Resolved]:
    """Evaluate every FROM, needed or not. A context of a stage's name is that stage. Raises Refused."""
    by_name: dict[str, int] = {}
    out = list[Resolved]()
    for stage in stages:
        base = _base(stage, shared)
        platform = _platform(stage, shared) if stage.platform else None
        _check_name(stage)
        replaced = contexts.replaces(stage.name)
        parent = None if replaced else by_name.get(base)
        named = base if parent is not None else contexts.meant(stage.name if replaced else base)
        out.append(Resolved(stage, named, parent, platform, base if replaced else ""))
        if stage.name:
            by_name[stage.name] = stage.index
    return out


def _check_name(stage: Source) -> None:
    try:
        check_stage_name(stage.name)
    except Refused as refused:
        raise located(refused, stage.node.span) from None


def _base(stage: Source, shared: Globals) -> str:
    """What FROM names, global ARGs expanded."""
    written = stage.node.args[0]
    unset: set[str] = set()
    try:
        base = expand(written, shared.args.get, shared.escape, unset)
    except Refused as refused:
        raise located(refused, stage.node.span) from None
    finally:
        if unset and shared.watch:
            shared.watch.unset_in_from(stage.node, unset, list(shared.args))
    if not base:
        hint = "declare the ARG before the first FROM, with a default, or give it with --build-arg"
        raise refuse("blank-base", f"base name ({written}) should not be blank", (stage.node.span,), hint, written)
    return base


def _platform(stage: Source, shared: Globals) -> platforms.Platform:
    unset: set[str] = set()
    used: set[str] = set()

    def lookup(name: str) -> str | None:
        used.add(name)
        return shared.args.get(name)

    spans, written, value = (stage.node.span,), stage.platform, ""
    try:
        value = expand(written, lookup, shared.escape, unset)
    except Refused as refused:
        message = f"failed to process arguments for platform : {refused.diagnostic.message}"
        raise located(Refused(refused.diagnostic._replace(message=message)), stage.node.span) from None
    finally:
        if shared.watch:
            shared.watch.unset_in_from(stage.node, unset, list(shared.args))
            shared.watch.platform(stage.node, written, value, used - unset, unset, shared.args["TARGETPLATFORM"])
    meant = next((m for name in sorted(unset) if (m := did_you_mean(name, list(shared.args)))), "")
    if not value:
        raise refuse(
            "platform",
            f"empty platform value from expression {written}{meant}",
            spans,
            "for example --platform=linux/amd64",
            written,
        )
    try:
        return platforms.parse(value)
    except ValueError as error:
        raise refuse(
            "platform", f"failed to parse platform {written}: {error}{meant}", spans * 2, "for example linux/amd64", written
        ) from None


class Graph:
    """Stages by index and name, and who copies from whom.

    Names in COPY --from and mounts are case-insensitive, numbers are indices; of two stages with one name the last counts.
    `outside` are the images that instructions have named so far, nothing for a mount of none: BuildKit counts them behind the
    stages (`COPY --from=1` below `COPY --from=busybox` in the only stage is busybox again).
    """

    def __init__(self, stages: list[Resolved], escape: str) -> None:
        self.stages, self.escape, self.outside = stages, escape, list[str]()
        self.names = {stage.source.name: stage.source.index for stage in stages if stage.source.name}
        self.needs = [self._needed_by(stage.source.commands) for stage in stages]
        self._check_cycles()

    def find(self, origin: str, indices: bool = True) -> int | None:
        """The stage that `origin` names, or None: an image. Raises Refused for a number that is no stage's."""
        index = atoi(origin) if indices else None
        if index is None:
            return self.names.get(origin.lower())
        if not 0 <= index < len(self.stages) + len(self.outside):
            hint = f"there are stages 0 to {len(self.stages) - 1}"
            raise refuse("stage-index", f"invalid stage index {index}", hint=hint, near=origin)
        return index if index < len(self.stages) else None

    def image(self, origin: str, indices: bool) -> str:
        """The image that `origin` means, which no stage has for a name."""
        index = atoi(origin) if indices else None
        return origin if index is None else self.outside[index - len(self.stages)]

    def _needed_by(self, commands: tuple[Command, ...]) -> dict[int, Span]:
        """Stage index -> the instruction that copies from it or mounts it."""
        found: dict[int, Span] = {}
        for command in commands:
            for origin in command.origins:
                index = self.origin(command, origin)
                if index is not None:
                    found[index] = command.span
                else:
                    self.outside.append(self.image(origin, "from" in command.flags))
        return found

    def origin(self, command: Command, origin: str) -> int | None:
        """The stage behind one origin of a command. Raises Refused."""
        copies = "from" in command.flags
        if copies:
            _refuse_variable(origin, self.escape)
        return self.find(origin, indices=copies)

    def add_triggers(self, index: int, commands: tuple[Command, ...]) -> None:
        """Put ONBUILD triggers before a stage's own instructions."""
        stage = self.stages[index]
        self.stages[index] = stage._replace(source=stage.source._replace(commands=(*commands, *stage.source.commands)))
        self.needs[index] = {**self.needs[index], **self._needed_by(commands)}

    def _check_cycles(self) -> None:
        """Refuse a circle of copies, with the instructions that make it."""
        seen: set[int] = set()
        for stage in self.stages:
            circle = self._circle(stage.source.index, [], [], seen)
            if circle:
                message = f"circular dependency detected on stage: {stage.label}"
                raise refuse("circular", message, tuple(circle), "a stage copies only from stages above it")

    def _circle(self, index: int, path: list[int], spans: list[Span], seen: set[int]) -> list[Span]:
        if index in seen:
            return []
        seen.add(index)
        for needed, span in self.needs[index].items():
            if needed in path or needed == index:
                return [*spans, span]
            if circle := self._circle(needed, [*path, index], [*spans, span], seen):
                return circle
        return []

    def needed(self, target: int) -> set[int]:
        """The stages that the target needs, itself among them."""
        reached, queue = set[int](), [target]
        while queue:
            index = queue.pop()
            if index not in reached:
                reached.add(index)
                stage = self.stages[index]
                if not stage.replaced:
                    queue += [*self.needs[index], *([stage.parent] if stage.parent is not None else [])]
        return reached


def target_of(stages: list[Resolved], name: str) -> int:
    """The index of the stage to build. Raises Refused, with the nearest name."""
    if not name:
        return len(stages) - 1
    found = next((stage.source.index for stage in reversed(stages) if stage.source.name == name.lower()), None)
    if found is None:
        names = [stage.source.name for stage in stages if stage.source.name]
        message = f"target stage {quoted(name)} could not be found{did_you_mean(name, [stage.label for stage in stages])}"
        hint = "stages: " + ", ".join(names) if names else "no stage has a name: give it one, `FROM image AS name`"
        raise refuse("target", message, hint=hint)
    return found


def _refuse_variable(origin: str, escape: str) -> None:
    if not any(char in origin for char in "$'\"\\`"):
        return
    if expand(origin, lambda name: None, escape) != origin:
        message = (
            "variable expansion is not supported for --from,"
            " define a new stage with FROM using ARG from global scope as a workaround"
        )
        raise refuse("from-variable", message, near=origin, hint="`FROM image:$TAG AS tool` above, then `--from=tool`")
