"""What all tests share: the Docker Engine that judges them, and a loud word on what could not be checked.

A test marked `docker` asks a real engine: the one that DOCKER_HOST names, else the tests' own (engine/start.sh, as root), which
is stopped at the end if it was started here. A test marked `root` needs root. Where one of these is missing the test is skipped
and the summary says so; where CI is set it fails, so that nobody takes an unchecked run for a green one.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import workers

import dock2sh

_START = Path(__file__).parent / "engine/start.sh"
_NEEDS = {
    "docker": "a Docker Engine to compare with (run as root, or set DOCKER_HOST)",
    "registry": "docker-registry and skopeo (apt-get install docker-registry skopeo)",
    "root": "root, to build root file systems (sudo -E python -m pytest)",
    "podman": "podman (apt-get install podman runc)",
    "machine": "systemd-nspawn and mmdebstrap (apt-get install systemd-container mmdebstrap)",
    "ssh": "a ssh server (apt-get install openssh-server)",
    "apk": "apk, which Debian does not have (DOCK2SH_APK=apk.static, built from the source of apk-tools 2 or 3)",
    "rpmbuild": "rpm (apt-get install rpm)",
    "createrepo_c": "createrepo_c (apt-get install createrepo-c)",
    "vm": "QEMU (apt-get install qemu-system-x86 busybox-static)",
}
_PROGRAMS = {"podman": "podman", "machine": "systemd-nspawn", "ssh": "sshd", "vm": "qemu-system-x86_64"}
_begins = workers.begin()


def pytest_xdist_auto_num_workers() -> int:
    """-n auto: one more than there are processors, since engines and machines are waited for."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """-n: a run of everything is done in parts; what -m leaves (./check) shares nothing."""
    if config.option.markexpr:
        return None
    from parts import Parts

    return Parts(config, log)


def pytest_unconfigure() -> None:
    """Whoever began the run stops the engine that it, or a worker of it, has started."""
    if _begins:
        if workers.notes("started"):
            subprocess.run([_START, "stop"], check=False)
        workers.end()


@pytest.fixture(scope="session")
def engine() -> str:
    """What is wrong with the engine; "" if it answers. DOCKER_HOST, DOCKER_CONFIG and PATH lead to it."""
    if os.environ.get("DOCKER_HOST"):
        return _trouble()
    if os.geteuid() != 0:
        return "no DOCKER_HOST, and only root can start the tests' own engine"
    done = subprocess.run([_START], check=False, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        for word in shlex.split(line, comments=True)[1:]:
            name, _, value = word.partition("=")
            os.environ[name] = value.replace("$PATH", os.environ["PATH"])
    if "# started" in done.stdout:
        workers.note("started", "engine")
    return _trouble() if done.returncode == 0 else done.stderr.strip()


@pytest.fixture(scope="session", autouse=True)
def _engine_first(request: pytest.FixtureRequest) -> None:
    """Before what a module makes for its tests with docker."""
    if any(item.get_closest_marker("docker") for item in request.session.items):
        request.getfixturevalue("engine")


def _trouble() -> str:
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], check=False, capture_output=True, text=True
        )
    except FileNotFoundError:
        return "there is no docker command"
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture(scope="session")
def anybodys_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Words that run Python with dock2sh for every user: this one, or (a checkout below /root) a copy that all can read."""
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "capture_output": True, "check": False}
    with contextlib.suppress(PermissionError):
        if subprocess.run([sys.executable, "-c", "import dock2sh.cli"], cwd="/", **nobody).returncode == 0:
            yield [sys.executable]
            return
    place = Path(tempfile.mkdtemp(prefix="dock2sh-python-"))
    skip = shutil.ignore_patterns("mypy*", "pip", "setuptools", "hypothesis", "*mypyc*", "*.pth")
    try:
        shutil.copytree(Path(pytest.__file__).parents[1], place, ignore=skip, dirs_exist_ok=True)
        shutil.copytree(Path(dock2sh.__file__).parent, place / "dock2sh", ignore=skip, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "a+rX", place], check=True)
        given = ["env", f"PYTHONPATH={place}"]
        for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
            if subprocess.run([*given, python, "-c", "import dock2sh.cli"], cwd="/", **nobody).returncode == 0:
                yield [*given, python]
                return
        pytest.fail("there is no Python that other users can run")
    finally:
        shutil.rmtree(place)


@pytest.fixture
def docker(engine: str, request: pytest.FixtureRequest) -> None:
    """A Docker Engine that answers."""
    if engine:
        _miss(request.node, "docker", engine)


class Registry(NamedTuple):
    """A real registry on this machine: where it is, and where it keeps what it has."""

    host: str
    data: Path


@pytest.fixture(scope="session")
def _registry_program() -> str:
    """What is missing for a registry; "" if nothing."""
    return "".join(f"no {program} here. " for program in ("docker-registry", "skopeo") if not shutil.which(program))


@pytest.fixture
def start_registry(
    _registry_program: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Registry]]:
    """Starts a registry (Debian's docker-registry) on a port of its own; stopped at the end.

    `more` is in its configuration, `http` in the section of that name.
    """
    if _registry_program:
        _miss(request.node, "registry", _registry_program)
    running = []

    def start(more: str = "", http: str = "") -> Registry:
        folder = tmp_path_factory.mktemp("registry")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f'http: {{addr: "127.0.0.1:{port}"{http}}}\n{more}'
        )
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stdout=log, stderr=log))
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return Registry(f"127.0.0.1:{port}", folder / "data")
            time.sleep(0.1)
        raise AssertionError((folder / "log").read_text())

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.fixture(autouse=True)
def _needs_docker(request: pytest.FixtureRequest) -> None:
    """The marker is enough to get an engine."""
    if request.node.get_closest_marker("docker"):
        request.getfixturevalue("docker")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell's `pytest &`: what the tests start would inherit it, and not hear their Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture, since those of a session want root too."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        _miss(item, "root", "not root")
    for marker, program in _PROGRAMS.items():
        if item.get_closest_marker(marker) and not shutil.which(program):
            _miss(item, marker, f"no {program} here")


def _miss(node: pytest.Item, need: str, why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"this test needs {_NEEDS.get(need, need)}: {why}", pytrace=False)
    workers.note("unchecked", f"{need}\t{node.nodeid}")
    pytest.skip(why)


@pytest.fixture
def needs(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says that a test needs a program that is not on every machine."""

    def need(program: str) -> None:
        if not shutil.which(program):
            _miss(request.node, program, f"no {program} here")

    return need


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that was missing."""
    unchecked = [line.split("\t", 1) for line in workers.notes("unchecked")]
    for need in sorted({need for need, _ in unchecked}):
        tests = [test for other, test in unchecked if other == need]
        files = ", ".join(sorted({re.sub(r"::.*", "", test) for test in tests}))
        terminalreporter.write_line(
            f"NOT CHECKED: {len(tests)} tests need {_NEEDS.get(need, need)}: {files}", red=True, bold=True
        )
