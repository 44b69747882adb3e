"""What was set up as it runs, on a machine with systemd: private trees, logs, reboots, health, accounts, volumes."""

import shutil
import time
from pathlib import Path

import pytest
from making import PLAIN
from nspawn import Machine, differences, ready, take_back

pytestmark = [pytest.mark.machine, pytest.mark.root]


def test_a_private_tree(machine: Machine, context: Path) -> None:
    """FROM scratch, with a program and no shell; odd words and values come through systemd as they are."""
    (context / "busybox").write_bytes((machine.root / "bin/busybox").read_bytes())
    text = r"""FROM scratch
ENV A.b="d o t" PLAIN="50% \$x \"q\" \\ é"
COPY --chmod=755 busybox /bin/prog/printf
COPY --chmod=755 busybox /bin/prog/sleep
COPY --chmod=755 busybox /bin/busybox
COPY note /a/note
COPY note /b/note
RUN ["/bin/busybox", "sh", "-c", "rm -r /a /b/note && mkdir /a && echo >/a/new"]
WORKDIR /data
VOLUME /data
USER 4242
STOPSIGNAL SIGKILL
ENTRYPOINT ["/bin/prog/printf", "%s|%s|\n", "a \"b\" $HOME %h \\ ' ;", ""]
"""
    setup = ready(machine, text, context)
    before = machine.snapshot()
    machine.said("sh", setup, "--yes")
    time.sleep(0.5)
    journal = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "printf")
    assert journal.splitlines()[0] == 'a "b" $HOME %h \\ \' ;||'
    assert machine.said("run-demo", "again").endswith('a "b" $HOME %h \\ \' ;||\nagain||\n')
    assert not (machine.root / "bin/prog").exists()
    tree = machine.root / "var/lib/dock2sh/demo/rootfs"
    assert [sorted(path.name for path in (tree / name).iterdir()) for name in ("a", "b")] == [["new"], []]
    assert machine.said("sh", setup, "--yes").endswith("changed=0\n")
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_variables_that_systemd_has_no_names_for(machine: Machine, context: Path) -> None:
    """In a private tree; where it has no program for that it is said."""
    (context / "busybox").write_bytes((machine.root / "bin/busybox").read_bytes())
    text = "FROM scratch\nENV a.b='50% $' C=c\nCOPY --chmod=755 busybox {}\nENTRYPOINT [{}]\n"
    setup = ready(machine, text.format("/usr/bin/env", '"/usr/bin/env"'), context)  # a shell would drop a.b
    machine.said("sh", setup, "--yes")
    time.sleep(0.5)
    journal = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "env").splitlines()
    assert ("a.b=50% $" in journal, "C=c" in journal) == (True, True), journal
    assert [line for line in journal if line.startswith(("INVOCATION_ID=", "JOURNAL_STREAM=", "SYSTEMD_"))] == []
    take_back(machine)
    setup = ready(machine, text.format("/bin/sleep", '"/bin/sleep", "100"'), context)
    done = machine.call("sh", setup, "--yes")
    assert "the tree has no /usr/bin/env" in done.stderr
    assert machine.said("systemctl", "is-active", "demo") == "active\n"
    take_back(machine)


