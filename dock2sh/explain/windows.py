"""What is said of an image for Windows: where docker does there what it does elsewhere, and nothing of Linux's own."""

from dock2sh.explain.language import Text, code, joined, listed, say
from dock2sh.explain.starting import form_of
from dock2sh.explain.tree import Fact, Row, Start
from dock2sh.model import Configure, Copy, MakeDirectory, Plan, Run, Step


def of_step(step: Step, told: list[Text]) -> list[Text]:
    """The sentences of a step, `told` as they are for Linux: those about users, owners and paths are others."""
    match step:
        case MakeDirectory():
            return [say("The lines that follow begin in `{directory}`. It is made if it is not there.", directory=step.cwd)]
        case Copy():
            where = code(step.origin) if step.origin else say("the build context")
            named = listed(list(step.words[:-1]))
            return [say("Copies {names} from {where} to `{path}`.", names=named, where=where, path=step.words[-1])]
        case Run():
            return told if step.shell else told[:1]
        case Configure(keyword="USER"):
            return [say("The lines that follow that run something are user `{user}`.", user=step.words[0])]
        case Configure(keyword="SHELL"):
            shell = " ".join(step.words)
            return [say("What runs the text of `RUN`, `CMD` and `ENTRYPOINT` from here on: `{shell}`.", shell=shell)]
    return told


def start(plan: Plan) -> Start:
    """How a container starts. Signals there are none, and process 1 is an ordinary one."""
    config = plan.config
    entrypoint, cmd = (form_of(config.get(key)).argv for key in ("Entrypoint", "Cmd"))
    unknown = say("the base image's, if it has one")
    facts = (
        Fact(say("user"), code(config["User"]) if config.get("User") else say("the base image's")),
        Fact(say("directory"), code(config["WorkingDir"]) if config.get("WorkingDir") else say("the base image's")),
        Fact(say("ENTRYPOINT"), joined([*map(code, entrypoint)], " ") if entrypoint else unknown),
        Fact(say("CMD"), joined([*map(code, cmd)], " ") if cmd else unknown),
    )
    note = say(
        "An image for Windows: only a docker on Windows runs it. How it stops, and what a script would do, is not told here."
    )
    if not entrypoint and not cmd:
        return Start(facts, (), (note,))
    rows = [Row("docker run IMAGE", entrypoint + cmd, say("Starts `{program}`.", program=(entrypoint + cmd)[0]), False)]
    says = say("`a b` come after `ENTRYPOINT`.") if entrypoint else say("`a` with the argument `b`, in place of `CMD`.")
    rows.append(Row("docker run IMAGE a b", (*entrypoint, "a", "b"), says, False))
    return Start(facts, tuple(rows), (note,))
