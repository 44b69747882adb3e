"""A container of docker's stands on layers that docker has, where the root has nothing but an image's: nothing is copied then."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import Clock, job, run

from dock2sh.sandbox.docker import Docker

pytestmark = [pytest.mark.root, pytest.mark.docker]

# what the image says must not be there when the script runs, and a volume would keep files from the result
DOCKERFILE = """FROM busybox
RUN mkdir /kept && echo x >/kept/x && chown 5:6 /kept/x && ln /kept/x /kept/y && mknod /kept/null c 1 3
ENV TOLD=1
USER 7
WORKDIR /kept
VOLUME /kept
ENTRYPOINT ["false"]
"""
SCRIPT = """set -e
[ -z "${TOLD-}" ] && [ "$(id -u)" = 0 ]
rm /kept/x
echo changed >/kept/z
"""


@pytest.fixture
def image(tmp_path: Path) -> str:
    """An image of docker's, by its id."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return subprocess.run(["docker", "build", "-q", tmp_path], check=True, capture_output=True, text=True).stdout.strip()


def root_of(image: str) -> Callable[[Path], str]:
    """A directory with the files of an image of docker's."""

    def root(place: Path) -> str:
        place.mkdir()
        layers = subprocess.run(
            ["docker", "inspect", "-f", "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}", image],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for layer in reversed(layers.split(":")):
            subprocess.run(["cp", "-a", f"{layer}/.", place], check=True)
        return str(place)

    return root


def told(folder: Path) -> str:
    """A docker that writes down which words it is called with."""
    program = folder / "docker-that-tells"
    program.write_text(f'#!/bin/sh\necho "$@" >>{folder}/calls\nexec docker "$@"\n')
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(("known", "imported"), [(True, False), (False, True)])
def test_the_same_comes_out(known: bool, imported: bool, image: str, tmp_path: Path) -> None:
    clock = Clock()
    given: dict[str, Any] = {"image": image if known else f"sha256:{'0' * 64}"}
    slow = job(tmp_path / "slow", SCRIPT, root_of(image))
    fast = job(tmp_path / "fast", SCRIPT, root_of(image), **given)
    assert run(Docker(), slow) == (0, "")
    assert run(Docker(command=told(tmp_path)), fast) == (0, "")
    calls = (tmp_path / "calls").read_text()
    assert ("\nimport " in calls) == imported, calls
    assert clock.tree(fast.root) == clock.tree(slow.root)
    assert sorted(os.listdir(Path(fast.root, "kept"))) == ["null", "y", "z"]
    left = subprocess.run(["docker", "images", "-q", "--filter", "label=sh.dock2sh.sandbox"], check=True, capture_output=True)
    assert image.encode()[7:19] not in left.stdout
