"""A parsed Dockerfile and what the caller wants of it, evaluated to a Plan.

The order of the phases is BuildKit's, so that the first thing that is wrong is the one that is reported: every instruction's
form, global ARGs, every FROM, the target, the stage graph, base images and their ONBUILD triggers, then the steps.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dock2sh.dockerfile.gotext import atoi, broken
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.dockerfile.words import expand
from dock2sh.instructions.run import check_bytes, check_rights
from dock2sh.model import Plan, Stage
from dock2sh.plan import platforms, stages
from dock2sh.plan.builder import Globals, StageBuilder
from dock2sh.plan.contexts import Contexts, is_image, repository
from dock2sh.plan.platforms import Platform
from dock2sh.plan.walk import FindBase, Walk
from dock2sh.source import Refused, Span, located, refuse

if TYPE_CHECKING:
    from dock2sh.dockerfile.markers import Marked
    from dock2sh.plan.watch import Ignored, Watch


class Options(NamedTuple):
    """What `docker build` is told besides the Dockerfile, in docker's names.

    `where` is the machine that the plan is for, "container" or "host": what a marker (dockerfile/markers.py) keeps away from
    there is left out. Empty: everything, as docker does it. `contexts` are the named build contexts, `network` what a RUN has
    that does not say, `hosts` addresses and names that it knows, `limits` and `shm` as in Run, `allowed` the rights that a RUN
    may ask for (None: nobody asks).
    """

    build_args: Mapping[str, str] = {}
    target: str = ""
    platform: str = ""
    labels: Mapping[str, str] = {}
    where: str = ""
    contexts: Contexts = Contexts({})
    network: str = "default"
    hosts: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    shm: int = 0
    allowed: tuple[str, ...] | None = None


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
    shared.network, shared.hosts = options.network, options.hosts
    shared.limits, shared.shm = options.limits, options.shm
    shared.watch = watch
    shared.gone = gone
    _set_globals(shared, arguments, options, target_platform, sources)
    resolved = stages.resolve(sources, shared, options.contexts)
    target = stages.target_of(resolved, options.target)
    graph = stages.Graph(resolved, shared.escape)
    walk = Walk(shared, graph, find_base, target_platform, options.contexts)
    builders = walk.run(target, everything=not options.target)
    if watch:
        watch.finished()
    plan = _plan(walk, builders, target, options)
    if options.allowed is not None:
        check_rights(plan.stages, options.allowed)
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
    _set_epoch(shared, options, sources)


def _set_global(shared: Globals, node: Node, word: str) -> None:
    name, equals, default = word.partition("=")
    if name in shared.build_args:
        shared.args[name] = shared.build_args[name]
    elif equals:
        try:
            shared.args[name] = expand(default, shared.args.get, shared.escape)
        except Refused as refused:
            raise located(refused, node.span) from None


def _set_epoch(shared: Globals, options: Options, sources: list[stages.Source]) -> None:
    """SOURCE_DATE_EPOCH: seconds. It touches no file, only what docker stamps (semantics.md 1.2). `context` is the time of a
    build context that was fetched; one of this machine has none, and then nobody has set the variable."""
    epoch = shared.build_args.get("SOURCE_DATE_EPOCH", shared.args.get("SOURCE_DATE_EPOCH", ""))
    if epoch == "context":
        shared.build_args = {name: value for name, value in shared.build_args.items() if name != "SOURCE_DATE_EPOCH"}
        shared.args.pop("SOURCE_DATE_EPOCH", None)
    elif epoch and atoi(epoch) is None:
        known = {source.name.lower() for source in sources if source.name} | set(options.contexts)
        why = " (what a stage or a context has fetched: its time is not known before)" if epoch.lower() in known else ""
        raise refuse("epoch", f"invalid SOURCE_DATE_EPOCH: {epoch}{why}", hint="seconds since 1970, for example 1700000000")


def _plan(walk: Walk, builders: dict[int, StageBuilder], target: int, options: Options) -> Plan:
    last = builders[target]
    if options.labels:
        last.config["Labels"] = {**(last.config.get("Labels") or {}), **options.labels}
    out = tuple(_frozen(walk, index, builder) for index, builder in builders.items())
    chain = _chain(walk.graph, target)
    image = platforms.stamped(walk.image[target], walk.target if options.platform else None)
    author = [step.words[0] for index in chain for step in builders[index].steps if getattr(step, "keyword", "") == "MAINTAINER"]  # type: ignore[union-attr]
    if author:
        image["author"] = author[-1]
    used = {name: options.contexts[name] for name in _outside(out) if name in options.contexts}
    repositories = {name: found for name, source in used.items() if (found := repository(source))}
    contexts = {name: source if is_image(source) or name in repositories else "" for name, source in used.items()}
    plan = Plan(options.target or out[-1].name, out, out[-1].config, image, dict(walk.shared.args), (), contexts)
    return plan._replace(repositories=repositories)


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


def _frozen(walk: Walk, index: int, builder: StageBuilder) -> Stage:
    stage = walk.graph.stages[index]
    parent = walk.key(stage.parent) if stage.parent is not None else None
    source = stage.source
    return Stage(
        builder.key, source.name, index, source.node.span, source.node.original.strip(),
        stage.base, parent, str(stage.platform or walk.target), builder.known,
        builder.start_config, builder.start_args, builder.start_env,
        tuple(builder.steps), _config(builder, bool(stage.replaced)), bool(stage.replaced),
    )  # fmt: skip


def _config(builder: StageBuilder, bare: bool) -> dict[str, Any]:
    """The config object as docker writes it: what is empty is left out, maps are sorted (Go's encoding/json).

    `bare`: the config of a context, to which nobody has added a PATH.
    """
    config: dict[str, Any] = dict(builder.config)
    if not bare:
        config["Env"] = list(builder.listed)
    for key in ("Labels", "ExposedPorts", "Volumes"):
        if config.get(key):
            config[key] = dict(sorted(config[key].items()))
    return {key: value for key, value in sorted(config.items()) if value not in (None, "", [], {}, False)}
