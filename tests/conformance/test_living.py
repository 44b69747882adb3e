"""Every recorded case, asked again of the Docker Engine that is here: it still says so, and what it builds is what we build."""

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache

import base as base_image
import pytest
import recorded
from bench import IMAGE, KEPT, SECRET, Bench, differences, on_base

from dock2sh.verify.compare import Difference, Result
from dock2sh.verify.reference import NotBuilt, built
from dock2sh.verify.report import describe
from dock2sh.verify.snapshot import read

pytestmark = [pytest.mark.root, pytest.mark.docker]
NAME = "busybox:dock2sh-conformance"
# What Debian's engine (28.5) says otherwise than the BuildKit of the recordings, and we with them: (probe, what it says, why);
# where it says "" its whole answer does not count
OLDER = (
    ("copy-parents.*", r"unknown flag: --parents", "its frontend has no COPY --parents"),
    ("cmdep2|hcnone", r"HEALTHCHECK &\{", "its history shows a Go structure"),
    ("copy-link2?", "", "its classic image store cannot merge layers: --link is dropped, in the history too"),
    ("run-hd", "", "its frontend looks for #! before it strips the tabs of <<-"),
)
Answer = Result | str


@pytest.fixture(scope="module")
def base(bench: Bench, engine: str) -> Iterator[str]:
    """The base image of the recordings, under a name of its own in the engine."""
    if engine:
        yield NAME  # the tests are skipped, and say why
        return
    archive = bench.home / "living.tar"
    base_image.archive(bench.rootfs, archive, NAME)
    subprocess.run(["docker", "load", "-q", "-i", archive], check=True, capture_output=True)
    yield NAME
    subprocess.run(["docker", "image", "rm", NAME], check=False, capture_output=True)


@pytest.fixture(scope="module")
def docker_says(bench: Bench, base: str) -> Callable[[str], Answer]:
    """What the engine builds of a probe, or its message; asked once."""

    @cache
    def ask(name: str) -> Answer:
        case = recorded.probe(name)
        options = [f"--build-context={IMAGE}=docker-image://{base}", f"--secret={SECRET.format(bench.home)}", *case.options()]
        try:
            with built(str(bench.context(case)), str(case.folder / "Dockerfile"), options) as made:
                return Result(read(made.root, made.scan.tree, made.scan.tree), made.config, made.history, made.began)
        except NotBuilt as error:
            return str(error)

    return ask


def younger(name: str, found: list[Difference]) -> list[Difference]:
    """The differences that are not the engine's age."""
    known = [words for probe, words, _ in OLDER if re.fullmatch(probe, name)]
    return [one for one in found if not any(re.match(words, one.theirs) for words in known)]


def skip_if_too_old(name: str, answer: Answer) -> None:
    for probe, words, why in OLDER:
        if re.fullmatch(probe, name) and (not words or (isinstance(answer, str) and re.search(words, answer))):
            pytest.skip(f"this engine is older than the recordings: {why}")


@pytest.mark.parametrize("name", recorded.names("probes"))
def test_the_recording_holds(bench: Bench, docker_says: Callable[[str], Answer], name: str) -> None:
    case, answer = recorded.probe(name), docker_says(name)
    skip_if_too_old(name, answer)
    if case.fails or isinstance(answer, str):
        assert case.fails, f"it does not build: {answer}"
        assert isinstance(answer, str), "it builds"
    elif case.tree is not None and case.config is not None:
        theirs = recorded.result(case, on_base(case, bench.base))
        problem = describe(younger(name, differences(case, theirs, answer, bench.inline(name))))
        assert not problem, f"(ours: the recording; docker: this engine)\n{problem}"


@pytest.mark.parametrize("name", recorded.names("probes"))
def test_as_this_engine_builds_it(bench: Bench, docker_says: Callable[[str], Answer], name: str) -> None:
    case, answer = recorded.probe(name), docker_says(name)
    outcome, ours, _ = bench.run(name, KEPT)
    skip_if_too_old(name, answer)
    if isinstance(answer, str):
        assert outcome.status == 1, f"docker refuses it: {answer}\nwe end with status {outcome.status}\n{outcome.output}"
        return
    assert outcome.status == 0, f"docker builds it; we end with status {outcome.status}\n{outcome.output}"
    assert ours is not None
    problem = describe(younger(name, differences(case, ours, answer, bench.inline(name))))
    assert not problem, f"{problem}\n{outcome.output}"
