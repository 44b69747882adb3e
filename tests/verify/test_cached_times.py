"""What docker takes from its cache even with --no-cache, times and all, handed on in every way: one build before makes it old."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from dock2sh.verify.case import Step
from dock2sh.verify.compare import Difference
from dock2sh.verify.oddities import forgiven
from tests.fuzzing.remote import Remote

# TOKEN makes the here-document a new one; GIT is a repository
HANDED_ON = """FROM busybox AS a
COPY <<F /doc/f
TOKEN
F
ADD GIT#main:sub/in /git/
RUN cp -a /doc /doc2 && touch -r /git/f /like
FROM a AS b
FROM busybox AS c
RUN --mount=from=b,target=/m cp -a /m/doc/f /mounted
FROM busybox
COPY --from=b /doc /doc
COPY --from=b /git /like /x/
COPY --from=b /doc2/f /y/
COPY --from=c /mounted /
"""
BEGUN_WITH = "FROM lib AS a\nFROM a\nCOPY Dockerfile /new/\n"


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    remote = Remote(tmp_path_factory.mktemp("remote"))
    yield f"http://{remote.address}/t/git/{uuid.uuid4().int}/lib.git"
    remote.close()


def _twice(folder: Path, text: str, *flags: str) -> tuple[str, dict[str, str]]:
    """The judge's second answer and its differences in times, with their names: by then docker has files that are older."""
    folder.mkdir()
    (folder / "Dockerfile").write_text(text)
    subprocess.run(["docker", "build", "-q", *flags, folder], check=True, capture_output=True)
    time.sleep(1.1)  # layers carry whole seconds
    words = [
        sys.executable,
        "-m",
        "dock2sh",
        "verify",
        "--sandbox",
        "none",
        "--each-step",
        "--format",
        "json",
        *flags,
        str(folder),
    ]
    said = json.loads(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
    assert not said["first"], said  # nor any step alone (--each-step)
    return said["verdict"], {one["where"]: one["noise"] for one in said["differences"] if one["what"] == "mtime"}


@pytest.mark.root
@pytest.mark.docker
def test_copied_on(engine: str, tmp_path: Path, repository: str) -> None:
    text = HANDED_ON.replace("TOKEN", uuid.uuid4().hex).replace("GIT", repository)
    verdict, named = _twice(tmp_path / f"on-{tmp_path.name}", text)
    assert (verdict, named) == ("equivalent", dict.fromkeys(("/mounted", "/x/f", "/x/like", "/y/f"), "cached-time"))


@pytest.mark.root
@pytest.mark.docker
def test_begun_with(engine: str, tmp_path: Path, repository: str) -> None:
    verdict, named = _twice(tmp_path / f"begun-{tmp_path.name}", BEGUN_WITH, f"--build-context=lib={repository}")
    assert (verdict, set(named.values())) == ("equivalent", {"cached-time"})
    assert "/sub/in/f" in named
    assert "/new/Dockerfile" not in named


def test_other_times_are_differences() -> None:
    """Only where docker's is the older one, and only what such a step wrote."""
    found = [
        Difference("/f", "mtime", ours, theirs, step=step) for ours, theirs, step in (("9", "1", 1), ("1", "9", 1), ("9", "1", 2))
    ]
    steps = {number: Step(number, 1, "COPY --from=a / /", "1", number, kept=number == 1) for number in (1, 2)}
    assert [one.noise for one in forgiven(found, "docker", True, steps)] == ["cached-time", "", ""]
    assert [one.noise for one in forgiven(found, "podman", True, steps)] == ["", "", ""]
