"""ADD of a repository where the script runs as a whole: no image needs a git for it, as with docker."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from building import Emulate, dock2sh

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fuzzing.remote import Remote

pytestmark = [pytest.mark.root, pytest.mark.docker]


@pytest.fixture
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    remote = Remote(tmp_path_factory.mktemp("remote"))
    yield f"http://{remote.address}/t/git/{uuid.uuid4().int}/lib.git"
    remote.close()


def told(place: str, folder: Path, url: str) -> str:
    out = folder / place
    done = dock2sh("emulate", "--no-cache", "--sandbox", place, f"--build-context=lib={url}", "-o", out, folder, timeout=300)
    assert done.returncode == 0, done.stderr
    listed = ["find", ".", "!", "-path", "*/.git/*", "-printf", "%p %m %U:%G %y %l\\n"]
    return "".join(sorted(subprocess.run(listed, cwd=out / "rootfs/r", capture_output=True, text=True, check=True).stdout))


PLACES = [
    "docker",
    pytest.param("podman", marks=pytest.mark.podman),
    pytest.param("vm", marks=[pytest.mark.vm, pytest.mark.slow]),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_repository_in_an_image_without_git(place: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(
        f"FROM busybox\nADD --keep-git-dir {url} {url} /r/a/\nADD --chown=3:4 --chmod=640 {url} /r/b\nCOPY --from=lib / /r/c\n"
        "RUN test -d /r/a/.git && ls -R /r >/r/list\n"
    )
    folder = tmp_path / "context"
    assert told(place, folder, url) == told("namespaces", folder, url)


@pytest.mark.podman
def test_one_that_is_not_there_is_refused_before_anything_runs(tmp_path: Path, emulate: Emulate) -> None:
    done = emulate("FROM busybox\nADD http://127.0.0.1:1/no.git /r\n", "--sandbox", "podman")
    assert done.returncode == 1
    assert "Dockerfile:2" in done.stderr
    assert "cannot be fetched" in done.stderr
