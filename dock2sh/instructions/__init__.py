"""One home per keyword: how it is parsed (its arity and flags) and what it does to a stage.

`KEYWORDS` is the whole language on one page. A `parse` checks what BuildKit checks before anything is evaluated; a `plan`
changes the StageBuilder. FROM and ARG before the first FROM are the planner's own (plan/stages.py).
"""

from collections.abc import Callable
from typing import NamedTuple

from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.syntax import Node
from dock2sh.instructions import files, metadata, run, start, variables
from dock2sh.plan.builder import StageBuilder

NO_FLAGS: Flags = {}


class Keyword(NamedTuple):
    """`parse(node)` gives the checked flags or raises Refused; `plan(stage, node, flags)` evaluates."""

    parse: Callable[[Node], Flags]
    plan: Callable[[StageBuilder, Node, Flags], None]


def at_least_one(node: Node) -> Flags:
    """Arguments, no flags."""
    if not node.args:
        raise variables.arity(node, "at least one argument")
    return check(node.flags, {}) if node.flags else NO_FLAGS


def exactly_one(node: Node) -> Flags:
    """One argument, no flags."""
    if len(node.args) != 1:
        raise variables.arity(node, "exactly one argument")
    return check(node.flags, {}) if node.flags else NO_FLAGS


def anything(node: Node) -> Flags:
    """No flags; what the arguments are does not matter."""
    return check(node.flags, {}) if node.flags else NO_FLAGS


KEYWORDS: dict[str, Keyword] = {
    "ADD": Keyword(files.parse_add, files.plan_add),
    "ARG": Keyword(variables.parse_arg, variables.plan_arg),
    "CMD": Keyword(anything, start.plan_cmd),
    "COPY": Keyword(files.parse_copy, files.plan_copy),
    "ENTRYPOINT": Keyword(anything, start.plan_entrypoint),
    "ENV": Keyword(variables.parse_pairs, variables.plan_env),
    "EXPOSE": Keyword(at_least_one, metadata.plan_expose),
    "HEALTHCHECK": Keyword(start.parse_healthcheck, start.plan_healthcheck),
    "LABEL": Keyword(variables.parse_pairs, variables.plan_label),
    "MAINTAINER": Keyword(exactly_one, metadata.plan_maintainer),
    "ONBUILD": Keyword(metadata.parse_onbuild, metadata.plan_onbuild),
    "RUN": Keyword(run.parse_run, run.plan_run),
    "SHELL": Keyword(start.parse_shell, start.plan_shell),
    "STOPSIGNAL": Keyword(start.parse_stopsignal, start.plan_stopsignal),
    "USER": Keyword(exactly_one, metadata.plan_user),
    "VOLUME": Keyword(metadata.parse_volume, metadata.plan_volume),
    "WORKDIR": Keyword(exactly_one, metadata.plan_workdir),
}
KEYWORDS |= {keyword.lower(): entry for keyword, entry in KEYWORDS.items()}