@pytest.mark.parametrize("way", ["merge", "root"])
def test_a_log_that_is_a_link_and_places_in_run(machine: Machine, context: Path, way: str) -> None:
    """As nginx and php-fpm have them: opened by root, written to by others. A tree's own /run is covered by systemd's."""
    text = """FROM debian:12
RUN echo dropped:x:4242:4242::/:/bin/sh >>/etc/passwd && mkdir -p /var/log/x /run/x && chown 4242 /run/x \\
 && ln -sf /dev/stdout /var/log/x/access.log && ln -sf /dev/stderr /var/log/x/error.log
COPY --chmod=755 service /srv/
CMD ["/srv/service"]
"""
    (context / "service").write_text("""#!/bin/busybox sh
exec 3>>/var/log/x/access.log 4>>/var/log/x/error.log
exec busybox su dropped -c 'echo asked >&3; echo wrong >&4; echo >/run/x/made; exec sleep 1000'
""")
    setup = ready(machine, text, context)
    before = machine.snapshot()
    base = ("--way", "root", "--base", "debian:12=/srv/tiny") if way == "root" else ()
    (machine.root / "srv/tiny/bin").mkdir(parents=True)
    (machine.root / "srv/tiny/etc").mkdir()
    shutil.copy(machine.root / "bin/busybox", machine.root / "srv/tiny/bin/busybox")
    for name in ("sh", "mkdir", "chown", "ln", "sleep"):
        (machine.root / "srv/tiny/bin" / name).symlink_to("busybox")
    previewed = {line.partition("\t")[2] for line in machine.said("sh", setup, "--preview", *base).splitlines()}
    tree = "/var/lib/dock2sh/demo/rootfs" if way == "root" else ""
    assert {f"{tree}/var/log/x/access.log", f"{tree}/run/x/" if tree else "/var/log/x/"} <= previewed
    machine.said("sh", setup, "--yes", *base)
    for _ in ("first", "again"):
        time.sleep(0.7)
        if way == "root":
            said = (machine.root / "var/log/dock2sh/demo.output").read_text()
        else:
            said = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "run-demo")
        assert "asked\n" in said
        assert "wrong\n" in said
        assert machine.said("run-demo", "--exec", "/bin/busybox", "stat", "-c", "%u", "/run/x/made") == "4242\n"
        machine.said("systemctl", "restart", "demo")
    assert machine.said("sh", setup, "--status") == "left=0\n"
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    dry = machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--dry-run").splitlines()
    assert {"D\t/usr/local/bin/run-demo", "D\t/var/lib/dock2sh/demo/"} <= set(dry)
    take_back(machine)
    machine.said("rm", "-r", "/srv/tiny")
    assert differences(before, machine.snapshot()) == []


def test_it_comes_up_again_after_a_reboot(machine: Machine, context: Path) -> None:
    text = (
        PLAIN.replace("exec sleep 1000", "trap 'echo told by quit; exit 0' QUIT; while :; do sleep 0.1; done")
        + "STOPSIGNAL QUIT\n"
    )
    setup = ready(machine, text, context)
    machine.said("sh", setup, "--yes")
    machine.halt()
    machine.boot()
    assert machine.said("systemctl", "is-active", "demo") == "active\n"
    start = time.monotonic()
    machine.said("systemctl", "stop", "demo")
    assert time.monotonic() - start < 5
    assert "told by quit" in machine.said("journalctl", "-b", "-u", "demo", "-o", "cat")
    assert machine.call("systemctl", "is-failed", "demo").stdout == "inactive\n"
    take_back(machine)


def test_health_is_told_and_restarts_nothing(machine: Machine, context: Path) -> None:
    check = "HEALTHCHECK --interval=1s --retries=2 CMD test -e /state/ok && echo fine\n"
    text = f"FROM debian:12\nRUN mkdir /state && touch /state/ok\nVOLUME /state\n{check}CMD sleep 1000\n"
    setup = ready(machine, text, context)
    machine.said("sh", setup, "--yes")
    state = machine.root / "run/demo-health/state"

    def becomes(word: str) -> bool:
        for _ in range(100):
            if machine.call("cat", "/run/demo-health/state").stdout.strip() == word:
                return True
            time.sleep(0.1)
        return False

    assert becomes("healthy"), state
    pid = machine.said("systemctl", "show", "-p", "MainPID", "demo")
    (machine.root / "var/lib/demo-volumes/state/ok").unlink()
    assert becomes("unhealthy")
    assert machine.call("systemctl", "is-failed", "demo-health").stdout == "failed\n"
    assert machine.said("systemctl", "show", "-p", "MainPID", "demo") == pid
    # as docker: what is started once more is neither what it was, nor asked before an interval is over
    assert machine.said("sh", "-c", "systemctl restart demo && sleep 0.5 && cat /run/demo-health/state") == "starting\n"
    assert becomes("unhealthy")
    take_back(machine)
    # nothing of it is told of as a unit that has failed
    assert machine.said("sh", "-c", "systemctl list-units --all --no-legend 'demo*'; ls -d /run/demo* || :") == ""


