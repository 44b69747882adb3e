"""A parsed Dockerfile and what the caller wants of it, evaluated to a Plan.

The order of the phases is BuildKit's, so that the first thing that is wrong is the one that is reported: every instruction's
form, global ARGs, every FROM, the target, the stage graph, base images and their ONBUILD triggers, then the steps.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dock2sh.dockerfile.gotext import broken, quoted
from dock2sh.dockerfile.lines import parse
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.dockerfile.words import expand
from dock2sh.instructions.metadata import trigger_text
from dock2sh.instructions.run import check_bytes
from dock2sh.model import Base, Plan, Stage
from dock2sh.plan import platforms, stages
from dock2sh.plan.builder import Globals, StageBuilder
from dock2sh.plan.contexts import Contexts, is_image
from dock2sh.plan.platforms import Platform
from dock2sh.source import Refused, Span, located, refuse

if TYPE_CHECKING:
    from dock2sh.dockerfile.markers import Marked
    from dock2sh.plan.watch import Ignored, Watch

FindBase = Callable[[str, Platform], Base]

_PLAIN_REFERENCE = re.compile(r"[a-z0-9]+(?:[./-][a-z0-9]+)*(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?\Z")


class Options(NamedTuple):
    """What `docker build` is told besides the Dockerfile, in docker's names.

    `where` is the machine that the plan is for, "container" or "host": what a marker (dockerfile/markers.py) keeps away from
    there is left out. Empty: everything, as docker does it. `contexts` are the named build contexts.
    """

    build_args: Mapping[str, str] = {}
    target: str = ""
    platform: str = ""
    labels: Mapping[str, str] = {}
    where: str = ""
    contexts: Contexts = Contexts({})


def evaluate(
    dockerfile: Dockerfile, options: Options, find_base: FindBase, watch: "Watch | None" = None, ignore: "Ignored | None" = None
) -> Plan:
    """The plan of a Dockerfile. `find_base` answers for base images. Raises Refused for what BuildKit refuses.

    `watch` is told what a check needs; `ignore` is asked only where the Dockerfile itself demands to be checked.
    """
    marks = _marks(dockerfile)
    watch = watch or _demanded(dockerfile, options, ignore)
    if not options.where or not marks:
        return _evaluated(dockerfile, options, find_base, watch)._replace(where=options.where)
    _evaluated(dockerfile, options, find_base, watch)  # what docker refuses is refused
    return _without(dockerfile, marks, options, find_base)


def _marks(dockerfile: Dockerfile) -> "tuple[Marked, ...]":
    """Its markers. Most Dockerfiles have none, and start-up has no time for what says how they look."""
    if "dock2sh" not in dockerfile.text.lower():
        return ()
    from dock2sh.dockerfile.markers import marked

    return marked(dockerfile)


def _without(dockerfile: Dockerfile, marks: "tuple[Marked, ...]", options: Options, find_base: FindBase) -> Plan:
    """The plan of what the markers leave for the machine that it is for."""
    from dock2sh.dockerfile.markers import without
    from dock2sh.plan.leaving import gone, left_out, notes

    rest, out = without(dockerfile, marks, options.where)
    plan = _evaluated(rest, options, find_base, None, gone(out))
    left = left_out(plan, out)
    return plan._replace(where=options.where, left_out=left, notes=tuple(notes(plan, left, out)))


def _evaluated(
    dockerfile: Dockerfile,
    options: Options,
    find_base: FindBase,
    watch: "Watch | None",
    gone: Mapping[int, dict[str, Span]] = MappingProxyType({}),
) -> Plan:
    """`gone` are the variables of each stage that nobody sets there any more (leaving.py)."""
    sources, arguments = stages.collect(dockerfile, watch)
    target_platform = _target_platform(options.platform)
    shared = Globals(options.build_args, dockerfile.escape, target_platform.os == "windows")
    shared.watch = watch
    shared.gone = gone
    _set_globals(shared, arguments, options, target_platform, sources)
    resolved = stages.resolve(sources, shared, options.contexts)
    target = stages.target_of(resolved, options.target)
    graph = stages.Graph(resolved)
    build = _Build(shared, graph, find_base, target_platform, options.contexts)
    builders = build.run(target, everything=not options.target)
    if watch:
        watch.finished()
    plan = _plan(build, builders, target, options)
    if broken(dockerfile.text):
        check_bytes(plan.stages)
    return plan


def _demanded(dockerfile: Dockerfile, options: Options, ignore: "Ignored | None") -> "Watch | None":
    """The watch that `# check=…` in the head or its build argument asks for: with `error=true` a finding refuses the build."""
    shebang = dockerfile.text.startswith(("#!", "\ufeff#!"))  # behind it BuildKit still looks for `check`
    if not shebang and "check" not in dockerfile.directives and "BUILDKIT_DOCKERFILE_CHECK" not in options.build_args:
        return None
    from dock2sh.checks.linter import demanded

    return demanded(dockerfile, options.build_args, ignore)


def _target_platform(text: str) -> Platform:
    try:
        return platforms.parse(text) if text else platforms.host()
    except ValueError as error:
        raise refuse("platform", f"failed to parse platform {text}: {error}", hint="for example linux/amd64") from None


def _set_globals(
    shared: Globals, arguments: list[Node], options: Options, target: Platform, sources: list[stages.Source]
) -> None:
    """The predefined arguments, then the ARGs before the first FROM, in order."""
    host, name = platforms.host(), options.target or sources[-1].name or "default"
    for prefix, platform in (("BUILD", host), ("TARGET", target)):
        values = (str(platform), platform.os, platform.version, platform.arch, platform.variant)
        shared.args |= {
            prefix + key: value for key, value in zip(("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"), values, strict=True)
        }
    shared.args["TARGETSTAGE"] = name
    shared.args |= {key: value for key, value in shared.build_args.items() if key in shared.args}
    if shared.watch:
        shared.watch.predefined(dict(shared.args))
    for node in arguments:
        for word in node.args:
            _set_global(shared, node, word)
    _check_epoch(shared)


def _set_global(shared: Globals, node: Node, word: str) -> None:
    name, equals, default = word.partition("=")
    if name in shared.build_args:
        shared.args[name] = shared.build_args[name]
    elif equals:
        try:
            shared.args[name] = expand(default, shared.args.get, shared.escape)
        except Refused as refused:
            raise located(refused, node.span) from None


def _check_epoch(shared: Globals) -> None:
    """SOURCE_DATE_EPOCH: seconds. It touches no file, only what docker stamps (semantics.md 1.2)."""
    shared.epoch = shared.build_args.get("SOURCE_DATE_EPOCH") or shared.args.get("SOURCE_DATE_EPOCH", "")
    if shared.epoch and shared.epoch != "context" and not re.fullmatch(r"[-+]?[0-9]+", shared.epoch):
        raise refuse("epoch", f"invalid SOURCE_DATE_EPOCH: {shared.epoch}", hint="seconds since 1970, for example 1700000000")


class _Build:
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
                    self._origin_key(stage, origin, None if "from" in command.flags else "")
                except Refused as refused:
                    raise located(refused, command.span) from None

    def _check_references(self) -> None:
        """Every image that a stage or an instruction names must be one that could exist, needed or not."""
        for stage in self.graph.stages:
            base = stage.replaced or stage.base
            if stage.parent is None and base != "scratch":
                check_reference(base, stage.source.node.span)
            for command in stage.source.commands:
                for origin in command.origins:
                    if self.graph.origin(command, origin) is None and origin != "scratch":
                        check_reference(origin, command.span)

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
            self.graph.add_triggers(index, tuple(_trigger(text, stage.source.node.span) for text in texts))

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
            try:
                command.keyword.plan(builder, command.node, command.flags)
            except Refused as refused:
                raise located(refused, command.span) from None
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
            config = {**parent.config, "Env": [f"{name}={value}" for name, value in parent.env.items()]}
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
        """The key of the stage that a COPY names, or a mount on `mounted`; else the image. Stages below are refused."""
        index = self.graph.find(origin, indices=mounted is None)
        if index is None:
            return self.contexts.meant(origin)
        if index < stage.source.index:
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


def _plan(build: _Build, builders: dict[int, StageBuilder], target: int, options: Options) -> Plan:
    last = builders[target]
    if options.labels:
        last.config["Labels"] = {**(last.config.get("Labels") or {}), **options.labels}
    out = tuple(_frozen(build, index, builder) for index, builder in builders.items())
    chain = _chain(build.graph, target)
    image = dict(build.image[target])
    author = [step.words[0] for index in chain for step in builders[index].steps if getattr(step, "keyword", "") == "MAINTAINER"]  # type: ignore[union-attr]
    if author:
        image["author"] = author[-1]
    used = {name: options.contexts[name] for name in _outside(out) if name in options.contexts}
    contexts = {name: source if is_image(source) else "" for name, source in used.items()}
    return Plan(options.target or out[-1].name, out, out[-1].config, image, dict(build.shared.args), (), contexts)


def _outside(made: tuple[Stage, ...]) -> list[str]:
    """What is no stage: images and named contexts that stages begin with, copy from or mount, in order."""
    keys = {stage.key for stage in made}
    bases = [stage.base for stage in made if stage.parent is None and stage.base != "scratch"]
    needs = [name for stage in made for name in stage.needs() if name not in keys and name != "scratch"]
    return list(dict.fromkeys((*bases, *needs, *(stage.name for stage in made if stage.replaced))))


def _chain(graph: stages.Graph, index: int) -> list[int]:
    """A stage and its parents, the first one first."""
    parent = graph.stages[index].parent
    return [*(_chain(graph, parent) if parent is not None else []), index]


def _frozen(build: _Build, index: int, builder: StageBuilder) -> Stage:
    stage = build.graph.stages[index]
    parent = build.key(stage.parent) if stage.parent is not None else None
    source = stage.source
    return Stage(
        builder.key, source.name, index, source.node.span, source.node.original.strip(),
        stage.base, parent, str(stage.platform or build.target), builder.known,
        builder.start_config, builder.start_args, builder.start_env,
        tuple(builder.steps), _config(builder, bool(stage.replaced)), bool(stage.replaced),
    )  # fmt: skip


def _config(builder: StageBuilder, bare: bool) -> dict[str, Any]:
    """The config object as docker writes it: what is empty is left out, maps are sorted (Go's encoding/json).

    `bare`: the config of a context, to which nobody has added a PATH.
    """
    config: dict[str, Any] = dict(builder.config)
    if not bare:
        config["Env"] = [f"{name}={value}" for name, value in builder.env.items()]
    for key in ("Labels", "ExposedPorts", "Volumes"):
        if config.get(key):
            config[key] = dict(sorted(config[key].items()))
    return {key: value for key, value in sorted(config.items()) if value not in (None, "", [], {}, False)}
