"""The judge and docker: it sees every difference that is there, and none that is not."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from dock2sh.images import open_source, unpack
from dock2sh.verify import Case, How, load, record, verify

pytestmark = [pytest.mark.root, pytest.mark.docker]
PATH = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
CONFIG = {"Env": PATH, "Cmd": ["sh"]}
# a script that knows only --root, and makes what the Dockerfile below makes
SCRIPT = """#!/bin/sh
while [ $# -gt 0 ]; do case $1 in --root) root=$2 ;; esac; shift; done
mkdir -p "$root/proc" "$root/sys"
printf x >"$root/x" && chmod {mode} "$root/x"
"""
DOCKERFILE = "# syntax=example.com/none\nFROM busybox\nRUN printf x >/x && chmod 4711 /x\n"


def case(folder: Path, dockerfile: str, script: str, options: Sequence[str] = ()) -> Case:
    (folder / "Dockerfile").write_text(dockerfile)
    history = ("RUN /bin/sh -c printf x >/x && chmod 4711 /x # buildkit",)
    return Case(script, CONFIG, str(folder), str(folder / "Dockerfile"), "busybox", history, options)


def test_the_same_is_identical(tmp_path: Path) -> None:
    answer = verify(case(tmp_path, DOCKERFILE, SCRIPT.format(mode="4711")))
    assert (answer.verdict, answer.differences, answer.notes) == ("identical", (), ())
    assert answer.files > 100


def test_a_lost_bit_is_different(tmp_path: Path) -> None:
    answer = verify(case(tmp_path, DOCKERFILE, SCRIPT.format(mode="0711")))
    assert [(found.where, found.what, found.ours, found.theirs) for found in answer.differences] == [
        ("/x", "mode", "0711", "4711")
    ]
    assert answer.status == 1


def test_config_and_history_count(tmp_path: Path) -> None:
    changed = case(tmp_path, DOCKERFILE, SCRIPT.format(mode="4711"))._replace(config={"Env": PATH}, history=("RUN other",))
    assert [found.what for found in verify(changed).differences] == ["config", "history"]


def test_one_side_that_fails(tmp_path: Path) -> None:
    bad = "FROM busybox\nRUN exit 7\n"
    assert "exit code: 7" in verify(case(tmp_path, bad, SCRIPT.format(mode="0600"))).notes[0]
    assert verify(case(tmp_path, DOCKERFILE, "echo broken; exit 1")).status == 3


def test_nobody_to_ask_is_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    answer = verify(case(tmp_path, DOCKERFILE, "exit 0")._replace(base=""))
    assert (answer.verdict, answer.status) == ("inconclusive", 4)


def test_a_record_judges_where_no_docker_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = case(tmp_path, DOCKERFILE, SCRIPT.format(mode="4711"))
    kept = record(good)
    assert kept.startswith('{"schema":"dock2sh.result/1","engine":"docker ')
    folder = tmp_path / "base"
    unpack(open_source("docker-image://busybox", "busybox"), str(folder))

    def from_folder(image: str, directory: str) -> None:
        unpack(open_source(str(folder), image), directory)

    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert verify(good, How(against=load(kept)), fill=from_folder).verdict == "identical"
    bad = good._replace(script=SCRIPT.format(mode="0711"))
    assert [found.what for found in verify(bad, How(against=load(kept)), fill=from_folder).differences] == ["mode"]


def test_what_is_no_record_is_said() -> None:
    for text in ("", "{}", "[]", '{"schema":"dock2sh.result/1"}'):
        with pytest.raises(ValueError, match="no recorded result"):
            load(text)


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "only-here").mkdir()

    def images() -> set[bytes]:
        return set(subprocess.run(["docker", "image", "ls", "-aq", "--no-trunc"], check=True, capture_output=True).stdout.split())

    before = images()
    made = case(tmp_path / "only-here", DOCKERFILE.replace("/x", f"/{tmp_path.name}"), SCRIPT.format(mode="0600"))
    assert verify(made).verdict == "different"
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert list((tmp_path / "temporary").iterdir()) == []
    new = images() - before
    told = (
        subprocess.run(["docker", "history", "--no-trunc", *new], capture_output=True, text=True, check=False).stdout
        if new
        else ""
    )
    assert tmp_path.name not in told


def test_the_image_of_a_killed_one_goes_at_the_next_start(tmp_path: Path) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:12]
    gone = subprocess.run(["sh", "-c", "echo $$"], check=True, capture_output=True, text=True).stdout.strip()
    left, alive, elsewhere = (f"dock2sh-verify:{name}-abc" for name in (f"{boot}-{gone}", f"{boot}-1", f"0123456789ab-{gone}"))
    try:
        for name in (left, alive, elsewhere):
            subprocess.run(["docker", "tag", "busybox", name], check=True)
        assert verify(case(tmp_path, DOCKERFILE, SCRIPT.format(mode="4711"))).verdict == "identical"
        words = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "dock2sh-verify"]
        there = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        assert left not in there
        assert {alive, elsewhere} <= set(there)
    finally:
        subprocess.run(["docker", "image", "rm", left, alive, elsewhere], check=False, capture_output=True)
