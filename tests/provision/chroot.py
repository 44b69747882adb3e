"""A machine without systemd for the tests: a chroot in namespaces of its own, in which things may be mounted."""

import shutil
import subprocess
from pathlib import Path

import pexpect
from making import made, write

_INSIDE = """
mount --make-rprivate / && mount --bind "$1" "$1" && cd "$1" || exit
mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys && mount -t tmpfs tmpfs run || exit
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot . bash -c "$2"
"""


class Chroot:
    """Its files are in `root`; what is mounted in a call goes when it ends."""

    def __init__(self, base: Path, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)

    def put(self, text: str, context: Path | None = None, name: str = "demo") -> str:
        write(made(text, context, name), self.root / "srv-bundle")
        return "/srv-bundle/setup.sh"

    def call(self, script: str) -> subprocess.CompletedProcess[str]:
        """`script` is bash's. All that it starts ends with it."""
        words = self._words(script)
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)

    def terminal(self, script: str) -> "pexpect.spawn[str]":
        """The same on a terminal."""
        command, *words = self._words(script)
        return pexpect.spawn(command, words, encoding="utf-8", timeout=120)

    def _words(self, script: str) -> list[str]:
        return ["unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c", _INSIDE, "inside", str(self.root), script]

    def said(self, script: str) -> str:
        """Its standard output; it must go well."""
        done = self.call(script)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return done.stdout

    def take_back(self) -> None:
        self.call("sh /var/lib/dock2sh/demo/uninstall.sh --yes --purge")
        for place in ("var/lib/dock2sh", "var/log/dock2sh", "srv-bundle"):
            shutil.rmtree(self.root / place, ignore_errors=True)
