"""A small world to fetch from, on loopback, that is another one each week: a Debian archive with a snapshot service, an index of
Python packages, files, git repositories."""

import hashlib
import http.server
import io
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import zipfile
from email.utils import formatdate
from pathlib import Path

WEEK = 7 * 24 * 3600
BEGIN = 1761991200
"""Saturday, 1 November 2025, 10:00 UTC."""
_CONTROL = """Package: {name}
Version: {version}
Architecture: all
Maintainer: Nobody <nobody@example.org>
Depends: {depends}
Description: {name}, of week {week}
"""


class World:
    """`week` is the week that it is; `turn(N)` makes it week N. Old weeks of the archive stay in `snapshots`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.www, self.snapshots, self.repositories = home / "www", home / "snapshots", home / "git"
        for folder in (self.www, self.snapshots, self.repositories):
            folder.mkdir(parents=True)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.git_port = _free_port()
        self._daemon = subprocess.Popen(
            ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={self.git_port}", "--export-all",
             f"--base-path={self.repositories}", str(self.repositories)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_for(self.git_port)
        self.turn(1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def snapshot(self) -> str:
        """Another name of the host, as the real service is another host."""
        return f"http://localhost:{self.port}/snapshot"

    @property
    def git(self) -> str:
        return f"git://127.0.0.1:{self.git_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._daemon.terminate()
        self._daemon.wait()

    def turn(self, week: int) -> None:
        """New versions of everything; the archive has only those."""
        self.week, version = week, f"1.{week}"
        released = BEGIN + week * WEEK
        place = self.snapshots / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(released + 3600))
        if not place.exists():
            _archive(place, version, week, released)
        shutil.rmtree(self.www, ignore_errors=True)
        shutil.copytree(place, self.www / "debian")
        for name, needs in (("demo", ("demolib",)), ("demolib", ())):
            _wheel(self.www, name, version, needs)
        (self.www / "tool.sh").write_text(f"#!/bin/sh\necho tool {version}\n")
        (self.www / "archive.tar").write_bytes(_tar(version))
        (self.www / "steady.txt").write_text("always the same\n")
        self._commit("tool", version)

    def _commit(self, name: str, version: str) -> None:
        place = self.repositories / name
        environment = os.environ | {
            "GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "e@e", "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e@e",
            "GIT_AUTHOR_DATE": f"{BEGIN} +0000", "GIT_COMMITTER_DATE": f"{BEGIN} +0000", "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip

        def git(*words: str) -> None:
            subprocess.run(["git", *words], cwd=place, env=environment, check=True, capture_output=True)

        if not place.exists():
            place.mkdir()
            git("init", "-q", "-b", "main")
            git("config", "uploadpack.allowAnySHA1InWant", "true")
        (place / "version").write_text(version + "\n")
        git("add", "version")
        git("commit", "-q", "--allow-empty", "-m", version)

    def _handler(world) -> type[http.server.SimpleHTTPRequestHandler]:
        class Handler(http.server.SimpleHTTPRequestHandler):
            def translate_path(self, path: str) -> str:
                path = path.partition("?")[0]
                if match := re.match(r"/snapshot/archive/debian/(\w+)/(.*)", path):
                    old = [folder for folder in sorted(os.listdir(world.snapshots)) if folder <= match[1]]
                    return str(world.snapshots / (old[-1] if old else "none") / match[2])
                return str(world.www / path.lstrip("/"))

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def _archive(place: Path, version: str, week: int, released: int) -> None:
    """demo, which needs libdemo in the same version; steady, which never changes."""
    pool, lists = place / "pool", place / "dists/stable/main/binary-amd64"
    pool.mkdir(parents=True)
    lists.mkdir(parents=True)
    _deb(pool, "libdemo", version, "", week)
    _deb(pool, "demo", version, f"libdemo (= {version})", week)
    _deb(pool, "steady", "1.0", "", 0)
    packages = subprocess.run(["dpkg-scanpackages", "-m", "pool"], cwd=place, check=True, capture_output=True).stdout
    (lists / "Packages").write_bytes(packages)
    digest = f" {hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-amd64/Packages\n"
    head = {"Origin": "Debian", "Label": "Debian", "Suite": "stable", "Codename": "stable", "Components": "main"}
    head |= {"Architectures": "amd64", "Date": formatdate(released, usegmt=True).replace("GMT", "UTC")}
    text = "".join(f"{key}: {value}\n" for key, value in head.items()) + f"SHA256:\n{digest}"
    (place / "dists/stable/Release").write_text(text)


def _deb(pool: Path, name: str, version: str, depends: str, week: int) -> None:
    tree = pool / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / f"usr/share/{name}").mkdir(parents=True)
    control = _CONTROL.format(name=name, version=version, depends=depends, week=week).replace("Depends: \n", "")
    (tree / "DEBIAN/control").write_text(control)
    (tree / f"usr/share/{name}/version").write_text(f"{version}\n")
    for path in [*tree.rglob("*"), tree]:
        os.utime(path, (BEGIN, BEGIN))
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(BEGIN)}
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "-b", str(tree), str(pool / f"{name}_{version}_all.deb")]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    shutil.rmtree(tree)


def _wheel(www: Path, name: str, version: str, needs: tuple[str, ...]) -> None:
    """A wheel, and a page of the index with its digest."""
    page = www / f"simple/{name}"
    page.mkdir(parents=True)
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {need}\n" for need in needs)
    info = f"{name}-{version}.dist-info"
    files = {f"{name}.py": f"version = '{version}'\n", f"{info}/METADATA": about,
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}  # fmt: skip
    record = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(zipfile.ZipInfo(path, (2025, 11, 1, 10, 0, 0)), text)
    file = f"{name}-{version}-py3-none-any.whl"
    (page / file).write_bytes(data.getvalue())
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    (page / "index.html").write_text(f'<!DOCTYPE html><html><body><a href="{file}#sha256={digest}">{file}</a></body></html>\n')


def _tar(version: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        text = f"{version}\n".encode()
        about = tarfile.TarInfo("unpacked")
        about.size, about.mtime = len(text), BEGIN
        tar.addfile(about, io.BytesIO(text))
    return data.getvalue()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers on port {port}")
