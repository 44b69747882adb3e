"""Images of the engines on this machine: docker by its socket or command line, then podman; silent where there is none."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from . import Contents, Image, ImageError, archives, same_image

_SECONDS = 5  # an engine that does not answer by then is taken as not there
# what of the engine's answer belongs to an OCI image config; the rest is about containers (Hostname, Tty, ...)
_KEYS = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "ArgsEscaped", "Volumes", "WorkingDir", "Labels", "StopSignal",
    "Healthcheck", "OnBuild", "Shell",
)  # fmt: skip


def find(reference: str, platform: str) -> Image | None:
    """The image as docker or podman has it, or None. An image for another platform than the one asked for does not count."""
    for engine in ("docker", "podman"):
        told = _inspect(engine, reference)
        if told and _fits(told, platform) and _is_called(told, reference):
            contents = partial(_contents, engine, reference)
            return Image(reference, f"the local {engine}", _config(told), contents, f"{engine} {told['Id']}")
    return None


def _inspect(engine: str, reference: str) -> dict[str, Any] | None:
    if not shutil.which(engine):
        return None
    try:
        status, answer = _from_socket(reference) if engine == "docker" else (0, b"")
        if status:
            return dict(json.loads(answer)) if status == 200 else None
        command = [engine, "image", "inspect", reference]
        done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
        told = json.loads(done.stdout) if done.returncode == 0 else []
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return told[0] if told else None


def _from_socket(reference: str) -> tuple[int, bytes]:
    """docker's own answer, status and JSON, by its socket on this machine; 0 if that cannot be asked. Its command line, which
    says the same, takes as long to start as five steps of a build."""
    path = _socket()
    if not path:
        return 0, b""
    try:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.settimeout(_SECONDS)
            engine.connect(path)
            # HTTP/1.0: the answer comes in one piece, and ends with the connection
            engine.sendall(f"GET /images/{quote(reference, safe='/:@')}/json HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
            answer = b"".join(iter(partial(engine.recv, 1 << 16), b""))
    except OSError:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), body


def _socket() -> str:
    """Where docker's command line would ask, if that is a socket; "" if it is told of another machine or a context."""
    if host := os.environ.get("DOCKER_HOST"):
        return host.removeprefix("unix://") if host.startswith("unix://") else ""
    context = os.environ.get("DOCKER_CONTEXT") or _configured_context()
    return "/var/run/docker.sock" if context in ("", "default") else ""


def _configured_context() -> str:
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        with open(f"{folder}/config.json", encoding="utf-8") as file:
            return str(json.load(file).get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _is_called(told: dict[str, Any], reference: str) -> bool:
    """Whether it is that name that was found, and no id that begins so; podman calls what has no registry localhost/."""
    names = [*(told.get("RepoTags") or ()), *(told.get("RepoDigests") or ())]
    return any(same_image(name, reference) or same_image(name.removeprefix("localhost/"), reference) for name in names)


def _fits(told: dict[str, Any], platform: str) -> bool:
    return not platform or platform.split("/")[:2] == [told.get("Os"), told.get("Architecture")]


def _config(told: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer as an OCI image config, less the history (see Image)."""
    config = {key: told["Config"][key] for key in _KEYS if told["Config"].get(key)}
    layers = (told.get("RootFS") or {}).get("Layers") or []
    about = {"architecture": told["Architecture"], "os": told["Os"], "variant": told.get("Variant"), "author": told.get("Author")}
    return {
        **{key: value for key, value in about.items() if value},
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": layers},
        "history": [],
    }


@contextmanager
def _contents(engine: str, reference: str) -> Iterator[Contents]:
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "image.tar")
        done = subprocess.run([engine, "save", "-o", archive, _tagged(reference)], check=False, capture_output=True, text=True)
        if done.returncode:
            raise ImageError(f"{engine} cannot save {reference}: {done.stderr.strip()}")
        with archives.open_archive(archive, "", reference).contents() as contents:
            yield contents


def _tagged(reference: str) -> str:
    """Without a tag `docker save` would give every image of that name."""
    return reference if ":" in reference.rpartition("/")[2] or "@" in reference else f"{reference}:latest"
