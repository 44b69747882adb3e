"""A virtual machine that sets itself up at its first boot by the bundle's user-data, with a kernel of its own."""

import functools
import http.server
import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from guest import Guest
from making import made, text_of

from dock2sh.provision import Bundle

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.slow]

TEXT = """FROM debian:12 AS build
RUN mkdir /out && echo "stage {name}" >/out/stage
FROM debian:12
ENV PORT={port} GREETING="it's \\"50%\\" é"
RUN useradd -r -u {uid} {name} && install -d -o {name} /srv/{name}
COPY --from=build /out/stage /srv/{name}/
COPY serve.py /srv/{name}/
WORKDIR /srv/{name}
USER {name}
EXPOSE {port}
VOLUME /srv/{name}/data
CMD ["python3", "serve.py"]
"""
SERVE = """import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        said = [open("stage").read().strip(), os.environ["GREETING"], str(os.getuid()), os.getcwd()]
        self.wfile.write("|".join(said).encode())

HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def files() -> Path:
    """What a new guest has: made once, and kept in the user's cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dock2sh-guest-2"
    done = subprocess.run([Path(__file__).parent / "guest.sh", home], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def guest(files: Path, tmp_path: Path, needs: Callable[[str], None]) -> Iterator[Guest]:
    needs("genisoimage")
    machine = Guest(files, tmp_path / "guest", 8001, 8002)
    yield machine
    machine.halt()
    (tmp_path / "guest/disk").unlink()


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The folder by HTTP on loopback, which a guest sees as 10.0.2.2."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def answer(port: int) -> str:
    for _ in range(60):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
                return str(response.read().decode())
        except OSError:
            time.sleep(1)
    raise AssertionError("nobody answers")


def bundle(folder: Path, name: str, port: int, uid: int, url: str = "") -> Bundle:
    (folder / "serve.py").write_text(SERVE)
    return made(TEXT.format(name=name, port=port, uid=uid), folder, name, url)


def went_well(guest: Guest) -> None:
    if "status: done" not in guest.call("cloud-init status").stdout:
        raise AssertionError(guest.call("tail -c 3000 /var/log/cloud-init-output.log").stdout)


def labels_are_right(guest: Guest) -> None:
    """SELinux finds all that setup.sh wrote as the policy would have it."""
    for name in ("one", "two"):
        changes = f"awk -F '\\t' '$1 != \"D\" {{ print $2 }}' /var/lib/dock2sh/{name}/changes"
        assert guest.said(f"{{ {changes}; find /var/lib/{name}-volumes; }} | restorecon -inv -f -") == ""


def test_it_sets_itself_up_and_comes_up_again(guest: Guest, tmp_path: Path) -> None:
    """Its first life with all of setup.sh in the user-data; its second, as another instance, with an address in there."""
    context = tmp_path / "context"
    context.mkdir()
    guest.boot("first", text_of(bundle(context, "one", 8001, 4001), "cloud-init.yaml"))
    went_well(guest)
    wanted = 'stage one|it\'s "50%" é|4001|/srv/one'
    assert answer(guest.at[8001]) == wanted
    assert guest.said("sh /var/lib/cloud/dock2sh/one-setup.sh --yes") == "changed=0\n"
    guest.halt()

    (tmp_path / "www").mkdir()
    with served(tmp_path / "www") as port:
        other = bundle(context, "two", 8002, 4002, f"http://10.0.2.2:{port}/setup.sh")
        (tmp_path / "www/setup.sh").write_text(text_of(other, "setup.sh"))
        user_data = text_of(other, "cloud-init.yaml")
        assert len(user_data) < 2000
        guest.boot("second", user_data)
    went_well(guest)
    assert answer(guest.at[8001]) == wanted
    assert answer(guest.at[8002]).startswith("stage two|")

    labels_are_right(guest)

    guest.said("systemctl stop two")
    assert guest.call("systemctl is-failed two").stdout == "inactive\n"
    for name in ("two", "one"):  # the later one first: each puts back the /etc/passwd that it found
        guest.said(f"sh /var/lib/dock2sh/{name}/uninstall.sh --yes --purge")
    left = guest.call("ls -d /srv/one /srv/two /var/lib/dock2sh /etc/systemd/system/one.service /usr/local/bin/run-two; id one")
    assert left.stdout == ""
    assert "overlay" not in guest.said("cat /proc/mounts")
    assert guest.said("restorecon -nv /etc/passwd /etc/shadow /etc/group /etc/gshadow") == ""
