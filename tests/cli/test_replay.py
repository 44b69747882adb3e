"""`dock2sh replay`: in a real container, in a real terminal, as one watches it and as a recording."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

DOCKERFILE = """\
FROM busybox AS first
WORKDIR /made
COPY <<EOF greeting
# not a remark, and no $(command)
EOF
RUN cat greeting && \\
    echo 'ü, two'

FROM busybox
ENV WHO=world
COPY --from=first /made/greeting /elsewhere/other-name
COPY [ab].txt /from/
RUN env && test -e /from/a.txt -a -e /elsewhere/other-name && echo "hello $WHO"
USER www-data
WORKDIR /his
RUN touch made && id -un
ENTRYPOINT ["never", "typed"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def shown(recording: str) -> str:
    """What a recording shows, its form checked."""
    head, *events = map(json.loads, recording.splitlines())
    assert (head["version"], head["width"], head["height"]) == (2, 80, 24)
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert {kind for _, kind, _ in events} == {"o"}
    return "".join(text for _, _, text in events)


def replay(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dock2sh", "replay", "--offline", "--speed", "1000", *words, str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def containers(engine: str) -> set[str]:
    told = subprocess.run([engine, "ps", "-a", "--format", "{{.Names}}"], check=True, capture_output=True, text=True)
    return {name for name in told.stdout.split() if re.fullmatch(r"(first|stage-1|container)-[0-9a-f]{8}", name)}


@pytest.mark.docker
@pytest.mark.podman
@pytest.mark.root
@pytest.mark.parametrize("whose", ["docker", "podman"])
def test_a_build_by_hand(whose: str, folder: Path) -> None:
    """Two containers, files from another terminal, another user; the marks of the prompts are not to be seen."""
    if whose == "podman" and subprocess.run(["podman", "image", "exists", "busybox"], check=False).returncode:
        archive = subprocess.run(["docker", "save", "busybox"], check=True, capture_output=True).stdout
        subprocess.run(["podman", "load"], input=archive, check=True, capture_output=True)
    before = containers(whose)
    done = replay(folder, "--sandbox", whose)
    assert done.returncode == 0, done.stderr + shown(done.stdout)
    text = shown(done.stdout)
    assert "$ docker run -it --name first busybox sh\r\n" in text
    assert "# not a remark, and no $(command)\r\nü, two\r\n" in text
    assert "hello world\r\n" in text
    assert "\r\nwww-data\r\n" in text
    assert "\x1b]7777;0" not in text
    assert containers(whose) == before


@pytest.mark.docker
@pytest.mark.root
def test_it_stops_where_a_step_fails(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM busybox\nRUN echo one\nRUN sh -c 'exit 7'\nRUN echo never\n")
    done = replay(folder, "-o", str(folder / "demo.cast"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "stopped: exit status 7\n    ( sh -c 'exit 7' )\n" in done.stderr
    text = shown((folder / "demo.cast").read_text())
    assert "one\r\n" in text
    assert "never" not in text


@pytest.mark.docker
@pytest.mark.root
def test_the_size_of_the_terminal(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM busybox\nRUN stty size\n")
    recording = replay(folder, "--size", "120x30").stdout
    head, *events = map(json.loads, recording.splitlines())
    assert (head["width"], head["height"]) == (120, 30)
    assert "30 120\r\n" in "".join(text for _, _, text in events)


@pytest.mark.docker
@pytest.mark.root
def test_names_of_files_are_no_commands(folder: Path) -> None:
    """Neither in the container nor in the other terminal, where docker's words are really said."""
    names = ["a;touch b", "$(touch x)"]
    for name in names:
        (folder / name).write_text("")
    (folder / "Dockerfile").write_text('FROM busybox\nCOPY ["a;touch *", "$(touch x)", "/to/"]\nRUN ls /to | grep -c touch\n')
    done = replay(folder)
    assert done.returncode == 0, done.stderr
    assert "\r\n2\r\n" in shown(done.stdout)
    assert sorted(os.listdir(folder)) == sorted(["Dockerfile", "a.txt", "b.txt", "c.txt", *names])


@pytest.mark.docker
@pytest.mark.root
def test_watched_in_a_terminal(folder: Path) -> None:
    """One sees it as it happens; Ctrl-C ends it and nothing stays."""
    (folder / "Dockerfile").write_text("FROM busybox\nRUN echo seen\nRUN sleep 100\n")
    before = containers("docker")
    command = ["-m", "dock2sh", "replay", "--offline", "--speed", "1000", str(folder)]
    child = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=60)
    child.expect_exact("$ docker run -it busybox sh\r\n")
    child.expect_exact("/ # echo seen\r\nseen\r\n/ # sleep 100\r\n")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert containers("docker") == before


def test_flags_are_checked(folder: Path) -> None:
    for size in ("80", "axb", "5x5", "80x-3"):
        assert f"--size {size}: columns and rows, as in 100x30" in replay(folder, "--size", size).stderr
    assert "--speed 0: a number above 0" in replay(folder, "--speed", "0").stderr
    assert "one of docker, podman" in replay(folder, "--sandbox", "lxc").stderr
