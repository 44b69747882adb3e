"""Every recorded build, by the emulator: the same files and the same config as BuildKit's, or refused as by BuildKit."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
import bench
import recorded

from dock2sh.verify.compare import Result
from dock2sh.verify.ours import Outcome
from dock2sh.verify.snapshot import snapshot

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
    out, began = ours.home / f"out-{name}", int(time.time())
    command = [sys.executable, "-m", "dock2sh", "emulate", str(ours.context(case)), "-f", str(case.folder / "Dockerfile")]
    command += [f"--base={bench.IMAGE}={ours.archive}", f"--secret={bench.SECRET.format(ours.home)}", "-o", str(out)]
    environment = os.environ | {"XDG_DATA_HOME": str(ours.home / "data")}
    done = subprocess.run([*command, *case.options()], capture_output=True, env=environment, check=False)
    said, result = done.stderr.decode(errors="replace"), None
    if done.returncode == 0:
        about = json.loads((out / "config.json").read_text())
        history = tuple(row["created_by"] for row in about["History"])
        result = Result(snapshot(str(out / "rootfs")), about["Config"], history, began)
    problem = bench.judge(case, Outcome(done.returncode, said), result, ours.base)
    subprocess.run(["rm", "-rf", out], check=True)
    return f"{problem}\n{said}" if problem else ""


@pytest.mark.parametrize("name", NAMES)
def test_as_docker_builds_it(name: str, answers: dict[str, str]) -> None:
    if answers[name]:
        pytest.fail(answers[name], pytrace=False)
