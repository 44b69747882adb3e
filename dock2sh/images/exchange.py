"""Images out of the store as one tar, and into it: `save` and `load`.

The tar is what `docker save` writes today: an OCI image layout (index.json) that is a docker archive too (manifest.json), so that
docker, podman, skopeo and containerd take it. Its bytes depend on the images alone.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from . import ImageError, archives, bring, index
from .listing import familiar
from .reference import InvalidReference, normalise_reference, parse_reference
from .store import Store, Stored

FORMATS = ("docker-archive", "oci-archive")
"""Two words for one tar: an OCI layout may have more files in it, and a docker without containerd's store loads none that lacks
manifest.json ("open .../blobs/json: no such file or directory")."""


def chosen(store: Store, references: Sequence[str], platform: str = "") -> list[tuple[Stored, tuple[str, ...]]]:
    """The images that are named, each with the names that were meant: none where it is named by its id."""
    found: dict[str, tuple[Stored, tuple[str, ...]]] = {}
    for reference in references:
        image = store.find(reference, platform)
        if image is None:
            raise ImageError(f"no such image: {reference}. `dock2sh images` lists those that are here")
        name = _name(reference, image)
        before = found.get(image.manifest, (image, ()))[1]
        found[image.manifest] = (image, tuple(dict.fromkeys((*before, *((name,) if name else ())))))
    return list(found.values())


def _name(reference: str, image: Stored) -> str:
    """The name that was meant; "" for an id, which docker saves without a name too."""
    try:
        whole = normalise_reference(reference)
    except InvalidReference:
        return ""
    return whole if whole in image.names else ""


def save(store: Store, chosen: Sequence[tuple[Stored, Sequence[str]]], out: BinaryIO) -> None:
    """Write images, each with the names that it shall have there, as a tar."""
    with store.busy(), tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name in ("blobs", "blobs/sha256"):
            tar.addfile(_member(name, 0, tarfile.DIRTYPE))
        for digest, size in sorted(_blobs(store, chosen).items()):
            with store.open_blob(digest) as file:
                tar.addfile(_member(archives.blob_name(digest), size), _Exactly(file, digest, size))  # type: ignore[arg-type]
        for name, value in _texts(store, chosen).items():
            data = json.dumps(value, separators=(",", ":")).encode()
            tar.addfile(_member(name, len(data)), io.BytesIO(data))


def _member(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, size, 0o755 if kind == tarfile.DIRTYPE else 0o644
    return info


class _Exactly:
    """A blob that is checked while it is copied: what is damaged is not handed on."""

    def __init__(self, file: BinaryIO, digest: str, size: int) -> None:
        import hashlib

        self._file, self._digest, self._left, self._sum = file, digest, size, hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._sum.update(data)
        self._left -= len(data)
        if len(data) < size or (self._left <= 0 and f"sha256:{self._sum.hexdigest()}" != self._digest):
            raise ImageError(f"the store is damaged: {self._digest} is not what it was. Remove the image, get it again")
        return data


def _blobs(store: Store, chosen: Sequence[tuple[Stored, Sequence[str]]]) -> dict[str, int]:
    """Digest and size of every blob that the images need."""
    blobs: dict[str, int] = {}
    for image, _ in chosen:
        blobs |= {layer.digest: layer.size for layer in image.layers}
        blobs |= {digest: store.blob_size(digest) for digest in (image.id, image.manifest)}
    return blobs


def _texts(store: Store, chosen: Sequence[tuple[Stored, Sequence[str]]]) -> dict[str, Any]:
    entries = [entry for image, names in chosen for entry in _entries(store, image, names)]
    return {
        "index.json": {"schemaVersion": 2, "mediaType": index.INDEX, "manifests": entries},
        "manifest.json": [_docker(image, names) for image, names in chosen],
        "oci-layout": {"imageLayoutVersion": "1.0.0"},
    }


def _entries(store: Store, image: Stored, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The image in an OCI index: as containerd and docker write it, the whole name beside the tag."""
    kind = store.media_type(image)
    bare = {"mediaType": kind, "digest": image.manifest, "size": store.blob_size(image.manifest)}
    bare["platform"] = index.platform_of(image.config)
    for name in names:
        yield {**bare, "annotations": {index.CONTAINERD: name, index.NAME: parse_reference(name).tag}}
    if not names:
        yield bare


def _docker(image: Stored, names: Sequence[str]) -> dict[str, Any]:
    return {
        "Config": archives.blob_name(image.id),
        "RepoTags": [familiar(name) for name in names] or None,
        "Layers": [archives.blob_name(layer.digest) for layer in image.layers],
        "LayerSources": {
            layer.diff_id: {"mediaType": layer.media_type, "size": layer.size, "digest": layer.digest} for layer in image.layers
        },
    }


def load(store: Store, path: str, platform: str = "") -> list[tuple[Stored, tuple[str, ...]]]:
    """Put every image of an archive or layout (also compressed) into the store: each with the names that it got.

    Raises ImageError for what is neither.
    """
    with archives.reading(path) as (read, names):
        if not names & {"manifest.json", "index.json"}:
            raise ImageError(f"{path} holds no image: it has neither manifest.json nor index.json")
        found = archives.all_images(read, names, platform)
        if not found:
            raise ImageError(f"{path} holds no image{f' for {platform}' if platform else ''}")
        return [_load(store, read, one) for one in found]


def _load(store: Store, read: archives.Reader, found: archives.Found) -> tuple[Stored, tuple[str, ...]]:
    names = tuple(name for name in found.names if _is_whole(name))
    with store.busy():
        contents = archives.contents_of(read, found)
        return bring.add(contents, {}, store, names), names


def _is_whole(name: str) -> bool:
    """A tag alone, which is all that skopeo notes in a layout, is no name."""
    return ":" in name.rpartition("/")[2] or "/" in name
