"""`pull` and `push` as commands: what they print, an ordinary user, Ctrl-C, and `emulate` with a base of a registry."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dock2sh.images.store import open_store

Start = Callable[..., Any]
NOBODY = 65534


def dock2sh(
    *arguments: str, status: int = 0, python: Sequence[str] = (sys.executable,), **more: Any
) -> subprocess.CompletedProcess[str]:
    command = [*python, "-m", "dock2sh", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == status, done.stderr + done.stdout
    return done


def small_image(store_path: Path, name: str) -> str:
    """An image with nothing in it; its id."""
    store = open_store(str(store_path / "dock2sh/images"))
    layer = store.add_layer(lambda out: out.write(bytes(10240)))
    return store.add_image({"architecture": "amd64", "os": "linux", "config": {}}, [layer], [name]).id


def test_what_is_printed(start_registry: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    host = start_registry().host
    small_image(tmp_path, f"{host}/app:1")
    pushed = dock2sh("push", f"{host}/app:1")
    digest = pushed.stdout.strip().rpartition("@")[2]
    assert pushed.stdout == f"{host}/app@{digest}\n"
    assert f"dock2sh: 1: digest: {digest} size: " in pushed.stderr
    dock2sh("rmi", f"{host}/app:1")
    pulled = dock2sh("pull", f"{host}/app:1")
    assert pulled.stdout == f"{host}/app:1\n"
    assert f"dock2sh: Digest: {digest}\n" in pulled.stderr
    assert dock2sh("images", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}").stdout == f"{host}/app 1 {digest}\n"
    assert dock2sh("pull", "-q", f"{host}/app:1").stderr == ""
    assert "manifest unknown" in dock2sh("pull", f"{host}/app:2", status=1).stderr
    assert "no such image" in dock2sh("push", f"{host}/other", status=1).stderr
    assert dock2sh("push", "-q", f"{host}/app:1").stdout == f"{host}/app:1\n"
    assert dock2sh("push", "-q", "-a", f"{host}/app").stdout == f"{host}/app\n"


def test_every_tag_there_is(start_registry: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    host = start_registry().host
    small_image(tmp_path, f"{host}/app:1")
    for number in (2, 3):
        dock2sh("tag", f"{host}/app:1", f"{host}/app:{number}")
    dock2sh("push", "-q", "-a", f"{host}/app")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert dock2sh("pull", "-q", "-a", f"{host}/app").stdout == f"{host}/app\n"
    assert len(dock2sh("images", "--format", "{{.Tag}}", f"{host}/app").stdout.split()) == 3
    assert "tag can't be used" in dock2sh("pull", "-a", f"{host}/app:1", status=1).stderr
    assert "not known" in dock2sh("pull", "-a", f"{host}/nothing", status=1).stderr


def test_for_which_platform(start_registry: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    host = start_registry().host
    small_image(tmp_path, f"{host}/app:1")
    dock2sh("push", "-q", f"{host}/app:1")
    assert "unknown operating system" in dock2sh("pull", "--platform", "bogus", f"{host}/app:1", status=1).stderr
    for word in ("linux/amd64", "amd64", "x86_64"):
        assert dock2sh("pull", "-q", "--platform", word, f"{host}/app:1").stderr == ""
    assert "not for linux/arm64" in dock2sh("pull", "-q", "--platform", "arm64", f"{host}/app:1").stderr
    assert "not for" in dock2sh("history", "--platform", "arm64", f"{host}/app:1", status=1).stderr


@pytest.mark.root
def test_an_ordinary_user(start_registry: Start, tmp_path: Path, anybodys_python: list[str]) -> None:
    """All that needs no unpacking: the store is the user's own, and nobody else's to read."""
    host = start_registry().host
    home = Path("/tmp") / f"dock2sh-nobody-{os.getpid()}"
    home.mkdir()
    try:
        os.chown(home, NOBODY, NOBODY)
        more = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": home, "python": anybodys_python}
        more["env"] = {**os.environ, "XDG_DATA_HOME": str(home), "HOME": str(home), "DOCKER_CONFIG": str(home)}
        small_image(tmp_path, f"{host}/app:1")
        dock2sh("push", "-q", f"{host}/app:1", env={**os.environ, "XDG_DATA_HOME": str(tmp_path)})
        dock2sh("pull", "-q", f"{host}/app:1", **more)
        dock2sh("tag", f"{host}/app:1", f"{host}/app:2", **more)
        dock2sh("push", "-q", f"{host}/app:2", **more)
        dock2sh("save", "-o", str(home / "a.tar"), f"{host}/app:2", **more)
        dock2sh("rmi", f"{host}/app:1", f"{host}/app:2", **more)
        assert dock2sh("load", "-i", str(home / "a.tar"), **more).stdout == f"Loaded image: {host}/app:2\n"
        assert f"{host}/app   2" in dock2sh("images", **more).stdout
        assert dock2sh("history", "-q", f"{host}/app:2", **more).stdout
        dock2sh("prune", "-f", "-a", **more)
        assert (home / "dock2sh/images").stat().st_mode & 0o077 == 0
    finally:
        subprocess.run(["rm", "-rf", home], check=True)


def test_ctrl_c_ends_at_once_and_leaves_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that never answers."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        command = [sys.executable, "-m", "dock2sh", "pull", f"127.0.0.1:{silent.getsockname()[1]}/app"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        silent.accept()
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert process.communicate(timeout=20)[0] == b""
        assert process.returncode == 130
        assert time.monotonic() - begun < 5
    assert open_store(str(tmp_path / "dock2sh/images")).all() == []


@pytest.mark.root
@pytest.mark.docker
def test_emulate_fetches_a_base_that_only_a_registry_has(start_registry: Start, tmp_path: Path) -> None:
    host = start_registry().host
    name = f"{host}/base:1"
    for command in (["docker", "tag", "busybox", name], ["docker", "push", "-q", name], ["docker", "rmi", name]):
        subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\nRUN echo hello >/greeting\n")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    refused = dock2sh("emulate", "--no-pull", str(tmp_path), env=environment, status=3)
    assert f"nobody here has the image {name}" in refused.stderr
    built = dock2sh("emulate", "-t", "dock2sh-pulled", str(tmp_path), env=environment)
    assert f"{name} is taken from its registry" in built.stderr
    sizes = dock2sh("history", "--format", "{{.Size}} {{.CreatedBy}}", "dock2sh-pulled", env=environment).stdout.splitlines()
    assert sizes[0].startswith("6B RUN")
