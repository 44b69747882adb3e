"""What setup.sh must not do to a machine that matters, whatever is mounted there, whoever calls it. No network is needed."""

import os
import subprocess

import pexpect
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


TAKE = "sh /var/lib/dock2sh/demo/uninstall.sh --yes"


@pytest.mark.parametrize("way", ["", "merg", "\0"])
def test_a_record_that_is_damaged(chroot: Chroot, way: str) -> None:
    """Half a word in it is no third way."""
    setup = chroot.put(SLOW.replace("1.5", "0"))
    chroot.said(f"sh {setup} --yes")
    (chroot.root / "var/lib/dock2sh/demo/way").write_text(way)
    for option in ("--yes", "--status", "--preview"):
        done = chroot.call(f"sh {setup} {option}; echo $?; ls /var/lib/dock2sh/demo")
        assert done.stdout.startswith("3\n"), option
        assert "rootfs" not in done.stdout
        assert "/var/lib/dock2sh/demo/way is damaged" in done.stderr


def test_options_of_the_shell_come_from_its_caller(chroot: Chroot) -> None:
    setup = chroot.put(SLOW.replace("1.5", "0"))
    options = "env SHELLOPTS=errexit:noglob:noclobber bash"
    done = chroot.call(
        f"for i in 1 2; do {options} {setup} --yes | tail -n 1; done; {options} {setup} --status; {options} {TAKE[3:]}"
    )
    assert done.stdout == "changed=3\nchanged=0\nleft=0\n", done.stderr
    assert done.returncode == 0


def test_links_and_what_was_before_them(chroot: Chroot) -> None:
    """A link that somebody has made lead elsewhere since is as a file that somebody has changed."""
    text = (
        "FROM debian:12\nRUN ln -sfn /srv/a /etc/mtab && ln -s /srv/a /srv/link && ln -s /srv/a /srv/same && echo x >/etc/issue\n"
    )
    setup = chroot.put(text)
    issue = (chroot.root / "etc/issue").read_text()
    was = chroot.said("readlink /etc/mtab")
    change = "sleep 1; ln -sfn /srv/other /srv/link; echo mine >/etc/issue"
    done = chroot.call(f"sh {setup} --yes; {change}; {TAKE}; readlink /srv/link; readlink /etc/mtab; ls /srv")
    assert done.stdout == f"changed=2\n/srv/other\n{was}link\n", done.stderr
    assert "left as they are:\n  /etc/issue\n  /srv/link\n" in done.stderr
    assert (chroot.root / "etc/issue").read_text() == "mine\n"
    kept = chroot.root / "var/log/dock2sh/demo.before"
    assert (kept / "etc/issue").read_text() == issue
    assert kept.stat().st_mode & 0o777 == 0o700
    chroot.said("mv /var/log/dock2sh/demo.before/etc/issue /etc/issue; rm /srv/link")


def test_taken_back_in_two_goes(chroot: Chroot) -> None:
    """What a killed uninstall.sh had put back is not somebody else's change."""
    setup = chroot.put("FROM debian:12\nRUN echo x >/etc/issue && echo x >/srv/a\n")
    issue = (chroot.root / "etc/issue").read_text()
    half = "mv /var/lib/dock2sh/demo/backup/etc/issue /etc/issue; rm /srv/a"
    done = chroot.call(f"sh {setup} --yes && {half} && {TAKE} && cat /etc/issue && ls -A /srv /var/log/dock2sh")
    assert done.stdout == f"changed=2\n{issue}/srv:\n\n/var/log/dock2sh:\ndemo.log\n", done.stderr
    assert "changed by somebody else" not in done.stderr


def test_a_disk_that_is_full_when_a_backup_is_made(chroot: Chroot) -> None:
    """Half of it would be put back one day. uninstall.sh needs some room, too: it does not forget what it could not list."""
    setup = chroot.put("FROM debian:12\nRUN echo x >/srv/a\nCMD true\n")
    small = "mkdir -p /var/lib/dock2sh && mount -t tmpfs -o size=2m small /var/lib/dock2sh"
    mine = "head -c 4000000 /dev/zero >/usr/local/bin/run-demo"
    look = "stat -c %s /usr/local/bin/run-demo; ls /etc/dock2sh/demo /srv"
    fill = "head -c 4000000 /dev/zero >/var/lib/dock2sh/fill 2>/dev/null"
    full = f"{fill}; {TAKE}; echo $?; {look}; rm /var/lib/dock2sh/fill; {TAKE}; {look}; rm /usr/local/bin/run-demo"
    done = chroot.call(f"{small} && {mine}; sh {setup} --yes --force; echo $?; {full}")
    there = "4000000\n/etc/dock2sh/demo:\nenv.sh\n\n/srv:\na\n"
    assert done.stdout == f"1\n3\n{there}4000000\n/srv:\n", done.stderr
    assert "/usr/local/bin/run-demo cannot be copied to /var/lib/dock2sh/demo/backup/" in done.stderr
    assert "missing: room for some lists" in done.stderr


