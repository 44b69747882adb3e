"""dock2sh: what `docker build` does, as a shell script that can be trusted.

The public API; each function composes phases in a few lines:

    text --parse--> Dockerfile --evaluate--> Plan --script--> text

What is wrong with the input is a `Refused` with a Diagnostic. See ARCHITECTURE.md. (The functions are not called `plan` and
`emit`: those are the packages, and a package that is imported takes the place of an attribute of its name.)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2sh.dockerfile.syntax import Dockerfile
    from dock2sh.emit.carried import Carried
    from dock2sh.model import Plan
    from dock2sh.plan.context import Project
    from dock2sh.plan.evaluate import Options
    from dock2sh.plan.walk import FindBase

__version__ = "0.1.0"
__all__ = ["evaluate", "find_bases", "parse", "script"]


def parse(text: str) -> "Dockerfile":
    """The syntax of a Dockerfile's text. Raises Refused."""
    from dock2sh.dockerfile.lines import parse

    return parse(text)


def evaluate(dockerfile: "Dockerfile", options: "Options | None" = None, find_base: "FindBase | None" = None) -> "Plan":
    """The plan of a Dockerfile. `find_base` answers for base images; by default all are unknown. Raises Refused."""
    from dock2sh.bases import unknown
    from dock2sh.plan.evaluate import Options, evaluate

    return evaluate(dockerfile, options or Options(), find_base or unknown)


def find_bases(sources: "Mapping[str, str]", offline: bool = False) -> "FindBase":
    """Answers for base images: `sources` (NAME -> SOURCE), local engines; `offline` assumes docker's defaults for the rest."""
    from dock2sh.bases import finder

    return finder(sources, offline, lambda text: None)


def script(
    plan: "Plan",
    project: "Project",
    escape: str = "\\",
    bundle: bool = False,
    output: str = "",
    lock: "Carried | None" = None,
) -> str:
    """The script of a plan; with `bundle` the files of the context that it needs are in it. Raises Refused.

    `output` is the real path of the file that it is written to, which may lie in the context and is no part of it. `lock` is what
    it carries of a lock (dock2sh.locking.fixed).
    """
    from dock2sh.emit.frame import Setting
    from dock2sh.emit.script import script

    setting = Setting(project.name, project.text, escape, project.ignore, lock=lock, named=project.named)
    if bundle and plan.contexts:
        from dock2sh.plan.bundle import carried_contexts

        setting = setting._replace(carried=carried_contexts(plan, project))
    if project.context is None or not plan.reads_context():
        return script(plan, setting)
    from dock2sh.plan.bundle import context_digest, context_tar, needed

    files = needed(plan, project, output)
    if bundle:
        return script(plan, setting._replace(context=context_tar(files.files, project)))
    return script(plan, setting._replace(digest=context_digest(files.files, project), selectors=files.selectors))
