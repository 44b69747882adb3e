"""Machines for the tests: Debian 12 with a real systemd, booted by systemd-nspawn, in this machine's network."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_MAKE = Path(__file__).parent / "machine.sh"
_OWN = ("proc", "sys", "dev", "run", "tmp", "root", "var/tmp", "var/log", "var/lib/systemd", "etc/machine-id")


class Machine:
    """A machine's files in `root`; booted between `boot` and `halt`."""

    def __init__(self, base: Path, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
        self.nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0

    def boot(self, *options: str) -> None:
        """`options` are systemd-nspawn's."""
        words = [
            "systemd-nspawn",
            "--register=no",
            "--keep-unit",
            "-q",
            "-D",
            str(self.root),
            "--resolv-conf=copy-host",
            "--boot",
            *options,
        ]
        env = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        self.nspawn = subprocess.Popen(
            words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(300):
            children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
            self.leader = int((children.read_text().split() or ["0"])[0]) if children.exists() else 0
            if self.leader and self.call("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise AssertionError("the machine does not come up")

    def halt(self) -> None:
        if self.nspawn and self.nspawn.poll() is None:
            os.kill(self.leader, signal.SIGRTMIN + 4)  # systemd's poweroff
            try:
                self.nspawn.wait(60)
            except subprocess.TimeoutExpired:
                self.nspawn.terminate()
                self.nspawn.wait(20)

    def words(self, *words: str) -> list[str]:
        inside = ["nsenter", "-t", str(self.leader), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w"]
        return [*inside, "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", *words]

    def call(self, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
        settings = {"capture_output": True, "text": True, "timeout": 400, "stdin": subprocess.DEVNULL, "check": False}
        return subprocess.run(self.words(*words), **(settings | options))  # type: ignore[call-overload,no-any-return]

    def said(self, *words: str) -> str:
        """Its standard output; it must go well."""
        done = self.call(*words)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def snapshot(self) -> dict[str, str]:
        """Path -> type, mode, owner and content of all that lasts, but logs."""
        found, start = {}, str(self.root)
        for directory, directories, files in os.walk(start):
            inside = os.path.relpath(directory, start)
            directories[:] = [name for name in directories if os.path.normpath(f"{inside}/{name}") not in _OWN]
            for name in [*directories, *files]:
                path = os.path.normpath(f"{inside}/{name}")
                if path not in _OWN:
                    found[path] = _state(f"{directory}/{name}")
        return found


def _state(path: str) -> str:
    status = os.lstat(path)
    text = f"{status.st_mode:o} {status.st_uid}:{status.st_gid}"
    if os.path.islink(path):
        return f"{text} {os.readlink(path)}"
    if os.path.isfile(path):
        with open(path, "rb") as file:
            return f"{text} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    return text


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Paths that are not in both alike."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


@pytest.fixture(scope="session")
def base() -> Path:
    """The files that a new machine has: made once, and kept in the user's cache."""
    return _base("dock2sh-machine", "bookworm")


@pytest.fixture(scope="session")
def trixie_base() -> Path:
    """The same of Debian 13."""
    return _base("dock2sh-machine-trixie", "trixie")


def _base(name: str, suite: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name
    done = subprocess.run([_MAKE, home, suite], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home / "root"


@pytest.fixture(scope="module")
def new_machine(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Machine]]:
    """Makes and boots machines; they are switched off and deleted at the end."""
    made: list[Machine] = []

    def new(*options: str) -> Machine:
        # not a plain folder of pytest's, which it keeps for three runs: half a gigabyte each
        made.append(Machine(base, tmp_path_factory.mktemp("machine") / "root"))
        made[-1].boot(*options)
        return made[-1]

    yield new
    for machine in made:
        machine.halt()
        shutil.rmtree(machine.root, ignore_errors=True)


@pytest.fixture(scope="module")
def _machine(new_machine: Callable[[], Machine]) -> Machine:
    return new_machine()


@pytest.fixture
def machine(_machine: Machine) -> Iterator[Machine]:
    """One for all tests of a module: each of them leaves it as it was, also one that fails."""
    yield _machine
    _machine.call("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    _machine.call("rm", "-rf", "/var/lib/dock2sh", "/srv/app", "/srv/count", "/srv/wanted")
