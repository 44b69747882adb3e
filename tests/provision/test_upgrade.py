"""A newer version of a bundle on a machine that has the old one: what comes, what stays, what goes."""

import shutil
import subprocess
import time

import pytest
from making import made, write
from nspawn import Machine, differences

pytestmark = [pytest.mark.machine, pytest.mark.root]

FIRST = """FROM debian:12
ENV GREETING=hello
RUN mkdir -p /srv/app && echo one >/srv/app/one
CMD ["sh", "-c", "echo $GREETING $MORE; exec sleep 1000"]
"""
SECOND = """FROM debian:12
ENV GREETING=hi MORE=2
RUN mkdir -p /srv/app && echo two >/srv/app/two
VOLUME /srv/app/data
HEALTHCHECK --interval=1s CMD true
CMD ["sh", "-c", "echo $GREETING $MORE; exec sleep 1000"]
"""
UNITS = ("/etc/systemd/system/demo-health.service", "/etc/systemd/system/demo-health.timer", "/usr/local/bin/health-demo")


def put(machine: Machine, text: str) -> str:
    write(made(text), machine.root / "srv/bundle")
    return "/srv/bundle/setup.sh"


def set_up(machine: Machine, text: str) -> "subprocess.CompletedProcess[str]":
    done = machine.call("sh", put(machine, text), "--yes")
    assert done.returncode == 0, done.stderr
    time.sleep(0.5)
    return done


def said(machine: Machine) -> str:
    return machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "run-demo")


def previewed(machine: Machine) -> list[str]:
    return machine.said("sh", "/srv/bundle/setup.sh", "--preview").splitlines()


def test_there_and_on_and_back(machine: Machine) -> None:
    put(machine, FIRST)
    before = machine.snapshot()
    set_up(machine, FIRST)
    set_up(machine, SECOND)
    assert said(machine) == "hi 2\n"
    assert machine.said("systemctl", "is-active", "demo", "demo-health.timer") == "active\nactive\n"
    assert machine.said("systemctl", "is-enabled", "demo", "demo-health.timer") == "enabled\nenabled\n"
    assert machine.said("ls", "/srv/app") == "data\ntwo\n"  # the old step is taken back

    put(machine, FIRST)
    assert sorted(f"D\t{path}" for path in (*UNITS, "/srv/app/two")) == sorted(
        line for line in previewed(machine) if line.startswith("D")
    )
    told = set_up(machine, FIRST)
    assert "demo-health.timer was an earlier version's, and is taken back" in told.stderr
    assert not [path for path in UNITS if (machine.root / path[1:]).exists()]
    assert machine.call("systemctl", "is-active", "demo-health.timer").stdout == "inactive\n"
    assert machine.said("sh", "/srv/bundle/setup.sh", "--yes") == "changed=0\n"

    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    assert [path for path in differences(before, machine.snapshot()) if not path.startswith("srv/bundle")] == []


def test_an_environment_that_was_changed_here(machine: Machine) -> None:
    """It stays; what it would be is beside it, and told once."""
    set_up(machine, FIRST)
    environment = machine.root / "etc/dock2sh/demo/env.sh"
    environment.write_text(environment.read_text().replace("hello", "mine"))
    assert machine.said("sh", "/srv/bundle/setup.sh", "--yes") == "changed=0\n"

    put(machine, SECOND)
    assert "A\t/etc/dock2sh/demo/env.sh.new" in previewed(machine)
    told = set_up(machine, SECOND)
    assert "env.sh was changed here and stays; what it would be now is /etc/dock2sh/demo/env.sh.new" in told.stderr
    assert said(machine) == "mine\n"
    beside = environment.with_name("env.sh.new")
    assert beside.read_text().endswith('GREETING="hi"\nMORE="2"\n')
    assert machine.said("sh", "/srv/bundle/setup.sh", "--yes") == "changed=0\n"
    beside.rename(environment)
    assert machine.said("sh", "/srv/bundle/setup.sh", "--yes") == "changed=0\n"
    set_up(machine, FIRST)
    assert said(machine) == "hello\n"
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    assert not environment.parent.exists()


