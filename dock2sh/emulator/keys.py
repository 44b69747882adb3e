"""What makes a step another step, as docker sees it: its parent, what it says, what it sees, and the content of what it reads."""

import json
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, assert_never

from dock2sh.digest import sha256, sha256_for
from dock2sh.emit.bundle import RUNTIME
from dock2sh.model import Configure, Copy, Fetch, MakeDirectory, Mount, Run, Step


def first_key(identity: str, platform: str) -> str:
    """The key of a base image."""
    return _digest(["base", identity, platform])


def step_key(parent: str, steps: Sequence[Step], contents: Sequence[str]) -> str:
    """The key of a layer: on which it stands, the steps that make it, and the digests of what these read (contents.py)."""
    return _digest([_library(), parent, [_said(step) for step in steps], list(contents)])


def _said(step: Step) -> Any:
    """All of a step that decides what it does. Not where it stands, not how it was written, not a proxy (semantics.md 1.2)."""
    match step:
        case Run():
            mounts = [_mounted(mount) for mount in step.mounts]
            script = list(step.script) if step.script else None
            seen = [step.network, step.security, script, step.hostname, step.hosts, step.limits, step.shm]
            return ["run", step.argv, list(step.env), step.cwd, step.user, mounts, *seen]
        case Copy():
            files = [list(file) for file in step.files]
            flags = [step.chown, _mode(step.chmod), step.link, step.parents, step.excludes, step.unpack]
            return ["copy", step.sources, step.destination, bool(step.origin), flags, files]
        case Fetch():
            git = step.git._asdict() if step.git else None
            flags = [step.checksum, step.chown, _mode(step.chmod), step.link, step.unpack, step.excludes]
            return ["fetch", step.source, step.destination, git, flags]
        case MakeDirectory():
            return ["mkdir", step.path, step.user]
        case Configure():
            raise ValueError("a step that makes no layer has no key")
        case _:
            assert_never(step)


def _mode(chmod: str) -> str:
    """644 is 0644."""
    return chmod.lstrip("0") or chmod


def _mounted(mount: Mount) -> dict[str, Any]:
    """Which cache it is does not count, nor who waits for whom: a cache decides nothing (BuildKit's ExecOp.CacheMap)."""
    about = mount._asdict()
    return {**about, "id": "", "sharing": ""} if mount.type == "cache" else about


@cache
def _library() -> str:
    """The shell library: another one may do otherwise."""
    whole = sha256_for(0)()
    for folder in (RUNTIME, f"{RUNTIME}/programs"):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_file():
                with open(entry.path, "rb") as file:
                    whole.update(file.read())
    return str(whole.hexdigest())


def _digest(value: Any) -> str:
    return sha256(json.dumps(value))