def test_a_time_that_has_not_come_yet(chroot: Chroot) -> None:
    """A machine whose clock was set since: the file was not changed just now. (find without -cnewer, so that touch is enough.)"""
    setup = chroot.put("FROM debian:12\nRUN echo x >>/etc/issue; sleep 1\n")
    find = 'case "$*" in *-cnewer*) exit 1 ;; esac; exec /usr/bin/find "$@"'
    old = f"printf '%s\\n' '#!/bin/sh' '{find}' >/usr/local/sbin/find; chmod +x /usr/local/sbin/find"
    old += "; touch -d 2040-01-01 /etc/issue"
    done = chroot.call(
        f"{old}; sh {setup} --yes; {TAKE}; (sleep 0.5; echo y >>/etc/issue) & sh {setup} --yes; echo $?; rm /usr/local/sbin/find"
    )
    assert done.stdout == "changed=2\n1\n", done.stderr
    assert "/etc/issue was changed by somebody else while the step ran" in done.stderr


def test_a_directory_that_is_a_link_to_elsewhere_by_now(chroot: Chroot) -> None:
    """Its owner, the service, can put one there. What lies behind it was never ours."""
    text = "FROM debian:12\nRUN mkdir -p /srv/app/data && echo {} >/srv/app/data/issue && cp /etc/motd /srv/app/data/\n"
    away = "cd /srv/app && mv data was && ln -s /etc data; cksum /etc/issue /etc/motd >/tmp/before"
    same = "cksum /etc/issue /etc/motd | diff - /tmp/before"
    done = chroot.call(f"sh {chroot.put(text.format('one'))} --yes; {away}; {TAKE}; {same} && rm -r /srv/app")
    assert done.returncode == 0, done.stderr
    assert "changed by somebody else since, and left as they are:\n" in done.stderr
    assert "\n  /srv/app/data\n" in done.stderr
    chroot.said(f"sh {chroot.put(text.format('one'))} --yes; {away}")
    done = chroot.call(f"sh {chroot.put(text.format('two'))} --yes; {same}")
    assert done.stdout == ""
    assert "cp: '/etc/motd' and '/srv/app/data/motd' are the same file" in done.stderr
    assert "not taken back, since somebody else has changed it since: /srv/app/data" in done.stderr
    chroot.said("rm -r /srv/app")


def test_a_new_user_reads_the_environment(chroot: Chroot) -> None:
    text = "FROM debian:12\nENV API_TOKEN=x\nRUN useradd one && useradd two\nUSER {}\nCMD true\n"
    owner = "stat -c %U:%G:%a /etc/dock2sh/demo/env.sh"
    for number, user in enumerate(("one", "two")):
        setup = chroot.put(text.format(user))
        said = chroot.said(f"sh {setup} --status; sh {setup} --yes && {owner} && sh {setup} --status").splitlines()
        assert said[-2:] == [f"root:{user}:640", "left=0"]
        assert (f"left={number or 2}" if number else "left=1") in said
    changed = "echo 'API_TOKEN=y' >/etc/dock2sh/demo/env.sh"
    assert chroot.said(f"{changed} && sh {chroot.put(text.format('one'))} --yes && {owner}").endswith("root:one:640\n")
    chroot.said("rm -r /etc/dock2sh/demo")


def test_one_step_of_a_tree_that_is_to_be_made_anew(chroot: Chroot) -> None:
    text = "FROM scratch\nCOPY --chmod=755 note /bin/note\nCOPY note /{}\n"
    context = chroot.root / "srv-context"
    context.mkdir(exist_ok=True)
    (context / "note").write_text("note\n")
    chroot.said(f"sh {chroot.put(text.format('one'), context)} --yes")
    done = chroot.call(f"sh {chroot.put(text.format('two'), context)} --yes --only 2; echo $?; ls /var/lib/dock2sh/demo/rootfs")
    assert done.stdout == "3\nbin\none\n", done.stderr
    assert "without --only all its steps are done" in done.stderr


