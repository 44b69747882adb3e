"""What setup.sh must not do to a machine that matters, whatever is mounted there, whoever calls it. No network is needed."""

import pytest
from chroot import Chroot

pytestmark = [pytest.mark.machine, pytest.mark.root]

HOMES = """FROM debian:12
RUN mkdir /home/app && echo x >/home/app/x
RUN rm -f /home/alice/old && touch /mnt/new /boot/new
"""
MOUNTED = """
mount -t {kind} mine /home && mkdir /home/alice && echo precious >/home/alice/thesis && echo old >/home/alice/old
mount -t {kind} mine '/mnt' && echo data >/mnt/data && mount -t {kind} mine /boot && echo kernel >/boot/vmlinuz
"""
THERE = "find /home /mnt /boot -type f | sort | tr '\\n' ' '"
PRECIOUS = "/boot/vmlinuz /home/alice/old /home/alice/thesis /mnt/data "
SLOW = "FROM debian:12\nRUN seq 3000; sleep 1.5; seq 3000 >&2; echo 1 >/srv/one\nRUN echo 2 >/srv/two\n"


def test_what_is_mounted_is_seen_and_stays(chroot: Chroot) -> None:
    """A file system that overlays are possible on: the steps see what is in it."""
    setup = chroot.put(HOMES)
    uninstall = "sh /var/lib/dock2sh/demo/uninstall.sh --yes"
    said = chroot.said(f"{MOUNTED.format(kind='tmpfs')} sh {setup} --yes && {THERE} && {uninstall} && {THERE}")
    after = "/boot/new /boot/vmlinuz /home/alice/thesis /home/app/x /mnt/data /mnt/new "
    assert said.endswith(after + PRECIOUS)


def test_what_is_mounted_from_elsewhere_is_not_taken_for_deleted(chroot: Chroot) -> None:
    """Of ramfs, as of nfs and the like, a step sees the empty directory below: nothing of what it did there is done."""
    setup = chroot.put(HOMES)
    mounts = MOUNTED.format(kind="ramfs")
    for option in ("--yes", "--preview"):
        done = chroot.call(f"{mounts} sh {setup} {option}; echo status $?; {THERE}")
        assert done.stdout == f"status 1\n{PRECIOUS}"
        assert "error: the step changes files in " in done.stderr
        assert ", where something else is mounted" in done.stderr
    # what is mounted elsewhere, also in a directory that is seen, is nothing to it
    setup = chroot.put("FROM debian:12\nRUN mkdir /srv/app\n")
    done = chroot.call(f"{mounts} mkdir /mnt/disk && mount -t tmpfs x /mnt/disk && sh {setup} --yes; ls -A /mnt /mnt/disk")
    assert done.stdout == "changed=2\n/mnt:\ndata\ndisk\n\n/mnt/disk:\n", done.stderr


def test_two_at_once(chroot: Chroot) -> None:
    """The second one takes nothing away from under the first."""
    setup = chroot.put(SLOW)
    done = chroot.call(f"sh {setup} --yes >/dev/null & sleep 1; sh {setup} --yes; echo $?; wait %1; echo $?; ls /srv")
    assert done.stdout == "3\n0\none\ntwo\n", done.stderr
    assert "missing: the machine for itself: process" in done.stderr


def test_an_overlay_that_somebody_unmounts(chroot: Chroot) -> None:
    """What is not seen in it any more was not deleted."""
    setup = chroot.put(SLOW)
    place = "/var/lib/dock2sh/demo/work/target"
    done = chroot.call(f"(sleep 1; umount -l {place}) & sh {setup} --yes --allow-removal; echo $?; ls / | wc -l; ls /srv")
    assert done.stdout.splitlines()[-2:] == ["1", str(len(list(chroot.root.iterdir())))], done.stderr
    assert "unmounted by somebody else. Nothing of the step was put in place" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox ash"])
@pytest.mark.parametrize(
    "how", ["| head -n 1", "2>&1 | head -n 9", ">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full"]
)
def test_whoever_reads_what_it_says(chroot: Chroot, shell: str, how: str) -> None:
    """It is done all the same, and in the log."""
    setup = chroot.put(SLOW.replace("1.5", "0.1"))
    done = chroot.call(f"{{ {shell} {setup} --yes; echo $? >&9; }} 9>/status {how} >/dev/null; sleep 0.2; cat /status; ls /srv")
    assert done.stdout.endswith("0\none\ntwo\n"), done.stderr
    assert (chroot.root / "var/lib/dock2sh/demo/setup.log").read_text().splitlines().count("3000") == 2
    (chroot.root / "status").unlink()


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox ash"])
def test_a_preview_that_nobody_reads_leaves_nothing(chroot: Chroot, shell: str) -> None:
    setup = chroot.put(SLOW)
    left = "ls -d /var/tmp/dock2sh* /run/dock2sh*; grep -c dock2sh /proc/mounts"
    assert chroot.call(f"{shell} {setup} --preview 2>&1 | head -n 1 >/dev/null; {left}").stdout == "0\n"
