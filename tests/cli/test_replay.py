"""`dock2sh replay`: in a real container, in a real terminal, as one watches it and as a recording."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
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


LISTING = "find /a /b /e /f /k /l /m /new /opt /p /q /r /s /tmp -exec stat -c '@ %a %u:%g %n' {} + | sort"
PLACES = f"""\
FROM debian:12 AS first
WORKDIR /src/dir
RUN mkdir .hidden sub && touch f .g sub/s .hidden/h && cp -a /src/dir /src/other && chown 5:6 .g

FROM debian:12
COPY d /a/
COPY d /b
COPY --chown=5 d /e
COPY d/* /f/
COPY --chown=www-data d /opt/x/
COPY --chown=www-data:games d/f d/s* /new/x/
COPY d /tmp/
COPY --chmod=700 link ro* /opt/
COPY --from=first /src/dir /k/
COPY --from=first /src/dir /l
COPY --from=first /src/other /m/
COPY --from=first /src/other /p
COPY --from=first /src/dir/f /q/
COPY --from=first /src/dir/f /r
COPY --from=first /src/other/* /s/
RUN {LISTING}
"""


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.usefixtures("_no_container_stays")
def test_everything_lies_where_docker_build_puts_it(tmp_path: Path) -> None:
    """Directories are flattened, whether they were there or not; hidden files match; a number is its own group."""
    folder = tmp_path / f"places-{os.getpid()}"
    (folder / "d/sub").mkdir(parents=True)
    for name in ("d/f", "d/.g", "d/s s", "d/sub/s", "d/sub/.t", "root"):
        (folder / name).write_text(name)
    (folder / "link").symlink_to("root")
    (folder / "d").chmod(0o750)
    (folder / "Dockerfile").write_text(PLACES)
    built = subprocess.run(
        ["docker", "build", "--no-cache", "--progress=plain", str(folder)], check=True, capture_output=True, text=True
    ).stderr
    found, wanted = (re.findall(r"@ ([0-7]+ \d+:\d+ /[^\r\n]*)", said) for said in (by_hand(folder), built))
    assert len(wanted) > 60
    assert sorted(found) == sorted(wanted)


def by_hand(folder: Path) -> str:
    """The manual of PLACES, done without a terminal (which takes its time): what the last stage says."""
    words = [sys.executable, "-m", "dock2sh", "--offline", "--style", "manual", str(folder)]
    manual = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    said = ""
    for stage in manual.partition("# what `docker run`")[0].split("# ---- stage ")[1:]:
        name = "first" if stage.startswith("first") else "stage-1"
        real = f"{name}-places-{os.getpid()}"
        subprocess.run(["docker", "run", "-d", "--name", real, "debian:12", "sleep", "600"], check=True, capture_output=True)
        typed = ["set -e"]
        for line in stage.splitlines()[2:]:
            away = line.partition("# from another terminal:  ")[2]
            if not away:
                typed.append(line)
                continue
            subprocess.run(
                ["docker", "exec", "-i", real, "sh"], input="\n".join(typed), check=True, capture_output=True, text=True
            )
            own = (
                away.partition("     (")[0]
                .replace("stage-1:", f"stage-1-places-{os.getpid()}:")
                .replace("first:", f"first-places-{os.getpid()}:")
            )
            subprocess.run(["sh", "-c", own], check=True, cwd=folder, capture_output=True)
            typed = ["set -e"]
        done = subprocess.run(
            ["docker", "exec", "-i", real, "sh"], input="\n".join(typed), check=True, capture_output=True, text=True
        )
        said = done.stdout
    return said


@pytest.fixture
def _no_container_stays() -> Iterator[None]:
    yield
    names = [f"{name}-places-{os.getpid()}" for name in ("first", "stage-1")]
    subprocess.run(["docker", "rm", "-f", *names], check=False, capture_output=True)


MOUNTS = """\
FROM busybox AS first
RUN mkdir /made && echo hi > /made/f

FROM busybox
WORKDIR /src
RUN echo old > own
RUN --mount=type=bind,target=. --mount=from=first,source=/made,target=/m --mount=type=tmpfs,target=/scratch \\
    test -e a.txt -a ! -e own -a -e /m/f && touch gone
RUN --mount=type=cache,target=/root/.cache,mode=0700,uid=5 touch /root/.cache/c && stat -c %a.%u /root/.cache
USER www-data
RUN --mount=type=secret,id=tok,env=TOK,uid=33 --mount=type=secret,id=none,env=NONE [ $(echo "$TOK$NONE" | wc -c) = 7 ]
RUN test -e own -a ! -e a.txt -a ! -e gone -a ! -e /m -a ! -e /scratch -a ! -e /root/.cache -a ! -e /run/secrets/tok
RUN [ -z "${TOK+set}" ] && ! find / -name '*.kept' 2>/dev/null | grep kept
"""


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.parametrize("given", ["src", "env"])
def test_mounts_are_brought_and_taken_away(folder: Path, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "Dockerfile").write_text(MOUNTS)
    (folder / "token").write_text("s3cr3t")
    monkeypatch.setenv("SOME_TOKEN", "s3cr3t")
    words = ["--secret", f"id=tok,src={folder}/token" if given == "src" else "id=tok,env=SOME_TOKEN"]
    done = replay(folder, *words)
    assert done.returncode == 0, done.stderr + shown(done.stdout)
    assert "\r\n700.5\r\n" in shown(done.stdout)
    assert "s3cr3t" not in shown(done.stdout)
