"""Named contexts: directories (`--build-context NAME=DIR`) that are copied from, or that a stage begins with.

What a stage begins with is transferred by docker's rules of contexts, which the script has: it is asked to build a Dockerfile
that is nothing but that FROM.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence

from dock2sh.emulator.build import Root
from dock2sh.emulator.contents import Contents, Origin
from dock2sh.model import DEFAULT_PATH, Plan
from dock2sh.sandbox import SandboxError


def named_contexts(plan: Plan, sources: Mapping[str, str]) -> dict[str, str]:
    """The directories among the plan's named contexts, by the names that it has for them."""
    return {name: os.path.realpath(sources[name]) for name, image in plan.contexts.items() if not image and name in sources}


def begun(
    plan: Plan, contexts: Mapping[str, str], write: Callable[[Plan], str], shell: Sequence[str], home: str, work: str
) -> dict[str, Root]:
    """The roots of the stages that begin with a named context, by its name. `write` makes a script of a plan, `shell` runs it.

    Raises SandboxError.
    """
    stages = {stage.base: stage for stage in plan.stages if stage.parent is None and stage.base in contexts}
    contents = Contents(home, "", None, lambda name: Origin(contexts[name], True))
    found = {}
    for number, (name, stage) in enumerate(stages.items()):
        place = f"{work}/begun{number}"
        os.makedirs(f"{place}/root", 0o755)
        script = write(plan._replace(stages=(stage._replace(steps=()),)))
        _fill(script, name, contexts[name], place, shell)
        found[name] = Root(f"context {contents.all_of(name)}", (f"{place}/root",))
    return found


def _fill(script: str, name: str, directory: str, place: str, shell: Sequence[str]) -> None:
    with open(f"{place}/setup.sh", "x", encoding="utf-8", errors="surrogateescape") as file:
        file.write(script)
    where = ["--root", f"{place}/root", "--state", f"{place}/state", "--build-context", f"{name}={directory}"]
    done = subprocess.run(
        [*shell, file.name, *where],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={"PATH": DEFAULT_PATH},
        cwd=place,
    )
    if done.returncode:
        raise SandboxError(f"the context {name} cannot be taken: {done.stderr.decode(errors='replace').strip()}")
