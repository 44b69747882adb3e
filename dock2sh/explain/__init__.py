"""What a Dockerfile does, for one who learns and one who must decide: a plan and its syntax to an Explanation (tree.py).

The emitters write it: terminal.py, markdown.py, page.py (HTML), as_json.py; drawing.py has the picture alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.explain.tree import Explanation, Remark
from dock2sh.model import Plan
from dock2sh.source import Diagnostic

if TYPE_CHECKING:
    from dock2sh.explain.measured import Measurement
    from dock2sh.findings.rule import Finding
    from dock2sh.plan.context import Tree


def explain(
    plan: Plan,
    dockerfile: Dockerfile,
    name: str,
    build_args: Mapping[str, str] | None = None,
    checked: tuple[Diagnostic, ...] = (),
    found: "tuple[Finding, ...]" = (),
    measurement: "Measurement | None" = None,
    tree: "Tree | None" = None,
) -> Explanation:
    """The explanation of a plan. `checked` (BuildKit's) and `found` (ours) are shown at their lines, and what was measured.

    `tree` tells which sources of the build context are directories.

    Raises Refused for what no shell can be told.
    """
    from dock2sh.explain.whole import assemble

    return assemble(plan, dockerfile, name, build_args or {}, _remarks(checked, found), measurement, tree)


def _remarks(checked: tuple[Diagnostic, ...], found: "tuple[Finding, ...]") -> tuple[Remark, ...]:
    from dock2sh.explain.remarks import of_checks, of_findings

    return tuple(sorted((*of_checks(checked), *of_findings(found)), key=lambda remark: remark.line))


def opening(plan: Plan, dockerfile: Dockerfile, name: str) -> str:
    """The first line of the text, which needs no shell to be read."""
    from dock2sh.explain.whole import title

    return title(plan, dockerfile, name)
