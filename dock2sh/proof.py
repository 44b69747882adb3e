"""`dock2sh verify`: a plan and its script put before the judge. Plan and verify/ meet here; neither knows the other."""

from collections.abc import Sequence
from typing import NamedTuple

from dock2sh.model import Copy, Plan
from dock2sh.plan.context import Project
from dock2sh.plan.history import history
from dock2sh.verify import Case, Result, Verdict, verify


class Wish(NamedTuple):
    """What is said besides the Dockerfile: docker's flags as typed, the script's options, the shell that runs it."""

    docker: Sequence[str] = ()
    script: Sequence[str] = ()
    shell: str = "dash"


def prove(plan: Plan, project: Project, file: str, script: str, wish: Wish, against: Result | None = None) -> Verdict:
    """Run the script, build with docker (or take the recorded result `against`), compare. Needs root and a build context."""
    assert project.context is not None
    first = plan.chain()[0]
    own = history(plan)[len(plan.image.get("history") or ()) :]
    case = Case(
        script=script,
        config=plan.config,
        context=str(project.context.resolve()),
        file=file,
        base="" if first.base == "scratch" else first.base,
        history=tuple(entry["created_by"] for entry in own),
        options=wish.docker,
        script_options=wish.script,
        inline=_documents(plan),
    )
    return verify(case, shell=wish.shell, against=against)


def _documents(plan: Plan) -> frozenset[str]:
    """The files of COPY and ADD here-documents: docker caches these even with --no-cache, with the time of the first build."""
    found = set[str]()
    for stage in plan.stages:
        for step in stage.steps:
            if isinstance(step, Copy):
                whole = not step.destination.endswith("/")
                found |= {step.destination if whole else step.destination + file.name for file in step.files}
    return frozenset(found)
