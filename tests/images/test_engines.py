"""Local engines are asked in the cheapest way that is sure: their command lines take longer to start than a script to write."""

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from dock2sh.images import engines


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whose docker and podman leave a trace if they are started."""
    for name in ("docker", "podman"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/started-{name}\necho "[]"\n')
        program.chmod(0o755)
    for name in ("DOCKER_CONTEXT", "XDG_CONFIG_HOME", *engines._PODMAN_TOLD):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("XDG_DATA_HOME", f"{tmp_path}/share")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


def store(home: Path, *names: str) -> None:
    place = home / "share/containers/storage/overlay-images"
    place.mkdir(parents=True)
    (place / "images.json").write_text(json.dumps([{"names": list(names)}, {}]))


def started(home: Path, name: str) -> bool:
    return (home / f"started-{name}").exists()


def answer(home: Path, text: bytes) -> None:
    """An engine for one question."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(home / "docker.sock"))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as asked:
            asked.recv(1 << 16)
            asked.sendall(text)

    threading.Thread(target=serve, daemon=True).start()


def test_nobody_is_started_where_nothing_is(home: Path) -> None:
    assert engines.find("debian:12", "") is None
    store(home, "docker.io/library/debian:11", "localhost/other:12")
    assert engines.find("debian:12", "") is None
    assert not started(home, "docker")
    assert not started(home, "podman")


@pytest.mark.parametrize("name", ["docker.io/library/debian:12", "localhost/debian:12"])
def test_podman_is_asked_for_what_it_has(home: Path, name: str) -> None:
    store(home, name)
    engines.find("debian:12", "")
    assert started(home, "podman")


@pytest.mark.parametrize("setting", ["environment", "file", "digest", "damaged"])
def test_podman_is_asked_where_we_cannot_be_sure(home: Path, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = "debian@sha256:" + "0" * 64 if setting == "digest" else "debian:12"
    if setting == "environment":
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", "/elsewhere.conf")
    elif setting == "file":
        (home / ".config/containers").mkdir(parents=True)
        (home / ".config/containers/storage.conf").touch()
    elif setting == "damaged":
        store(home)
        (home / "share/containers/storage/overlay-images/images.json").write_text("[")
    engines.find(reference, "")
    assert started(home, "podman")


@pytest.mark.parametrize("text", [b"HTTP/1.0 404 Not Found\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n{", b""])
def test_an_engine_that_answers_is_not_asked_twice(home: Path, text: bytes) -> None:
    answer(home, text)
    assert engines.find("debian:12", "") is None
    assert not started(home, "docker")


def test_another_machines_docker_is_asked_by_its_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://elsewhere")
    engines.find("debian:12", "")
    assert started(home, "docker")
