"""The other side of a comparison: a real `docker build`, and its result exactly as it was built.

Not `docker export` (it adds /.dockerenv, hosts, resolv.conf) nor `docker save` (it loses sockets, user.* attributes and
fractions of seconds), but the image's own layers, mounted as a read-only overlay: nothing lost, in a hundredth of a second.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from .snapshot import Scan, scan

_MISSING = "docker is not installed: the result was compared with nothing. Install docker.io"
_SYNTAX = re.compile(r"\A((?:#[^\n]*\n)*?)[ \t]*#[ \t]*syntax[ \t]*=[^\n]*\n", re.IGNORECASE)
_ERROR = re.compile(r"^ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)", re.MULTILINE | re.DOTALL)


class NotBuilt(Exception):
    """docker refused or failed; the text is its message."""


class NoReference(Exception):
    """There is no docker to ask, or its result cannot be read; the text says why, and the cure."""


class Built(NamedTuple):
    """An image that docker made. `root` is its file system (read-only), `scan` what is in it.

    `config` has docker's keys, `history` the `created_by` of every entry, the base's too, oldest first; `began` is in seconds.
    """

    image: str
    root: str
    scan: Scan
    config: dict[str, Any]
    history: tuple[str, ...]
    began: int


@contextmanager
def built(context: str, file: str, options: Sequence[str], base: str = "") -> Iterator[Built]:
    """Build with docker and look at the result; image and mount are gone afterwards.

    `options` are docker's own (--build-arg, --target, --secret, ...). With `base`, the name of the image that the target stage
    stands on, only files in layers above it count as changed. Raises NotBuilt, NoReference.
    """
    began = int(time.time())
    image = _build(context, file, options)
    try:
        told = _inspect(image)
        with tempfile.TemporaryDirectory() as folder, _mounted(_layers(told), folder) as root:
            above = len(_inspect(base)["RootFS"].get("Layers") or []) if base else 0
            look = scan(root)
            look = look._replace(changed=_changed(_layers(told)[above:], look))
            yield Built(image, root, look, told["Config"], _history(image), began)
    finally:
        subprocess.run(["docker", "image", "rm", image], check=False, capture_output=True)


def copy_image(image: str, directory: str) -> None:
    """Fill an empty directory with an image's files, from docker's own layers. Raises NoReference."""
    with tempfile.TemporaryDirectory() as folder, _mounted(_layers(_inspect(image)), folder) as root:
        done = subprocess.run(["cp", "-a", "--", f"{root}/.", directory], check=False, capture_output=True)
        if done.returncode:
            raise NoReference(f"{image} cannot be copied: {done.stderr.decode(errors='replace').strip()}. Be root")


def version() -> str:
    """The engine's version, for the head of a record."""
    done = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _build(context: str, file: str, options: Sequence[str]) -> str:
    """The id of the image that docker builds."""
    with tempfile.TemporaryDirectory() as folder:
        answer = os.path.join(folder, "id")
        # not from the cache: what was built before has mtimes of before, which could not be told from those that docker keeps
        command = ["docker", "build", "--no-cache", "--progress=plain", "--iidfile", answer]
        command += ["-f", _without_syntax(file, folder), *options, context]
        try:
            environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
            done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=environment)
        except FileNotFoundError as error:
            raise NoReference(_MISSING) from error
        said = done.stderr.decode(errors="replace")
        if done.returncode:
            if "Cannot connect to the Docker daemon" in said or "failed to connect to the docker API" in said:
                raise NoReference(f"docker does not answer: {said.strip()}. Start it, or set DOCKER_HOST")
            match = _ERROR.search(said)
            raise NotBuilt((match[1] if match else said).strip())
        with open(answer) as text:
            return text.read().strip()


def _without_syntax(file: str, folder: str) -> str:
    """The Dockerfile, or a copy without its `# syntax=` line: it asks for a frontend image from the internet.

    The ignore file of that name goes with the copy.
    """
    with open(file, "rb") as original:
        text = original.read().decode("utf-8", "surrogateescape")
    short = _SYNTAX.sub(r"\1", text, count=1)
    if short == text:
        return file
    copy = os.path.join(folder, os.path.basename(file))
    with open(copy, "wb") as changed:
        changed.write(short.encode("utf-8", "surrogateescape"))
    if os.path.exists(f"{file}.dockerignore"):
        with open(f"{file}.dockerignore", "rb") as original, open(f"{copy}.dockerignore", "wb") as ignore:
            ignore.write(original.read())
    return copy


def _inspect(image: str) -> dict[str, Any]:
    try:
        done = subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True)
    except FileNotFoundError as error:
        raise NoReference(_MISSING) from error
    if done.returncode:
        raise NoReference(f"docker has no image {image}: {done.stderr.decode(errors='replace').strip()}")
    told: dict[str, Any] = json.loads(done.stdout)[0]
    return told


def _history(image: str) -> tuple[str, ...]:
    command = ["docker", "history", "--no-trunc", "--format", "{{json .CreatedBy}}", image]
    done = subprocess.run(command, check=True, capture_output=True)
    return tuple(json.loads(line) for line in reversed(done.stdout.splitlines()))


def _layers(told: dict[str, Any]) -> list[str]:
    """The directories of an image's layers, the lowest first."""
    driver = told.get("GraphDriver") or {}
    if not told["RootFS"].get("Layers"):
        return []
    if driver.get("Name") != "overlay2":
        raise NoReference(f"docker keeps its images in {driver.get('Name') or 'containerd'}: only overlay2 can be read so far")
    data = driver["Data"]
    return [*filter(None, data.get("LowerDir", "").split(":")[::-1]), data["UpperDir"]]


@contextmanager
def _mounted(layers: list[str], folder: str) -> Iterator[str]:
    """The layers on top of one another. By short names, since mount(2) takes no more than a page of options."""
    if len(layers) < 2:
        empty = os.path.join(folder, "empty")
        os.mkdir(empty, 0o755)
        yield layers[0] if layers else empty
        return
    names = [str(number) for number in range(len(layers))]
    for name, layer in zip(names, layers, strict=True):
        os.symlink(layer, os.path.join(folder, name))
    root = os.path.join(folder, "root")
    os.mkdir(root)
    options = "ro,lowerdir=" + ":".join(reversed(names))
    done = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, root], cwd=folder, check=False, capture_output=True
    )
    if done.returncode:
        raise NoReference(f"docker's layers cannot be mounted: {done.stderr.decode(errors='replace').strip()}. Be root")
    try:
        yield root
    finally:
        subprocess.run(["umount", root], check=True)


def _changed(layers: list[str], look: Scan) -> frozenset[str]:
    """The regular files of the tree that stand in one of these layers."""
    found = (path for layer in layers for path in scan(layer).tree)
    return frozenset(path for path in found if path in look.tree and look.tree[path].kind == "f")
