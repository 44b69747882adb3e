"""What is left of a base image that was being made from packages when we were killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# stands for the tool, which has no end: what it does with TERM is not ours
SLOW = '#!/bin/sh\n: >"$TMPDIR.started"; exec sleep 100\n'
BROKEN = "#!/bin/sh\necho 'E: no mirror' >&2; exit 1\n"
MAKE = """
from dock2sh.images import ImageError, bootstrap
try:
    with bootstrap.make("debian:12", "", print).contents() as contents:
        pass
except ImageError as error:
    print(error)
"""


def test_the_next_run_takes_away_what_a_killed_one_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool, places = tmp_path / "bin/mmdebstrap", tmp_path / "tmp"
    tool.parent.mkdir()
    places.mkdir()
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(places))
    tool.write_text(SLOW)
    tool.chmod(0o755)
    first = subprocess.Popen([sys.executable, "-c", MAKE])
    until = time.monotonic() + 30
    while not Path(f"{places}.started").exists() and time.monotonic() < until:
        time.sleep(0.05)
    (left,) = places.iterdir()
    tool.write_text(BROKEN)
    assert "E: no mirror" in second()
    assert list(places.iterdir()) == [left], "one that is at work is left alone"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert left.exists()
    assert "E: no mirror" in second()
    assert list(places.iterdir()) == []


def second() -> str:
    return subprocess.run([sys.executable, "-c", MAKE], check=True, capture_output=True, text=True).stdout
