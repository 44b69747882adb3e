"""Named build contexts, `--build-context NAME=SOURCE`, for both sides: images, and what takes an image's or a stage's place."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fuzzing.remote import Remote

pytestmark = [pytest.mark.root, pytest.mark.docker]


class Case(NamedTuple):
    """A Dockerfile, and the flags; DIR is a directory with `f`, `d/g` and a .dockerignore that leaves out d/no, GIT a repository
    with `sub/in/f`, a branch `side`, a tag `v1`.

    `sandboxes` are where our side is built: the script alone, and in namespaces, step by step.
    """

    text: str
    flags: tuple[str, ...]
    sandboxes: tuple[str, ...] = ("none",)


STAGE = """FROM busybox AS build
ENV A=b
WORKDIR /w
RUN echo built >/built
FROM scratch AS copy
COPY --from=BUILD / /x/
FROM busybox AS mount
RUN --mount=from=build,target=/m cp -a /m /mm
FROM build AS go
WORKDIR on
COPY Dockerfile .
CMD ["x"]
"""
TRIGGER = "FROM busybox AS s\nONBUILD RUN echo hi >/onb\nFROM s\nRUN true\n"
TWICE = "FROM scratch AS s\nCOPY a /\nFROM scratch AS s\nCOPY b /\nFROM scratch\nCOPY --from=s . /a/\nCOPY --from=0 . /b/\n"
MOUNTS = """FROM busybox
COPY --from=lib . /all/
RUN --mount=from=lib,target=/m,rw ls -lanR /m | awk '{print $1, $3, $9}' | grep -v '\\.$' >/ls; touch /m/new
RUN --mount=from=lib,source=sub/in,target=/m cat /m/f >/f
"""
BUSYBOX = "docker-image://busybox"

BOTH = ("none", "namespaces")

CASES = {
    "copied from an image by another name": Case("FROM busybox\nCOPY --from=other /bin/ls /x\n", (f"other={BUSYBOX}",), BOTH),
    "begins with an image by another name": Case("FROM other\nRUN echo hi >/y\n", (f"other={BUSYBOX}",), BOTH),
    "a wildcard of a directory of which nothing is named": Case("FROM busybox\nCOPY --from=x d/q* /o/\n", ("x=DIR",)),
    "a wildcard of a directory that is named besides": Case("FROM busybox\nCOPY --from=x d/q* d/g /o/\n", ("x=DIR",), BOTH),
    "a directory is the stage: copied": Case(STAGE, ("build=DIR", "--target", "copy"), BOTH),
    "a directory is the stage: mounted": Case(STAGE, ("build=DIR", "--target", "mount"), BOTH),
    "a directory is the stage: gone on from": Case(STAGE, ("build=DIR", "--target", "go"), BOTH),
    "a directory is the target": Case(STAGE, ("build=DIR", "--target", "Build", "--label", "a=b")),
    "an image is the stage: copied": Case(STAGE, (f"build={BUSYBOX}", "--target", "copy")),
    "an image is the stage: gone on from": Case(STAGE, (f"build={BUSYBOX}",), BOTH),
    "an image is the target": Case(STAGE, (f"build={BUSYBOX}", "--target", "build")),
    "nothing is the stage": Case(STAGE, ("build=docker-image://scratch", "--target", "copy"), BOTH),
    "begins with nothing": Case("FROM x\nCOPY Dockerfile /\n", ("x=docker-image://scratch",), BOTH),
    "what the stage triggers is done all the same": Case(TRIGGER, (f"s={BUSYBOX}",)),
    "two stages of the name": Case(TWICE, ("s=DIR",)),
    "the base of a stage is not wanted": Case("FROM no.such.host/image AS s\nFROM s\nCOPY Dockerfile /\n", ("s=DIR",)),
    "a stage called context is none": Case("FROM scratch AS context\nCOPY Dockerfile /\nFROM context\n", ("context=DIR",)),
    "an image called context is one": Case("FROM context\nCOPY Dockerfile /\n", ("context=DIR",)),
    "the name in full": Case("FROM debian:latest\nCOPY Dockerfile /\n", ("docker.io/library/debian=DIR",)),
    "the short name": Case("FROM index.docker.io/debian\nCOPY --from=debian f /2\n", ("debian:latest=DIR",)),
    "a digest": Case(f"FROM a:1@sha256:{'1' * 64}\nCOPY Dockerfile /\n", (f"a:1@sha256:{'1' * 64}=DIR",)),
    "a repository: copied and mounted": Case(MOUNTS, ("lib=GIT",), BOTH),
    "a repository: a directory of a tag": Case("FROM busybox\nCOPY --from=lib in /in\n", ("lib=GIT#v1:sub",), BOTH),
    "a repository: begun with": Case("FROM lib\nCOPY Dockerfile /d/\nWORKDIR /sub/w\n", ("lib=GIT?branch=side",), BOTH),
    "a repository is the stage": Case(STAGE, ("build=GIT#side", "--target", "copy"), BOTH),
    "a repository without that reference": Case("FROM busybox\nCOPY --from=lib . /\n", ("lib=GIT#nope",)),
}  # fmt: skip


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new one: docker keeps the checkout of one that it has seen, times and all."""
    remote = Remote(tmp_path_factory.mktemp("remote"))
    yield f"http://{remote.address}/t/git/{uuid.uuid4().int}/lib.git"
    remote.close()


