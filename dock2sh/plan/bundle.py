"""The files of the build context that a plan needs: as a digest, and as a tar for `--bundle`."""

from dock2sh.model import Plan
from dock2sh.plan.context import Project


def context_digest(plan: Plan, project: Project) -> str:
    return ""


def context_tar(plan: Plan, project: Project) -> bytes | None:
    return None
