"""Many machines: what Ansible and cloud-init make of a bundle, by their own checkers and on real machines over ssh."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from making import made, text_of, write
from nspawn import Machine

TEXT = """FROM debian:12
RUN echo one >> /srv/count
RUN test ! -e /srv/bad && echo two >> /srv/count
CMD ["sleep", "1000"]
"""


@pytest.mark.parametrize("tool", ["ansible-lint"])
def test_ansible_lint_has_nothing_to_say(tool: str, tmp_path: Path, needs: Callable[[str], None]) -> None:
    needs(tool)
    folder = write(made(TEXT), tmp_path) / "ansible"
    done = subprocess.run([tool, "--offline", "--nocolor"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("url", ["", "https://example.org/setup.sh?a=b&c='d"])
def test_cloud_init_takes_its_user_data(url: str, tmp_path: Path, needs: Callable[[str], None]) -> None:
    needs("cloud-init")
    (tmp_path / "user-data").write_text(text_of(made(TEXT, url=url), "cloud-init.yaml"))
    words = ["cloud-init", "schema", "--config-file", tmp_path / "user-data"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, "Valid" in done.stdout) == (0, True), done.stdout + done.stderr


def reachable(machine: Machine, key: Path) -> int:
    """sshd answers on a port of its own, which is returned."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (machine.root / "etc/ssh/sshd_config.d").mkdir(exist_ok=True)
    (machine.root / "etc/ssh/sshd_config.d/test.conf").write_text(f"Port {port}\nListenAddress 127.0.0.1\n")
    (machine.root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    shutil.copy(key.with_suffix(".pub"), machine.root / "root/.ssh/authorized_keys")
    machine.said("systemctl", "start", "ssh")
    return port


def recap(text: str) -> dict[str, dict[str, int]]:
    """Host -> what Ansible counted."""
    lines = text.partition("PLAY RECAP")[2].splitlines()
    hosts = [(line.partition(":")[0].strip(), re.findall(r"(\w+)=(\d+)", line)) for line in lines if "changed=" in line]
    return {host: {name: int(count) for name, count in counts} for host, counts in hosts}


@pytest.mark.machine
@pytest.mark.root
@pytest.mark.slow
def test_a_fleet_converges(new_machine: Callable[[], Machine], tmp_path: Path, needs: Callable[[str], None]) -> None:
    """One host cannot be reached, one fails midway; run again, all come to the same."""
    needs("ansible-playbook")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    machines = {"good": new_machine(), "failing": new_machine()}
    ports = {name: reachable(machine, key) for name, machine in machines.items()} | {"away": 1}
    folder = write(made(TEXT), tmp_path / "bundle") / "ansible"
    hosts = "".join(f"    {name}: {{ansible_host: 127.0.0.1, ansible_port: {port}}}\n" for name, port in ports.items())
    (folder / "inventory.yml").write_text(f"all:\n  hosts:\n{hosts}  vars: {{ansible_user: root}}\n")

    def play(*more: str) -> dict[str, dict[str, int]]:
        words = ["ansible-playbook", "-i", "inventory.yml", "playbook.yml", "--private-key", str(key), *more]
        env = {**os.environ, "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_NOCOLOR": "1"}
        return recap(subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300).stdout)

    (machines["failing"].root / "srv/bad").touch()
    checked = play("--check")
    assert [checked[name]["changed"] for name in ("good", "failing")] == [1, 1]
    assert not (machines["good"].root / "srv/count").exists()
    first = play()
    assert (first["good"]["changed"], first["failing"]["failed"], first["away"]["unreachable"]) == (1, 1, 1)
    assert (machines["failing"].root / "srv/count").read_text() == "one\n"
    (machines["failing"].root / "srv/bad").unlink()
    second = play("--limit", "good,failing")
    assert (second["good"]["changed"], second["failing"]["changed"], second["failing"]["failed"]) == (0, 1, 0)
    assert {(machine.root / "srv/count").read_text() for machine in machines.values()} == {"one\ntwo\n"}
    assert {counts["changed"] for counts in play("--limit", "good,failing").values()} == {0}
    # drift: what starts it is not what it was
    (machines["good"].root / "etc/systemd/system/demo.service").write_text("")
    drift = play("--check", "--limit", "good,failing")
    assert (drift["good"]["changed"], drift["failing"]["changed"]) == (1, 0)
    assert play("--limit", "good")["good"]["changed"] == 1
