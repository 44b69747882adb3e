"""Every recorded build, by the emulator: the same files and the same config as BuildKit's, or refused as by BuildKit."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
import bench
import recorded

pytestmark = [pytest.mark.root, pytest.mark.slow]

NAMES = recorded.names("probes")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What is wrong with each, "" if nothing is."""
    home = tmp_path_factory.mktemp("probes")
    ours = bench.Bench(home)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield dict(zip(NAMES, pool.map(lambda name: answer(ours, name), NAMES), strict=True))
    ours.close()


def answer(ours: bench.Bench, name: str) -> str:
    case = recorded.probe(name)
    outcome, result = ours.emulate(case)
    problem = bench.judge(case, outcome, result, ours.base)
    return f"{problem}\n{outcome.output}" if problem else ""


@pytest.mark.parametrize("name", NAMES)
def test_as_docker_builds_it(name: str, answers: dict[str, str]) -> None:
    if answers[name]:
        pytest.fail(answers[name], pytrace=False)
