"""The evaluated plan as JSON: `dock2sh plan --format json`. docs/plan.md is its page; a change here is a change there."""

from collections.abc import Iterable
from typing import Any, assert_never

from dock2sh.model import Configure, Copy, Fetch, MakeDirectory, Mount, Plan, Run, Stage, Step
from dock2sh.plan.history import history, without_times


def plan_object(plan: Plan) -> dict[str, Any]:
    """The plan in the documented, stable schema."""
    image = {key: value for key, value in plan.image.items() if key in ("architecture", "os", "variant", "os.version", "author")}
    return {
        "target": plan.target,
        "stages": [_stage(stage) for stage in plan.stages],
        "contexts": dict(plan.contexts),
        "left_out": [{"line": left.span.first, "marker": left.marker, "text": left.text} for left in plan.left_out],
        "config": dict(plan.config),
        "image": image | {"history": without_times(list(history(plan)))},
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "index": stage.index,
        "base": stage.base,
        "parent": stage.parent,
        "platform": stage.platform,
        "base_known": stage.known,
        "replaced": stage.replaced,
        "steps": [step_object(step) for step in stage.steps],
    }


def step_object(step: Step) -> dict[str, Any]:
    """A step in that schema."""
    match step:
        case Run():
            return _run(step)
        case Copy():
            return _copy(step)
        case Fetch():
            return _fetch(step)
        case MakeDirectory():
            return {"kind": "mkdir", "line": step.span.first, "path": step.path or step.cwd, "cwd": step.cwd, "user": step.user}
        case Configure():
            pairs = [[name, value] for name, value in step.pairs]
            common = {"kind": "configure", "line": step.span.first, "keyword": step.keyword}
            return common | ({"pairs": pairs} if pairs else {"words": list(step.words)})
        case _:
            assert_never(step)


def _run(step: Run) -> dict[str, Any]:
    script = {"name": step.script.name, "content": step.script.content} if step.script else None
    return {
        "kind": "run",
        "line": step.span.first,
        "argv": list(step.argv),
        "env": _seen((*step.env, *_agent(step), *step.proxy)),
        "cwd": step.cwd,
        "user": step.user,
        "mounts": [_mount(mount) for mount in step.mounts],
        "network": step.network,
        "security": step.security,
        "hostname": step.hostname,
        "hosts": [list(pair) for pair in step.hosts],
        "limits": list(step.limits),
        "shm": step.shm,
        "script": script,
        "onbuild": step.onbuild,
    }


def _seen(pairs: Iterable[str]) -> list[str]:
    """An environment as runc makes it: of two variables of one name the last one counts."""
    found: dict[str, str] = {}
    for pair in pairs:
        name = pair.partition("=")[0]
        found.pop(name, None)
        found[name] = pair
    return list(found.values())


def _agent(step: Run) -> list[str]:
    """SSH_AUTH_SOCK of the first ssh mount: set with or without an agent (semantics.md 2, 52)."""
    return [f"SSH_AUTH_SOCK={mount.target}" for mount in step.mounts if mount.type == "ssh"][:1]


def _mount(mount: Mount) -> dict[str, Any]:
    return {("from" if key == "origin" else key): value for key, value in mount._asdict().items()}


def _copy(step: Copy) -> dict[str, Any]:
    return {
        "kind": "copy",
        "line": step.span.first,
        "sources": list(step.sources),
        "destination": step.destination,
        "from": step.origin or None,
        "chown": step.chown or None,
        "chmod": step.chmod or None,
        "link": step.link,
        "parents": step.parents,
        "exclude": list(step.excludes),
        "unpack": step.unpack,
        "files": [{"name": file.name, "content": file.content} for file in step.files],
        "onbuild": step.onbuild,
    }


def _fetch(step: Fetch) -> dict[str, Any]:
    return {
        "kind": "fetch",
        "line": step.span.first,
        "sources": [step.source],
        "destination": step.destination,
        "checksum": step.checksum or None,
        "chown": step.chown or None,
        "chmod": step.chmod or None,
        "link": step.link,
        "unpack": step.unpack,
        "git": step.git._asdict() if step.git else None,
        "exclude": list(step.excludes),
        "onbuild": step.onbuild,
    }
