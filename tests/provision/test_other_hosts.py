"""Machines that are not what the Dockerfile has in mind: another release, a /usr that is read-only, no systemd."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import made, write
from nspawn import Machine, differences

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
from building import dock2sh

pytestmark = [pytest.mark.machine, pytest.mark.root]

TEXT = """FROM {}
RUN mkdir -p /srv/app && echo made >/srv/app/made
CMD ["/bin/busybox", "sleep", "1000"]
"""


def put(machine: Machine, image: str) -> str:
    write(made(TEXT.format(image)), machine.root / "srv/bundle")
    return "/srv/bundle/setup.sh"


@pytest.fixture
def trixie(trixie_base: Path, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(trixie_base, tmp_path / "trixie")
    machine.boot()
    yield machine
    machine.halt()
    shutil.rmtree(machine.root, ignore_errors=True)


@pytest.mark.slow
def test_debian_13(trixie: Machine, tmp_path: Path) -> None:
    """debian:12 gets a tree of its own there, debian:13 goes into the machine's files."""
    setup = put(trixie, "debian:12")
    before = trixie.snapshot()
    alone = trixie.call("sh", setup, "--yes")
    assert (alone.returncode, "the base image debian:12, for a private tree" in alone.stderr) == (3, True), alone.stderr
    merge = trixie.call("sh", setup, "--yes", "--way", "merge")
    assert merge.returncode == 3
    assert (
        "not here: debian:12: this machine is Debian GNU/Linux 13 (trixie), and files of another release do not fit"
        in merge.stderr
    )
    assert differences(before, trixie.snapshot()) == []

    forced = trixie.call("sh", setup, "--yes", "--way", "merge", "--force")
    assert (forced.returncode, "(debian:12 is not Debian GNU/Linux 13 (trixie))" in forced.stderr) == (0, True), forced.stderr
    assert trixie.said("sh", setup, "--yes") == "changed=0\n"  # what is done needs no more of it
    trixie.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, trixie.snapshot()) == []

    root = tmp_path / "tiny"
    (root / "bin").mkdir(parents=True)
    shutil.copy(trixie.root / "bin/busybox", root / "bin/busybox")
    for name in ("sh", "mkdir"):
        (root / "bin" / name).symlink_to("busybox")
    (tmp_path / "Dockerfile").write_text(TEXT.format("debian:12"))
    words = ("provision", "--name", "demo", "-o", trixie.root / "srv/bundle", "--vendor-base", "--base", f"debian:12={root}")
    done = dock2sh(*words, tmp_path / "Dockerfile", timeout=120)
    assert done.returncode == 0, done.stderr
    tree = trixie.call("sh", setup, "--yes")
    assert tree.returncode == 0, tree.stderr
    assert "They build a private tree, /var/lib/dock2sh/demo/rootfs, from debian:12" in tree.stderr
    assert trixie.said("systemctl", "is-active", "demo") == "active\n"
    trixie.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")

    setup = put(trixie, "debian:trixie-slim")
    merged = trixie.call("sh", setup, "--yes")
    assert "They change this machine's own files (debian:trixie-slim is Debian GNU/Linux 13 (trixie))" in merged.stderr
    assert trixie.said("cat", "/srv/app/made") == "made\n"
    assert trixie.said("systemctl", "is-active", "demo") == "active\n"
    trixie.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert [path for path in differences(before, trixie.snapshot()) if not path.startswith("srv/bundle")] == []


@pytest.mark.parametrize(
    ("image", "release", "way"),
    [
        ("ubuntu:24.04", "ID=ubuntu VERSION_ID='24.04' PRETTY_NAME='Ubuntu 24.04.1 LTS' ID_LIKE=debian", "own files"),
        ("ubuntu:noble-20240801", "ID=ubuntu VERSION_ID='24.04' PRETTY_NAME='Ubuntu 24.04.1 LTS' ID_LIKE=debian", "own files"),
        (
            "ubuntu:22.04",
            "ID=ubuntu VERSION_ID='24.04' PRETTY_NAME='Ubuntu 24.04.1 LTS' ID_LIKE=debian",
            "the base image ubuntu:22.04",
        ),
        (
            "ubuntu:24.04",
            "ID=pop VERSION_ID='24.04' PRETTY_NAME='Pop!_OS' ID_LIKE='ubuntu debian'",
            "the base image ubuntu:24.04",
        ),
        ("archlinux", "ID=arch PRETTY_NAME='Arch Linux'", "own files"),
        ("debian:12", "ID=debian VERSION_CODENAME=sid PRETTY_NAME='Debian GNU/Linux sid'", "the base image debian:12"),
    ],
)
def test_what_os_release_says_decides(machine: Machine, image: str, release: str, way: str) -> None:
    """The file stands in for the machines: what is looked at is nothing else."""
    setup = put(machine, image)
    file = machine.root / "usr/lib/os-release"
    kept = file.read_text()
    try:
        file.write_text(
            release.replace(" ID_LIKE", "\nID_LIKE").replace(" VERSION", "\nVERSION").replace(" PRETTY", "\nPRETTY") + "\n"
        )
        done = machine.call("setsid", "sh", setup)
    finally:
        file.write_text(kept)
    assert (done.returncode, way in done.stderr) == (3, True), done.stderr


