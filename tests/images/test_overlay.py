"""Overlay directories and layer tars: what a real overlay made, as a tar and back, is the same tree, mounted and flat."""

import io
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dock2sh.images import ImageError
from dock2sh.images.layers import apply_layer
from dock2sh.images.overlay import unpack_layer, write_layer, write_tree

pytestmark = pytest.mark.root
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


@contextmanager
def overlay(work: Path, *lowers: Path, upper: Path | None = None) -> Iterator[Path]:
    """A real mount, the lowest first; without an upper directory it is read-only."""
    merged = work / f"merged{len(os.listdir(work))}"
    merged.mkdir()
    options = "lowerdir=" + ":".join(map(str, reversed(lowers)))
    if upper:
        inner = work / f"work{len(os.listdir(work))}"
        inner.mkdir()
        options += f",upperdir={upper},workdir={inner}"
    options += ",redirect_dir=off,metacopy=off" if upper else ""
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(merged)], check=True)
    try:
        yield merged
    finally:
        subprocess.run(["umount", str(merged)], check=True)


def everything(root: Path) -> list[Path]:
    """All below it. (Debian 12's pathlib looks behind links, and stumbles over one that is too long.)"""
    return sorted(Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files))


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything of a tree that a layer keeps."""
    found, links = {}, dict[int, str]()
    for place in everything(root):
        about = os.lstat(place)
        name = str(place.relative_to(root))
        hard = links.setdefault(about.st_ino, name) if not stat.S_ISDIR(about.st_mode) else ""
        content: object = os.readlink(place) if place.is_symlink() else b""
        if stat.S_ISREG(about.st_mode):
            content = place.read_bytes()
        attributes = {
            key: os.getxattr(place, key, follow_symlinks=False)
            for key in os.listxattr(place, follow_symlinks=False)
            if key == "security.capability"
        }
        time = int(about.st_mtime // 1)
        found[name] = (oct(about.st_mode), about.st_uid, about.st_gid, about.st_rdev, time, content, hard, attributes)
    return found


def same_after_a_journey(tmp_path: Path, lower: Path, upper: Path, expected: dict[str, tuple[object, ...]]) -> bytes:
    """The upper directory as a tar, unpacked over `lower` in both ways."""
    out = io.BytesIO()
    write_layer(str(upper), out)
    data = out.getvalue()
    again = tmp_path / "again"
    unpack_layer(io.BytesIO(data), str(again))
    with overlay(tmp_path, lower, again) as merged:
        assert tree(merged) == expected
    flat = tmp_path / "flat"
    subprocess.run(["cp", "-a", str(lower), str(flat)], check=True)
    apply_layer(io.BytesIO(data), str(flat))
    assert tree(flat) == expected
    second = io.BytesIO()
    write_layer(str(again), second)
    assert second.getvalue() == data, "the same layer is the same bytes"
    return data


def base(tmp_path: Path) -> Path:
    lower = tmp_path / "lower"
    (lower / "d/e").mkdir(parents=True)
    (lower / "gone").mkdir()
    for name in ("d/a", "d/b", "d/e/f", "gone/x", "file"):
        (lower / name).write_text(name)
    (lower / "link").symlink_to("d")
    for place in (lower, *everything(lower)):
        os.utime(place, (1.5e9, 1.5e9), follow_symlinks=False)
    return lower


def test_everything_that_a_layer_can_hold(tmp_path: Path) -> None:
    lower, upper = base(tmp_path), tmp_path / "upper"
    upper.mkdir()
    with overlay(tmp_path, lower, upper=upper) as root:
        shutil.rmtree(root / "gone")
        shutil.rmtree(root / "d/e")
        (root / "d/e").mkdir()
        (root / "d/e/new").write_text("new")
        (root / "d/a").unlink()
        (root / "file").unlink()
        (root / "file").mkdir(0o700)
        (root / "link").unlink()
        (root / "link").mkdir()
        (root / "n").write_bytes(os.urandom(3_000_001))
        os.link(root / "n", root / "d/hard")
        os.symlink("x" * 300, root / "long-link")
        os.symlink("n", root / "soft")
        os.link(root / "soft", root / "soft2", follow_symlinks=False)
        (root / ("ü" * 60)).write_text("unicode")
        deep = root / ("p" * 90) / ("q" * 90) / ("r" * 90)
        deep.mkdir(parents=True)
        (deep / "f").write_text("deep")
        Path(os.fsdecode(os.fsencode(root) + b"/not\xffutf8")).write_text("bytes")
        (root / "new\nline ").write_text("x")
        os.mkfifo(root / "fifo", 0o622)
        os.mknod(root / "null", 0o20666, os.makedev(1, 3))
        os.mknod(root / "block", 0o60660, os.makedev(250, 100_000))
        (root / "owned").write_text("x")
        os.chown(root / "owned", 3_000_000_000, 4_000_000_000)
        (root / "suid").write_text("x")
        os.chmod(root / "suid", 0o6755)
        os.chmod(root / "d", 0o1777)
        (root / "cap").write_text("x")
        os.setxattr(root / "cap", "security.capability", CAPABILITY)
        os.setxattr(root / "cap", "user.note", b"is not in docker's layers")
        (root / "old").write_text("x")
        os.utime(root / "old", (-86400.5, -86400.5))
        (root / "empty").touch()
        with open(root / "sparse", "wb") as file:
            file.truncate(5_000_000)
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(root / "socket"))
        os.utime(root / "d/e", (1.6e9, 1.6e9))
        expected = tree(root)
    del expected["socket"]
    data = same_after_a_journey(tmp_path, lower, upper, expected)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
    assert {".wh.gone", "d/.wh.a", "d/e/.wh..wh..opq"} <= set(names)
    assert "." not in names
    assert "socket" not in names
    assert b"user.note" not in data
    listed = subprocess.run(["tar", "-tf", "-"], input=data, capture_output=True, check=True)
    assert (listed.stderr, len(listed.stdout.splitlines())) == (b"", len(names))


@pytest.mark.parametrize("seed", range(25))
def test_whatever_was_done(tmp_path: Path, seed: int) -> None:
    """Random deeds in an overlay; names few enough that they meet."""
    chance = random.Random(seed)
    lower, upper = base(tmp_path), tmp_path / "upper"
    upper.mkdir()
    with overlay(tmp_path, lower, upper=upper) as root:
        for number in range(40):
            place = root / "/".join(chance.choice(["d", "e", "a", "gone", "x", "link"]) for _ in range(chance.randint(1, 3)))
            try:
                _deed(chance, place, root, number)
            except OSError:
                continue
        expected = tree(root)
    same_after_a_journey(tmp_path, lower, upper, expected)


def _deed(chance: random.Random, place: Path, root: Path, number: int) -> None:
    match chance.randint(0, 8):
        case 0 | 1:
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
        case 2 | 3:
            place.mkdir(chance.choice([0o755, 0o700]))
        case 4:
            place.write_text(str(number))
        case 5:
            place.symlink_to(chance.choice(["d", "../a", "/e", "nowhere"]))
        case 6:
            os.rename(place, root / chance.choice(["d", "e", "a", "x"]))
        case 7:
            os.link(place, root / f"hard{number}", follow_symlinks=False)
        case 8:
            os.chmod(place, chance.choice([0o600, 0o711]))


def test_in_a_layer_its_own_entries_win_over_its_whiteouts(tmp_path: Path) -> None:
    """In whatever order: a whiteout is about the layers below (OCI image spec)."""
    lower = base(tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("d/", "d/.wh.b", "d/b", ".wh.gone", "gone/", "gone/y", ".wh.nothing"):
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.mode = 0o755
            tar.addfile(info)
    upper = tmp_path / "upper"
    unpack_layer(io.BytesIO(out.getvalue()), str(upper))
    with overlay(tmp_path, lower, upper) as merged:
        assert sorted(os.listdir(merged / "d")) == ["a", "b", "e"]
        assert os.listdir(merged / "gone") == ["y"]
        mounted = tree(merged)
    apply_layer(io.BytesIO(out.getvalue()), str(lower))
    assert tree(lower) == mounted


def test_the_notes_of_overlayfs_do_not_come_in_from_a_tar(tmp_path: Path) -> None:
    """A redirect to elsewhere would be obeyed by the next mount."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("d")
        info.type = tarfile.DIRTYPE
        info.pax_headers = {f"SCHILY.xattr.{space}.overlay.redirect": "/etc" for space in ("trusted", "user")}
        tar.addfile(info)
    unpack_layer(io.BytesIO(out.getvalue()), str(tmp_path / "a"))
    assert os.listxattr(tmp_path / "a/d") == []


