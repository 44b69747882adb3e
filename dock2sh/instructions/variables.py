"""ARG, ENV, LABEL: names and values (semantics.md 1.2 and 1.3)."""

from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.syntax import Node
from dock2sh.model import Configure
from dock2sh.plan.builder import StageBuilder
from dock2sh.source import Refused, refuse

NEVER_ENV = ("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE")
"""ARGs that steer the builder and never become variables."""


def arity(node: Node, wanted: str) -> Refused:
    """`KEYWORD requires …`."""
    keyword = node.keyword.upper()
    return refuse("arity", f"{keyword} requires {wanted}", hint=EXAMPLES.get(keyword, ""))


EXAMPLES = {
    "ENV": "for example `ENV LANG=C.UTF-8`",
    "LABEL": 'for example `LABEL version="1.0"`',
    "ARG": "for example `ARG VERSION=1.0`",
    "EXPOSE": "for example `EXPOSE 8080`",
    "VOLUME": "for example `VOLUME /data`",
    "SHELL": 'for example `SHELL ["/bin/bash", "-c"]`',
    "HEALTHCHECK": "for example `HEALTHCHECK CMD curl -f http://localhost/`",
    "ONBUILD": "for example `ONBUILD COPY . /app`",
    "WORKDIR": "for example `WORKDIR /app`",
    "USER": "for example `USER www-data`",
    "STOPSIGNAL": "for example `STOPSIGNAL SIGTERM`",
    "MAINTAINER": "for example `LABEL org.opencontainers.image.authors=me`",
}


def parse_pairs(node: Node) -> Flags:
    """ENV and LABEL: triples name, value, delimiter."""
    flags = check(node.flags, {}) if node.flags else {}
    if not node.args:
        raise arity(node, "at least one argument")
    if "" in node.args[::3]:
        raise refuse(
            "blank-name", f"{node.keyword.upper()} names can not be blank", hint="a name stands before the `=`", near="="
        )
    return flags


def parse_arg(node: Node) -> Flags:
    """ARG: `name` or `name=value` words. BuildKit never looks at its flags (semantics.md 1.2)."""
    if not node.args:
        raise arity(node, "at least one argument")
    for word in node.args:
        if word.startswith("="):
            raise refuse("blank-name", "ARG names can not be blank", hint="a name stands before the `=`", near=word)
    return {}


def _expanded(stage: StageBuilder, node: Node) -> tuple[tuple[str, str], ...]:
    """All pairs, both sides expanded before any is set: `ENV a=1 b=$a` uses the old a."""
    args, expand = node.args, stage.expand
    return tuple([(expand(args[i]), expand(args[i + 1])) for i in range(0, len(args), 3)])


def _watch_names(stage: StageBuilder, node: Node, pairs: tuple[tuple[str, str], ...]) -> None:
    if stage.shared.watch:
        for (name, _), delimiter in zip(pairs, node.args[2::3], strict=True):
            stage.shared.watch.variable(name, legacy=not delimiter)


def plan_env(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """ENV: into the build environment and the image's Env, in place if it is there."""
    pairs = _expanded(stage, node)
    _watch_names(stage, node, pairs)
    for name, value in pairs:
        stage.assign(name, value)
        stage.set_env(name, value)
    stage.steps.append(Configure(stage.span, stage.text, "ENV", pairs, (), stage.onbuild))


def plan_label(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """LABEL: a map; the later wins."""
    pairs = _expanded(stage, node)
    _watch_names(stage, node, pairs)
    stage.config["Labels"] = {**(stage.config.get("Labels") or {}), **dict(pairs)}
    stage.steps.append(Configure(stage.span, stage.text, "LABEL", pairs, (), stage.onbuild))


def plan_arg(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """ARG in a stage: --build-arg, else its default, else the global value, else it stays unset."""
    pairs = list[tuple[str, str | None]]()
    for word in node.args:
        name, equals, default = word.partition("=")
        if stage.shared.watch:
            stage.shared.watch.variable(name, legacy=False)
        value = stage.shared.build_args.get(name)
        if value is None:
            value = stage.expand(default) if equals else stage.shared.args.get(name)
        if value is not None and name not in NEVER_ENV:
            stage.assign(name, value)
        stage.declared[name] = value
        pairs.append((name, value))
    stage.steps.append(Configure(stage.span, stage.text, "ARG", tuple(pairs), (), stage.onbuild))
