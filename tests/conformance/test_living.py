"""Every recorded case, asked again of the Docker Engine that is here: what it builds is what we build."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import base as base_image
import pytest
import recorded
from bench import IMAGE, SECRET, Bench, differences

from dock2sh.verify.compare import Result
from dock2sh.verify.reference import NotBuilt, built
from dock2sh.verify.report import describe
from dock2sh.verify.snapshot import read

pytestmark = [pytest.mark.root, pytest.mark.docker]
NAME = "busybox:dock2sh-conformance"
# what an engine may say because it is older than the recordings; everything else it says counts
OLDER = ("unknown flag: --parents",)


@pytest.fixture(scope="module")
def base(bench: Bench, engine: str) -> Iterator[str]:
    """The base image of the recordings, under a name of its own in the engine."""
    archive = bench.home / "living.tar"
    base_image.archive(bench.rootfs, archive, NAME)
    subprocess.run(["docker", "load", "-q", "-i", archive], check=True, capture_output=True)
    yield NAME
    subprocess.run(["docker", "image", "rm", NAME], check=False, capture_output=True)


def theirs(case: recorded.Probe, context: Path, bench: Bench, base: str) -> Result | str:
    """What the engine builds, or its message."""
    options = [f"--build-context={IMAGE}=docker-image://{base}", f"--secret={SECRET.format(bench.home)}", *case.options()]
    try:
        with built(str(context), str(case.folder / "Dockerfile"), options) as made:
            return Result(read(made.root, made.scan.tree, made.scan.tree), made.config, made.history, made.began)
    except NotBuilt as error:
        return str(error)


@pytest.mark.parametrize("name", recorded.names("probes"))
def test_as_this_engine_builds_it(bench: Bench, base: str, name: str) -> None:
    case = recorded.probe(name)
    bench.start([(name, "dash")])
    outcome, ours, root = bench.result(case, "dash", suffix="-living")
    answer = theirs(case, bench.home / f"context-{name}", bench, base)
    if isinstance(answer, str):
        if any(words in answer for words in OLDER):
            pytest.skip(f"this engine is older than the recordings: {answer}")
        assert outcome.status == 1, f"docker refuses it: {answer}\nwe end with status {outcome.status}\n{outcome.output}"
        return
    assert outcome.status == 0, f"docker builds it; we end with status {outcome.status}\n{outcome.output}"
    assert ours is not None
    problem = describe(differences(ours, answer))
    assert not problem, f"{problem}\n{outcome.output}"
    subprocess.run(["rm", "-rf", "--one-file-system", root.parent], check=True)
