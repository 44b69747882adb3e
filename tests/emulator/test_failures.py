"""What is left when a build does not end well: what was finished before, and nothing else."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from building import Emulate, dock2sh

pytestmark = pytest.mark.root

SLOW = (
    "FROM busybox AS a\nRUN (sleep 300 &) ; echo a >/a\nRUN sleep 0.2; echo b >/b\n"
    "FROM busybox\nRUN --mount=type=tmpfs,target=/t sleep 0.2; echo c >/c\nCOPY --from=a /a /b /\nRUN sleep 0.2\n"
)


def processes_of(place: Path) -> list[str]:
    """Those that were started for builds whose things are below `place`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(place) in words and int(process.name) != os.getpid():
            found.append(words.decode(errors="replace"))
    return found


def mounts_of(place: Path) -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(place) in line]


def nothing_is_left(data: Path) -> None:
    """No process, no mount; what lies in work/ goes with the next build."""
    deadline = time.monotonic() + 10
    while processes_of(data.parent) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(data.parent) == []
    assert mounts_of(data.parent) == []


def test_a_failed_step_is_drawn(emulate: Emulate, data: Path) -> None:
    done = emulate("FROM busybox\nRUN echo said; \\\n    exit 3\n")
    assert done.returncode == 1
    assert "#1 0" in done.stderr
    assert " said\n" in done.stderr
    assert (
        'Dockerfile:2: error: process "/bin/sh -c echo said;     exit 3" did not complete successfully: exit code: 3'
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert list((data / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("COPY nothing /", '"/nothing": not found'),
        ("RUN --mount=type=secret,id=s,required true", "secret s: not found"),
        ("USER nobody-here\nRUN true", "unable to find user nobody-here"),
        ("RUN sh -c 'kill -9 $$'; exit $?", "exit code: 137"),
        ('RUN ["/nothing"]', "exit code: 1 "),  # runc's status, as docker build tells it
        ('RUN ["/etc"]', "exit code: 1 "),
        ('RUN printf x >/x; chmod +x /x\nRUN ["/x"]', "exit code: 255"),
    ],
)
def test_each_kind_of_failure_has_its_words(step: str, words: str, emulate: Emulate) -> None:
    done = emulate(f"FROM busybox\n{step}\n")
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr


def test_an_unknown_image_is_named_with_its_cure(emulate: Emulate) -> None:
    done = emulate("FROM nowhere/nothing:1\n", "--no-pull")
    assert done.returncode == 3
    assert "nowhere/nothing:1" in done.stderr
    assert "--base" in done.stderr


def test_background_processes_end_with_their_step(emulate: Emulate, data: Path) -> None:
    assert emulate("FROM busybox\nRUN (sleep 300 &) ; (trap '' HUP; sleep 300 &); true\n").returncode == 0
    nothing_is_left(data)


@pytest.mark.parametrize(
    ("options", "step", "what"),
    [
        ("size=16m", "RUN head -c 50000000 /dev/zero >/z", "no space left"),
        ("size=16m", "COPY big /", "no space left"),
        ("size=99m,nr_inodes=600", "RUN i=0; while : >/f$i; do i=$((i+1)); done; exit 1", "no inodes left"),
    ],
)
def test_a_step_that_fills_the_disk_is_told_why(
    options: str, step: str, what: str, emulate: Emulate, data: Path, project: Path
) -> None:
    data.parent.mkdir()
    with (project / "big").open("wb") as big:
        big.truncate(50 << 20)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", data.parent], check=True)
    try:
        done = emulate(f"FROM busybox\n{step}\n")
        assert (done.returncode, what in done.stderr, "prune" in done.stderr) == (1, True, True), done.stderr
        assert emulate("FROM busybox\nRUN true\n").returncode == 0
    finally:
        subprocess.run(["umount", data.parent], check=True)


def test_a_store_that_can_only_be_read(emulate: Emulate, data: Path) -> None:
    """What looks at images works; what writes says what cannot be written."""
    data.parent.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=99m", "tmpfs", data.parent], check=True)
    try:
        assert emulate("FROM busybox\nRUN true\n", "-t", "ro:1").returncode == 0
        subprocess.run(["mount", "-o", "remount,ro", data.parent], check=True)
        for words in (
            ("images",),
            ("history", "ro:1"),
            ("inspect", "ro:1"),
            ("save", "-o", "/dev/null", "ro:1"),
            ("diff", "ro:1"),
        ):
            done = dock2sh(*words)
            assert (done.returncode, done.stderr) == (0, "")
        for words in (("tag", "ro:1", "x"), ("rmi", "ro:1"), ("run", "ro:1", "true")):
            done = dock2sh(*words)
            assert done.returncode in (1, 125)
            assert "Read-only file system" in done.stderr
            assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", data.parent], check=True)


def test_a_full_disk_is_named_with_its_cure(emulate: Emulate, data: Path) -> None:
    data.parent.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", data.parent], check=True)
    try:
        assert emulate("FROM busybox\nRUN true\n", "-t", "there").returncode == 0
        filled = data.parent / "filled"
        assert subprocess.run(["dd", "if=/dev/zero", f"of={filled}"], check=False, capture_output=True).returncode == 1
        done = emulate("FROM busybox\nRUN echo one >/one\n")
        assert (done.returncode, "no space left" in done.stderr, "prune" in done.stderr) == (3, True, True), done.stderr
        ran = dock2sh("run", "there", "true")
        assert (ran.returncode, "no space left" in ran.stderr, "prune" in ran.stderr) == (125, True, True), ran.stderr
        filled.unlink()
        assert emulate("FROM busybox\nRUN echo one >/one\n").returncode == 0
    finally:
        subprocess.run(["umount", data.parent], check=True)
    nothing_is_left(data)


def begin(project: Path, archive: Path, *before: str) -> "subprocess.Popen[bytes]":
    """A build in a process group of its own, as a shell would start it; `before` are the words before its own."""
    command = [
        *before,
        sys.executable,
        "-m",
        "dock2sh",
        "emulate",
        f"--base=busybox={archive}",
        "--progress=plain",
        "-t",
        "slow",
        str(project),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda kind: kind.name)
def test_killed_at_any_moment(kind: signal.Signals, data: Path, project: Path, archive: Path) -> None:
    (project / "Dockerfile").write_text(SLOW)
    chance = random.Random(kind)
    for _ in range(12):
        build = begin(project, archive)
        time.sleep(chance.uniform(0, 2.5))
        (os.killpg if kind == signal.SIGINT else os.kill)(build.pid, kind)
        build.communicate()
        nothing_is_left(data)
    assert dock2sh("emulate", f"--base=busybox={archive}", project).returncode == 0
    assert list((data / "work").iterdir()) == []


@pytest.mark.slow
def test_nohup_is_heeded(data: Path, project: Path, archive: Path) -> None:
    (project / "Dockerfile").write_text("FROM busybox\nRUN echo begun >&2 && sleep 2\n")
    build = begin(project, archive, "nohup")
    assert build.stderr
    while b"begun" not in build.stderr.readline():
        assert build.poll() is None
    build.send_signal(signal.SIGHUP)
    build.communicate()
    assert build.returncode == 0


@pytest.mark.slow
def test_two_at_once(data: Path, project: Path, archive: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(SLOW)
    builds = [begin(project, archive) for _ in range(3)]
    for build in builds:
        _, said = build.communicate(timeout=120)
        assert build.returncode == 0, said.decode()
    done = dock2sh("emulate", f"--base=busybox={archive}", "-o", tmp_path / "out", project)
    assert done.returncode == 0
    assert [(tmp_path / "out/rootfs" / name).read_text() for name in "abc"] == ["a\n", "b\n", "c\n"]


def test_a_shell_where_it_failed(emulate: Emulate, project: Path, archive: Path) -> None:
    (project / "Dockerfile").write_text("FROM busybox\nENV A=b\nWORKDIR /w\nUSER www-data\nRUN echo left >/tmp/x; false\n")
    words = ["emulate", f"--base=busybox={archive}", "--on-failure=shell", project]
    done = dock2sh(*words, input="pwd; id -un; echo $A; cat /tmp/x; exit 4\n")
    assert done.stdout == "/w\nwww-data\nb\nleft\n"
    assert done.returncode == 1
