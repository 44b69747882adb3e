"""The stages that a target needs, one after the other: references, base images and their ONBUILD triggers, then the steps."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dock2sh.dockerfile.gotext import quoted
from dock2sh.dockerfile.lines import parse
from dock2sh.instructions.metadata import trigger_text
from dock2sh.model import Base
from dock2sh.plan import stages
from dock2sh.plan.builder import Globals, StageBuilder
from dock2sh.plan.contexts import Contexts, is_image
from dock2sh.plan.platforms import Platform
from dock2sh.plan.titles import entitle
from dock2sh.source import Refused, Span, located, refuse

FindBase = Callable[[str, Platform], Base]

_PLAIN_REFERENCE = re.compile(r"[a-z0-9]+(?:[./-][a-z0-9]+)*(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?\Z")


class Walk:
    """The evaluation of the stages that a target needs."""

    def __init__(self, shared: Globals, graph: stages.Graph, find_base: FindBase, target: Platform, contexts: Contexts) -> None:
        self.shared, self.graph, self.find_base, self.target, self.contexts = shared, graph, find_base, target, contexts
        self.bases: dict[int, Base] = {}
        self.image: dict[int, Mapping[str, Any]] = {}

    def run(self, target: int, everything: bool) -> dict[int, StageBuilder]:
        """Evaluate; stage index -> its builder, for what the target needs, in order. Triggers may make more stages needed.

        With `everything` the stages that nobody needs are looked at too: for one who checks they are evaluated, as BuildKit's
        own check does; else only whether they copy from stages below them, which no value can mend.
        """
        self._check_references()
        needed: set[int] = set()
        while pending := sorted(self.graph.needed(target) - needed):
            needed.update(pending)
            for index in pending:
                self._trigger(index)
        aside = sorted(set(range(len(self.graph.stages))) - needed) if everything else []
        checked = bool(self.shared.watch and self.shared.watch.all_stages)
        for index in aside:
            if checked:
                self._look_up(index)
            else:
                self._check_order(self.graph.stages[index])
        builders: dict[int, StageBuilder] = {}
        for index in sorted([*needed, *aside]) if checked else sorted(needed):
            if self.shared.watch:
                self.shared.watch.stage(index in needed)
            builders[index] = self._stage(index, builders)
        return {index: builder for index, builder in builders.items() if index in needed}

    def _look_up(self, index: int) -> None:
        """Make a stage that is only checked ready for it. ONBUILD triggers fire in needed stages only, as in BuildKit."""
        stage = self.graph.stages[index]
        if stage.replaced:
            self.bases[index] = self._context(stage)
        elif stage.parent is None:
            self.bases[index] = self._base(stage)

    def _check_order(self, stage: stages.Resolved) -> None:
        for command in stage.source.commands:
            for origin in command.origins:
                try:
                    if origin != "scratch":  # a mount without `from`, nearly always
                        self._origin_key(stage, origin, None if "from" in command.flags else "")
                except Refused as refused:
                    raise located(refused, command.span) from None

    def _check_references(self) -> None:
        """Every image that a stage or an instruction names must be one that could exist, needed or not."""
        for stage in self.graph.stages:
            base = stage.replaced or stage.base
            if stage.parent is None and base != "scratch":
                check_reference(base, stage.source.node.span)
            self._check_origins(stage.source.commands)

    def _check_origins(self, commands: tuple[stages.Command, ...]) -> None:
        for command in commands:
            for origin in command.origins:
                if self.graph.origin(command, origin) is None and origin != "scratch":
                    check_reference(self.graph.image(origin, "from" in command.flags), command.span)

    def _trigger(self, index: int) -> None:
        """Find the base image of a stage, and put the ONBUILD triggers that it or the parent brings before the stage's own."""
        stage = self.graph.stages[index]
        if stage.replaced:
            self.bases[index] = self._context(stage)
            texts = []  # an image's ONBUILD is lost in the place of a stage; the stage's own is not
        elif stage.parent is not None:
            commands = self.graph.stages[stage.parent].source.commands
            texts = [trigger_text(command.node) for command in commands if command.node.keyword.lower() == "onbuild"]
        else:
            self.bases[index] = base = self._base(stage)
            texts = list((base.image.get("config") or {}).get("OnBuild") or ())
        if texts:
            commands = tuple(_trigger(text, stage.source.node.span) for text in texts)
            self.graph.add_triggers(index, commands)
            self._check_origins(commands)

    def _context(self, stage: stages.Resolved) -> Base:
        """The context in the place of a stage. A directory has no config at all, not even a platform, as it has in a FROM."""
        if not is_image(self.contexts[stage.source.name]):
            return Base({"config": {}})
        return self._found(stage)

    def _base(self, stage: stages.Resolved) -> Base:
        if stage.base == "scratch":
            from dock2sh.model import DEFAULT_PATH

            env = {} if self.target.os == "windows" else {"Env": ["PATH=" + DEFAULT_PATH]}
            image = {"architecture": self.target.arch, "os": self.target.os, "config": {**env, "WorkingDir": "/"}}
            return Base(image | ({"variant": self.target.variant} if self.target.variant else {}))
        return self._found(stage)

    def _found(self, stage: stages.Resolved) -> Base:
        platform = stage.platform or self.target
        try:
            base = self.find_base(stage.base, platform)
        except Refused as refused:
            raise located(refused, stage.source.node.span) from None
        self._watch_platform(stage, base, platform)
        return base

    def _watch_platform(self, stage: stages.Resolved, base: Base, expected: Platform) -> None:
        image = base.image
        variant, version = image.get("variant") or "", image.get("os.version") or ""
        actual = Platform(image.get("os") or expected.os, image.get("architecture") or expected.arch, variant, version)
        if self.shared.watch and base.known and (actual.os, actual.arch) != (expected.os, expected.arch):
            self.shared.watch.base_platform(stage.source.node.span, stage.base, str(expected), str(actual))

    def _stage(self, index: int, builders: dict[int, StageBuilder]) -> StageBuilder:
        stage = self.graph.stages[index]
        builder = self._builder(stage, builders)
        if stage.replaced:
            return builder
        for command in stage.source.commands:
            builder.begin(command.node, command.span, command.onbuild)
            first = len(builder.steps)
            try:
                command.keyword.plan(builder, command.node, command.flags)
            except Refused as refused:
                raise located(refused, command.span) from None
            if builder.known and len(builder.steps) > first:
                entitle(builder, command.node, first)
        return builder

    def _builder(self, stage: stages.Resolved, builders: dict[int, StageBuilder]) -> StageBuilder:
        """The state in which a stage begins: its base image's, or its parent's less ONBUILD."""
        key = self.key(stage.source.index)
        if stage.parent is None:
            base = self.bases[stage.source.index]
            self.image[stage.source.index] = base.image
            config = dict(base.image.get("config") or {})
            config.pop("OnBuild", None)
            self.shared.windows = base.image.get("os", self.target.os) == "windows"
            builder = StageBuilder(self.shared, key, base.known, config)
        else:
            parent = builders[stage.parent]
            self.image[stage.source.index] = self.image[stage.parent]
            config = {**parent.config, "Env": parent.listed}
            config.pop("OnBuild", None)
            builder = StageBuilder(self.shared, key, parent.known, {k: v for k, v in config.items() if k != "Env"})
            builder.inherit(parent)
        builder.gone |= self.shared.gone.get(stage.source.index, {})
        builder.find_origin, builder.has_stage = partial(self._origin_key, stage), self.graph.names.__contains__
        builder.start_config, builder.start_env = dict(builder.config), tuple(builder.env.items())
        return builder

    def key(self, index: int) -> str:
        """What a script calls a stage: its name, or its index where it has none or a later one has the same."""
        name = self.graph.stages[index].source.name
        return name if name and self.graph.names[name] == index else str(index)

    def _origin_key(self, stage: stages.Resolved, origin: str, mounted: str | None) -> str:
        """The key of the stage that a COPY names, or a mount on `mounted`; else the image. Stages below are refused.

        Its own stage is one that an ONBUILD trigger may name, and means what is there so far; else that is a circle.
        """
        index = self.graph.find(origin, indices=mounted is None)
        if index is None:
            return self.contexts.meant(self.graph.image(origin, indices=mounted is None))
        if index <= stage.source.index:  # what is no trigger is a circle, and refused before
            return self.key(index)
        if mounted is None:
            message = (
                f"cannot copy from stage {quoted(origin)}, it needs to be defined before current stage {quoted(stage.label)}"
            )
        else:
            where = f"from stage {quoted(origin)} to {quoted(mounted)}"
            message = f"cannot mount {where}, stage needs to be defined before current command"
        raise refuse("stage-order", message, hint="move that stage above this one", near=origin)


