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
    assert machine.said("sh", "/srv/bundle/setup.sh", "--status") == "left=0\n"
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    runner.unlink()


def test_a_private_tree_whose_newer_version_fails(machine: Machine) -> None:
    """The service goes on, and starts again, in the tree that it had, until the new one is complete."""
    tiny = machine.root / "srv/tiny/bin"
    tiny.mkdir(parents=True)
    shutil.copy(machine.root / "bin/busybox", tiny / "busybox")
    (tiny / "sh").symlink_to("busybox")
    command = "read v </version; echo $v; exec busybox sleep 1000"
    text = f'FROM other:1\nRUN echo {{}} >/version\nRUN {{}}\nCMD ["/bin/busybox", "sh", "-c", "{command}"]\n'
    base = ("--base", "other:1=/srv/tiny")

    def runs_in(version: str) -> None:
        machine.said("systemctl", "restart", "demo")
        time.sleep(0.5)
        assert machine.said("journalctl", "-u", "demo", "-o", "cat", "-n", "1", "-t", "busybox") == f"{version}\n"

    machine.said("sh", put(machine, text.format("1", "true")), "--yes", *base)
    runs_in("1")
    for second in ("false", "exit 3"):
        failed = machine.call("sh", put(machine, text.format("2", second)), "--yes", *base)
        assert (failed.returncode, "demo goes on in the tree that it had" in failed.stderr) == (1, True), failed.stderr
        runs_in("1")
    setup = put(machine, text.format("2", "true"))
    assert machine.call("sh", setup, "--status").stdout.splitlines()[:2] == ["[1] done", "[2] to be done"]
    machine.said("sh", setup, "--yes")  # the base image is there already
    runs_in("2")
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    assert sorted(path.name for path in (machine.root / "var/lib/dock2sh/demo").glob("rootfs*")) == ["rootfs"]
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
