"""The command line of locks, without a build: which lock counts, and what is said where there is none or a wrong one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dock2sh.lock.held import Base, Deb, Lock, Step
from dock2sh.lock.text import write

DIGEST = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nRUN one\nRUN two\n")
    return tmp_path


def call(folder: Path, *words: object, text: str = "") -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DOCKER_HOST": "unix:///nonexistent", "XDG_DATA_HOME": str(folder / "data")}
    command = [sys.executable, "-m", "dock2sh", *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False)


def lock(folder: Path, name: str = "dock2sh.lock", version: str = "1.0", lines: tuple[int, ...] = (2, 3)) -> None:
    """A lock of the Dockerfile's steps on these lines."""
    from dock2sh import evaluate, parse
    from dock2sh.lock.carry import digest

    stage = evaluate(parse((folder / "Dockerfile").read_text())).stages[0]
    groups = [group for group in stage.layers() if group[0].span.first in lines]
    steps = [Step("0", "2", group[0].text, digest(group), (Deb("curl", version, "amd64", DIGEST),)) for group in groups]
    (folder / name).write_text(write(Lock("linux/amd64", (Base("debian:12"),), tuple(steps))))


def test_a_lock_that_is_there_counts_and_it_is_said(folder: Path) -> None:
    assert "lock_data" not in call(folder, ".").stdout
    lock(folder)
    for target in (".", "Dockerfile", folder):
        done = call(folder, target)
        assert "lock_mode=strict" in done.stdout
        assert "dock2sh.lock counts (--lock strict); --lock off makes it as if there were none" in done.stderr
    assert "lock_data" not in call(folder, "--lock", "off", ".").stdout
    preferred = call(folder, "--lock=prefer", ".")
    assert "lock_mode=prefer" in preferred.stdout
    assert preferred.stderr == ""


def test_a_dockerfile_of_another_name_has_a_lock_of_its_own(folder: Path) -> None:
    (folder / "Dockerfile").rename(folder / "web.Dockerfile")
    (folder / "Dockerfile").write_text("FROM scratch\nRUN other\n")
    lock(folder)
    assert "lock_data" not in call(folder, "-f", "web.Dockerfile", ".").stdout
    assert "there is no web.Dockerfile.dock2sh.lock" in call(folder, "-f", "web.Dockerfile", "--lock=strict", ".").stderr
    (folder / "web.Dockerfile").rename(folder / "Dockerfile")
    lock(folder)
    (folder / "Dockerfile").rename(folder / "web.Dockerfile")
    (folder / "dock2sh.lock").rename(folder / "web.Dockerfile.dock2sh.lock")
    assert "lock_data" in call(folder, "-f", "web.Dockerfile", ".").stdout


def test_no_path_of_this_machine_is_in_a_script(folder: Path) -> None:
    lock(folder)
    assert str(folder) not in call(folder, folder, "--lock-file", folder / "dock2sh.lock", "--lock", "strict").stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--lock", "strict", "."], 1, "there is no ./dock2sh.lock: `dock2sh lock` makes it"),
        (["--lock", "maybe", "."], 2, "--lock maybe: one of strict, prefer, off"),
        (["--lock", "strict", "-"], 2, "name one with --lock-file FILE"),
        (["lock", "-"], 2, "name one with --lock-file FILE"),
        (["lock", "--diff", "--check", "."], 2, "choose one"),
        (["lock", "--against", "x", "."], 2, "choose one"),
        (["lock", "--check", "."], 1, "there is no ./dock2sh.lock"),
        (["lock", "--diff", "."], 1, "there is no ./dock2sh.lock"),
        (["lock", "--update", "curl", "."], 1, "there is no ./dock2sh.lock"),
        (["lock", "nowhere"], 2, "no such file or directory"),
    ],
)
def test_what_is_not_there(folder: Path, words: list[str], status: int, said: str) -> None:
    done = call(folder, *words, text="FROM scratch\n")
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lock_that_is_none(folder: Path) -> None:
    (folder / "dock2sh.lock").write_text("version = 1\n]")
    done = call(folder, ".")
    assert done.returncode == 1
    assert "dock2sh.lock: " in done.stderr
    assert "line 2" in done.stderr
    (folder / "dock2sh.lock").write_bytes(b"\xff\xfe")
    assert "cannot be read" in call(folder, ".").stderr


