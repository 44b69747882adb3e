"""Images in OCI image layouts (directory or tar) and docker archives: which ones there are, their configs, their layers."""

import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from . import Contents, Image, ImageError, Part, same_image, shapes
from .index import fits, text_of, this_architecture
from .layers import damage
from .streams import seekable_tar

# opens a file of the layout or archive by its name in there
Reader = Callable[[str], AbstractContextManager[BinaryIO]]
Descriptor = dict[str, Any]
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
TEXT_AT_MOST = 1 << 24  # a manifest or config is read whole
FILES_AT_MOST = 100_000


class Found(NamedTuple):
    """An image in a layout or archive: the names of its files in there, and what it is called."""

    config: str
    layers: tuple[str, ...]
    names: tuple[str, ...] = ()
    manifest: str = ""


def bare_config() -> dict[str, Any]:
    """The config of a root file system that comes without one: docker's default environment, this machine's architecture."""
    return {
        "architecture": this_architecture(),
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    }


def open_layout(directory: str, wanted: str, platform: str, reference: str) -> Image:
    """The image of an OCI image layout that `wanted` (a tag, a digest, '') or else `reference` names. Raises ImageError."""
    read, where = _directory_reader(directory), f"the OCI image layout {directory}"
    found = _choose_from_index(read, where, wanted, platform, reference)

    @contextmanager
    def contents() -> Iterator[Contents]:
        yield contents_of(read, found)

    return Image(reference, where, config_of(read, found), contents, found.manifest)


def open_archive(path: str, platform: str, reference: str) -> Image:
    """The image in a tar of `docker save`, of an OCI layout, of podman or skopeo. Raises ImageError.

    Today's `docker save` writes both a docker archive and an OCI layout; manifest.json knows the tags in both.
    """
    where = f"the image archive {path}"
    with reading(path) as (read, names):
        docker = "manifest.json" in names
        found = _choose(read, where, reference) if docker else _choose_from_index(read, where, "", platform, reference)
        config = config_of(read, found)

    @contextmanager
    def contents() -> Iterator[Contents]:
        with reading(path) as (read, _):
            yield contents_of(read, found)

    return Image(reference, where, config, contents)


def all_images(read: Reader, names: "set[str]", platform: str = "") -> list[Found]:
    """Every image of a layout or archive; with `platform` only those for it."""
    if "manifest.json" in names:
        return _from_manifest(read)
    entries = _entries(read, "index.json")
    wanted = [entry for entry in entries if fits(entry, platform)]
    by_digest = {entry["digest"]: entry for entry in wanted}
    called = {digest: tuple(filter(None, (_name(one) for one in wanted if one["digest"] == digest))) for digest in by_digest}
    return [_from_entry(read, entry)._replace(names=called[digest]) for digest, entry in by_digest.items()]


def contents_of(read: Reader, found: Found) -> Contents:
    """What an image is made of, while `read` can be used. Raises ImageError for one that is damaged."""
    config = _bytes(read, found.config)
    diff_ids = diff_ids_of(parsed(config, shapes.CONFIG, found.config), len(found.layers))
    parts = [
        Part(diff_id, _digest(name), partial(_open, read, name)) for name, diff_id in zip(found.layers, diff_ids, strict=True)
    ]
    return Contents(_bytes(read, found.manifest) if found.manifest else b"", config, parts)


def config_of(read: Reader, found: Found) -> dict[str, Any]:
    config: dict[str, Any] = _json(read, found.config, shapes.CONFIG)
    diff_ids_of(config, len(found.layers))
    return config


@contextmanager
def reading(path: str) -> Iterator[tuple[Reader, set[str]]]:
    """A layout or archive, as a directory or a tar: its reader and the names of its files."""
    if os.path.isdir(path):
        yield _directory_reader(path), set(os.listdir(path))
        return
    if not os.path.lexists(path):
        raise ImageError(f"open {path}: no such file or directory")
    with damage(f"{path} is no archive of images"), seekable_tar(path) as tar:
        members = {member.name.removeprefix("./"): member for member in islice(tar, FILES_AT_MOST)}
        if len(members) == FILES_AT_MOST:
            raise ImageError(f"{path} has more files than any archive of images: {FILES_AT_MOST}")
        yield _tar_reader(tar, members), set(members)


def _choose(read: Reader, where: str, reference: str) -> Found:
    """The image of a docker archive: the one with that name, or the only one."""
    images = _from_manifest(read)
    named = [image for image in images if any(same_image(tag, reference) for tag in image.names)]
    chosen = named or images
    if len(chosen) != 1:
        raise ImageError(f"{where} holds {len(images)} images and none is called {reference}. Save that one alone")
    return chosen[0]


def _from_manifest(read: Reader) -> list[Found]:
    return [
        Found(image["Config"], tuple(image.get("Layers") or ()), tuple(image.get("RepoTags") or ()))
        for image in _json(read, "manifest.json", shapes.DOCKER)
    ]


def _choose_from_index(read: Reader, where: str, wanted: str, platform: str, reference: str) -> Found:
    """The image of an OCI layout: by digest, by name, by platform, in this order."""
    entries = _entries(read, "index.json")
    named = [entry for entry in entries if _is_called(entry, wanted, reference)]
    found = _for_platform(named or ([] if wanted else entries), platform)
    if len({entry["digest"] for entry in found}) != 1:
        known = ", ".join(sorted({_name(entry) or entry["digest"] for entry in entries})) or "nothing"
        asked = f"{wanted or reference} on {platform or 'this machine'}"
        raise ImageError(f"{where} has {len(found)} images for {asked}; it holds {known}")
    return _from_entry(read, found[0])


