"""What a Dockerfile does, for one who learns and one who must decide: a plan and its syntax to an Explanation (tree.py).

The emitters write it: terminal.py, markdown.py, page.py (HTML), as_json.py; drawing.py has the picture alone.
"""

from collections.abc import Mapping

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.explain.tree import Explanation
from dock2sh.model import Plan
from dock2sh.source import Diagnostic


def explain(
    plan: Plan, dockerfile: Dockerfile, name: str, build_args: Mapping[str, str] | None = None, found: tuple[Diagnostic, ...] = ()
) -> Explanation:
    """The explanation of a plan. `found` are findings, shown at their lines. Raises Refused for what no shell can be told."""
    from dock2sh.explain.assembly import assemble

    return assemble(plan, dockerfile, name, build_args or {}, found)


def opening(plan: Plan, dockerfile: Dockerfile, name: str) -> str:
    """The first line of the text, which needs no shell to be read."""
    from dock2sh.explain.assembly import title

    return title(plan, dockerfile, name)
