"""One root made like another: the result is the same, and what was equal already is the very same file."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dock2sh.sandbox import leftovers
from dock2sh.sandbox.carry import carry
from dock2sh.verify.snapshot import snapshot

pytestmark = pytest.mark.root
NAMES = st.sampled_from(["a", "b", "c"])
KINDS = st.sampled_from(["file", "other file", "link", "pipe", "directory", "device", "again", "nothing"])
TREES = st.dictionaries(st.tuples(NAMES, NAMES), st.tuples(KINDS, st.sampled_from([0o644, 0o4755]), st.sampled_from([0, 7])))


def build(root: Path, tree: dict[tuple[str, str], tuple[str, int, int]]) -> None:
    first = ""
    for (folder, name), (kind, mode, owner) in sorted(tree.items()):
        place = root / folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "again" and first:
            os.link(first, place)
            continue
        match kind:
            case "file" | "other file" | "again":
                place.write_text(kind[:4])
                first = first or str(place)
            case "link":
                place.symlink_to(f"to-{owner}")
            case "pipe":
                os.mkfifo(place)
            case "directory":
                place.mkdir()
                (place / "in-there").write_text(str(owner))
            case "device":
                os.mknod(place, 0o020600, os.makedev(1, 3 + owner))
            case _:
                continue
        os.chown(place, owner, owner, follow_symlinks=False)
        if kind != "link":
            place.chmod(mode)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES, TREES)
def test_any_tree_into_any_other(tmp_path: Path, one: dict, other: dict) -> None:  # type: ignore[type-arg]
    source, root = tmp_path / "source", tmp_path / "root"
    for place, tree in ((source, one), (root, other)):
        place.mkdir()
        build(place, tree)
    carry(str(source), str(root))
    assert snapshot(str(root)) == snapshot(str(source))
    inodes = {path: os.lstat(path).st_ino for path in root.rglob("*")}
    carry(str(source), str(root))
    assert {path: os.lstat(path).st_ino for path in root.rglob("*")} == inodes
    subprocess.run(["rm", "-r", str(source), str(root)], check=True)


def test_what_an_engine_cannot_keep_stays(tmp_path: Path) -> None:
    """Fractions of a second, an attribute of a user's own, and what is said to stay."""
    for name in ("source", "root"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc/hosts").write_text(name)
        (tmp_path / name / "same").write_text("same")
    os.setxattr(tmp_path / "root/same", "user.x", b"1")
    os.utime(tmp_path / "root/same", ns=(5, 10**9 + 5))
    os.utime(tmp_path / "source/same", ns=(5, 10**9))
    carry(str(tmp_path / "source"), str(tmp_path / "root"), ["etc/hosts"])
    assert os.getxattr(tmp_path / "root/same", "user.x") == b"1"
    assert (tmp_path / "root/same").stat().st_mtime_ns == 10**9 + 5
    assert (tmp_path / "root/etc/hosts").read_text() == "root"


def test_leftovers_are_told_from_what_is_the_images(tmp_path: Path) -> None:
    """Gone: what is as an engine makes it. Stays: what was there before, or has become something."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("")
    before = leftovers.before(str(tmp_path), "bag")
    for folder in ("bag", "dev/pts", "proc", "run/secrets"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("etc/hosts", "dev/console", ".dockerenv"):
        (tmp_path / name).touch()
    (tmp_path / "etc/resolv.conf").write_text("written by a step")
    (tmp_path / "etc/mtab").symlink_to("/proc/mounts")
    leftovers.remove(str(tmp_path), before, runs=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"etc", "etc/hostname", "etc/resolv.conf", "dev", "proc"}
    leftovers.remove(str(tmp_path), before, runs=False)
    assert {path.name for path in tmp_path.iterdir()} == {"etc"}


def test_a_link_leads_no_cleaner_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/hosts").touch()
    root = tmp_path / "root"
    root.mkdir()
    before = leftovers.before(str(root))
    (root / "etc").symlink_to(tmp_path / "outside")
    leftovers.remove(str(root), before, runs=False)
    assert (tmp_path / "outside/hosts").exists()
