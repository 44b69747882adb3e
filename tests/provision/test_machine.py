"""setup.sh on a machine with systemd: what the steps do to it, what is refused, and the way back. No network is needed."""

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from making import PLAIN
from nspawn import Machine, differences, ready, take_back

pytestmark = [pytest.mark.machine, pytest.mark.root]

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

    lines = dict(reversed(line.split("\t")) for line in told.splitlines())
    seen = {"/" + path for path in differences(before, after) if not path.startswith("var/lib/dock2sh/demo/")}
    assert seen == {path.rstrip("/") for path in lines}
    assert (lines["/etc/motd"], lines["/etc/issue"], lines["/srv/app/log"], lines["/srv/app/"]) == ("D", "M", "A", "A")


EVERYTHING = """FROM debian:12
RUN mkdir -p /srv/app/data/deep && echo x >/srv/app/data/deep/file && chmod 700 /srv/app/data && mkdir -p /run/app && rm /etc/motd
VOLUME /srv/app/data /srv/app/none
USER 4242:4343
HEALTHCHECK CMD true
CMD ["sleep", "1000"]
"""
TREE = """FROM scratch
COPY --chmod=755 busybox /bin/busybox
COPY note /data/note
VOLUME /data
USER 4242
CMD ["/bin/busybox", "sleep", "1000"]
"""


@pytest.mark.parametrize("text", [EVERYTHING, TREE], ids=["merge", "root"])
def test_preview_tells_what_keeps_the_service(machine: Machine, context: Path, text: str) -> None:
    shutil.copy(machine.root / "bin/busybox", context / "busybox")
    setup = ready(machine, text, context)
    before = machine.snapshot()
    told = machine.said("sh", setup, "--preview")
    assert differences(before, machine.snapshot()) == []
    machine.said("sh", setup, "--yes", "--no-start")
    after = machine.snapshot()
    take_back(machine)
    record = "/var/lib/dock2sh/demo/"
    lines = [path.rstrip("/") for path in (line.split("\t")[1] for line in told.splitlines()) if not path[:-1].startswith(record)]
    assert len(lines) == len(set(lines))
    assert set(lines) == {"/" + path for path in differences(before, after) if not f"/{path}".startswith(record)}


def test_accounts_that_are_here_already(machine: Machine, context: Path) -> None:
    text = "FROM debian:12\nARG ID=977\nRUN groupadd -g 1234 web && useradd -u $ID -g web web\nRUN {} useradd -r www-data\n"
    machine.said("useradd", "-u", "977", "admin")
    setup = ready(machine, text.format(""), context)
    before = machine.snapshot()
    done = machine.call("sh", setup, "--yes")
    assert done.returncode == 3
    assert "the number 977, free for the user web that step 1 makes: admin has it." in done.stderr
    assert "the name www-data, free for the user that step 2 makes: number 33 has it." in done.stderr
    assert differences(before, machine.snapshot()) == []
    machine.said("userdel", "admin")
    machine.said("sh", ready(machine, text.format("id www-data ||"), context), "--yes")
    # its own accounts are none that stand in the way
    machine.said(
        "sh", ready(machine, text.format(": && id www-data ||").replace("RUN group", "RUN : && group"), context), "--yes"
    )


def test_it_asks_and_does_nothing_without_an_answer(machine: Machine, context: Path) -> None:
    setup = ready(machine, PLAIN, context)
    before = machine.snapshot()
    done = machine.call("setsid", "sh", setup)
    assert (done.returncode, differences(before, machine.snapshot())) == (3, [])
    assert "--yes" in done.stderr
    typed = machine.call("script", "-qec", f"sh {setup}", "/dev/null", input="n\n", stdin=None)
    assert "Go on? [y/N]" in typed.stdout
    assert differences(before, machine.snapshot()) == []


def test_a_name_that_a_service_of_the_machine_has(machine: Machine, context: Path) -> None:
    """Nothing is done: the machine would start this one as its sshd. One that the steps bring is theirs."""
    done = machine.call("sh", ready(machine, "FROM debian:12\nRUN true\nCMD sleep 1000\n", context, "ssh"), "--yes")
    assert (done.returncode, "the name ssh: this machine has a service of that name" in done.stderr) == (3, True), done.stderr
    assert not (machine.root / "var/lib/dock2sh").exists()
    brings = "RUN echo '[Service]' >/usr/lib/systemd/system/demo.service\n"
    setup = ready(machine, f"FROM debian:12\n{brings}RUN test -e /srv/wanted\nCMD sleep 1000\n", context)
    assert machine.call("sh", setup, "--yes").returncode == 1  # so that it comes once more, to what it has made itself
    machine.said("touch", "/srv/wanted")
    machine.said("sh", setup, "--yes")
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    take_back(machine)


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
    assert (machine.root / "srv/count").read_text() == "1\n2\n3\n"  # step 3 was taken back first
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


def test_a_package_has_an_init_script_of_the_service_s_name(machine: Machine, context: Path) -> None:
    """As nginx has, in a directory that is called nginx: `systemctl disable` would put links of it into /etc/rc?.d."""
    (context / "init").write_text("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: demo\n# Default-Start: 2 3\n### END INIT INFO\n")
    text = "FROM debian:12\nCOPY --chmod=755 init /etc/init.d/demo\nRUN update-rc.d demo defaults\nCMD sleep 1000\n"
    setup = ready(machine, text, context)
    before = machine.snapshot()
    machine.said("sh", setup, "--yes")
    assert machine.said("systemctl", "is-enabled", "demo") == "enabled\n"
    take_back(machine)
    assert differences(before, machine.snapshot()) == []