def test_a_probe_that_ends_with_the_service_has_not_failed(machine: Machine, context: Path) -> None:
    text = "FROM debian:12\nRUN true\nHEALTHCHECK --interval=1s CMD sleep 20\nCMD sleep 1000\n"
    machine.said("sh", ready(machine, text, context), "--yes")
    for _ in range(50):
        if "sleep 20" in machine.call("systemctl", "status", "demo-health").stdout:
            break
        time.sleep(0.1)
    machine.said("systemctl", "stop", "demo")
    assert machine.call("systemctl", "is-failed", "demo-health").stdout == "inactive\n"
    take_back(machine)


def test_a_service_that_was_disabled_here_stays_so(machine: Machine, context: Path) -> None:
    """Also with its next version; whoever has done it had reason to. What is new in that is enabled."""
    text = "FROM debian:12\nRUN true\nCMD sleep 1000\n"
    machine.said("sh", ready(machine, text, context), "--yes")
    machine.said("systemctl", "disable", "--now", "demo")
    assert machine.said("sh", ready(machine, text, context), "--status").endswith("left=0\n")
    assert machine.said("sh", ready(machine, text, context), "--yes").endswith("changed=0\n")
    newer = ready(machine, text.replace("1000", "1001"), context)
    previewed = machine.said("sh", newer, "--preview")
    assert ("/etc/systemd/system/demo.service\n" in previewed, "multi-user" in previewed) == (False, False)
    done = machine.call("sh", newer, "--yes")
    assert "demo.service is disabled on this machine, and stays so" in done.stderr
    assert machine.call("systemctl", "is-enabled", "demo").stdout == "disabled\n"
    assert machine.call("systemctl", "is-active", "demo").stdout == "inactive\n"
    machine.said("systemctl", "enable", "--now", "demo")
    healthy = text.replace("CMD", "HEALTHCHECK CMD true\nCMD")
    machine.said("sh", ready(machine, healthy, context), "--yes")
    assert machine.call("systemctl", "is-enabled", "demo-health.timer").stdout == "enabled\n"
    machine.said("systemctl", "disable", "demo-health.timer")
    assert machine.said("sh", ready(machine, healthy, context), "--yes").endswith("changed=0\n")
    machine.said("sh", ready(machine, text, context), "--yes")  # without, and again with it
    machine.said("sh", ready(machine, healthy, context), "--yes")
    assert machine.call("systemctl", "is-enabled", "demo-health.timer").stdout == "enabled\n"
    take_back(machine)


def test_a_place_in_run_is_as_the_last_step_left_it(machine: Machine, context: Path) -> None:
    """Of two lines for a path systemd-tmpfiles takes the first one."""
    steps = "".join(f"RUN true {number}\n" for number in range(9))
    odd = r"""/run/a "b" 5% \c"""
    first, last = f"RUN install -d -m 2775 /run/place '{odd}'\n", "RUN install -d -o 33 -m 3777 /run/place\n"
    text = f"FROM debian:12\n{first}{steps}{last}CMD sleep 1000\n"
    done = machine.call("sh", ready(machine, text, context), "--yes")
    assert (done.returncode, "Duplicate line" in done.stderr) == (0, False), done.stderr
    machine.halt()
    machine.boot()
    assert machine.said("stat", "-c", "%a %u", "/run/place", odd) == "3777 33\n2775 0\n"
    take_back(machine)
    machine.said("rmdir", "/run/place", odd)


