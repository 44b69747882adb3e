"""`dock2sh verify --host`: the files of a machine that was set up, against what docker builds of the same Dockerfile."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nspawn import Machine
from test_fleet import reachable

from dock2sh.verify import Result, dump
from dock2sh.verify.docker import Docker

MERGED = """FROM debian:12
RUN apt-get update && apt-get install -y --no-install-recommends cron
RUN useradd -r -m web && rm /etc/motd && touch /tmp/left && mkdir -m 2775 /srv/deep && ln -s deep /srv/link
COPY --chown=web --chmod=640 note /opt/app/
WORKDIR /opt/app
VOLUME /data
CMD ["sleep", "1000"]
"""
TREE = """FROM busybox
COPY --link note /opt/app/
RUN echo web:x:1000:1000::/:/bin/sh >>/etc/passwd && echo more:x:4343:web >>/etc/group && chown web /opt/app/note \\
 && ln /opt/app/note /opt/app/other
USER web
CMD ["sleep", "1000"]
"""


def asked(context: Path, host: str, **environment: str) -> dict[str, Any]:
    """The verdict on a machine; its name is in the bundle's."""
    words = [sys.executable, "-m", "dock2sh", "verify", "--host", host, "--name", "demo", "--format", "json", str(context)]
    done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["status"] == done.returncode
    return answer


def service(answer: dict[str, Any], where: str) -> tuple[str, str]:
    """What starts the service, of a name: ours, theirs."""
    return next((one["ours"], one["theirs"]) for one in answer["differences"] if one["where"] == f"service {where}")


def real(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["what"], one["where"]) for one in answer["differences"] if not one["noise"]]


def set_up(machine: Machine, context: Path, text: str, *more: str) -> None:
    (context / "Dockerfile").write_text(text)
    shutil.rmtree(machine.root / "bundle", ignore_errors=True)
    words = [sys.executable, "-m", "dock2sh", "provision", str(context), "-o", str(machine.root / "bundle"), "--name", "demo"]
    subprocess.run(words, check=True, capture_output=True)
    machine.said("sh", "/bundle/setup.sh", "--yes", *more)


def by_ssh(machine: Machine, tmp_path: Path) -> tuple[str, str]:
    """The machine's address, and a PATH on which ssh has the key for it."""
    key, folder = tmp_path / "key", tmp_path / "bin"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    folder.mkdir()
    trusting = f"-i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    (folder / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {trusting} "$@"\n')
    (folder / "ssh").chmod(0o755)
    return f"ssh://root@127.0.0.1:{reachable(machine, key)}", f"{folder}:{os.environ['PATH']}"


@pytest.mark.machine
@pytest.mark.root
@pytest.mark.docker
@pytest.mark.slow
def test_a_machine_is_as_the_image(machine: Machine, context: Path, tmp_path: Path, needs: Callable[[str], None]) -> None:
    """What differs has a name; over ssh it is the same; what is done to the machine later shows."""
    needs("ssh")
    set_up(machine, context, MERGED)
    here = asked(context, str(machine.root))
    assert not real(here), here["differences"]
    assert here["verdict"] == "equivalent"
    expected = {"host-service", "host-guard", "host-private", "host-records", "host-numbers", "host-times"}
    assert expected <= set(here["noise"])
    address, path = by_ssh(machine, tmp_path)
    there = asked(context, address, PATH=path)
    assert (there["verdict"], there["noise"]) == ("equivalent", here["noise"])

    (machine.root / "opt/app/note").write_text("another\n")
    (machine.root / "srv/link").unlink()
    (machine.root / "srv/deep").chmod(0o755)
    (machine.root / "etc/motd").write_text("back\n")
    with (machine.root / "etc/passwd").open("a") as passwd:
        passwd.write("mallory:x:0:0::/:/bin/sh\n")
    drift = asked(context, str(machine.root))
    found = [("content", "/etc/passwd"), ("content", "/opt/app/note"), ("extra", "/etc/motd"), ("missing", "/srv/link")]
    assert (drift["verdict"], drift["status"]) == ("different", 1)
    assert {*found, ("mode", "/srv/deep")} <= set(real(drift))


@pytest.mark.machine
@pytest.mark.root
@pytest.mark.docker
def test_a_private_tree_is_as_the_image(machine: Machine, context: Path) -> None:
    archive = machine.root / "busybox.tar"
    subprocess.run(["docker", "save", "-o", archive, "busybox:latest"], check=True)
    set_up(machine, context, TREE, "--base", "busybox=/busybox.tar")
    here = asked(context, str(machine.root))
    assert not real(here), here["differences"]
    assert (here["verdict"], set(here["noise"])) == ("equivalent", {"host-mounts"})
    assert any("setup.sh has kept it" in note for note in here["notes"]) == Docker().drops_link()
    part = machine.root / "etc/systemd/system/demo.service.d/tree.conf"
    part.write_text(part.read_text().replace("User=1000", "User=0").replace('"sleep" "1000"', '"sleep" "1"'))
    assert machine.said("sh", "-c", "grep ^Groups: /proc/$(systemctl show -p MainPID --value demo)/status").split()[1:] == [
        "1000",
        "4343",
    ]
    edited = asked(context, str(machine.root))
    assert {where for _, where in real(edited)} == {"service User", "service ExecStart"}
    part.unlink()  # uninstall.sh would leave it, since it was changed


@pytest.mark.machine
@pytest.mark.root
@pytest.mark.docker
def test_a_user_without_an_account_and_a_volume_of_its_own_mode(machine: Machine, context: Path) -> None:
    text = 'FROM debian:12\nRUN mkdir -m 700 /priv\nUSER 4242:4343\nVOLUME /priv data\nCMD ["sleep", "1000"]\n'
    set_up(machine, context, text)
    here = asked(context, str(machine.root))
    assert not real(here), here["differences"]
    assert {"host-account", "host-service"} <= set(here["noise"])


@pytest.mark.machine
@pytest.mark.root
def test_a_machine_that_was_not_set_up(machine: Machine, context: Path) -> None:
    (context / "Dockerfile").write_text(MERGED)
    answer = asked(context, str(machine.root))
    assert (answer["verdict"], answer["status"]) == ("inconclusive", 4)
    assert "was not set up" in answer["notes"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "/nowhere"], "no such directory"),
        (["--host", "ssh://"], "ssh://[USER@]HOST"),
        (["--host", "ssh://-oProxyCommand=x"], "ssh://[USER@]HOST"),
        (["--host", "/", "--sandbox", "vm"], "nothing is built for it"),
        (["--host", "/", "--each-step"], "are other questions"),
        (["--host", "/", "--against", "record.json"], "a record is no image"),
        (["--name", "demo"], "goes with --host"),
    ],
)
@pytest.mark.root
def test_what_is_asked_wrongly(words: list[str], said: str, context: Path) -> None:
    (context / "Dockerfile").write_text(MERGED)
    recorded = dump(Result({}, {}, None), "docker")
    (context / "record.json").write_text(recorded)
    given = [str(context / word) if word == "record.json" else word for word in words]
    words = [sys.executable, "-m", "dock2sh", "verify", *given, str(context)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
