"""The power goes: what had not been written to the disk yet is lost, and what is left is not taken for whole.

A file system in a file; a copy of the file is what the disk would have at that moment. In it the machine has another boot.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from building import dock2sh

pytestmark = [pytest.mark.root, pytest.mark.slow]
FILE = """\
FROM busybox
RUN for n in 1 2 3 4 5 6 7 8 9; do seq 20000 >/f$n; done; mkdir -p /deep/er && cp /f1 /deep/er
RUN cp /f2 /deep/er/g
"""
FAILS = FILE + "RUN test -e /data-of-nobody\n"


@contextmanager
def mounted(disk: Path, place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop,commit=1", disk, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-d", place], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    place = tmp_path / "disk"
    with place.open("wb") as file:
        file.truncate(200 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", place], check=True, capture_output=True)
    return place


def after_a_cut(disk: Path) -> Path:
    """The disk as it is a moment later, whatever the kernel has still in memory for it: names it writes each second (commit=1),
    what files contain after half a minute, unless it is told to (ext4(5), vm.dirty_expire_centisecs)."""
    time.sleep(3)
    left = disk.with_name("left")
    subprocess.run(["cp", "--sparse=always", disk, left], check=True)
    return left


def emulate(project: Path, archive: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return dock2sh("emulate", f"--base=busybox={archive}", "--progress=plain", *words, project)


def another_boot(place: Path) -> None:
    for note in (place / "dock2sh/unsettled").iterdir():
        note.write_text("another\n")


def test_an_image_that_is_named_is_whole(
    disk: Path, project: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "Dockerfile").write_text(FILE)
    with mounted(disk, tmp_path / "before") as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        assert emulate(project, archive, "-t", "app").returncode == 0
        left = after_a_cut(disk)
        whole = tmp_path / "whole.tar"
        assert dock2sh("save", "-o", whole, "app").returncode == 0
    with mounted(left, tmp_path / "after") as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        another_boot(place)
        done = dock2sh("save", "-o", tmp_path / "left.tar", "app")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "left.tar").read_bytes() == whole.read_bytes()
        assert dock2sh("run", "app", "wc", "-l", "/deep/er/g").stdout.split()[0] == "20000"
        assert emulate(project, archive).stderr.count("CACHED") == 2


def test_steps_that_were_done_before_one_that_failed_are_whole(
    disk: Path, project: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "Dockerfile").write_text(FAILS)
    with mounted(disk, tmp_path / "before") as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        assert emulate(project, archive).returncode == 1
        left = after_a_cut(disk)
    (project / "Dockerfile").write_text(FILE)
    with mounted(left, tmp_path / "after") as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        another_boot(place)
        done = emulate(project, archive, "-t", "app")
        assert (done.returncode, done.stderr.count("CACHED")) == (0, 2), done.stderr
        assert dock2sh("run", "app", "sh", "-c", "cat /f? /deep/er/* | wc -l").stdout == "220000\n"


def test_what_a_build_had_made_when_the_power_went_is_made_again(
    disk: Path, project: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first step is done and the second at work: the cache has it, but nobody knows what of it the disk has."""
    (project / "Dockerfile").write_text(FILE + "RUN sleep 30\n")
    with mounted(disk, tmp_path / "before") as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place))
        command = ["timeout", "-s", "KILL", "6", *_words(archive), str(project)]
        subprocess.run(command, check=False, capture_output=True)
        assert len(list((place / "dock2sh/unsettled").iterdir())) == 2
        os.sync()  # the names, but the worst case: not what they name
        (project / "Dockerfile").write_text(FILE)
        assert emulate(project, archive).stderr.count("CACHED") == 2, "in the same boot nothing is lost"
        subprocess.run(["sh", "-c", "rm -rf $1/dock2sh/unsettled/*", "sh", place], check=True)
    with mounted(disk, tmp_path / "before") as place:
        for layer in (place / "dock2sh/layers").iterdir():
            (place / "dock2sh/unsettled" / layer.name).write_text("another\n")
            (layer / "diff/f1").unlink(missing_ok=True)
        done = emulate(project, archive, "-t", "app")
        assert (done.returncode, done.stderr.count("CACHED")) == (0, 0), done.stderr
        assert dock2sh("run", "app", "wc", "-l", "/f1").stdout.split()[0] == "20000"


def _words(archive: Path) -> list[str]:
    return [sys.executable, "-m", "dock2sh", "emulate", f"--base=busybox={archive}"]
