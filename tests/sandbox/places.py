"""What the tests of the sandboxes share: the sandboxes, small root file systems, jobs, and the result that there should be."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dock2sh.sandbox import Job, Sandbox
from dock2sh.sandbox.docker import Docker
from dock2sh.sandbox.podman import Podman
from dock2sh.sandbox.vm import Vm
from dock2sh.verify.snapshot import Tree, snapshot

SANDBOXES: dict[str, Callable[[], Sandbox]] = {
    "docker": Docker,
    "docker-privileged": lambda: Docker(privileged=True),
    "podman": Podman,
    "podman-privileged": lambda: Podman(privileged=True),
    "vm": Vm,
}
EACH = [pytest.param(name, marks=getattr(pytest.mark, name.partition("-")[0])) for name in SANDBOXES]


def busybox_root(root: Path) -> str:
    """A root file system with busybox and nothing else; no /proc, no /dev."""
    (root / "bin").mkdir(parents=True)
    root.chmod(0o755)
    program = subprocess.run(["sh", "-c", "command -v busybox"], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["cp", "--", program, str(root / "bin/busybox")], check=True)
    for applet in subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split():
        if applet != "busybox":
            os.link(root / "bin/busybox", root / "bin" / applet)
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/hosts").write_text("127.0.0.1 the-image\n")
    os.utime(root / "etc/passwd", ns=(10**18, 10**18 + 123456789))
    return str(root)


def job(folder: Path, script: str, root: Callable[[Path], str] = busybox_root, **more: Any) -> Job:
    """A job in a new folder."""
    (folder / "work").mkdir(parents=True)
    (folder / "context").mkdir()
    (folder / "context/here").write_text("context")
    given = {"base": "busybox", "context": str(folder / "context"), **more}
    return Job(script=script, root=root(folder / "root"), work=str(folder / "work"), **given)


def run(sandbox: Sandbox, job: Job) -> tuple[int, str]:
    """The status, and all that was said."""
    said: list[bytes] = []
    status = sandbox.run(job, said.append)
    return status, b"".join(said).decode(errors="replace")


def by_hand(job: Job) -> None:
    """What the script makes without any sandbox: in a chroot, its context beside it."""
    command = [shutil.which("chroot") or "/usr/sbin/chroot", job.root, "/bin/sh", "-c", job.script]
    subprocess.run(command, check=True, env={"PATH": "/bin", "HERE": "context"})


class Clock:
    """Trees without the times that are of now, which two runs cannot share."""

    def __init__(self) -> None:
        self._began = int(time.time())

    def tree(self, root: str) -> Tree:
        return {path: entry._replace(mtime=min(entry.mtime, self._began - 1)) for path, entry in snapshot(root).items()}
