"""Images of the engines on this machine: docker by its socket or command line, then podman; silent where there is none."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from . import Contents, Image, ImageError, same_image

# what podman is told by the environment about its storage, or another machine's
_PODMAN_TOLD = (
    "CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF",
    "STORAGE_DRIVER", "STORAGE_OPTS",
)  # fmt: skip
_SECONDS = 30  # a busy engine takes its time; one that does not answer by then is taken as not there
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
    """What the engine tells of an image. Its command line is asked last: to start it costs as much as to write a script."""
    if not shutil.which(engine):
        return None
    if engine == "docker" and (path := _socket()):
        return _from_socket(path, reference)
    if engine == "podman" and _podman_has_none(reference):
        return None
    try:
        command = [engine, "image", "inspect", reference]
        done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
        told = json.loads(done.stdout) if done.returncode == 0 else []
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return told[0] if told else None


def _from_socket(path: str, reference: str) -> dict[str, Any] | None:
    """docker's own answer, by its socket on this machine; None also where nobody listens, as docker's command line would find."""
    if not os.path.exists(path):
        return None
    import socket

    try:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.settimeout(_SECONDS)
            engine.connect(path)
            # HTTP/1.0: the answer comes in one piece, and ends with the connection
            engine.sendall(f"GET /images/{quote(reference, safe='/:@')}/json HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
            head, _, body = b"".join(iter(partial(engine.recv, 1 << 16), b"")).partition(b"\r\n\r\n")
        return dict(json.loads(body)) if head.split(maxsplit=2)[1:2] == [b"200"] else None
    except (OSError, ValueError):
        return None


def _socket() -> str:
    """Where docker's command line would ask, if that is a socket; "" if it is told of another machine or a context."""
    if host := os.environ.get("DOCKER_HOST"):
        return host.removeprefix("unix://") if host.startswith("unix://") else ""
    context = os.environ.get("DOCKER_CONTEXT") or _configured_context()
    return "/var/run/docker.sock" if context in ("", "default") else ""


def _configured_context() -> str:
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        return str(_json(f"{folder}/config.json").get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _podman_has_none(reference: str) -> bool:
    """Whether podman's list of images, where it is unless somebody has told podman otherwise, has no image of that name."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    root = "/var/lib" if os.geteuid() == 0 else os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    places = ("/usr/share/containers", "/etc/containers", f"{config}/containers")
    settings = [f"{place}/storage.conf" for place in places] + [f"{place}/containers.conf" for place in places[1:]]
    if "@" in reference or any(name in os.environ for name in _PODMAN_TOLD) or any(map(os.path.exists, settings)):
        return False
    try:
        stores = [entry.path for entry in os.scandir(f"{root}/containers/storage") if entry.name.endswith("-images")]
        names = [image.get("names") for store in stores for image in _json(f"{store}/images.json")]
    except FileNotFoundError:
        return True
    except (OSError, ValueError, AttributeError):
        return False
    return not any(_is_called({"RepoTags": called}, reference) for called in names)


def _json(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


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
    import tempfile

    from . import archives

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
