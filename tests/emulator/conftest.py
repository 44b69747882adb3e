"""What the emulator's tests share: a store of their own, a small base image, and the command line as a user types it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
import base
from building import Emulate, dock2sh


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image called busybox, as `docker save` would write it."""
    home = tmp_path_factory.mktemp("bases")
    base.make(home / "busybox.tar")
    base.archive(home / "busybox.tar", home / "image.tar", "busybox")
    return home / "image.tar"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where dock2sh keeps things in this test, which knows no engine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    return tmp_path / "data" / "dock2sh"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty build context."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def emulate(data: Path, project: Path, archive: Path) -> Emulate:
    """`emulate(DOCKERFILE, OPTION...)` builds `project`; plain progress is on standard error."""

    def call(dockerfile: str, *options: object, before: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
        (project / "Dockerfile").write_text(dockerfile)
        return dock2sh("emulate", f"--base=busybox={archive}", "--progress=plain", *options, project, before=before)

    return call
