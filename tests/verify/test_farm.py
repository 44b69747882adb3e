"""Many Dockerfiles over the workers of a real Dask scheduler on loopback, one of which dies on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dock2sh.verify import farm

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def dask(engine: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Python finds Dask (fetched for this, nothing else of the tests needs it) and docker its engine."""
    home = tmp_path_factory.mktemp("dask")
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(home), "distributed"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"Dask cannot be fetched: {done.stderr}"
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{home}", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}


@pytest.fixture
def scheduler(dask: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """The address of a scheduler, and its two workers."""
    told = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common]
    work = [sys.executable, "-m", "distributed.cli.dask_worker", *common, "--nthreads", "1", "--no-nanny"]
    running = []
    with (tmp_path / "log").open("wb") as log:
        for command in (begin, work, work):
            here = tmp_path / f"at-{len(running)}"
            here.mkdir()
            running.append(subprocess.Popen(command, env=dask, cwd=here, stdout=log, stderr=log))
            _wait(told)
    try:
        yield json.loads(told.read_text())["address"].removeprefix("tcp://"), running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


def _wait(file: Path) -> None:
    for _ in range(600):
        if file.exists():
            return
        time.sleep(0.1)
    raise AssertionError("the scheduler does not begin")


def test_two_workers_of_which_one_dies(
    scheduler: tuple[str, list["subprocess.Popen[bytes]"]], dask: dict[str, str], tmp_path: Path
) -> None:
    address, workers = scheduler
    for name in "abcd":
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "Dockerfile").write_text(f"FROM busybox\nCOPY file /{name}\nRUN sleep 1\n")
        (tmp_path / "all" / name / "file").write_text(name)
    results = tmp_path / "done.jsonl"
    words = ["verify", "--all", str(tmp_path / "all"), "--results", str(results), "--scheduler", address, "--format", "json"]
    command = [sys.executable, "-m", "dock2sh", *words]
    with subprocess.Popen(command, env=dask, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        _wait(results)
        while not results.read_text():
            time.sleep(0.1)
            assert process.poll() is None, process.communicate()
        workers[0].kill()
        said, complaints = process.communicate(timeout=300)
    assert process.returncode == 0, complaints
    assert [(row["name"], row["verdict"]) for row in json.loads(said)] == [(f"{name}/Dockerfile", "identical") for name in "abcd"]
    # what is done is not done again, what has changed is
    (tmp_path / "all/b/file").write_text("other")
    plan = farm.Farm(str(tmp_path / "all"), ("--builder", "docker", "--sandbox", "namespaces", "--shell", "dash"), str(results))
    asked: list[str] = []
    farm.run(plan, lambda row: asked.append(row["name"]))
    assert asked == ["b/Dockerfile"]


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_its_jobs_end_with_it(engine: str, tmp_path: Path, kind: signal.Signals) -> None:
    """And the steps that they had begun."""
    word = f"{300 + kind}.{os.getpid()}"  # nobody else sleeps that long
    for name in "ab":
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "Dockerfile").write_text(f"FROM busybox\nRUN echo {name} && sleep {word}\n")
    command = [sys.executable, "-m", "dock2sh", "verify", "--all", str(tmp_path / "all"), "--jobs=2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _until(lambda: len(_running(word)) >= 2)
        process.send_signal(kind)
        process.wait(timeout=60)
    _until(lambda: not _running(word) and not _running(str(tmp_path)))


def _running(word: str) -> list[str]:
    """The processes that have the word in their command line."""
    done = subprocess.run(["pgrep", "-f", "--", word.replace(".", r"\.")], check=False, capture_output=True, text=True)
    return done.stdout.split()


def _until(reached: Callable[[], bool]) -> None:
    for _ in range(600):
        if reached():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")