def test_a_directory_that_is_only_a_reference_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.setxattr(tmp_path / "d", "trusted.overlay.redirect", b"/elsewhere")
    with pytest.raises(ImageError, match="redirect_dir=off"):
        write_layer(str(tmp_path), io.BytesIO())


def test_a_header_that_would_take_all_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 7 << 30
    with pytest.raises(ImageError, match="header"):
        unpack_layer(io.BytesIO(info.tobuf(tarfile.USTAR_FORMAT) + bytes(10240)), str(tmp_path / "a"))


def test_a_whole_tree_keeps_a_device_that_looks_like_a_whiteout_and_all_attributes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    os.mknod(root / "zero", 0o20600, 0)
    (root / "noted").write_text("x")
    os.setxattr(root / "noted", "user.note", b"a=\xff\n\0b")
    out = io.BytesIO()
    write_tree(str(root), out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        assert [(member.name, member.type) for member in tar] == [("noted", tarfile.REGTYPE), ("zero", tarfile.CHRTYPE)]
    (tmp_path / "again").mkdir()
    apply_layer(io.BytesIO(out.getvalue()), str(tmp_path / "again"))
    assert os.getxattr(tmp_path / "again/noted", "user.note") == b"a=\xff\n\0b"


@pytest.mark.slow
def test_a_gibibyte_takes_the_time_of_writing_it_and_no_memory(tmp_path: Path) -> None:
    from dock2sh.images.store import open_store

    upper = tmp_path / "upper"
    upper.mkdir()
    block = os.urandom(1 << 20)
    with open(upper / "big", "wb") as file:
        for _ in range(1024):
            file.write(block)
    begun = time.perf_counter()
    with open(upper / "big", "rb") as source, open(tmp_path / "copy", "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    copied = time.perf_counter() - begun
    (tmp_path / "copy").unlink()
    store = open_store(str(tmp_path / "images"))
    begun = time.perf_counter()
    store.add_layer(lambda out: write_layer(str(upper), out))
    layered = time.perf_counter() - begun
    print(f"copied {copied:.2f} s, as a layer {layered:.2f} s")
    assert layered < 2.5 * copied + 0.3


_IN_A_NAMESPACE = """
import os, sys
sys.path.insert(0, {here!r})
from test_overlay import rootless_deed
rootless_deed({place!r})
"""


def rootless_deed(place: str) -> None:
    """As root of a user namespace with one user: a layer of others' files and devices, unpacked, mounted, changed, written."""
    from dock2sh.images.overlay import rootless

    assert rootless()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, owner in (
            ("d", b"5", 33),
            ("d/f", b"0", 33),
            ("d/gone", b"0", 0),
            ("null", b"3", 0),
            ("d/.wh.below", b"0", 0),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.uid, info.gid, info.mode, info.devmajor, info.devminor = kind, owner, 42, 0o755, 1, 3
            tar.addfile(info)
    root = Path(place)
    unpack_layer(io.BytesIO(out.getvalue()), f"{place}/lower", rootless=True)
    for name in ("upper", "work", "merged", "below/d"):
        (root / name).mkdir(parents=True)
    (root / "below/d/below").touch()
    options = f"userxattr,lowerdir={place}/lower:{place}/below,upperdir={place}/upper,workdir={place}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"{place}/merged"], check=True)
    assert sorted(os.listdir(root / "merged/d")) == ["f", "gone"]
    assert os.listdir(root / "merged") == ["d"]
    (root / "merged/d/gone").unlink()
    shutil.rmtree(root / "merged/d")
    (root / "merged/d").mkdir()
    (root / "merged/d/new").write_text("x")
    written = io.BytesIO()
    write_layer(f"{place}/upper", written, rootless=True)
    with tarfile.open(fileobj=io.BytesIO(written.getvalue())) as tar:
        assert tar.getnames() == ["d", "d/.wh..wh..opq", "d/new"]


def test_in_a_user_namespace(tmp_path: Path) -> None:
    text = _IN_A_NAMESPACE.format(here=str(Path(__file__).parent), place=str(tmp_path))
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", text]
    os.chmod(tmp_path, 0o777)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
