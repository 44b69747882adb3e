"""A hand-written top half, bundled with its helpers and run in a shell: what the tests of the shell library work with."""

import os
import shutil
import subprocess
from pathlib import Path

from dock2sh.emit.bundle import bundle, library
from dock2sh.emit.calls import called

SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox ash": ["busybox", "ash"]}
PASSWD = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/usr/sbin:/bin/false\nwww-data:x:33:33::/var/www:/bin/false\n"
GROUP = "root:x:0:\ndaemon:x:1:\nstaff:x:50:www-data\nwww-data:x:33:\n"


class Workshop:
    """A directory of a test's own: a context, a root to build into, and the script that is run in `shell`."""

    def __init__(self, shell: str, home: Path) -> None:
        self.command = SHELLS[shell]
        self.shell, self.home = shell, home
        self.root, self.context, self.state = home / "root", home / "context", home / "state"
        self.context.mkdir()

    def busybox(self, root: Path | None = None) -> Path:
        """Fill a root (default: the one that is built) with a static busybox and a few accounts."""
        root = root or self.root
        (root / "bin").mkdir(parents=True)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "etc").mkdir()
        (root / "etc/passwd").write_text(PASSWD)
        (root / "etc/group").write_text(GROUP)
        binary = shutil.which("busybox")
        assert binary
        shutil.copy2(binary, root / "bin/busybox")
        for applet in subprocess.run([binary, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                os.symlink("busybox", root / "bin" / applet)
        return root

    def write(self, top: str, name: str = "setup.sh") -> Path:
        """The script: `top` (a build() in the words of docs/script.md) and the helpers that it uses."""
        path = self.home / name
        path.write_text(f'#!/bin/sh\n{top}\n{bundle(called(top, library().keys()))}\nmain "$@"\n')
        return path

    def run(self, top: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run the script in `context`, into `root`; `arguments` are options such as `--from 2`."""
        script = self.write(top)
        places = ["--root", str(self.root), "--state", str(self.state)]
        return self.call([str(script), *places, *arguments], **options)

    def call(self, words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        """The shell with these words, its output caught (bytes that are no UTF-8 stay readable)."""
        settings = {"cwd": self.context, "capture_output": True, "text": True, "errors": "surrogateescape", "timeout": 60}
        return subprocess.run([*self.command, *words], **(settings | options))  # type: ignore[call-overload,no-any-return]
