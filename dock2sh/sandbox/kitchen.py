"""A root file system with busybox and nothing else: where a script works on an image that has no shell, from outside (--root)."""

import os
import shutil
from pathlib import Path

from dock2sh.images.layers import inside

from . import SandboxError
from .process import ask

BUILT = "/build"
"""Where the image's own root is in there."""
PASSWD, GROUP = b"root:x:0:0:root:/root:/bin/sh\n", b"root:x:0:\n"
_FOLDERS = ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var/lib", BUILT.strip("/"))


def has_shell(root: str) -> bool:
    """Whether a script can run in there, as far as one sees from here: it may be made for another machine."""
    return os.path.isfile(inside(root, "bin/sh"))


def static_busybox() -> str:
    """Where busybox is; "" if it is not here, or needs libraries, which a place of its own has not."""
    found = shutil.which("busybox") or ""
    return "" if found and b"/ld-linux" in Path(found).read_bytes()[:4096] else found


def applets(busybox: str) -> list[str]:
    """The names that busybox answers to."""
    return [name for name in ask([busybox, "--list"], busybox).split() if name != "busybox"]


def furnish(directory: str) -> str:
    """Make `directory`, with a root file system in it; returns it. Raises SandboxError without a static busybox."""
    busybox = static_busybox()
    if not busybox:
        raise SandboxError(
            "the image has no shell, so the script needs a static busybox: apt-get install --no-install-recommends busybox-static"
        )
    for folder in _FOLDERS:
        os.makedirs(f"{directory}/{folder}", mode=0o755)
    os.chmod(directory, 0o755)
    shutil.copy(busybox, f"{directory}/bin/busybox")
    for name in applets(busybox):
        os.symlink("busybox", f"{directory}/bin/{name}")
    Path(directory, "etc/passwd").write_bytes(PASSWD)
    Path(directory, "etc/group").write_bytes(GROUP)
    return directory
