"""What all tests share: the Docker Engine that judges them, and a loud word on what could not be checked.

A test marked `docker` asks a real engine: the one that DOCKER_HOST names, else the tests' own (engine/start.sh, as root), which
is stopped at the end if it was started here. A test marked `root` needs root. Where one of these is missing the test is skipped
and the summary says so; where CI is set it fails, so that nobody takes an unchecked run for a green one.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_START = Path(__file__).parent / "engine/start.sh"
_NEEDS = {
    "docker": "a Docker Engine to compare with (run as root, or set DOCKER_HOST)",
    "root": "root, to build root file systems (sudo -E python -m pytest)",
}
_unchecked: dict[str, list[str]] = {}


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """What is wrong with the engine; "" if it answers. DOCKER_HOST, DOCKER_CONFIG and PATH lead to it."""
    if os.environ.get("DOCKER_HOST"):
        yield _trouble()
        return
    if os.geteuid() != 0:
        yield "no DOCKER_HOST, and only root can start the tests' own engine"
        return
    done = subprocess.run([_START], check=False, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        for word in shlex.split(line, comments=True)[1:]:
            name, _, value = word.partition("=")
            os.environ[name] = value.replace("$PATH", os.environ["PATH"])
    yield _trouble() if done.returncode == 0 else done.stderr.strip()
    if "# started" in done.stdout:
        subprocess.run([_START, "stop"], check=False)


def _trouble() -> str:
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], check=False, capture_output=True, text=True
        )
    except FileNotFoundError:
        return "there is no docker command"
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture
def docker(engine: str, request: pytest.FixtureRequest) -> None:
    """A Docker Engine that answers."""
    if engine:
        _miss(request.node, "docker", engine)


@pytest.fixture(autouse=True)
def _needs_docker(request: pytest.FixtureRequest) -> None:
    """The marker is enough to get an engine."""
    if request.node.get_closest_marker("docker"):
        request.getfixturevalue("docker")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture, since those of a session want root too."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        _miss(item, "root", "not root")


def _miss(node: pytest.Item, need: str, why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"this test needs {_NEEDS[need]}: {why}", pytrace=False)
    _unchecked.setdefault(need, []).append(node.nodeid)
    pytest.skip(why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that was missing."""
    for need, tests in _unchecked.items():
        files = ", ".join(sorted({re.sub(r"::.*", "", test) for test in tests}))
        terminalreporter.write_line(f"NOT CHECKED: {len(tests)} tests need {_NEEDS[need]}: {files}", red=True, bold=True)
