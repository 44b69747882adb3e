"""dock2sh: what `docker build` does, as a shell script that can be trusted.

The public API; each function composes phases in a few lines:

    text --parse--> Dockerfile --plan--> Plan --emit--> script

What is wrong with the input is a `Refused` with a Diagnostic. See ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dock2sh.source import Diagnostic, Refused, Span, draw

if TYPE_CHECKING:
    from dock2sh.dockerfile.syntax import Dockerfile
    from dock2sh.model import Plan
    from dock2sh.plan.context import Project
    from dock2sh.plan.evaluate import FindBase, Options

__version__ = "0.1.0"
__all__ = ["Diagnostic", "Refused", "Span", "draw", "emit", "parse", "plan"]


def parse(text: str) -> Dockerfile:
    """The syntax of a Dockerfile's text. Raises Refused."""
    from dock2sh.dockerfile.lines import parse

    return parse(text)


def plan(dockerfile: Dockerfile, options: Options | None = None, find_base: FindBase | None = None) -> Plan:
    """The evaluated plan. `find_base` answers for base images; by default all are unknown. Raises Refused."""
    from dock2sh.bases import unknown
    from dock2sh.plan.evaluate import Options, evaluate

    return evaluate(dockerfile, options or Options(), find_base or unknown)


def emit(plan: Plan, project: Project, escape: str = "\\", bundle: bool = False) -> str:
    """The script of a plan; with `bundle` the files of the context that it needs are in it. Raises Refused."""
    from dock2sh.emit.script import Setting, script
    from dock2sh.plan.bundle import context_digest, context_tar

    data = context_tar(plan, project) if bundle else None
    digest = "" if bundle else context_digest(plan, project)
    return script(plan, Setting(project.name, project.text, escape, project.ignore, data, digest))


def find_bases(sources: Mapping[str, str], offline: bool = False) -> FindBase:
    """Answers for base images: `sources` (NAME -> SOURCE), local engines; `offline` assumes docker's defaults for the rest."""
    from dock2sh.bases import finder

    return finder(sources, offline)