def test_a_service_that_is_none_any_more(machine: Machine) -> None:
    """An image without a command: the service is stopped, and goes; but for what somebody has changed."""
    set_up(machine, SECOND)
    runner = machine.root / "usr/local/bin/run-demo"
    runner.write_text(runner.read_text() + "# mine\n")
    set_up(machine, SECOND[: SECOND.index("CMD [")].replace("HEALTHCHECK --interval=1s CMD true\n", ""))
    assert machine.call("systemctl", "is-active", "demo").stdout == "inactive\n"
    assert machine.call("systemctl", "cat", "demo").returncode == 1
    assert runner.exists()
    assert (
        machine.said("sh", "/srv/bundle/setup.sh", "--status")
        == f"changed here since: /{runner.relative_to(machine.root)}\nleft=0\n"
    )
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    runner.unlink()


_COMMAND = "read v </version; echo $v; exec busybox sleep 1000"
TREE = f'FROM other:1\nRUN echo {{}} >/version\nRUN {{}}\nCMD ["/bin/busybox", "sh", "-c", "{_COMMAND}"]\n'
BASE = ("--base", "other:1=/srv/tiny")


def tiny(machine: Machine) -> None:
    """The base image of TREE."""
    programs = machine.root / "srv/tiny/bin"
    programs.mkdir(parents=True)
    shutil.copy(machine.root / "bin/busybox", programs / "busybox")
    (programs / "sh").symlink_to("busybox")


def runs_in(machine: Machine, version: str) -> None:
    machine.said("systemctl", "restart", "demo")
    time.sleep(0.5)
    assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "busybox") == f"{version}\n"


def test_a_private_tree_whose_base_image_is_not_given_again(machine: Machine) -> None:
    """Nothing is begun. Who goes on all the same, or names a wrong one, has the old tree as it was; as often as he tries."""
    tiny(machine)
    machine.said("sh", put(machine, TREE.format("1", "true")), "--yes", *BASE)
    setup = put(machine, TREE.format("2", "true"))
    before = machine.snapshot()
    done = machine.call("sh", setup, "--yes")
    assert (done.returncode, "not here: the base image other:1" in done.stderr) == (3, True), done.stderr
    assert differences(before, machine.snapshot()) == []
    (machine.root / "srv/not-an-image").write_text("x")
    for words in (["--force"], ["--force"], ["--base", "other:1=/srv/not-an-image"]):
        done = machine.call("sh", setup, "--yes", *words)
        assert (done.returncode, "cannot stat" in done.stderr) == (3, False), done.stderr
        runs_in(machine, "1")
    machine.said("sh", setup, "--yes", *BASE)
    runs_in(machine, "2")
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")


def test_a_private_tree_whose_newer_version_fails(machine: Machine) -> None:
    """The service goes on, and starts again, in the tree that it had, until the new one is complete."""
    tiny(machine)
    machine.said("sh", put(machine, TREE.format("1", "true")), "--yes", *BASE)
    runs_in(machine, "1")
    for second in ("false", "exit 3"):
        failed = machine.call("sh", put(machine, TREE.format("2", second)), "--yes", *BASE)
        assert (failed.returncode, "demo goes on in the tree that it had" in failed.stderr) == (1, True), failed.stderr
        runs_in(machine, "1")
    killed = subprocess.Popen(machine.words("sh", put(machine, TREE.format("2", "busybox sleep 60")), "--yes", *BASE))
    time.sleep(3)
    machine.call("pkill", "-KILL", "-o", "-f", "^sh /srv/bundle/setup.sh")
    killed.wait(60)
    runs_in(machine, "1")
    setup = put(machine, TREE.format("2", "true"))
    assert machine.call("sh", setup, "--status").stdout.splitlines()[:2] == ["[1] done", "[2] to be done"]
    machine.said("sh", setup, "--yes")  # the base image is there already
    runs_in(machine, "2")
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    assert sorted(path.name for path in (machine.root / "var/lib/dock2sh/demo").glob("rootfs*")) == ["rootfs"]
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
