"""Two real services, as docker runs them and as a machine does: the same answers, before and after a reboot."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from making import write
from nspawn import Machine, differences

import dock2sh
from dock2sh.plan.context import locate
from dock2sh.plan.evaluate import Options
from dock2sh.provision import Service, bundle

pytestmark = [pytest.mark.machine, pytest.mark.root, pytest.mark.docker, pytest.mark.slow]

FLASK = """FROM debian:12
ARG PORT
ENV PORT=$PORT GREETING="it's \\"50%\\" é" PYTHONDONTWRITEBYTECODE=1
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip
COPY machine.crt /
RUN PIP_CERT=/machine.crt pip install --break-system-packages flask
WORKDIR /opt/app
COPY app.py .
USER www-data
EXPOSE 8080
CMD exec flask run --host=127.0.0.1 --port=$PORT
"""
APP = """import os
from flask import Flask
app = Flask(__name__)
@app.route("/")
def hello():
    return f"{os.environ['GREETING']} {os.getuid()}:{os.getgid()} {sorted(os.getgroups())} {os.getcwd()} {os.environ['HOME']}"
"""

COMPILED = r"""FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
WORKDIR /src
COPY serve.c .
RUN gcc -O2 -Wall -o serve serve.c

FROM debian:bookworm-slim
ARG PORT
ENV PORT=$PORT GREETING="a 'b' \$c %d"
RUN groupadd -g 4242 web && useradd -u 4242 -g web -M -s /usr/sbin/nologin web && install -d -o web /data
COPY --from=build --chmod=755 /src/serve /usr/local/bin/
WORKDIR /data
USER web
VOLUME /data
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1s CMD test ! -e /data/broken
ENTRYPOINT ["serve"]
CMD ["x  y"]
"""
SERVE = r"""
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void stop(int number) {
    char text[40];
    int length = snprintf(text, sizeof text, "ended by signal %d\n", number);
    _exit(write(1, text, length) < 0);
}

int main(int count, char **words) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&here, sizeof here) || listen(door, 8)) return perror("serve"), 1;
    for (;;) {
        char request[2000], body[1000], where[200], answer[1500];
        int guest = accept(door, NULL, NULL);
        if (read(guest, request, sizeof request) < 0) continue;
        int size = snprintf(body, sizeof body, "%s|%s|%d:%d|%s|%s\n", count > 1 ? words[1] : "", getenv("GREETING"), getuid(),
                            getgid(), getcwd(where, sizeof where), getenv("HOME"));
        int length = snprintf(answer, sizeof answer, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
        if (write(guest, answer, length) < 0) perror("serve");
        close(guest);
    }
}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer(port: int, pid: str = "") -> str:
    """What is said on that port of this machine, or of the network of a process."""
    inside = ["nsenter", "-t", pid, "-n"] if pid else []
    for _ in range(150):
        words = [*inside, "curl", "-sS", "-m", "5", f"http://127.0.0.1:{port}/"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        time.sleep(0.2)
    raise AssertionError(f"nobody answers: {done.stderr}")


def of_docker(context: Path, port: int) -> str:
    """What the container of the image answers."""
    name = context.name
    subprocess.run(["docker", "build", "-q", "-t", name, "--build-arg", f"PORT={port}", context], check=True, capture_output=True)
    try:
        subprocess.run(["docker", "run", "-d", "--name", name, name], check=True, capture_output=True)
        words = ["docker", "inspect", "-f", "{{.State.Pid}}", name]
        pid = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        return answer(port, pid)
    finally:
        subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)
        subprocess.run(["docker", "rmi", "-f", name], check=False, capture_output=True)


def ready(machine: Machine, context: Path, port: int) -> str:
    project = locate(str(context))
    dockerfile = dock2sh.parse(project.text)
    plan = dock2sh.evaluate(dockerfile, Options({"PORT": str(port)}), dock2sh.find_bases({}))
    (machine.root / "bundle").mkdir(exist_ok=True)
    write(bundle(plan, project, dockerfile.escape, Service("demo")), machine.root / "bundle")
    return "/bundle/setup.sh"


@pytest.mark.parametrize("kind", ["flask", "compiled"])
def test_a_service_is_as_its_container(kind: str, machine: Machine, tmp_path: Path, needs: Callable[[str], None]) -> None:
    context = tmp_path / f"d2s-service-{kind}-{tmp_path.parent.name.replace('_', '-')}"
    context.mkdir()
    (context / "Dockerfile").write_text(FLASK if kind == "flask" else COMPILED)
    (context / "app.py").write_text(APP)
    # pip asks for those of this machine, where it has its own way out
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", context / "machine.crt")
    (context / "serve.c").write_text(SERVE)
    port = free_port()
    wanted = of_docker(context, port)
    setup = ready(machine, context, port)
    before = machine.snapshot()

    machine.said("sh", setup, "--yes")
    time.sleep(2)
    assert machine.call("systemctl", "is-active", "demo").stdout == "active\n", machine.said(
        "journalctl", "-u", "demo", "-o", "cat"
    )
    assert answer(port) == wanted
    once = machine.snapshot()
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    assert [path for path in differences(once, machine.snapshot()) if not path.endswith("demo/setup.log")] == []
    assert not (machine.root / "usr/bin/gcc").exists()
    machine.halt()
    machine.boot()
    assert answer(port) == wanted
    machine.said("systemctl", "stop", "demo")
    assert ("ended by signal 2" in machine.said("journalctl", "-u", "demo", "-o", "cat")) == (kind == "compiled")
    assert machine.call("systemctl", "is-failed", "demo").stdout == "inactive\n"
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    assert differences(before, machine.snapshot()) == []
