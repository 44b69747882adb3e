"""Named contexts: directories (`--build-context NAME=DIR`) that are copied from, or that a stage begins with.

What a stage begins with is transferred by docker's rules of contexts, which the script has: it is asked to build a Dockerfile
that is nothing but that FROM.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dock2sh.emulator.build import Root
from dock2sh.emulator.contents import Contents, Origin
from dock2sh.model import DEFAULT_PATH, Fetch, Plan, Repository
from dock2sh.sandbox import SandboxError
from dock2sh.source import Refused, located, refuse


def named_contexts(plan: Plan, sources: Mapping[str, str]) -> dict[str, str]:
    """The directories among the plan's named contexts, by the names that it has for them."""
    return {name: os.path.realpath(sources[name]) for name, image in plan.contexts.items() if not image and name in sources}


class Filler(NamedTuple):
    """How a root is filled: `shell` reads the script, `agent` is the socket for what is fetched over ssh, `say` gets warnings."""

    shell: Sequence[str]
    agent: str
    say: Callable[[str], None]


def begun(
    plan: Plan, contexts: Mapping[str, str], write: Callable[[Plan], str], filler: Filler, home: str, work: str
) -> dict[str, Root]:
    """The roots of the stages that begin with a named context, and those of the repositories among them, by the context's name.
    `write` makes a script of a plan.

    Raises Refused for a repository that docker does not take either, SandboxError where something for it is missing here.
    """
    names = [stage.base for stage in plan.stages if stage.parent is None and stage.base in contexts]
    roots = {name: f"{work}/begun{number}/root" for number, name in enumerate(dict.fromkeys((*names, *plan.repositories)))}
    contents = Contents(home, "", None, lambda name: Origin(contexts.get(name, roots[name]), name in contexts))
    found = {}
    for name, root in roots.items():
        os.makedirs(root, 0o755)
        stage = plan.stages[-1]._replace(base=name, parent=None, steps=())
        options = ["--build-context", f"{name}={contexts[name]}"] if name in contexts else ["--ssh", f"default={filler.agent}"]
        _fill(write(plan._replace(stages=(stage,))), name, options, os.path.dirname(root), filler)
        found[name] = Root(f"context {contents.all_of(name)}", (root,))
    return found


def fetched(plan: Plan, write: Callable[[Plan], str], filler: Filler, work: str) -> dict[str, str]:
    """The repositories that its steps add, each fetched by a script of this machine, as docker fetches them outside of the image.
    By the step's number and their place in it ("3.1").

    Raises Refused, SandboxError as `begun`.
    """
    found = {}
    for key, step in _repositories(plan):
        found[key] = f"{work}/fetched/{key}/root"
        os.makedirs(found[key], 0o755)
        assert step.git
        stage = plan.stages[-1]._replace(base=key, parent=None, steps=())
        asked = plan._replace(stages=(stage,), repositories={key: Repository(step.source, step.checksum, step.git)})
        try:
            _fill(write(asked), key, ["--ssh", f"default={filler.agent}"], os.path.dirname(found[key]), filler)
        except Refused as refused:
            raise located(refused, step.span) from None
    return found


def _repositories(plan: Plan) -> Iterator[tuple[str, Fetch]]:
    """Numbered as the script numbers its steps."""
    groups = (steps for stage in plan.stages for steps in stage.layers())
    for number, steps in enumerate(groups, 1):
        added = (step for step in steps if isinstance(step, Fetch) and step.git)
        yield from ((f"{number}.{place}", step) for place, step in enumerate(added, 1))


def _fill(script: str, name: str, options: Sequence[str], place: str, filler: Filler) -> None:
    """By a script that has no steps. `options` tell it the directory, or the agent for a repository."""
    with open(f"{place}/setup.sh", "x", encoding="utf-8", errors="surrogateescape") as file:
        file.write(script)
    where = ["--root", f"{place}/root", "--state", f"{place}/state"]
    done = subprocess.run(
        [*filler.shell, file.name, *where, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={"PATH": DEFAULT_PATH},
        cwd=place,
    )
    lines = done.stderr.decode(errors="replace").strip().split("\n")
    for line in lines:
        if line.startswith("warning: "):
            filler.say(line)
    if done.returncode:
        said = lines[-1]
        message = f"the context {name} cannot be taken: {said.removeprefix('error: ')}"
        raise refuse("context", message) if done.returncode == 1 else SandboxError(message)
