"""setup.sh on a machine with systemd: what the steps do to it, what is refused, and the way back. No network is needed."""

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from making import made, write
from nspawn import Machine, differences

pytestmark = [pytest.mark.machine, pytest.mark.root]

PLAIN = r"""FROM debian:12
ENV KEEP="a 'b' \$c"
RUN mkdir /srv/app && echo one >> /srv/app/log && ln -s app /srv/link
RUN useradd -r -u 977 -U web && echo two >> /srv/app/log
RUN rm /etc/motd && echo changed > /etc/issue && mkdir -p /srv/app/deep/er && chmod 2775 /srv/app/deep
COPY --chown=web:web --chmod=640 note /srv/app/note
RUN ["sh", "-c", "rm -rf /tmp/* && echo three >> /srv/app/log && mv /srv/app/deep /srv/app/moved"]
WORKDIR /srv/app
USER web
CMD ["sh", "-c", "echo $KEEP $(id -u) $(pwd); exec sleep 1000"]
"""


def ready(machine: Machine, text: str, context: Path, name: str = "demo") -> str:
    """The bundle of a Dockerfile is put on the machine; the path of setup.sh there."""
    folder = machine.root / "srv-bundle"
    folder.mkdir(exist_ok=True)
    write(made(text, context, name), folder)
    return "/srv-bundle/setup.sh"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "note").write_text("note\n")
    return tmp_path


BASE = """FROM debian:12 AS base
ONBUILD RUN mkdir -p /srv/itself && echo one >/srv/itself/a
ONBUILD COPY --from=me /srv/itself /srv/itself/b/
ONBUILD RUN --mount=from=me,source=/srv/itself/b,target=/mnt cat /mnt/a >>/srv/itself/a
FROM base AS me
"""
ASIDE = f"""FROM debian:12 AS first
RUN rm -r /etc/alternatives && mkdir /etc/alternatives
{BASE.replace("debian:12", "first")}
RUN [ -z "$(ls /etc/alternatives)" ]
FROM debian:12
COPY --from=me /srv/itself/ /srv/aside/
"""


def take_back(machine: Machine, name: str = "demo") -> str:
    done = machine.call("sh", f"/var/lib/dock2sh/{name}/uninstall.sh", "--yes", "--purge")
    assert done.returncode == 0
    return done.stderr


@pytest.mark.parametrize(("text", "place"), [(BASE, "itself"), (ASIDE, "aside")])
def test_triggers_that_take_files_from_their_own_stage(machine: Machine, context: Path, text: str, place: str) -> None:
    """Of this machine, or of a stage beside it, as it is before the step; also when the step is done once more."""
    made_there = machine.root / "srv" / place
    for word in ("one", "two"):
        done = machine.call("sh", ready(machine, text.replace("one", word), context), "--yes")
        assert done.returncode == 0, done.stderr
        assert [(made_there / name).read_text() for name in ("a", "b/a")] == [f"{word}\n" * 2, f"{word}\n"]
    take_back(machine)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox ash"])