def test_usr_that_is_read_only(machine: Machine) -> None:
    setup = put(machine, "debian:12")
    before = machine.snapshot()
    machine.said("sh", "-c", "mount --bind /usr /usr && mount -o remount,bind,ro /usr")
    try:
        merge = machine.call("sh", setup, "--yes")
        root = machine.call("sh", setup, "--yes", "--way", "root", "--base", "debian:12=/srv")
        machine.said("sh", "-c", "mount -t tmpfs tmpfs /usr/local && mkdir /usr/local/bin")  # as where it leads to /var
        other = machine.call("sh", setup, "--yes")
    finally:
        machine.said("sh", "-c", "umount -q /usr/local; umount -l /usr")
    assert (merge.returncode, "not here: a /usr that can be written (--way root keeps to its tree)" in merge.stderr) == (3, True)
    for done in (merge, root):
        assert (done.returncode, "a /usr/local/bin that can be written: it is for /usr/local/bin/run-demo" in done.stderr) == (
            3,
            True,
        )
    assert "/usr/local" not in other.stderr
    assert differences(before, machine.snapshot()) == []


def test_a_place_where_no_program_starts(machine: Machine) -> None:
    """A private tree needs one; the machine's own files do not."""
    setup = put(machine, "debian:12")
    machine.said("sh", "-c", "mkdir -p /var/lib/dock2sh && mount -t tmpfs -o noexec,nosuid tmpfs /var/lib/dock2sh")
    try:
        root = machine.call("sh", setup, "--yes", "--way", "root", "--base", "debian:12=/srv")
        merge = machine.call("sh", setup, "--yes")
        taken = machine.call("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    finally:
        machine.said("umount", "/var/lib/dock2sh")
    assert (root.returncode, "/var/lib/dock2sh is mounted noexec" in root.stderr) == (3, True), root.stderr
    assert "/var/lib/dock2sh is mounted nosuid" in root.stderr
    assert (merge.returncode, taken.returncode) == (0, 0), merge.stderr


def test_no_room_for_what_a_step_has_made(machine: Machine, tmp_path: Path) -> None:
    """On another file system than the record's: none of the step's files is put in place."""
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(12 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    device = subprocess.run(["losetup", "-f", "--show", image], check=True, capture_output=True, text=True).stdout.strip()
    number = Path(device).stat().st_rdev
    text = "FROM debian:12\nRUN echo a >/srv/a && head -c 9000000 /dev/urandom >/opt/large && echo z >/opt/z\n"
    write(made(text), machine.root / "srv/bundle")
    try:
        machine.said("mknod", "/disk", "b", str(os.major(number)), str(os.minor(number)))
        machine.said("mount", "/disk", "/opt")
        machine.said("sh", "-c", "head -c 4000000 /dev/zero >/opt/fill")
        full = machine.call("sh", "/srv/bundle/setup.sh", "--yes")
        there = machine.said("ls", "/opt", "/srv")
        machine.said("rm", "/opt/fill")
        machine.said("sh", "/srv/bundle/setup.sh", "--yes")
        assert machine.said("stat", "-c", "%s", "/opt/large", "/opt/z") == "9000000\n2\n"
        machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
        assert machine.said("ls", "/opt") == "lost+found\n"
    finally:
        machine.call("umount", "/opt")
        machine.call("rm", "-f", "/disk")
        subprocess.run(["losetup", "-d", device], check=False)
    assert (full.returncode, "there is no room in /opt for what the step has made" in full.stderr) == (1, True), full.stderr
    assert there == "/opt:\nfill\nlost+found\n\n/srv:\nbundle\n"


def test_no_systemd(base: Path, tmp_path: Path) -> None:
    """A chroot: the steps are done, and what would start it is said."""
    root = tmp_path / "chroot"
    subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
    write(made(TEXT.format("debian:12")), root / "srv/bundle")
    inside = f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && exec chroot {root} sh /srv/bundle/setup.sh --yes"
    try:
        done = subprocess.run(["unshare", "-m", "sh", "-c", inside], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "systemd does not run here: the service is installed, and `run-demo` starts it in the foreground" in done.stderr
        assert (root / "srv/app/made").read_text() == "made\n"
        assert (root / "etc/systemd/system/multi-user.target.wants/demo.service").is_symlink()
        started = subprocess.run(["chroot", root, "run-demo", "echo", "started"], capture_output=True, text=True, check=False)
        assert (started.returncode, started.stdout) == (0, "started\n")
        gone = subprocess.run(
            ["chroot", root, "sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes"], capture_output=True, check=False
        )
        assert (gone.returncode, (root / "srv/app").exists()) == (0, False)
    finally:
        shutil.rmtree(root, ignore_errors=True)
