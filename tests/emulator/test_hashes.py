"""Files of a build context are read once, and again when they may be others."""

import os
import time
from pathlib import Path

import pytest

from dock2sh.emulator import hashes
from dock2sh.emulator.hashes import Hashes


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A context with a file that is old enough to be remembered: the clock is a minute ahead."""
    (tmp_path / "hashes").mkdir()
    (tmp_path / "context").mkdir()
    (tmp_path / "context/f").write_text("one")
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60 * 10**9)
    return tmp_path


def digest(place: Path) -> str:
    known = Hashes(str(place), str(place / "context"))
    found = known.of("f", os.lstat(place / "context/f"))
    known.save()
    return found


def test_a_file_is_read_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = digest(place)
    monkeypatch.setattr(hashes, "read", lambda path: "read again")
    assert digest(place) == first
    os.utime(place / "context/f", (1, 1))
    assert digest(place) == "read again"


def test_the_same_size_and_time_is_not_the_same_file(place: Path) -> None:
    first, about = digest(place), os.lstat(place / "context/f")
    (place / "context/f").write_text("two")
    os.utime(place / "context/f", ns=(about.st_atime_ns, about.st_mtime_ns))  # but its ctime tells
    assert digest(place) != first


def test_what_is_new_is_not_remembered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    digest(place)
    assert list((place / "hashes").iterdir()) == []


def test_a_damaged_memory_is_none(place: Path) -> None:
    first = digest(place)
    (file,) = (place / "hashes").iterdir()
    file.write_text("{")
    assert digest(place) == first
