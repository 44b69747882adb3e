"""The recorded cases, read: what was built, with what, and what came out."""

import hashlib
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import base as base_image

from dock2sh.verify.compare import Result
from dock2sh.verify.snapshot import Entry, Tree

CASES = Path(__file__).parent / "cases"
FUZZED = Path(__file__).parents[1] / "fuzzed"  # builds that nobody wrote: found by comparing random Dockerfiles, then made small
BEGAN = 1795000000  # no recorded build is older, and none of the mtimes that docker kept is younger
SOCKET = "sock"  # a tar cannot hold it; where the recorded tree has it, the context had it
ADDUSER = "35239b5ee4a9f5c2"  # the recorders' own script of that name, which is not ours
# contents that hold the time of the build: (probe, path); their sizes are compared
DATED = (("run-hd", "/ls"),)
# no result was recorded, and the living engine says: its `ls /run/secrets` finds no such directory
UNRECORDED_FAILURES = ("mnt-secret",)
_OUR_ADDUSER = hashlib.sha256(base_image.ADDUSER.encode()).hexdigest()
_LINE = re.compile(r"(?P<kind>.) (?P<mode>[0-7]{4}) (?P<uid>\d+):(?P<gid>\d+) (?P<mtime>\d+) (?P<rest>.*)")


class Probe(NamedTuple):
    """A Dockerfile that was built. `tree` is None where no result was recorded, `error` where it did not fail."""

    name: str
    folder: Path
    arguments: dict[str, str]
    labels: dict[str, str]
    target: str
    tree: str | None
    config: dict[str, Any] | None
    error: str | None

    @property
    def fails(self) -> bool:
        """Whether docker refuses it."""
        return bool(self.error) or self.name in UNRECORDED_FAILURES

    def options(self) -> list[str]:
        """The build's options, which docker and dock2sh spell alike."""
        named = [*((f"--build-arg={name}={value}") for name, value in self.arguments.items())]
        labels = [f"--label={name}={value}" for name, value in self.labels.items()]
        return [*named, *labels, *([f"--target={self.target}"] if self.target else [])]


def names(kind: str) -> list[str]:
    """The names of all cases of a kind."""
    homes = (CASES / kind, FUZZED) if kind == "probes" else (CASES / kind,)
    return sorted(folder.name for home in homes for folder in home.iterdir())


def probe(name: str) -> Probe:
    """One recorded build."""
    folder = next(home / name for home in (CASES / "probes", FUZZED) if (home / name).exists())
    attributes = json.loads(_text(folder / "case.json") or "{}").get("attrs", {})
    arguments, labels = (
        {key.partition(":")[2]: value for key, value in attributes.items() if key.startswith(kind)}
        for kind in ("build-arg:", "label:")
    )
    unknown = [key for key in attributes if key.partition(":")[0] not in ("build-arg", "label", "target")]
    assert not unknown, f"{name}: the runner does not know {unknown}"
    config = _text(folder / "config.json")
    return Probe(
        name=name,
        folder=folder,
        arguments=arguments,
        labels=labels,
        target=attributes.get("target", ""),
        tree=_text(folder / "tree.txt"),
        config=json.loads(config) if config else None,
        error=_text(folder / "error.txt"),
    )


def fill_context(case: Probe, directory: Path) -> None:
    """The build context as it was: owners, times and hard links from the tar."""
    directory.mkdir()
    if (case.folder / "context.tar").exists():
        subprocess.run(["tar", "-C", directory, "--numeric-owner", "-xpf", case.folder / "context.tar"], check=True)
    if match := re.search(rf"(\d+) /c/{SOCKET} 0 ", case.tree or ""):
        os.mknod(directory / SOCKET, stat.S_IFSOCK | 0o777)  # bind(2) takes paths of 107 bytes at most
        os.utime(directory / SOCKET, (int(match[1]), int(match[1])))


def result(case: Probe, base: Tree) -> Result:
    """The recorded answer on top of the base that it began with ({} for scratch)."""
    assert case.tree is not None
    assert case.config is not None
    tree = dict(base)
    for line in filter(None, case.tree.splitlines()):
        path, entry = _entry(line, tree)
        tree[path] = entry if entry.digest != ADDUSER else entry._replace(size=len(base_image.ADDUSER), digest=_OUR_ADDUSER)
    return Result(tree, case.config["config"], tuple(row["created_by"] for row in case.config["history"]), BEGAN)


def _entry(line: str, tree: Tree) -> tuple[str, Entry]:
    match = _LINE.fullmatch(line)
    assert match, f"not a line of a tree: {line}"
    kind, rest = match["kind"], match["rest"]
    bare = Entry(kind, int(match["mode"], 8), int(match["uid"]), int(match["gid"]), int(match["mtime"]))
    if kind == "f":
        path, size, digest = rest.rsplit(" ", 2)
        return path, bare._replace(size=int(size), digest=digest)
    if kind in "lh":
        path, _, target = rest.partition(" -> ")
        if kind == "l":
            return path, bare._replace(target=target)
        tree[target] = tree[target]._replace(links=target)
        return path, tree[target]
    if kind in "cb":
        path, _, device = rest.partition(" dev=")
        return path, bare._replace(device=":".join(str(number) for number in json.loads(device)))
    return rest, bare


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
