"""One Dockerfile, one result, wherever the script runs: recorded builds of docker's own, and the samples, in each sandbox.

What a sandbox cannot do stands in EXCEPTIONS, and in docs/sandboxes.md: there it must say so.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from building import dock2sh

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
import bench
import recorded

from dock2sh.verify.compare import Result, compare, verdict
from dock2sh.verify.report import describe
from dock2sh.verify.snapshot import snapshot

pytestmark = [pytest.mark.root, pytest.mark.slow]
SAMPLES = Path(__file__).parents[2] / "samples"
PLACES = {
    "docker": ["--sandbox=docker"],
    "docker-privileged": ["--sandbox=docker", "--privileged"],
    "podman": ["--sandbox=podman"],
    "podman-privileged": ["--sandbox=podman", "--privileged"],
    "vm": ["--sandbox=vm"],
}
# builds that have little in common: what each of them is about, its name says
VARIED = [
    "add-tar", "add-tar-zst", "argscope-t", "copy-link", "copy-parents-links", "copyfrom-idx", "cwd-deleted", "fail", "labels",
    "mnt-secret-req", "mnt-ssh", "net-none", "onbuild", "resolv-image", "run-hd", "run-hd-show", "scratch-run2", "special",
    "user-nosuch-workdir", "users-sloppy", "workdir", "xattr2",
]  # fmt: skip
# where a root of its own makes a difference; all of VARIED was built there, too (docs/sandboxes.md), and CI has not the time
PRIVILEGED = ["mnt-secret-req", "net-none", "resolv-image", "run-hd", "special"]
MACHINE = ["add-tar", "copy-link", "fail", "mnt-ssh", "net-none", "onbuild", "resolv-image", "scratch-run2", "special", "xattr2"]
ASKED = {"docker": VARIED, "podman": VARIED, "vm": MACHINE}
_NO_ZSTD = "missing: zstd, to unpack"
_MOUNTED = "missing: the image's own /etc/hosts: a file is mounted there"
EXCEPTIONS = {
    **{("add-tar-zst", place): _NO_ZSTD for place in PLACES},
    **{("resolv-image", place): _MOUNTED for place in ("docker", "podman")},
    **{("net-none", place): "a network namespace for RUN --network=none" for place in ("docker", "podman")},
    ("mnt-ssh", "vm"): "cannot be taken into a virtual machine",
}
# not here: node, whose base image is not at hand; flask, whose pip wants the certificates of this machine (test_samples gives it
# those); what needs packages is built in one of the containers, for a machine of software it takes many minutes; mounts has a RUN
# --network=none, an exception where there are no privileges
PLAIN = ["archives", "heredocs", "ignore", "onbuild", "sleeper", "users", "variables"]
SAMPLED = {
    "docker": [*PLAIN, "compile"],
    "podman": [*PLAIN, "scratch"],
    "docker-privileged": ["mounts"],
    "vm": ["archives", "users"],
}


def each(names: dict[str, list[str]]) -> list[Any]:
    """Place and name, with the place's marker."""
    return [
        pytest.param(place, name, marks=getattr(pytest.mark, place.partition("-")[0]))
        for place in PLACES
        for name in names.get(place, PRIVILEGED if names is ASKED else [])
    ]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bench.Bench]:
    made = bench.Bench(tmp_path_factory.mktemp("everywhere"))
    yield made
    made.close()


@pytest.mark.parametrize(("place", "name"), each(ASKED))
def test_as_docker_built_it(place: str, name: str, ours: bench.Bench) -> None:
    case = recorded.probe(name)
    options = ["--ssh=default=/dev/null"] if (name, place) == ("mnt-ssh", "vm") else []
    outcome, result = ours.emulate(case, *PLACES[place], *options)
    if words := EXCEPTIONS.get((name, place)):
        assert outcome.status, "not an exception any more"
        assert words in outcome.output
        return
    if problem := bench.judge(case, outcome, result, ours.base):
        pytest.fail(f"{problem}\n{outcome.output}", pytrace=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the samples' images are kept: the base comes out of docker once. No step does: its times would be another build's."""
    folder = tmp_path_factory.mktemp("samples")
    yield str(folder)
    subprocess.run(["rm", "-rf", folder], check=True)


class Made(NamedTuple):
    """A sample that was built, and the folder that has its files."""

    folder: Path
    result: Result

    def content(self, path: str) -> bytes:
        return (self.folder / "rootfs" / path.lstrip("/")).read_bytes()


def built(sample: str, folder: Path, place: list[str], data: str) -> Made:
    began = int(time.time())
    secret = ["--secret=id=token,src=/etc/os-release"] if sample == "mounts" else []
    words = ["--no-cache", *place, *secret, "-o", folder, SAMPLES / sample]
    done = dock2sh("emulate", *words, timeout=900, env=os.environ | {"XDG_DATA_HOME": data})
    assert done.returncode == 0, done.stderr
    about = json.loads((folder / "config.json").read_text())
    history = tuple(row["created_by"] for row in about["History"])
    return Made(folder, Result(snapshot(str(folder / "rootfs")), about["Config"], history, began))


@pytest.fixture(scope="module")
def in_namespaces(data: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Made]]:
    """A sample as the emulator's own sandbox makes it, made once."""
    home = tmp_path_factory.mktemp("namespaces")
    yield cache(lambda sample: built(sample, home / sample, [], data))
    subprocess.run(["rm", "-rf", home], check=True)


@pytest.mark.docker  # whose debian:12 it is
@pytest.mark.parametrize(("place", "sample"), each(SAMPLED))
def test_the_samples(place: str, sample: str, tmp_path: Path, data: str, in_namespaces: Callable[[str], Made]) -> None:
    """The same as in namespaces, which are compared with docker elsewhere."""
    here, there = in_namespaces(sample), built(sample, tmp_path / place, PLACES[place], data)
    found = compare(there.result, here.result, lambda path: (there.content(path), here.content(path)))
    assert verdict(found) != "different", describe(found)
    subprocess.run(["rm", "-rf", there.folder], check=True)
    assert not os.listdir(tmp_path)