@pytest.mark.parametrize("user", ["4242", "4242:4343", "www-data:4343", "nobody", "0:4343"])
def test_a_user_that_nobody_is_here(machine: Machine, context: Path, user: str) -> None:
    """Docker takes any number (`docker run` of these images says the same); systemd wants accounts."""
    text = f"FROM debian:12\nRUN true\nUSER {user}\nEXPOSE 80\nCMD echo $(id -u):$(id -g):$(id -G) $HOME; exec sleep 1000\n"
    setup = ready(machine, text, context)
    before = machine.snapshot()
    machine.said("sh", setup, "--yes")
    time.sleep(0.5)
    wanted = {
        "4242": "4242:0:0 /",
        "4242:4343": "4242:4343:4343 /",
        "www-data:4343": "33:4343:4343 /var/www",
        "nobody": "65534:65534:65534 /nonexistent",
        "0:4343": "0:4343:4343 /root",
    }
    assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "run-demo") == wanted[user] + "\n"
    assert machine.said("sh", setup, "--yes").endswith("changed=0\n")
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


@pytest.mark.parametrize(("user", "home"), [("web", '/home/50% of \\\\ "web"'), ("4343", "/"), ("root", "/rooms")])
def test_the_home_of_a_private_tree_s_user(machine: Machine, context: Path, user: str, home: str) -> None:
    """Of the tree's account, as docker sets it, not of one that the machine has by that number; HOSTNAME is there, too."""
    programs = machine.root / "srv/tiny/bin"
    programs.mkdir(parents=True)
    shutil.copy(machine.root / "bin/busybox", programs / "busybox")
    (programs.parent / "etc").mkdir()
    (programs.parent / "etc/passwd").write_text('root:x:0:0::/rooms:\nweb:x:4242:4242::/home/50% of \\\\ "web":\n')
    text = f'FROM other:1\nUSER {user}\nCMD ["/bin/busybox", "sh", "-c", "busybox env; exec busybox sleep 1000"]\n'
    machine.said("sh", ready(machine, text, context), "--yes", "--base", "other:1=/srv/tiny")
    time.sleep(0.5)
    said = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "busybox", "-b").splitlines()
    assert [line for line in said if line.startswith("HOME=")][-1] == f"HOME={home}", said
    assert [line for line in said if line.startswith("HOSTNAME=")][-1] != "HOSTNAME="
    take_back(machine)
    machine.said("rm", "-r", "/srv/tiny")


@pytest.mark.parametrize("way", ["merge", "root"])
def test_a_program_that_becomes_root(machine: Machine, context: Path, way: str) -> None:
    """As sudo does in a container: systemd sets NoNewPrivileges= with most of what limits a service whose user is another one."""
    text = """FROM debian:12
COPY --chmod=4755 cat /srv/cat
COPY --chmod=600 note /srv/for-root
USER 33
CMD ["/srv/cat", "/srv/for-root", "/proc/self/status", "/proc/sys/kernel/ostype"]
"""
    (context / "cat").write_bytes((machine.root / "bin/cat").read_bytes())
    base = ()
    if way == "root":
        (machine.root / "srv/tiny").mkdir()
        for name in ("lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2"):
            (machine.root / "srv/tiny" / name).parent.mkdir(parents=True)
            shutil.copy(machine.root / "usr" / name, machine.root / "srv/tiny" / name)
        base = ("--way", "root", "--base", "debian:12=/srv/tiny")
    machine.said("sh", ready(machine, text, context), "--yes", *base)
    time.sleep(0.5)
    said = machine.said("journalctl", "-u", "demo", "-o", "cat").splitlines()
    assert {"note", "NoNewPrivs:\t0", "Linux"} <= set(said), said[-9:]
    take_back(machine)
    machine.said("rm", "-rf", "/srv/tiny")


def test_the_service_cannot_write_what_root_reads(machine: Machine, context: Path) -> None:
    """`run-NAME` reads env.sh as root. Who has become the service's user would become root by it. Also where an earlier
    version of setup.sh gave him the file, and where somebody has changed it since."""
    text = "FROM debian:12\nENV APP_TOKEN=s3cret\nRUN useradd -u 4242 app\nUSER app\nCMD echo $APP_TOKEN; exec sleep 1000\n"
    setup = ready(machine, text, context)
    environment = machine.root / "etc/dock2sh/demo/env.sh"
    for words in (["--yes"], ["--yes", "--from", "1"]):
        done = machine.call("sh", setup, *words)
        state = environment.stat()
        assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (0, 4242, 0o640), done.stderr
        machine.said("systemctl", "restart", "demo")
        time.sleep(0.5)
        assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "run-demo") == "s3cret\n"
        machine.said("chown", "app", "/etc/dock2sh/demo/env.sh")
        with environment.open("a") as more:
            more.write("MORE=1\n")
        machine.call("userdel", "app")  # the step makes it again
    take_back(machine)
    machine.said("rm", "-rf", "/etc/dock2sh")
    machine.call("userdel", "app")


