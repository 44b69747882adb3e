"""A newer version of a bundle on a machine that has the old one: what comes, what stays, what goes."""

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
    assert machine.said("ls", "/srv/app") == "data\none\ntwo\n"  # the old step's files stay

    put(machine, FIRST)
    assert [f"D\t{path}" for path in UNITS] == sorted(line for line in previewed(machine) if line.startswith("D"))
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