@pytest.mark.parametrize(("name", "sandbox"), [(name, sandbox) for name, case in CASES.items() for sandbox in case.sandboxes])
def test_both_sides(engine: str, name: str, sandbox: str, repository: str, tmp_path: Path) -> None:
    case = CASES[name]
    other = tmp_path / f"context-{tmp_path.name}"  # docker tells contexts apart by their folders' names
    (other / "d").mkdir(parents=True)
    for file in ("f", "d/g", "d/no"):
        (other / file).write_text(file)
    (other / ".dockerignore").write_text("d/no\n")
    (tmp_path / "Dockerfile").write_text(case.text)
    for file in ("a", "b"):
        (tmp_path / file).write_text(file)
    (tmp_path / ".dockerignore").write_text("context-*\n")
    flags = [word.replace("DIR", str(other)).replace("GIT", repository) for word in case.flags]
    words = ["verify", "--sandbox", sandbox, "--build-context", *flags, str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "dock2sh", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9]) == (0, "IDENTICAL"), done.stdout + done.stderr


FIRST = {
    "context/Dockerfile": "FROM scratch\nCOPY . /1/\nCOPY --from=named f /a\n",
    "context/.dockerignore": "g",
    "context/f": "a",
    "context/g": "a",
    "named/f": "a",
}
SECOND = {
    "context/Dockerfile": "FROM scratch\nCOPY . /2/\nCOPY --from=named f /a\n",
    "context/.dockerignore": "f",
    "context/f": "b",
    "named/f": "b",
}


@pytest.mark.parametrize("changed", SECOND)
def test_a_context_is_not_taken_for_another_one_of_its_name(changed: str, tmp_path: Path) -> None:
    """To docker a file of the size and time that it had in the last context of that name is that file."""
    for place, texts in (("first", FIRST), ("second", FIRST | {changed: SECOND[changed]})):
        for name, text in texts.items():
            file = tmp_path / place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            os.utime(file, (1500000000, 1500000000))
        folder = (tmp_path / place / "context").rename(tmp_path / place / f"context-{tmp_path.name}")
        words = ["verify", "--sandbox", "none", "--build-context", f"named={folder.parent}/named", folder]
        done = subprocess.run([sys.executable, "-m", "dock2sh", *words], capture_output=True, text=True, check=False)
        assert done.stdout.startswith("IDENTICAL"), done.stdout + done.stderr


def test_each_step_of_a_stage_on_an_image_by_another_name(tmp_path: Path) -> None:
    """Its layers begin where that image ends, not the one of its name."""
    base, folder, name = (
        tmp_path / f"base-{tmp_path.name}",
        tmp_path / f"steps-{tmp_path.name}",
        f"dock2sh-test-{uuid.uuid4().hex}",
    )
    texts = {
        base: "FROM busybox\nRUN echo a >/a\n",
        folder: "FROM busybox AS x\nRUN echo b >/b\nFROM scratch\nCOPY --from=x /b /\n",
    }
    for place, text in texts.items():
        place.mkdir()
        (place / "Dockerfile").write_text(text)
    subprocess.run(["docker", "build", "-q", "-t", name, base], check=True, capture_output=True)
    try:
        flags = ["--each-step", "--build-context", f"busybox=docker-image://{name}"]
        done = subprocess.run(
            [sys.executable, "-m", "dock2sh", "verify", *flags, folder], capture_output=True, text=True, check=False
        )
    finally:
        subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)
    assert done.stdout.startswith("IDENTICAL"), done.stdout + done.stderr
    assert "not looked at" not in done.stdout
