"""Where an instruction does its work: build time or run time, as which user, where, with which shell."""

from dock2sh.explain.language import Text, say
from dock2sh.explain.scope import Scope
from dock2sh.model import Run

_ROOT = ("root", "0", "0:0", "root:root")


def name_of(user: str) -> str:
    """A user who is not root; empty for root, and where only the base image knows."""
    return "" if user in _ROOT else user


def user_of(user: str, known: bool = True) -> Text:
    if not user:
        return say("root") if known else say("the base image's user (root, unless it says otherwise)")
    return say("user `{user}`", user=user) if name_of(user) else say("root")


def of_run(step: Run, scope: Scope) -> Text:
    """`as root, in /app, by /bin/sh -c`."""
    who = user_of(step.user, scope.known)
    if not step.shell:
        return say("as {who}, in `{directory}`, without a shell", who=who, directory=step.cwd)
    return say("as {who}, in `{directory}`, by `{shell}`", who=who, directory=step.cwd, shell=" ".join(step.shell))
