"""The layers of an image: mounted on top of one another as they lie in an engine's store, or listed from an archive of it."""

import json
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, Protocol

from .engines import NoReference, command, said
from .snapshot import look

_MARKS = ".wh."
_OPAQUE = ".wh..wh..opq"


class Layer(NamedTuple):
    """What one layer writes or deletes, and how many bytes its files have."""

    paths: frozenset[str]
    size: int


@contextmanager
def mounted(layers: Sequence[str], folder: str, writable: bool = False) -> Iterator[str]:
    """The directories `layers`, the lowest first, as one root. `folder` is an empty one for what it takes.

    Read-only, or `writable` in a layer of its own on top. By short names, since mount(2) takes no more than a page of options.
    Raises NoReference.
    """
    if len(layers) < 2 and not writable:
        empty = os.path.join(folder, "empty")
        os.mkdir(empty, 0o755)
        yield layers[0] if layers else empty
        return
    names = [str(number) for number in range(len(layers))]
    for name, layer in zip(names, layers, strict=True):
        os.symlink(layer, os.path.join(folder, name))
    root = os.path.join(folder, "root")
    for name in ("root", *(("upper", "work") if writable else ())):
        os.mkdir(os.path.join(folder, name), 0o755)
    # as docker mounts a container's root: a directory of a lower layer is renamed by copying
    options = f"lowerdir={':'.join(reversed(names))},redirect_dir=off" + (",upperdir=upper,workdir=work" if writable else ",ro")
    done = command(["mount", "-t", "overlay", "overlay", "-o", options, root], "Install mount", cwd=folder)
    if done.returncode:
        raise NoReference(f"the image's layers cannot be mounted: {said(done)}. Be root")
    try:
        yield root
    finally:
        done = command(["umount", root], "Install mount")
        if done.returncode:
            command(["umount", "--lazy", root], "Install mount")


def in_directories(layers: Iterable[str]) -> tuple[Layer, ...]:
    """Overlay directories as layers; a whiteout is there the device 0:0."""
    return tuple(_listed({path: (about.st_size if stat.S_ISREG(about.st_mode) else 0) for path, about in look(layer).items()})
                 for layer in layers)  # fmt: skip


def in_archive(source: str) -> tuple[Layer, ...]:
    """The layers of a docker archive, or of an OCI image layout (a tar or a directory) with one image in it.

    Raises NoReference for what is neither.
    """
    try:
        if os.path.isdir(source):
            return _own_layers(_Directory(source))
        with tarfile.open(source) as tar:
            return _own_layers(_Tar(tar))
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise NoReference(f"{source} is no image archive that can be read: {error}") from error


class _Files(Protocol):
    """The files of an archive by name; KeyError for what is not in there."""

    def __contains__(self, name: object) -> bool: ...
    def __getitem__(self, name: str) -> IO[bytes]: ...


class _Directory:
    def __init__(self, place: str) -> None:
        self._place = place

    def __contains__(self, name: object) -> bool:
        return os.path.isfile(os.path.join(self._place, str(name)))

    def __getitem__(self, name: str) -> IO[bytes]:
        return open(os.path.join(self._place, name), "rb")


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self._members = tar, {member.name.removeprefix("./"): member for member in tar}

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __getitem__(self, name: str) -> IO[bytes]:
        file = self._tar.extractfile(self._members[name])
        if file is None:
            raise KeyError(name)
        return file


def _own_layers(files: _Files) -> tuple[Layer, ...]:
    found = []
    for name in _names(files):
        with files[name] as stream:
            found.append(_members(stream))
    return tuple(found)


def _names(files: _Files) -> list[str]:
    """The names of the layers' tars: by manifest.json, which docker and podman write, else by the index of the layout."""
    if "manifest.json" in files:
        return [str(name) for name in _json(files, "manifest.json")[0]["Layers"]]
    told = _json(files, "index.json")
    while "layers" not in told:
        told = _json(files, _blob(told["manifests"][0]["digest"]))
    return [_blob(layer["digest"]) for layer in told["layers"]]


def _json(files: _Files, name: str) -> Any:
    with files[name] as file:
        return json.load(file)


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def _members(stream: IO[bytes]) -> Layer:
    """The members of a layer's tar, whatever it is compressed with as far as Python knows it."""
    with tarfile.open(fileobj=stream, mode="r:*") as tar:
        found: dict[str, int] = {}
        for member in tar:
            folder, _, name = f"/{member.name.removeprefix('./').rstrip('/')}".rpartition("/")
            if name == _OPAQUE:
                found[folder or "/"] = 0
            elif name.removeprefix(_MARKS):
                found[f"{folder}/{name.removeprefix(_MARKS)}"] = member.size if member.isreg() else 0
        return _listed(found)


def _listed(sizes: dict[str, int]) -> Layer:
    return Layer(frozenset(sizes), sum(sizes.values()))