def deb(machine: Machine, name: str, more: str = "") -> None:
    """A package with one file, and one that its installation makes, in the machine's /srv-debs."""
    control = machine.root / "srv-debs" / name / "DEBIAN"
    control.mkdir(parents=True)
    head = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    (control / "control").write_text(head + more)
    (control / "postinst").write_text(f"#!/bin/sh\necho made >/etc/{name}.made\n")
    (control / "postrm").write_text(f"#!/bin/sh\nrm -f /etc/{name}.made\n")
    for script in ("postinst", "postrm"):
        (control / script).chmod(0o755)
    (control.parent / "usr/lib").mkdir(parents=True)
    (control.parent / "usr/lib" / name).write_text(name)
    machine.said("dpkg-deb", "-b", f"/srv-debs/{name}")


def test_packages_that_are_somebody_else_s_by_now(machine: Machine, context: Path) -> None:
    """dpkg's database stays as others have left it, so that what it knows is there, whole; the rest goes."""
    for name, more in (("below", ""), ("free", ""), ("above", "Depends: below\n")):
        deb(machine, name, more)
    text = "FROM debian:12\nRUN dpkg -i /srv-debs/{}.deb && echo >/srv/{}\n"
    before = machine.snapshot()
    setup = ready(machine, text.format("below.deb /srv-debs/free", "app"), context)
    machine.said("sh", setup, "--yes")
    machine.said("dpkg", "-i", "/srv-debs/above.deb")
    told = take_back(machine)
    assert "packages that stay, since others may need them by now (the package manager removes them): below\n" in told
    assert machine.call("dpkg", "-V", "below", "above").stdout == ""
    here = [
        (machine.root / path).exists() for path in ("usr/lib/below", "etc/below.made", "usr/lib/free", "etc/free.made", "srv/app")
    ]
    assert here == [True, True, False, False, False]
    machine.said("dpkg", "--purge", "above", "below")
    ours = ("srv-bundle", "var/lib/dpkg/", "var/cache/")
    left = [path for path in differences(before, machine.snapshot()) if not path.startswith(ours)]
    assert left == [], left
    machine.said("rm", "-r", "/srv-debs")


def test_two_services_and_the_earlier_one_goes_first(machine: Machine, context: Path) -> None:
    """What the later one's packages stand on stays; which of them its steps asked for nobody can tell."""
    for name in ("below", "later"):
        deb(machine, name)
    before = machine.snapshot()
    text = "FROM debian:12\nRUN dpkg -i /srv-debs/{}.deb\n"
    machine.said("sh", ready(machine, text.format("below"), context), "--yes")
    machine.said("sh", ready(machine, text.format("later"), context, "other"), "--yes")
    assert "packages that stay" in take_back(machine)
    assert machine.call("dpkg", "-V", "below", "later").stdout == ""
    assert (machine.root / "etc/below.made").exists()
    assert "packages that stay" not in take_back(machine, "other")
    machine.said("dpkg", "--purge", "below")
    ours = ("srv-bundle", "var/lib/dpkg/", "var/cache/")
    left = [path for path in differences(before, machine.snapshot()) if not path.startswith(ours)]
    assert left == [], left
    machine.said("rm", "-r", "/srv-debs")


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


def test_one_that_comes_while_another_is_at_work(machine: Machine, context: Path) -> None:
    """It is told so, and takes nothing from under the other one's feet."""
    setup = ready(machine, PLAIN.replace("useradd", "sleep 3 && useradd"), context)
    before = machine.snapshot()
    first = subprocess.Popen(machine.words("sh", setup, "--yes"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(2)
    for words in ((setup, "--yes"), ("/var/lib/dock2sh/demo/uninstall.sh", "--yes")):
        done = machine.call("sh", *words)
        assert (done.returncode, "is at work on it" in done.stderr) == (3, True), done.stderr
    assert machine.call("sh", setup, "--status").returncode == 1
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said[-900:]
    assert machine.said("sh", setup, "--status") == "left=0\n"
    take_back(machine)
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


def test_kills_in_the_middle_of_an_upgrade(machine: Machine, context: Path) -> None:
    """What was done before is taken back whole, or not at all; and uninstall.sh takes back whatever is there."""
    before = machine.snapshot()
    newer = PLAIN.replace("echo one", "echo 1")
    machine.said("sh", ready(machine, newer, context), "--yes")
    wanted = machine.snapshot()
    ignored = ("var/lib/dock2sh", "etc/shadow", "etc/gshadow", "etc/passwd-", "etc/group-", "etc/subuid", "etc/subgid")
    dice = random.Random(8)
    for number in range(10):
        setup = ready(machine, newer if number % 2 else PLAIN, context)
        running = subprocess.Popen(machine.words("sh", setup, "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.random() * 4)
        machine.call("pkill", "-KILL" if number % 3 else "-TERM", "-o", "-f", f"^sh {setup}")
        running.wait(60)
    machine.said("sh", ready(machine, newer, context), "--yes")
    assert [path for path in differences(wanted, machine.snapshot()) if not path.startswith(ignored)] == []
    running = subprocess.Popen(machine.words("sh", ready(machine, PLAIN, context), "--yes"), stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    machine.call("pkill", "-KILL", "-o", "-f", "^sh /srv-bundle/setup.sh")
    running.wait(60)
    take_back(machine)
    assert [path for path in differences(before, machine.snapshot()) if not path.startswith("srv-bundle")] == []


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
