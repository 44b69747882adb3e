"""Images in OCI image layouts (directory or tar) and docker archives: which one is meant, its config, its layers."""

import json
import os
import platform as machine
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from . import Image, ImageError, same_image
from .layers import apply_layer
from .streams import decompressed, seekable_tar

# opens a file of the layout or archive by its name in there
Reader = Callable[[str], AbstractContextManager[BinaryIO]]
Descriptor = dict[str, Any]
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


class Store(NamedTuple):
    """Where an image's parts are: in words, how to read one, how to write layers (names, diff ids) into a directory."""

    where: str
    read: Reader
    fill: Callable[[list[str], list[str], str], None]


def bare_config() -> dict[str, Any]:
    """The config of a root file system that comes without one: docker's default environment, this machine's architecture."""
    return {
        "architecture": _ARCHITECTURES.get(machine.machine(), machine.machine()),
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    }


def open_layout(directory: str, wanted: str, platform: str, reference: str) -> Image:
    """The image of an OCI image layout that `wanted` (a tag, a digest, '') or else `reference` names. Raises ImageError."""
    fill = partial(_fill_from_layout, directory)
    return _from_index(
        Store(f"the OCI image layout {directory}", _directory_reader(directory), fill), wanted, platform, reference
    )


def open_archive(path: str, platform: str, reference: str) -> Image:
    """The image in a tar of `docker save`, of an OCI layout, of podman or skopeo. Raises ImageError.

    Today's `docker save` writes both a docker archive and an OCI layout; manifest.json knows the tags in both.
    """
    with seekable_tar(path) as tar:
        store = Store(f"the image archive {path}", _tar_reader(tar), partial(_fill_from_tar, path))
        if "manifest.json" in _names(tar):
            return _from_manifest(store, reference)
        return _from_index(store, "", platform, reference)


def _from_manifest(store: Store, reference: str) -> Image:
    """The image of a docker archive: the one with that name, or the only one."""
    images = _json(store.read, "manifest.json")
    named = [image for image in images if any(same_image(tag, reference) for tag in image.get("RepoTags") or [])]
    chosen = named or images
    if len(chosen) != 1:
        raise ImageError(f"{store.where} holds {len(images)} images and none is called {reference}. Save that one alone")
    return _image(store, reference, _json(store.read, chosen[0]["Config"]), chosen[0]["Layers"])


def _from_index(store: Store, wanted: str, platform: str, reference: str) -> Image:
    """The image of an OCI layout: by digest, by name, by platform, in this order."""
    entries = _entries(store.read, _json(store.read, "index.json"))
    named = [entry for entry in entries if _is_called(entry, wanted, reference)]
    found = _for_platform(named or ([] if wanted else entries), platform)
    if len({entry["digest"] for entry in found}) != 1:
        known = ", ".join(sorted({_name(entry) or entry["digest"] for entry in entries})) or "nothing"
        asked = f"{wanted or reference} on {platform or 'this machine'}"
        raise ImageError(f"{store.where} has {len(found)} images for {asked}; it holds {known}")
    manifest = _json(store.read, _blob(found[0]["digest"]))
    config = _json(store.read, _blob(manifest["config"]["digest"]))
    return _image(store, reference, config, [_blob(layer["digest"]) for layer in manifest["layers"]])


def _image(store: Store, reference: str, config: dict[str, Any], layers: list[str]) -> Image:
    return Image(reference, store.where, config, partial(store.fill, layers, _diff_ids(config, len(layers))))


def _entries(read: Reader, index: dict[str, Any]) -> list[Descriptor]:
    """The manifests of an index, those of the indexes in it too; the outer's name counts for the inner."""
    found: list[Descriptor] = []
    for entry in index.get("manifests", []):
        if entry.get("mediaType") in _INDEXES:
            inner = _entries(read, _json(read, _blob(entry["digest"])))
            found += [{**one, "name": _name(entry), "index": entry["digest"]} for one in inner]
        elif entry.get("annotations", {}).get("vnd.docker.reference.type") != "attestation-manifest":
            found.append(entry)
    return found


def _name(entry: Descriptor) -> str:
    annotations = entry.get("annotations") or {}
    return entry.get("name") or next((str(annotations[key]) for key in reversed(_NAMES) if key in annotations), "")


def _is_called(entry: Descriptor, wanted: str, reference: str) -> bool:
    """By digest, by the name in the annotations, or by its tag alone (what skopeo writes there)."""
    if wanted.startswith("sha256:"):
        return wanted in (entry["digest"], entry.get("index"))
    name = _name(entry)
    return name == wanted if wanted else bool(name) and same_image(name, reference)


def _for_platform(entries: list[Descriptor], platform: str) -> list[Descriptor]:
    """Those made for `platform`; a manifest that does not say counts for any, and the only one there is needs no asking."""
    if len(entries) < 2:
        return entries
    wanted = platform or "linux/" + str(bare_config()["architecture"])
    return [entry for entry in entries if "platform" not in entry or _platform(entry["platform"]).startswith(wanted)]


def _platform(platform: dict[str, str]) -> str:
    return "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))


def _diff_ids(config: dict[str, Any], layers: int) -> list[str]:
    diff_ids = [str(diff_id) for diff_id in config.get("rootfs", {}).get("diff_ids") or []]
    if len(diff_ids) != layers:
        raise ImageError(f"the image is damaged: its config names {len(diff_ids)} layers, its manifest {layers}")
    return diff_ids


def _blob(digest: str) -> str:
    algorithm, colon, value = digest.partition(":")
    if not colon or not (algorithm + value).isalnum():
        raise ImageError(f"the image is damaged: {digest!r} is no digest")
    return f"blobs/{algorithm}/{value}"


def _json(read: Reader, name: str) -> Any:
    try:
        with read(name) as file:
            return json.load(file)
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise ImageError(f"the image is damaged: {name} is missing or no JSON ({error})") from error


def _names(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    return {member.name.removeprefix("./"): member for member in tar.getmembers()}


def _tar_reader(tar: tarfile.TarFile) -> Reader:
    members = _names(tar)

    @contextmanager
    def read(name: str) -> Iterator[BinaryIO]:
        member = members[name]
        while member.issym() or member.islnk():  # docker save once wrote a layer that two images share as a link
            member = members[os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname))]
        file = tar.extractfile(member)
        if file is None:
            raise KeyError(name)
        yield file  # type: ignore[misc]  # typeshed: IO[bytes] is what BinaryIO is

    return read


def _directory_reader(directory: str) -> Reader:
    return lambda name: open(os.path.join(directory, name), "rb")


def _fill_from_layout(directory: str, layers: list[str], diff_ids: list[str], root: str) -> None:
    _fill(_directory_reader(directory), layers, diff_ids, root)


def _fill_from_tar(path: str, layers: list[str], diff_ids: list[str], root: str) -> None:
    with seekable_tar(path) as tar:
        _fill(_tar_reader(tar), layers, diff_ids, root)


def _fill(read: Reader, layers: list[str], diff_ids: list[str], root: str) -> None:
    try:
        for layer, diff_id in zip(layers, diff_ids, strict=True):
            with read(layer) as raw, decompressed(raw) as stream:
                apply_layer(stream, root, diff_id)
    except KeyError as error:
        raise ImageError(f"the image is damaged: its layer {error} is missing") from error
    except OSError as error:
        raise ImageError(f"the image is damaged: {error}") from error
