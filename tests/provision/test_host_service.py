"""The service of a machine beside what the image would start: on a machine of its own, since it is edited there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from nspawn import Machine
from test_host import asked, by_ssh, real, service, set_up

SERVED = """FROM debian:12
RUN useradd -r -m web
WORKDIR /opt/app
ENV GREETING="hello you" API_TOKEN=none
USER web
CMD ["sleep", "1000"]
"""


@pytest.mark.machine
@pytest.mark.root
@pytest.mark.docker
@pytest.mark.slow
def test_the_service_starts_what_the_image_would(
    machine: Machine, context: Path, tmp_path: Path, needs: Callable[[str], None]
) -> None:
    """Its environment, user, directory and command; what `systemctl edit` says of limits is the machine's own."""
    needs("ssh")
    set_up(machine, context, SERVED)
    beside = machine.root / "etc/systemd/system/demo.service.d"
    beside.mkdir()
    (beside / "override.conf").write_text("[Unit]\nAfter=x.service\n[Service]\nMemoryMax=1G\n")
    limited = asked(context, str(machine.root))
    assert not real(limited), limited["differences"]
    assert limited["noise"]["host-edit"]["count"] == 1

    (beside / "override.conf").write_text("[Service]\nUser=root\nKillSignal=SIGINT\nExecStartPre=/bin/true\n")
    environment = machine.root / "etc/dock2sh/demo/env.sh"
    text = environment.read_text().replace("hello you", "good bye").replace('API_TOKEN="none"', 'API_TOKEN="s3cr3t"')
    environment.write_text(text + "MORE=1\n")
    runner = machine.root / "usr/local/bin/run-demo"
    runner.write_text(runner.read_text().replace("cmd sleep 1000", "cmd sleep 2000"))
    address, path = by_ssh(machine, tmp_path)
    for edited in (asked(context, str(machine.root)), asked(context, address, PATH=path)):
        assert edited["verdict"] == "different"
        assert service(edited, "User") == ("root", "web")
        assert service(edited, "KillSignal") == ("SIGINT", "SIGTERM")
        assert service(edited, "ExecStartPre") == ("/bin/true", "not set")
        assert service(edited, "environment GREETING") == ("'good bye'", "'hello you'")
        assert service(edited, "environment MORE") == ("'1'", "not set")
        assert service(edited, "the image's cmd") == ("sleep 2000", "sleep 1000")
        assert "not shown" in service(edited, "environment API_TOKEN")[0]
        assert "s3cr3t" not in json.dumps(edited)
