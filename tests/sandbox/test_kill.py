"""Killed at any moment, by Ctrl-C or without a word, or out of room: no container, image, process or mount stays."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from places import EACH, SANDBOXES, busybox_root, job, run

from dock2sh.sandbox import SandboxError
from dock2sh.sandbox.engine import LABEL

pytestmark = [pytest.mark.root, pytest.mark.slow]
ROUNDS = int(os.environ.get("DOCK2SH_KILLS", "6"))
SECONDS = {"docker": 3.0, "podman": 2.0, "vm": 8.0}  # the time of a whole run, about: kills fall into all of it

VICTIM = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from places import SANDBOXES, job
job = job(Path({folder!r}), "echo working; sleep 1; touch /made; sleep 1")
print("begun", flush=True)
SANDBOXES[{name!r}]().run(job, lambda said: None)
"""


def remains(name: str, folder: Path, owner: int) -> list[str]:
    """What is still there of runs in `folder` by the process `owner`."""
    found = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if (os.fsencode(folder) in words and process.name != str(os.getpid())) or is_stray(process, folder):
            found.append(f"process {process.name}: {words!r}")
    engine = name.partition("-")[0]
    for kind, listing in {"container": ["ps", "-aq"], "image": ["images", "-q"]}.items() if engine != "vm" else ():
        told = listed(engine, *listing, "--filter", f"label={LABEL}")
        found += [f"{kind} {line}" for line in told.split() if f"/{owner}/" in label(engine, kind, line)]
    return found


def listed(engine: str, *words: str) -> str:
    """What the engine lists. podman fails where a container, of whomever, goes while it lists."""
    for _ in range(9):
        with suppress(subprocess.CalledProcessError):
            return subprocess.run([engine, *words], check=True, capture_output=True, text=True).stdout
    raise AssertionError(f"{engine} does not list {words}")


def is_stray(process: Path, folder: Path) -> bool:
    """Whether it is a `runc init` that waits for the rest of a start in a folder of the test's, whatever podman knows of it."""
    try:
        if b"init" not in (process / "cmdline").read_bytes().split(b"\0"):
            return False
        return str(folder) in (process / "mountinfo").read_text()
    except OSError:
        return False


def label(engine: str, kind: str, which: str) -> str:
    command = [engine, kind, "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', which]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def gone(name: str, folder: Path, owner: int, seconds: float = 20) -> None:
    """All of it goes, in a few seconds."""
    until = time.monotonic() + seconds
    while (found := remains(name, folder, owner)) and time.monotonic() < until:
        time.sleep(0.3)
    assert not found


@pytest.mark.parametrize("word", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
@pytest.mark.parametrize("name", [EACH[0], EACH[2], EACH[4]])
def test_killed_at_random(name: str, word: signal.Signals, tmp_path: Path) -> None:
    moments = random.Random(7)
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        program = VICTIM.format(tests=str(Path(__file__).parent), folder=str(folder), name=name)
        with subprocess.Popen([sys.executable, "-c", program], stdout=-1, stderr=subprocess.DEVNULL, process_group=0) as victim:
            assert victim.stdout
            assert victim.stdout.readline() == b"begun\n"
            time.sleep(moments.uniform(0, SECONDS[name]))
            os.killpg(victim.pid, word)
        gone(name, tmp_path, victim.pid)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system that is soon full."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", EACH)
def test_no_room(name: str, small: Path, tmp_path: Path) -> None:
    """In the root itself the script meets its end; from docker the result does not come out."""
    full = job(small / "job", "dd if=/dev/zero of=/big bs=1M count=40 2>&1 | grep -v records")
    if name.startswith("docker"):
        with pytest.raises(SandboxError, match="No space left on device"):
            run(SANDBOXES[name](), full)
    else:
        assert "No space left on device" in run(SANDBOXES[name](), full)[1]
    left = [line for line in remains(name, small, os.getpid()) if not line.startswith("tmpfs")]
    assert not left


@pytest.mark.parametrize("name", [EACH[0], EACH[2]])
def test_the_next_run_sweeps_what_a_crash_has_left(name: str, tmp_path: Path) -> None:
    """An owner who does not live any more, with nobody to bury what he had."""
    dead = subprocess.run(["sh", "-c", "echo $$"], check=True, capture_output=True, text=True).stdout.strip()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    machine = f"{os.uname().nodename}/{os.stat('/proc/self/ns/pid').st_ino}"
    image = f"dock2sh-test-sweep:{os.getpid()}"
    for owner, stays in ((f"{machine}/{boot}/{dead}/1", False), (f"elsewhere/1/{boot}/{dead}/1", True)):
        pack = subprocess.run(["tar", "-C", busybox_root(tmp_path / str(stays)), "-c", "."], check=True, capture_output=True)
        label = f"LABEL {LABEL}={owner}"
        subprocess.run([name, "import", "--change", label, "-", image], input=pack.stdout, check=True, capture_output=True)
        created = subprocess.run([name, "create", image, "true"], check=True, capture_output=True, text=True).stdout.strip()
        try:
            assert run(SANDBOXES[name](), job(tmp_path / f"job-{stays}", "true"))[0] == 0
            ours = listed(name, "ps", "-aq", "--no-trunc")
            assert (created in ours) == stays
        finally:
            subprocess.run([name, "rm", "-f", created], check=False, capture_output=True)
            subprocess.run([name, "image", "rm", "-f", image], check=False, capture_output=True)
