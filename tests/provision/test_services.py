"""Real services, as docker runs them and as a machine does: the same answers, before and after a reboot."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

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


WEB = """FROM debian:12
ARG PORT
ENV LIMIT=80M
RUN apt-get update \\
 && apt-get install -y --no-install-recommends nginx-light php-fpm \\
 && rm -rf /var/lib/apt/lists/* \\
 && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
COPY --chown=www-data index.php /srv/site/
COPY --chmod=755 start /
RUN printf '%s\\n' "server { listen $PORT; root /srv/site; location / {" \\
 'include fastcgi_params; fastcgi_param SCRIPT_FILENAME /srv/site/index.php; fastcgi_pass unix:/run/php/php8.2-fpm.sock; } }' \\
 >/etc/nginx/sites-available/default
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/start"]
CMD ["nginx", "-g", "daemon off;"]
"""
PHP = """<?php echo ini_get("memory_limit"), " ", getmyuid(), " ", get_current_user(), " ", PHP_VERSION, "\\n";"""
START = """#!/bin/sh
set -e
php-fpm8.2 -D -d memory_limit="$LIMIT"
exec "$@"
"""

REDIS = """FROM debian:bookworm-slim
ARG PORT
ENV PORT=$PORT
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && install -d -o redis -g redis /data
USER redis
WORKDIR /data
VOLUME /data
CMD exec redis-server --port $PORT --save 3600 1 --pidfile /data/pid
"""


class Kind(NamedTuple):
    """A service: its files, what is asked of it (curl speaks redis's lines as dict://), what it says in the end."""

    files: dict[str, str]
    ask: str = "http://127.0.0.1:{}/"
    last_words: str = ""


KINDS = {
    "flask": Kind({"Dockerfile": FLASK, "app.py": APP}),
    "compiled": Kind({"Dockerfile": COMPILED, "serve.c": SERVE}, last_words="ended by signal 2"),
    "web": Kind({"Dockerfile": WEB, "index.php": PHP, "start": START}, last_words='"GET / HTTP/1.1" 200'),
    "redis": Kind({"Dockerfile": REDIS}, "dict://127.0.0.1:{}/INCR:count", "bye bye"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer(url: str, pid: str = "") -> str:
    """What is said there, on this machine or in the network of a process."""
    inside = ["nsenter", "-t", pid, "-n"] if pid else []
    for _ in range(150):
        words = [*inside, "curl", "-sS", "-m", "5", url]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        time.sleep(0.2)
    raise AssertionError(f"nobody answers: {done.stderr}")


def of_docker(context: Path, port: int, url: str) -> str:
    """What the container of the image answers."""
    name = context.name
    subprocess.run(["docker", "build", "-q", "-t", name, "--build-arg", f"PORT={port}", context], check=True, capture_output=True)
    try:
        subprocess.run(["docker", "run", "-d", "--name", name, name], check=True, capture_output=True)
        words = ["docker", "inspect", "-f", "{{.State.Pid}}", name]
        pid = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        return answer(url, pid)
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


@pytest.mark.parametrize("name", KINDS)
def test_a_service_is_as_its_container(name: str, machine: Machine, tmp_path: Path, needs: Callable[[str], None]) -> None:
    kind, context = KINDS[name], tmp_path / f"d2s-service-{name}-{tmp_path.parent.name.replace('_', '-')}"
    context.mkdir()
    for file, text in kind.files.items():
        (context / file).write_text(text)
    # pip asks for those of this machine, where it has its own way out
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", context / "machine.crt")
    port = free_port()
    url = kind.ask.format(port)
    wanted = of_docker(context, port, url)
    setup = ready(machine, context, port)
    before = machine.snapshot()

    machine.said("sh", setup, "--yes")
    time.sleep(2)
    assert machine.call("systemctl", "is-active", "demo").stdout == "active\n", machine.said(
        "journalctl", "-u", "demo", "-o", "cat"
    )
    assert answer(url) == wanted
    once = machine.snapshot()
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    assert [path for path in differences(once, machine.snapshot()) if not path.endswith("demo/setup.log")] == []
    assert not (machine.root / "usr/bin/gcc").exists()
    machine.halt()
    machine.boot()
    # what redis has counted is in its volume
    assert answer(url) == (wanted.replace(":1", ":2") if name == "redis" else wanted)
    machine.said("systemctl", "stop", "demo")
    assert kind.last_words in machine.said("journalctl", "-u", "demo", "-o", "cat")
    assert machine.call("systemctl", "is-failed", "demo").stdout == "inactive\n"
    took = machine.call("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    assert took.returncode == 0, took.stderr
    left = differences(before, machine.snapshot())
    # what nginx and php have made of their own when they ran is theirs
    assert [path for path in left if not path.startswith("var/lib/nginx")] == [], took.stderr
