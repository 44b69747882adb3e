"""Images from the store to a registry."""

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from tempfile import TemporaryFile
from threading import Event
from typing import Any, BinaryIO, NamedTuple, cast

from . import ImageError
from .connections import Ways
from .reference import parse_reference
from .registry import Registry
from .sent import as_it_came
from .store import PLAIN_TAR, Layer, Store, Stored
from .transfer import Watch, all_at_once, name_of, named, repository_of
from .uploads import upload

_LEVEL = 4  # of gzip: half the time of its usual 6 on a root file system, and two percent larger
_OCI = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


class Pushed(NamedTuple):
    """What is there now: the tag's manifest, and its size in bytes."""

    digest: str
    size: int


def push(store: Store, reference: str, ways: Ways = Ways(), watch: Watch = Watch()) -> Pushed:  # noqa: B008
    """Give the image of that name to the registry of that name; layers that are not compressed are gzipped on the way."""
    wanted = parse_reference(reference)
    if wanted.digest:
        raise ImageError("cannot push a digest reference: push a name with a tag")
    with store.busy():
        image = store.find(name_of(wanted))
        if image is None:
            raise ImageError(f"no such image: {reference}. `dock2sh tag IMAGE {reference}` gives one that name")
        registry = Registry(wanted.domain, wanted.path, ways, "pull,push")
        manifest, kind = _there(registry, store, image, watch) or _pushed_anew(registry, store, image, watch)
        registry.put_manifest(wanted.tag, manifest, kind)
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        named(store, image, (f"{wanted.domain}/{wanted.path}@{digest}",))
        return Pushed(digest, len(manifest))


def push_all(store: Store, name: str, ways: Ways = Ways(), watch: Watch = Watch()) -> Iterator[tuple[str, Pushed]]:  # noqa: B008
    """Push every tag that the store has of a repository (docker's --all-tags): (tag, what is there now), one by one."""
    wanted = repository_of(name)
    start = f"{wanted.domain}/{wanted.path}:"
    found = sorted({called for image in store.all() for called in image.names if called.startswith(start)})
    if not found:
        raise ImageError(f"no image has a name of the repository {name}. `dock2sh images` lists those that are here")
    for called in found:
        yield called.removeprefix(start), push(store, called, ways, watch)


def _there(registry: Registry, store: Store, image: Stored, watch: Watch) -> tuple[bytes, str] | None:
    found = as_it_came(registry, store, image)
    for layer in image.layers if found else ():
        watch.moved(layer.diff_id[7:19], "Layer already exists", layer.size, layer.size)
    return found


def _pushed_anew(registry: Registry, store: Store, image: Stored, watch: Watch) -> tuple[bytes, str]:
    layers = all_at_once(lambda layer, stop: _push_layer(registry, store, layer, watch, stop), image.layers)
    _push_config(registry, store, image.id, watch)
    return _manifest(store, image, layers)


def _manifest(store: Store, image: Stored, layers: Sequence[Layer]) -> tuple[bytes, str]:
    """The image's own manifest where its layers went as they are; else one that names the compressed layers."""
    if [layer.digest for layer in layers] == [layer.digest for layer in image.layers]:
        with store.open_blob(image.manifest) as file:
            return file.read(), store.media_type(image)
    told = {
        "schemaVersion": 2,
        "mediaType": _OCI,
        "config": {"mediaType": _CONFIG, "digest": image.id, "size": store.blob_size(image.id)},
        "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in layers],
    }
    return json.dumps(told, separators=(",", ":")).encode(), _OCI


def _push_config(registry: Registry, store: Store, digest: str, watch: Watch) -> None:
    if not registry.has(digest):
        with store.open_blob(digest) as file:
            _upload(registry, digest, store.blob_size(digest), file, lambda done, total: None, Event())


def _push_layer(registry: Registry, store: Store, layer: Layer, watch: Watch, stop: Event) -> Layer:
    """Send a layer, unless it is there; what it was compressed to last time is remembered."""
    short = layer.diff_id[7:19]
    if layer.media_type not in (PLAIN_TAR, "application/vnd.docker.image.rootfs.diff.tar"):
        there = registry.has(layer.digest)
        if not there:
            with store.open_blob(layer.digest) as file:
                _upload(registry, layer.digest, layer.size, file, partial(watch.moved, short, "Pushing"), stop)
        watch.moved(short, "Layer already exists" if there else "Pushed", layer.size, layer.size)
        return layer
    key = "gzip" + layer.diff_id[7:]
    if (memory := store.recall(key)) and registry.has(memory.value["digest"]):
        watch.moved(short, "Layer already exists", memory.value["size"], memory.value["size"])
        return layer._replace(media_type=f"{PLAIN_TAR}+gzip", **memory.value)
    with TemporaryFile(dir=store.folder.place("temporary")) as file:
        digest, size = _gzip(store, layer, cast(BinaryIO, file), stop)
        store.remember(key, {"digest": digest, "size": size})
        if not registry.has(digest):
            _upload(registry, digest, size, cast(BinaryIO, file), partial(watch.moved, short, "Pushing"), stop)
    watch.moved(short, "Pushed", size, size)
    return layer._replace(media_type=f"{PLAIN_TAR}+gzip", digest=digest, size=size)


def _gzip(store: Store, layer: Layer, out: BinaryIO, stop: Event) -> tuple[str, int]:
    """The layer gzipped, the same bytes each time (no name, no time): its digest and size."""
    packer, summed, size = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31), hashlib.sha256(), 0
    with store.open_layer(layer) as stream:
        while block := stream.read(1 << 20):
            if stop.is_set():
                raise ImageError("stopped")
            size += _put(out, summed, packer.compress(block))
    size += _put(out, summed, packer.flush())
    return f"sha256:{summed.hexdigest()}", size


def _put(out: BinaryIO, summed: Any, data: bytes) -> int:
    out.write(data)
    summed.update(data)
    return len(data)


def _upload(registry: Registry, digest: str, size: int, file: BinaryIO, moved: Callable[[int, int], None], stop: Event) -> None:
    def block(at: int, length: int) -> bytes:
        if stop.is_set():
            raise ImageError("stopped")
        return os.pread(file.fileno(), length, at)

    file.flush()
    upload(registry, digest, size, block, lambda done: moved(done, size))