def test_there_and_back(machine: Machine, context: Path, shell: str) -> None:
    setup = ready(machine, PLAIN, context)
    machine.said("sh", "-c", "echo no step of ours >/tmp/mine")
    before = machine.snapshot()
    words = [*shell.split(), setup]

    assert machine.call(*words, "--status").returncode == 1
    assert machine.said(*words, "--yes").endswith("changed=10\n")
    assert machine.call(*words, "--status").stdout == "left=0\n"
    app = machine.root / "srv/app"
    assert (app / "log").read_text() == "one\ntwo\nthree\n"
    assert (app / "moved/er").is_dir()
    assert (app / "moved").stat().st_mode & 0o7777 == 0o2775
    assert ((app / "note").stat().st_uid, (app / "note").stat().st_mode & 0o777) == (977, 0o640)
    assert not (machine.root / "etc/motd").exists()
    time.sleep(0.5)
    assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "run-demo") == "a 'b' $c 977 /srv/app\n"
    assert machine.said("sh", "-c", "ls /tmp/mine") == "/tmp/mine\n"

    once = machine.snapshot()
    assert machine.said(*words, "--yes") == "changed=0\n"
    assert [path for path in differences(once, machine.snapshot()) if not path.endswith("demo/setup.log")] == []
    assert machine.said("sh", "-c", "run-demo echo x; run-demo --exec id -u") == "x\n977\n"

    assert "changed by somebody else" not in take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_preview_tells_all_and_leaves_nothing(machine: Machine, context: Path) -> None:
    setup = ready(machine, PLAIN, context)
    before = machine.snapshot()
    told = machine.said("sh", setup, "--preview")
    assert differences(before, machine.snapshot()) == []
    machine.said("sh", setup, "--yes")
    after = machine.snapshot()
    take_back(machine)
    ours = {"/var/lib/dock2sh/", "/var/lib/dock2sh/demo/", "/etc/systemd/system/multi-user.target.wants/demo.service"}
    lines = dict(reversed(line.split("\t")) for line in told.splitlines())
    seen = {"/" + path for path in differences(before, after)} - {path.rstrip("/") for path in ours}
    assert {path for path in seen if not path.startswith("/var/lib/dock2sh/")} == {path.rstrip("/") for path in lines}
    assert (lines["/etc/motd"], lines["/etc/issue"], lines["/srv/app/log"], lines["/srv/app/"]) == ("D", "M", "A", "A")


def test_it_asks_and_does_nothing_without_an_answer(machine: Machine, context: Path) -> None:
    setup = ready(machine, PLAIN, context)
    before = machine.snapshot()
    done = machine.call("setsid", "sh", setup)
    assert (done.returncode, differences(before, machine.snapshot())) == (3, [])
    assert "--yes" in done.stderr
    typed = machine.call("script", "-qec", f"sh {setup}", "/dev/null", input="n\n", stdin=None)
    assert "Go on? [y/N]" in typed.stdout
    assert differences(before, machine.snapshot()) == []


def test_from_a_pipe(machine: Machine, context: Path) -> None:
    setup = ready(machine, PLAIN, context)
    before = machine.snapshot()
    cut = machine.call("sh", "-c", f"head -c 30000 {setup} | sh -s -- --yes")
    assert differences(before, machine.snapshot()) == [], cut.stderr
    machine.said("sh", "-c", f"cat {setup} | D2S_YES=1 sh")
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_a_step_that_fails_leaves_no_trace_and_is_gone_on_with(machine: Machine, context: Path) -> None:
    text = "FROM debian:12\nRUN echo 1 >> /srv/count\nRUN echo 2 >> /srv/count && test -e /srv/wanted\nRUN echo 3 >> /srv/count\n"
    setup = ready(machine, text, context)
    done = machine.call("sh", setup, "--yes")
    assert done.returncode == 1
    assert "failed: step 2 of 3: Dockerfile:3" in done.stderr
    assert (machine.root / "srv/count").read_text() == "1\n"
    assert machine.call("sh", setup, "--status").returncode == 1
    (machine.root / "srv/wanted").touch()
    machine.said("sh", setup, "--yes")
    assert (machine.root / "srv/count").read_text() == "1\n2\n3\n"
    assert "step 2\n" in (machine.root / "var/lib/dock2sh/demo/setup.log").read_text()
    machine.said("sh", setup, "--yes", "--only", "3")
    assert (machine.root / "srv/count").read_text() == "1\n2\n3\n3\n"
    setup = ready(machine, text.replace("echo 3", "echo 4"), context)
    assert machine.said("sh", setup, "--yes").endswith("changed=1\n")
    take_back(machine)
    (machine.root / "srv/wanted").unlink()
    assert not (machine.root / "srv/count").exists()