def _from_entry(read: Reader, entry: Descriptor) -> Found:
    name = blob_name(entry["digest"])
    manifest = _json(read, name, shapes.MANIFEST)
    layers = tuple(blob_name(layer["digest"]) for layer in manifest["layers"])
    return Found(blob_name(manifest["config"]["digest"]), layers, manifest=name)


def _entries(read: Reader, name: str, depth: int = 0) -> list[Descriptor]:
    """The manifests of an index, those of the indexes in it too; the outer's name counts for the inner."""
    found: list[Descriptor] = []
    if depth > 8:
        raise ImageError("the image is damaged: indexes in indexes without end")
    for entry in _json(read, name, shapes.INDEX).get("manifests") or ():
        if entry.get("mediaType") in INDEXES:
            inner = _entries(read, blob_name(entry["digest"]), depth + 1)
            found += [{**one, "name": _name(entry), "index": entry["digest"]} for one in inner]
        elif (entry.get("annotations") or {}).get("vnd.docker.reference.type") != "attestation-manifest":
            found.append(entry)
    return found


def _name(entry: Descriptor) -> str:
    annotations = entry.get("annotations") or {}
    return entry.get("name") or next((str(annotations[key]) for key in reversed(_NAMES) if key in annotations), "")


def _is_called(entry: Descriptor, wanted: str, reference: str) -> bool:
    """By digest, or by a name in the annotations: the whole one, or the tag alone (docker writes both, skopeo the tag)."""
    if wanted.startswith("sha256:"):
        return wanted in (entry["digest"], entry.get("index"))
    if wanted:
        annotations = entry.get("annotations") or {}
        return wanted in (entry.get("name"), *(annotations.get(key) for key in _NAMES))
    return bool(name := _name(entry)) and same_image(name, reference)


def _for_platform(entries: list[Descriptor], platform: str) -> list[Descriptor]:
    """Those made for `platform`; a manifest that does not say counts for any, and the only one there is needs no asking."""
    if len(entries) < 2:
        return entries
    wanted = platform or f"linux/{this_architecture()}"
    fitting = [entry for entry in entries if fits(entry, wanted)]
    exact = [entry for entry in fitting if text_of(entry.get("platform") or {}) == wanted]
    return exact or fitting


def diff_ids_of(config: dict[str, Any], layers: int) -> list[str]:
    """The digests of the tars of so many layers. Raises ImageError where the config has not so many."""
    diff_ids: list[str] = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != layers:
        raise ImageError(f"the image is damaged: its config names {len(diff_ids)} layers, its manifest {layers}")
    return diff_ids


def blob_name(digest: str) -> str:
    """Where a layout has a blob. Raises ImageError for what is no digest."""
    algorithm, colon, value = str(digest).partition(":")
    if not colon or not (algorithm + value).isalnum():
        raise ImageError(f"the image is damaged: {digest!r} is no digest")
    return f"blobs/{algorithm}/{value}"


def _digest(name: str) -> str:
    """The digest that a blob's name promises; "" for the names of old docker archives."""
    return name.replace("/", ":")[6:] if name.startswith("blobs/sha256/") else ""


def _json(read: Reader, name: str, shape: Any) -> Any:
    return parsed(_bytes(read, name), shape, name)


def parsed(data: bytes, shape: Any, name: str) -> Any:
    """The JSON `data`, if it has that shape (shapes.py). Raises ImageError, which calls it `name`."""
    try:
        return shapes.fit(json.loads(data), shape, name)
    except ImageError:
        raise
    except (ValueError, RecursionError) as error:
        raise ImageError(f"the image is damaged: {name} is no JSON ({error})") from error


def _bytes(read: Reader, name: str) -> bytes:
    try:
        with read(name) as file:
            data = file.read(TEXT_AT_MOST + 1)
    except (OSError, KeyError) as error:
        raise ImageError(f"the image is damaged: {name} is missing ({error})") from error
    if len(data) > TEXT_AT_MOST:
        raise ImageError(f"the image is damaged: {name} is larger than any manifest or config")
    return data


@contextmanager
def _open(read: Reader, name: str) -> Iterator[BinaryIO]:
    try:
        context = read(name)
        file = context.__enter__()
    except (KeyError, OSError) as error:
        raise ImageError(f"the image is damaged: its layer {name} is missing") from error
    try:
        yield file
    finally:
        context.__exit__(None, None, None)


def _tar_reader(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Reader:
    @contextmanager
    def read(name: str) -> Iterator[BinaryIO]:
        member = members[name]
        for _ in range(8):  # docker save once wrote a layer that two images share as a link
            if not (member.issym() or member.islnk()):
                break
            member = members[os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname))]
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            raise KeyError(name)
        yield file  # type: ignore[misc]  # typeshed: IO[bytes] is what BinaryIO is

    return read


def _directory_reader(directory: str) -> Reader:
    """Files of the directory itself: an archive may come from anybody, and a link in it leads elsewhere."""
    top = os.path.realpath(directory)

    def read(name: str) -> AbstractContextManager[BinaryIO]:
        path = os.path.realpath(os.path.join(top, name))
        if os.path.commonpath((top, path)) != top:
            raise ImageError(f"the image is damaged: {name} leads out of {directory}")
        return open(path, "rb")

    return read
