"""--preview of a private tree: what it lists is what is done."""

import shutil

import pytest
from chroot import Chroot

pytestmark = [pytest.mark.machine, pytest.mark.root]

ROOT = "/var/lib/dock2sh/demo/rootfs"
FIRST = "FROM busybox\nRUN mkdir /srv && echo 1 >/srv/one && echo 2 >/srv/two\n"


def previewed(chroot: Chroot, text: str, *options: str) -> set[str]:
    """What it lists of the tree; it has nothing to complain of."""
    setup = chroot.put(text)
    done = chroot.call(f"sh {setup} --way root --base busybox=/base --preview {' '.join(options)}")
    assert done.returncode == 0, done.stderr
    assert "cannot" not in done.stderr
    return {line.replace(f"{ROOT}/", "") for line in done.stdout.splitlines() if ROOT in line}


def set_up(chroot: Chroot, text: str) -> None:
    chroot.said(f"sh {chroot.put(text)} --way root --base busybox=/base --yes")


def test_a_tree_that_is_there(chroot: Chroot) -> None:
    base = chroot.root / "base"
    (base / "bin").mkdir(parents=True)
    shutil.copy2(shutil.which("busybox") or "", base / "bin/busybox")
    for name in ("sh", "mkdir", "rm", "true"):
        (base / "bin" / name).symlink_to("busybox")
    own = {"A\tdev/", "A\tproc/", "A\tsys/"}  # as docker's layer of the first RUN has them
    first = own | {"A\tsrv/", "A\tsrv/one", "A\tsrv/two"}
    assert previewed(chroot, FIRST) == first
    set_up(chroot, FIRST)
    assert previewed(chroot, FIRST) == set()
    more = f"{FIRST}RUN rm /srv/one && echo 3 >/srv/two && echo 4 >/srv/new\n"
    assert previewed(chroot, more) == {"A\tsrv/new", "D\tsrv/one", "M\tsrv/two"}
    # another step before: the tree would be made anew
    other = FIRST.replace("echo 1", "echo 0")
    assert previewed(chroot, other) == first
    assert previewed(chroot, FIRST, "--from", "1") == first
    assert (chroot.root / ROOT[1:] / "srv/one").read_text() == "1\n"
    set_up(chroot, more)
    assert sorted(path.name for path in (chroot.root / ROOT[1:] / "srv").iterdir()) == ["new", "two"]
    chroot.take_back()
    shutil.rmtree(base)