def test_an_account_that_was_made_goes_though_others_came(machine: Machine, context: Path) -> None:
    setup = ready(machine, "FROM debian:12\nUSER 4242:4343\nCMD sleep 1000\n", context)
    machine.said("sh", setup, "--yes")
    machine.said("useradd", "somebody")  # so that /etc/passwd is not put back
    assert "/etc/passwd" in take_back(machine)
    machine.said("userdel", "somebody")
    assert machine.call("grep", "d2s-", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow").stdout == ""


def test_volumes_keep_owner_and_mode(machine: Machine, context: Path) -> None:
    """As docker's do, from start to start: StateDirectory= alone would make them 0755, and all in them the user's."""
    text = """FROM debian:12
RUN mkdir -m 700 /priv && touch /priv/f && chown -R www-data /priv && mkdir /open && chmod 1777 /open && touch /open/mine
USER www-data
VOLUME /priv /open data
CMD stat -c '%a %u %n' /priv /priv/f /open /open/mine /data; exec sleep 1000
"""
    setup = ready(machine, text, context)
    before = machine.snapshot()
    machine.said("sh", setup, "--yes")
    machine.said("systemctl", "restart", "demo")
    time.sleep(0.5)
    told = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "run-demo").split("\n")[-6:-1]
    assert told == ["700 33 /priv", "644 33 /priv/f", "1777 0 /open", "644 0 /open/mine", "755 0 /data"]
    assert machine.said("sh", setup, "--yes").endswith("changed=0\n")
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


@pytest.mark.parametrize("way", ["merge", "root"])
def test_volumes_keep_what_the_program_gives_them(machine: Machine, context: Path, way: str) -> None:
    """From start to start, and when the data of an earlier setup is found: one whose mode or owner systemd would have, too."""
    text = """FROM debian:12
RUN mkdir /mine /others && chown 33 /others
{user}VOLUME /mine /others
CMD stat -c '%a %u %n' /mine /others; {change}; exec sleep 1000
"""
    change = "chmod 700 /others" if way == "merge" else "chown 33 /mine"
    setup = ready(machine, text.format(change=change, user="USER www-data\n" if way == "merge" else ""), context)
    base: tuple[str, ...] = ()
    if way == "root":
        machine.said("sh", "-c", "mkdir -p /srv/tiny/bin /srv/tiny/etc && cp /bin/busybox /srv/tiny/bin/")
        machine.said("sh", "-c", "cd /srv/tiny/bin && for name in sh mkdir chown stat sleep; do ln -sf busybox $name; done")
        base = ("--way", "root", "--base", "debian:12=/srv/tiny")
    wanted = ["755 0 /mine", "700 33 /others"] if way == "merge" else ["755 33 /mine", "755 33 /others"]

    def seen_there() -> list[str]:
        time.sleep(0.7)
        return machine.said("journalctl", "-u", "demo", "-o", "cat").replace("Started", "").splitlines()

    for words in (("sh", setup, "--yes", *base), ("systemctl", "restart", "demo")):
        machine.said(*words)
        said = [line for line in seen_there() if line.startswith("7") and "/" in line][-2:]
    assert said == wanted
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    for words in (("sh", setup, "--yes", *base), ("systemctl", "restart", "demo")):
        machine.said(*words)
        said = [line for line in seen_there() if line.startswith("7") and "/" in line][-2:]
    assert said == wanted
    take_back(machine)
    machine.said("rm", "-rf", "/srv/tiny")