def test_steps_of_a_tree_that_are_done_again(chroot: Chroot) -> None:
    """A tree has no layers to take back: it is made anew. A step alone is done on top, which is said."""
    chroot.said("mkdir -p /tiny/bin && cp /bin/busybox /tiny/bin/sh")
    setup = chroot.put("FROM busybox\nRUN echo one >>/log\nRUN echo two >>/log\n")
    log, base = "cat /var/lib/dock2sh/demo/rootfs/log", "--base busybox=/tiny"
    for word in ("", "--from 2", "--from=1"):
        assert chroot.said(f"sh {setup} --yes {word} {base} >/dev/null && {log}") == "one\ntwo\n"
    without = chroot.call(f"sh {setup} --yes --from 2; echo $?; {log}")
    assert (without.stdout, "--base busybox=SOURCE" in without.stderr) == ("3\none\ntwo\n", True), without.stderr
    alone = chroot.call(f"sh {setup} --yes --only 1; {log}")
    assert (alone.stdout, "on top of" in alone.stderr) == ("changed=1\none\ntwo\none\n", True), alone.stderr
    chroot.said("rm -r /tiny")


def package(chroot: Chroot, name: str, version: str, depends: str = "") -> None:
    """A Debian package, /debs/NAME-VERSION.deb, with one file."""
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    control += f"Depends: {depends}\n" if depends else ""
    made = chroot.root / "debs" / name
    (made / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (made / "DEBIAN/control").write_text(control)
    (made / "srv").mkdir(exist_ok=True)
    (made / "srv" / name).write_text(version)
    subprocess.run(["dpkg-deb", "-b", made, chroot.root / f"debs/{name}-{version}.deb"], check=True, stdout=subprocess.DEVNULL)


def test_packages_that_others_came_after(chroot: Chroot) -> None:
    """dpkg's database is not put back then, and does not tell of packages whose files are gone."""
    for name, version, depends in (
        ("old", "1", ""),
        ("old", "2", ""),
        ("free", "1", ""),
        ("used", "1", ""),
        ("later", "1", "used"),
    ):
        package(chroot, name, version, depends)
    setup = chroot.put("FROM debian:12\nRUN dpkg -i /debs/old-2.deb /debs/free-1.deb /debs/used-1.deb\n")
    chroot.said(f"dpkg -i /debs/old-1.deb && sh {setup} --yes && dpkg -i /debs/later-1.deb")
    dry = chroot.said(f"{TAKE} --dry-run")
    look = "dpkg-query -W -f '${Package}=${Version} ' old free used later; dpkg --audit; cd /srv && grep '' *"
    done = chroot.call(f"{TAKE} && {{ {look}; }}; dpkg -P later used old >/dev/null; rm -r /debs")
    assert done.stdout == "later=1 old=2 used=1 later:1\nold:2\nused:1\n", done.stderr
    assert "packages that stay, since others may need them by now (the package manager removes them): used\n" in done.stderr
    assert "packages that stay in the version that the steps had brought: old\n" in done.stderr
    assert "D\t/srv/free\n" in dry
    assert "/srv/old" not in dry


CAPABLE = "0100000200200000" + "00" * 12
"""cap_net_raw=ep, as the kernel keeps it."""
LISTED = "02000000" + "01000600ffffffff" + "0200060021000000" + "04000400ffffffff" + "10000600ffffffff" + "20000400ffffffff"
"""An access control list: rw for uid 33 besides the owner's rw, the group's r and the others' r."""


def test_attributes_that_a_step_sets_and_those_of_the_machine(chroot: Chroot) -> None:
    """`setcap` alone changes a file. An access control list of the machine's goes with its file; and back."""
    setting = f"import os; os.setxattr('/usr/bin/id', 'security.capability', bytes.fromhex('{CAPABLE}'))"
    setup = chroot.put(f'FROM debian:12\nRUN python3 -c "{setting}" && echo x >>/etc/issue\n')
    issue, program = chroot.root / "etc/issue", chroot.root / "usr/bin/id"
    text = issue.read_text()
    os.setxattr(issue, "system.posix_acl_access", bytes.fromhex(LISTED))
    for call, expected in ((f"sh {setup} --yes", text + "x\n"), (TAKE, text)):
        chroot.said(call)
        assert issue.read_text() == expected
        assert os.getxattr(issue, "system.posix_acl_access") == bytes.fromhex(LISTED)
        if call != TAKE:
            assert os.getxattr(program, "security.capability") == bytes.fromhex(CAPABLE)
    assert "security.capability" not in os.listxattr(program)
    os.removexattr(issue, "system.posix_acl_access")


def test_a_directory_that_becomes_a_link_and_a_file_a_directory(chroot: Chroot) -> None:
    """What was in it is told, kept, and comes back."""
    step = "rm -r /srv/html && ln -s /opt /srv/html && rm /etc/issue && mkdir /etc/issue && touch /etc/issue/a"
    setup = chroot.put(f"FROM debian:12\nRUN {step}\n")
    issue = (chroot.root / "etc/issue").read_text()
    chroot.said(
        "mkdir -p /srv/html/deep && echo mine >/srv/html/index && echo mine >/srv/html/deep/down && chmod 750 /srv/html/deep"
    )
    told = chroot.said(f"sh {setup} --preview").splitlines()
    gone = {"M\t/srv/html", "D\t/srv/html/index", "D\t/srv/html/deep", "D\t/srv/html/deep/down", "M\t/etc/issue"}
    assert gone <= set(told)
    chroot.said(f"sh {setup} --yes")
    assert (chroot.root / "srv/html").is_symlink()
    assert (chroot.root / "etc/issue/a").exists()
    found = chroot.said(
        f"{TAKE} && cat /srv/html/index /srv/html/deep/down /etc/issue && stat -c %a /srv/html/deep; rm -r /srv/html"
    )
    assert found == f"mine\nmine\n{issue}750\n"


def test_what_a_machine_would_start_by_itself(chroot: Chroot) -> None:
    """In a container nobody logs in, and cron is not there."""
    user = "/etc/systemd/user/sockets.target.wants"
    text = f"FROM debian:12\nRUN mkdir -p {user} && ln -s /usr/lib/systemd/user/x.socket {user}/ && echo >/etc/cron.d/y\n"
    for cron, times in (("", 0), ("ln -s true /bin/cron", 1)):
        setup = chroot.put(text)
        done = chroot.call(f"{cron}\nsh {setup} --yes && readlink /etc/systemd/user/x.socket")
        assert done.stdout == "changed=2\n/dev/null\n", done.stderr
        assert done.stderr.count("/etc/cron.d/y: this machine's cron will run it; in a container nothing does\n") == times
        assert done.stderr.count("masked: x.socket came with a package") == 1
        chroot.take_back()
    assert not (chroot.root / "etc/systemd/user/x.socket").is_symlink()


def test_half_of_it_has_come(chroot: Chroot) -> None:
    """Wherever it is cut off nothing is done, and whoever started it hears of that: also between two functions."""
    setup = chroot.put("FROM debian:12\nRUN echo >/srv/x\nCMD sleep 100\n")
    text = (chroot.root / setup[1:]).read_bytes()
    ends = [place + 3 for place in range(len(text)) if text.startswith(b"\n}\n", place)]
    cuts = [*ends[:: len(ends) // 30], ends[-1], len(text) - 2]
    said = chroot.said(
        f"for cut in {' '.join(map(str, cuts))}; do head -c $cut {setup} | sh -s -- --yes; echo $?; done 2>&1; ls /srv"
    )
    refused = "setup.sh is cut off: not all of it has come. Nothing was done\n3\n"
    assert said.count(refused) >= len(cuts) - 1
    assert "\n0\n" not in said
    assert not (chroot.root / "srv/x").exists()
    assert not (chroot.root / "var/lib/dock2sh").exists()


@pytest.mark.parametrize("start", ["sh {}", "cat {} | sh", "sh {} </dev/null >/srv/out"])
def test_the_question_is_asked_on_the_terminal(chroot: Chroot, start: str) -> None:
    """Whatever standard input is. Ctrl-C there is no yes."""
    started = start.format(chroot.put("FROM debian:12\nRUN echo >/srv/x\n"))
    for answer, status in (("n\r", 1), ("\r", 1), ("\x04", 1), ("\x03", None), ("y\r", 0)):
        terminal = chroot.terminal(f"set -o pipefail; {started}; echo ended $?")
        terminal.expect_exact("Go on? [y/N] ")
        assert not (chroot.root / "srv/x").exists()
        terminal.send(answer)
        terminal.expect(pexpect.EOF)  # Ctrl-C is for all of them
        assert status is None or f"ended {status}\r\n" in (terminal.before or "")
        assert ((chroot.root / "srv/x").exists(), (chroot.root / "var/lib/dock2sh").exists()) == (status == 0, status == 0)
    chroot.take_back()