def test_check(folder: Path) -> None:
    lock(folder)
    assert call(folder, "lock", "--check", ".").returncode == 0
    lock(folder, lines=(2,))
    done = call(folder, "lock", "--check", ".")
    assert done.returncode == 1
    assert "Dockerfile:3: error: " in done.stderr
    assert "dock2sh.lock does not know this step" in done.stderr
    preferred = call(folder, "--lock", "prefer", ".")
    assert preferred.returncode == 0
    assert "line 3: dock2sh.lock does not know this step" in preferred.stderr


def test_a_lock_for_another_platform(folder: Path) -> None:
    """One that is made without a word of a platform is for this machine's."""
    lock(folder)
    text = (folder / "dock2sh.lock").read_text()
    (folder / "dock2sh.lock").write_text(text.replace("linux/amd64", "linux/s390x"))
    for words in (["."], ["lock", "--check", "."], ["--platform", "linux/arm64", "."]):
        done = call(folder, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "dock2sh.lock is a lock for linux/s390x, and this is for linux/" in done.stderr
    assert "dock2sh lock --platform linux/arm64 --lock-file FILE" in done.stderr
    assert call(folder, "lock", "--check", "--platform", "linux/s390x", ".").returncode == 0
    preferred = call(folder, "--lock", "prefer", ".")
    assert preferred.returncode == 0
    assert "is a lock for linux/s390x" in preferred.stderr


def test_a_stage_more(folder: Path) -> None:
    """The steps of the stage behind it, which is called by its number, are still known."""
    lock(folder)
    text = (folder / "Dockerfile").read_text()
    (folder / "Dockerfile").write_text(f"FROM scratch AS new\nCOPY x /\n{text}")
    assert call(folder, "lock", "--check", ".").returncode == 0
    (folder / "Dockerfile").write_text(f"FROM scratch AS new\nRUN three\n{text}COPY --from=new /x /\n")
    assert "Dockerfile:2: error: dock2sh.lock does not know this step" in call(folder, "lock", "--check", ".").stderr


def test_two_locks(folder: Path) -> None:
    lock(folder)
    lock(folder, "old.lock", version="0.9")
    done = call(folder, "lock", "--diff", "--against", "old.lock", ".")
    assert (done.returncode, done.stdout) == (1, f"~ deb curl:amd64 0.9 {DIGEST} -> 1.0 {DIGEST}\n")
    as_json = json.loads(call(folder, "lock", "--diff", "--against", "old.lock", "--format", "json", ".").stdout)
    assert as_json[0]["name"] == "curl:amd64"
    assert as_json[0]["sign"] == "~"
    same = call(folder, "lock", "--diff", "--against", "dock2sh.lock", ".")
    assert (same.returncode, same.stdout) == (0, "")


def test_kept_files_without_a_lock(folder: Path) -> None:
    (folder / "setup.sh").write_text(call(folder, "--lock=off", ".").stdout)
    done = subprocess.run(["sh", "setup.sh", "--vendor", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "--vendor: this script has no lock, so nothing says which files are meant.",
    )
    lock(folder)
    (folder / "setup.sh").write_text(call(folder, "--lock=strict", ".").stdout)
    done = subprocess.run(["sh", "setup.sh", "--vendor", "none"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "--vendor none: no such directory.")


def test_a_name_that_nothing_has(folder: Path) -> None:
    lock(folder)
    done = call(folder, "lock", "--update", "crul", ".")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--update crul: ./dock2sh.lock has nothing of that name" in done.stderr


def test_help_teaches() -> None:
    done = subprocess.run([sys.executable, "-m", "dock2sh", "lock", "--help"], capture_output=True, text=True, check=True)
    assert "dock2sh lock --update curl ." in done.stdout
    assert "docs/lock.md" in done.stdout
