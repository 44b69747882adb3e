"""What a killed verify leaves goes at the next start; what is somebody's stays."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dock2sh.verify import workplace

WORKING = """\
import sys, time
from dock2sh.verify.workplace import workplace
with workplace() as place:
    open(place + "/file", "x").close()
    print(place, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(workplace, "_YOUNG", 0)
    return tmp_path


def working() -> "tuple[subprocess.Popen[str], Path]":
    process = subprocess.Popen([sys.executable, "-c", WORKING], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def killed(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_killed_ones_goes_and_a_living_ones_stays(temporary: Path) -> None:
    (first, dead), (second, alive) = working(), working()
    killed(first)
    workplace.sweep()
    assert not dead.exists()
    assert (alive / "file").exists()
    killed(second)


def test_what_was_made_just_now_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner may not have locked it yet."""
    monkeypatch.setattr(workplace, "_YOUNG", 60)
    (temporary / "dock2sh-judge-new").mkdir()
    workplace.sweep()
    assert (temporary / "dock2sh-judge-new").exists()


def test_a_link_of_that_name_leads_nowhere(temporary: Path) -> None:
    (temporary / "precious").mkdir()
    (temporary / "dock2sh-judge-link").symlink_to("precious")
    workplace.sweep()
    assert (temporary / "precious").exists()


@pytest.mark.root
def test_what_is_mounted_is_taken_away_and_not_emptied(temporary: Path) -> None:
    process, dead = working()
    (dead / "mount").mkdir()
    (temporary / "precious").mkdir()
    (temporary / "precious/file").touch()
    subprocess.run(["mount", "--bind", temporary / "precious", dead / "mount"], check=True)
    killed(process)
    workplace.sweep()
    assert not dead.exists()
    assert (temporary / "precious/file").exists()


def test_it_goes_at_the_end_too(temporary: Path) -> None:
    with workplace.workplace() as place:
        assert Path(place).is_dir()
    assert list(temporary.iterdir()) == []
