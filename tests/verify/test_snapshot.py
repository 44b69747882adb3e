"""A tree as data: every property, only what changed is read, names of any bytes."""

import hashlib
import os
import socket
import subprocess
from pathlib import Path

import pytest

from dock2sh.verify.snapshot import Entry, now, read, scan, snapshot

pytestmark = pytest.mark.root
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One file of every kind, with everything that is easily lost."""
    place = tmp_path / "root"
    (place / "d").mkdir(parents=True)
    (place / "d/file").write_text("content")
    os.chown(place / "d/file", 12, 34)
    os.chmod(place / "d/file", 0o4751)
    os.setxattr(place / "d/file", "security.capability", CAPABILITY)
    os.utime(place / "d/file", ns=(0, 1500000000_900000000))
    os.link(place / "d/file", place / "z")
    (place / "link").symlink_to("../x y")
    os.mkfifo(place / "fifo")
    os.mknod(place / "zero", 0o20600, os.makedev(1, 5))
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(place / "sock"))
    return place


def test_every_property_is_seen(root: Path) -> None:
    tree = snapshot(str(root))
    file = tree["/d/file"]
    assert file == Entry(
        kind="f",
        mode=0o4751,
        uid=12,
        gid=34,
        mtime=1500000000,
        size=7,
        digest=hashlib.sha256(b"content").hexdigest(),
        links="/d/file",
        xattrs=(("security.capability", CAPABILITY.hex()),),
    )
    assert tree["/z"] == file
    assert (tree["/link"].kind, tree["/link"].target) == ("l", "../x y")
    assert (tree["/zero"].kind, tree["/zero"].device) == ("c", "1:5")
    assert [tree[path].kind for path in ("/", "/d", "/fifo", "/sock")] == ["d", "d", "p", "s"]


def test_only_what_was_written_since_is_changed(root: Path) -> None:
    since = now(str(root.parent))
    assert scan(str(root), since).changed <= {"/d/file", "/z"}  # the kernel's clock may still stand where it stood
    while now(str(root.parent)) == since:
        pass
    since = now(str(root.parent))
    assert scan(str(root), since).changed == frozenset()
    (root / "d/new").write_text("new")
    os.utime(root / "d/new", (0, 0))
    os.chmod(root / "z", 0o600)
    look = scan(str(root), since)
    assert look.changed == {"/d/new", "/d/file", "/z"}
    assert {path for path, entry in read(str(root), look.tree, ["/d/new", "/d", "/gone"]).items() if entry.digest} == {"/d/new"}


def test_names_of_any_bytes(tmp_path: Path) -> None:
    for name in (b"\xff\xfe", b"new\nline", b" ", b"-rf", b"*"):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
            file.write(name)
    tree = snapshot(str(tmp_path))
    assert {os.fsencode(path) for path in tree} == {b"/", b"/\xff\xfe", b"/new\nline", b"/ ", b"/-rf", b"/*"}
    assert all(entry.digest for entry in tree.values() if entry.kind == "f")


def test_an_overlay_shows_no_marks_of_its_own(tmp_path: Path) -> None:
    """An opaque directory has an attribute of the overlay in its upper layer, which is no file's property."""
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    (lower / "d").mkdir()
    (lower / "d/a").touch()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
    try:
        subprocess.run(["rm", "-r", merged / "d"], check=True)
        (merged / "d").mkdir()
        assert scan(str(merged)).tree["/d"].xattrs == ()
    finally:
        subprocess.run(["umount", merged], check=True)
    assert scan(str(upper)).tree["/d"].xattrs == ()