def test_packages_of_the_machine_are_not_removed(machine: Machine, context: Path) -> None:
    setup = ready(machine, "FROM debian:12\nRUN dpkg --purge --force-all curl\n", context)
    before = machine.snapshot()
    assert "careful: step 1 (line 2)" in machine.call("sh", setup, "--list").stderr
    done = machine.call("sh", setup, "--yes")
    assert (done.returncode, "would remove packages that this machine had before: curl." in done.stderr) == (1, True)
    assert [path for path in differences(before, machine.snapshot()) if not path.startswith("var/lib/dock2sh")] == []
    machine.said("sh", setup, "--yes", "--allow-removal")
    assert not (machine.root / "usr/bin/curl").exists()
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_services_that_packages_bring_do_not_start(machine: Machine, context: Path) -> None:
    """Neither now nor at the next boot; as a container of the image has them lying about."""
    (context / "control").write_text("Package: pest\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n")
    (context / "pest.service").write_text("[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n")
    # as debhelper writes it
    start = "[ ! -d /run/systemd/system ] || deb-systemd-invoke start pest.service"
    (context / "postinst").write_text(f"#!/bin/sh\ndeb-systemd-helper enable pest.service\n{start}\n")
    text = """FROM debian:12
COPY control /p/DEBIAN/
COPY --chmod=755 postinst /p/DEBIAN/
COPY pest.service /p/lib/systemd/system/
RUN dpkg-deb -b /p /p.deb && dpkg -i /p.deb && rm -r /p /p.deb
"""
    setup = ready(machine, text, context)
    before = machine.snapshot()
    told = machine.call("sh", setup, "--yes")
    assert "masked: pest.service" in told.stderr, told.stderr[-900:]
    assert machine.call("systemctl", "is-enabled", "pest.service").stdout == "masked\n"
    take_back(machine)
    machine.said("sh", setup, "--yes", "--allow-services")
    assert machine.call("systemctl", "is-enabled", "pest.service").stdout == "enabled\n"
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_what_somebody_changed_since_stays(machine: Machine, context: Path) -> None:
    setup = ready(machine, PLAIN, context)
    machine.said("sh", setup, "--yes")
    (machine.root / "srv/app/note").write_text("mine")
    (machine.root / "etc/dock2sh/demo/env.sh").write_text('PATH="/bin"\nKEEP="other"\n')
    assert machine.said("sh", setup, "--yes").endswith("changed=0\n")
    machine.said("systemctl", "restart", "demo")
    time.sleep(0.5)
    assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "run-demo") == "other 977 /srv/app\n"
    assert "/srv/app/note" in take_back(machine)
    assert (machine.root / "srv/app/note").read_text() == "mine"
    machine.said("rm", "-r", "/srv/app", "/etc/dock2sh")


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


def test_twenty_kills(machine: Machine, context: Path) -> None:
    """Killed at any moment and run again: the same as without."""
    setup = ready(machine, PLAIN.replace("useradd", "sleep 0.3 && useradd"), context)
    before = machine.snapshot()
    start = time.monotonic()
    machine.said("sh", setup, "--yes")
    whole = time.monotonic() - start
    wanted = machine.snapshot()
    take_back(machine)

    dice = random.Random(6)
    for number in range(20):
        running = subprocess.Popen(machine.words("sh", setup, "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.random() * whole)
        machine.call("pkill", "-KILL" if number % 2 else "-TERM", "-o", "-f", f"^sh {setup}")
        running.wait(60)
    machine.said("sh", setup, "--yes")
    ignored = ("var/lib/dock2sh", "etc/shadow", "etc/gshadow", "etc/passwd-", "etc/group-", "etc/subuid", "etc/subgid")
    found = [path for path in differences(wanted, machine.snapshot()) if not path.startswith(ignored)]
    assert found == []
    assert (machine.root / "srv/app/log").read_text() == "one\ntwo\nthree\n"
    assert "overlay" not in machine.said("cat", "/proc/mounts")
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def test_taken_back_after_a_kill(machine: Machine, context: Path) -> None:
    """Whatever it was killed in: uninstall.sh needs no second run of setup.sh."""
    setup = ready(machine, PLAIN.replace("useradd", "sleep 0.3 && useradd"), context)
    before = machine.snapshot()
    dice = random.Random(7)
    for number in range(8):
        running = subprocess.Popen(machine.words("sh", setup, "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.random() * 3)
        machine.call("pkill", "-KILL", "-o", "-f", f"^sh {setup}")
        running.wait(60)
        took = machine.root / "var/lib/dock2sh/demo/uninstall.sh"
        if took.exists():
            take_back(machine)
        assert differences(before, machine.snapshot()) == [], number
        assert "overlay" not in machine.said("cat", "/proc/mounts")


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
    take_back(machine)


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
