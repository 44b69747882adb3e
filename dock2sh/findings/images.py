"""Findings about FROM, and about the image as a whole: its user, how it starts."""

from collections.abc import Iterator

from dock2sh.findings.rule import Finding
from dock2sh.findings.settings import Settings
from dock2sh.findings.walk import Seen
from dock2sh.model import Configure, Copy, Plan, Run, Stage


def find(plan: Plan, did: list[Seen], settings: Settings) -> Iterator[Finding]:
    for stage in plan.stages:
        if stage.base not in plan.contexts:
            yield from _floating(stage)
    yield from _registries(plan, did, settings.registries)
    yield from _user(plan, did)
    yield from _start(plan, did)


def _registries(plan: Plan, did: list[Seen], allowed: tuple[str, ...]) -> Iterator[Finding]:
    """Images that FROM, COPY --from and mounts take, from registries that the configuration does not list."""
    if not allowed:
        return
    stages = {stage.key for stage in plan.stages}
    images = [(stage.base, stage.span) for stage in plan.stages if stage.parent is None]
    for one in did:
        origins = [one.step.origin] if isinstance(one.step, Copy) else []
        origins += [mount.origin for mount in one.step.mounts] if isinstance(one.step, Run) else []
        images += [(origin, one.step.span) for origin in origins if origin and origin not in stages]
    for image, span in images:
        registry = _registry(image)
        if image != "scratch" and image not in plan.contexts and not any(_fits(registry, pattern) for pattern in allowed):
            fields = (("image", image), ("registry", registry), ("allowed", ", ".join(allowed)))
            yield Finding("D2S107", span, fields, image, ("DL3026",))


def _registry(image: str) -> str:
    """The host of an image's name: the first part, if it looks like one."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _fits(registry: str, pattern: str) -> bool:
    names = {registry, "hub.docker.com"} if registry == "docker.io" else {registry}
    start, star, end = pattern.partition("*")
    return any(name.startswith(start) and name.endswith(end) if star else name == pattern for name in names)


def _floating(stage: Stage) -> Iterator[Finding]:
    """A base image without a tag, or with `latest`. What an ARG gives is the caller's business, as for hadolint."""
    if stage.parent is not None or stage.base == "scratch" or "@" in stage.base or "$" in stage.text.partition(" AS ")[0]:
        return
    tag = stage.base.rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        also = ("DL3007",) if tag else ("DL3006",)
        yield Finding("D2S101", stage.span, (("image", stage.base.removesuffix(":latest")),), stage.base, also)


def _user(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    """The last USER, which may stand in a stage that the target goes on from."""
    last = plan.stages[-1]
    chain = _chain(plan)
    users = [one for one in did if one.stage.key in chain and isinstance(one.step, Configure) and one.step.keyword == "USER"]
    if users and isinstance(users[-1].step, Configure) and users[-1].step.words[0].partition(":")[0] in ("root", "0"):
        yield Finding("D2S160", users[-1].step.span, (), users[-1].step.words[0], ("DL3002",))
    elif not users and not last.config.get("User") and any(_starts(one) for one in did if one.stage.key in chain):
        yield Finding("D2S161", last.span)


def _starts(one: Seen) -> bool:
    """Whether it says what a container starts."""
    return isinstance(one.step, Configure) and one.step.keyword in ("CMD", "ENTRYPOINT")


def _chain(plan: Plan) -> set[str]:
    """The target and the stages that it goes on from."""
    by_key = {stage.key: stage for stage in plan.stages}
    stage, keys = plan.stages[-1], {plan.stages[-1].key}
    while stage.parent is not None:
        stage = by_key[stage.parent]
        keys.add(stage.key)
    return keys


def _start(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    """A CMD that ENTRYPOINT cannot use."""
    last, config = plan.stages[-1], plan.config
    forms = {
        one.step.keyword: one
        for one in did
        if one.stage is last and isinstance(one.step, Configure) and one.step.keyword in ("CMD", "ENTRYPOINT")
    }
    if "CMD" not in forms or not config.get("Entrypoint") or not config.get("Cmd"):
        return
    entrypoint, cmd = forms.get("ENTRYPOINT"), forms["CMD"]
    span = cmd.step.span
    if entrypoint is not None and not entrypoint.node.json:
        reason = "`ENTRYPOINT` is in shell form: its shell takes CMD for `$0`, `$1`, … and the text does not use them"
        if not any(name in entrypoint.node.original for name in ("$@", "$*", "$0", "$1")):
            yield Finding("D2S302", span, (("reason", reason),), "CMD")
    elif not cmd.node.json:
        reason = "`CMD` is in shell form: `ENTRYPOINT` gets the shell and the text as its arguments"
        yield Finding("D2S302", span, (("reason", reason),), "CMD")
