"""A machine for the tests: Debian with a real systemd, booted by systemd-nspawn, in this machine's network."""

import hashlib
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

from making import made, write

_OWN = ("proc", "sys", "dev", "run", "tmp", "root", "var/tmp", "var/log", "var/lib/systemd", "etc/machine-id")


_Stamp = tuple[int, int, int, int, int]


class Machine:
    """A machine's files in `root`; booted between `boot` and `halt`."""

    def __init__(self, base: Path, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
        self._known: dict[str, tuple[_Stamp, str]] = {}
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
                    found[path] = self._state(path)
        return found

    def _state(self, path: str) -> str:
        """A file is read again only if its inode says that it was written to: of half a gigabyte a test changes little."""
        place = f"{self.root}/{path}"
        status = os.lstat(place)
        text = f"{status.st_mode:o} {status.st_uid}:{status.st_gid}"
        if stat.S_ISLNK(status.st_mode):
            return f"{text} {os.readlink(place)}"
        if not stat.S_ISREG(status.st_mode):
            return text
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if self._known.get(path, (None,))[0] != stamp:
            with open(place, "rb") as file:
                self._known[path] = stamp, hashlib.file_digest(file, "sha256").hexdigest()
        return f"{text} {self._known[path][1]}"


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Paths that are not in both alike."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def ready(machine: Machine, text: str, context: Path, name: str = "demo") -> str:
    """The bundle of a Dockerfile, whose context has a note, is put on the machine; the path of setup.sh there."""
    if not (context / "note").exists():
        (context / "note").write_text("note\n")
    folder = machine.root / "srv-bundle"
    folder.mkdir(exist_ok=True)
    write(made(text, context, name), folder)
    return "/srv-bundle/setup.sh"


def take_back(machine: Machine, name: str = "demo") -> str:
    done = machine.call("sh", f"/var/lib/dock2sh/{name}/uninstall.sh", "--yes", "--purge")
    assert done.returncode == 0
    return done.stderr
