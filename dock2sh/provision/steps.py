"""The table of steps that a host's script knows: for each a digest of all that it depends on, so that what is done stays done."""

import json
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.digest import sha256, sha256_for
from dock2sh.emit.plan_json import step_object
from dock2sh.model import Plan, Run, Stage, Step, origins
from dock2sh.plan.bundle import named_directories, needed
from dock2sh.plan.context import Project

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried

TARGET = "-"
"""The stage of the steps that change the machine itself: the target's, and those of the stages that it goes on from."""


class Row(NamedTuple):
    """A step: its number in the script, its stage (TARGET, or a key), its digest, the keys of the stages that it needs."""

    number: int
    stage: str
    digest: str
    needs: tuple[str, ...]


def table(plan: Plan, project: Project, lock: "Carried | None" = None) -> list[Row]:
    """All steps, as the script numbers them. What a lock holds for a step is part of it: with another lock it is done again."""
    chain = {stage.key for stage in plan.chain()}
    keys = {stage.key for stage in plan.stages}
    rows, ends = list[Row](), dict[str, str]()
    for stage in plan.stages:
        digest = ends[stage.parent] if stage.parent is not None else sha256("\n".join(_base(plan, stage, project, lock)))
        for steps in stage.layers():
            needs = [need for step in steps for need in origins(step) if need in keys and need != stage.key]
            parent = [stage.parent] if stage.parent is not None and stage.key not in chain else []
            known = [step_text(step, plan, stage, project) for step in steps] + [ends[need] for need in needs if need in ends]
            known += [_repository(name, plan, lock) for step in steps for name in origins(step) if name in plan.repositories]
            held = lock.held(len(rows) + 1) if lock else []
            digest = sha256("\n".join([digest, *known, *held]))
            own = TARGET if stage.key in chain else stage.key
            whole = [key for need in parent + needs for key in _made_by(plan, need, chain)]
            rows.append(Row(len(rows) + 1, own, digest[:16], tuple(dict.fromkeys(whole))))
        ends[stage.key] = digest
    return rows


def _made_by(plan: Plan, key: str, chain: set[str]) -> list[str]:
    """A stage, and if none of its steps is there to need its parent (FROM x AS y, and nothing more), that one too."""
    stage = next(each for each in plan.stages if each.key == key)
    if stage.layers() or stage.parent is None or key in chain:
        return [key]
    return [key, *_made_by(plan, stage.parent, chain)]


def step_text(step: Step, plan: Plan, stage: Stage, project: Project) -> str:
    """What a step says and reads, whatever line it stands on. Proxies do not count, as with docker's cache."""
    said = step_object(step)
    del said["line"]
    if isinstance(step, Run):
        said["env"] = [pair for pair in said["env"] if pair not in step.proxy]
    return json.dumps([said, _context(step, plan, stage, project)], sort_keys=True)


def _base(plan: Plan, stage: Stage, project: Project, lock: "Carried | None") -> list[str]:
    """What a stage begins with: a name, and, where that is a named context, a line for each file of the directory, or which
    repository it is."""
    alone = plan._replace(stages=(stage._replace(steps=()),))
    files = [line for name, context in named_directories(plan, project) for line in _files(alone, context, name)]
    return [stage.base, *files, *([_repository(stage.base, plan, lock)] if stage.base in plan.repositories else [])]


def _repository(name: str, plan: Plan, lock: "Carried | None") -> str:
    """Which one it is, and the commit if that is known: what a reference is by now only the machine will see."""
    return repr((*plan.repositories[name], lock.contexts.get(name, "") if lock else ""))


def _context(step: Step, plan: Plan, stage: Stage, project: Project) -> list[str]:
    """A line for each file of the context, and of the named ones that are directories, that the step reads."""
    alone = plan._replace(stages=(stage._replace(base="scratch", steps=(step,)),))
    named = [line for name, context in named_directories(plan, project) for line in _files(alone, context, name)]
    return _files(alone, project, "") + named


def _files(plan: Plan, project: Project, name: str) -> list[str]:
    if project.context is None:
        return []
    files = needed(plan, project, "", name).files
    start = f"{name}: " if name else ""
    return [f"{start}{entry.path} {entry.status.st_mode:o} {_content(f'{project.context}/{entry.path}')}" for entry in files]


def _content(path: str) -> str:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(status.st_mode):
        return ""
    whole = sha256_for(status.st_size)()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    result: str = whole.hexdigest()
    return result