def check_reference(text: str, span: Span) -> None:
    """Refuse an image reference that docker cannot parse (semantics.md 3)."""
    if _PLAIN_REFERENCE.match(text) and len(text) < 60:
        return
    from dock2sh.images.reference import InvalidReference, parse_reference

    try:
        parse_reference(text)
    except InvalidReference as error:
        message = f"failed to parse stage name {quoted(text)}: {error}"
        raise refuse("reference", message, (span,), "an image is NAME[:TAG][@DIGEST], in lower case", text) from None


def _trigger(text: str, span: Span) -> stages.Command:
    """An ONBUILD trigger as a command that stands at the child's FROM. Raises Refused there."""
    try:
        nodes = parse(text).nodes
        if len(nodes) != 1:
            raise refuse("onbuild", "onbuild trigger should be a single expression", near=text)
        if nodes[0].keyword.lower() == "from":
            raise refuse("onbuild", "FROM isn't allowed as an ONBUILD trigger")
        return stages.command_of(nodes[0], span, onbuild=True)
    except Refused as refused:
        hint = refused.diagnostic.hint
        where = f"in the ONBUILD trigger `{text.splitlines()[0] if text else text}` that the base image or stage brings"
        raise Refused(refused.diagnostic._replace(spans=(span,), hint=f"{where}; {hint}" if hint else where)) from None
