"""Images from a registry into the store."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from threading import Event
from typing import Any

from urllib3.exceptions import HTTPError

from . import ImageError, archives, shapes
from .blobs import full
from .connections import Ways
from .index import fits, text_of, this_architecture
from .reference import Reference, parse_reference
from .registry import Answer, Registry, for_pull
from .sent import note
from .store import Layer, Store, Stored
from .transfer import Watch, all_at_once, name_of, named, repository_of

_TRIES = 6
_INDEXES_AT_MOST = 3  # one in another
_LAYERS = {
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd",
}  # fmt: skip


def pull(store: Store, reference: str, platform: str = "", ways: Ways = Ways(), watch: Watch = Watch()) -> Stored:  # noqa: B008
    """Get the image into the store under its name, for `platform` ("" is this machine's). Raises ImageError.

    Layers that are here are not fetched again; a download that breaks goes on where it was, also in the next run.
    """
    wanted = parse_reference(reference)
    for registry in for_pull(wanted, ways):
        try:
            return _pull_from(registry, store, wanted, platform, watch)
        except ImageError as error:
            if registry.host == wanted.domain:
                raise
            watch.say(f"{error}; asking the next")
    raise AssertionError("the registry itself comes last")


def pull_all(
    store: Store,
    name: str,
    platform: str = "",
    ways: Ways = Ways(),  # noqa: B008
    watch: Watch = Watch(),  # noqa: B008
) -> Iterator[tuple[str, Stored]]:
    """Pull every tag that the registry has of a repository (docker's --all-tags): (tag, image), one by one."""
    wanted = repository_of(name)
    for tag in sorted(Registry(wanted.domain, wanted.path, ways).tags()):
        yield tag, pull(store, f"{wanted.domain}/{wanted.path}:{tag}", platform, ways, watch)


def _pull_from(registry: Registry, store: Store, wanted: Reference, platform: str, watch: Watch) -> Stored:
    top = registry.manifest(wanted.digest or wanted.tag)
    answer = _for_platform(registry, top, platform)
    manifest = _checked(answer, registry)
    names = (*((name_of(wanted),) if wanted.tag and not wanted.digest else ()), f"{wanted.domain}/{wanted.path}@{top.digest}")
    with store.busy():
        config = _fetch(registry, store, manifest["config"], watch)
        if known := store.find(manifest["config"]["digest"]):
            note(store, known, wanted, answer)
            return named(store, known, names)
        told = archives.parsed(config, shapes.CONFIG, f"the config that {registry.name} sent")
        diff_ids = archives.diff_ids_of(told, len(manifest["layers"]))
        layers = all_at_once(
            lambda pair, stop: _layer(registry, store, pair[0], pair[1], watch, stop),
            list(zip(manifest["layers"], diff_ids, strict=True)),
        )
        as_sent = [layer.digest for layer in layers] == [layer["digest"] for layer in manifest["layers"]]
        if as_sent:
            return store.add_manifest(answer.data, names)
        image = store.add_image(config, layers, names)
        note(store, image, wanted, answer)
        return image


def _for_platform(registry: Registry, answer: Answer, platform: str, depth: int = 0) -> Answer:
    """The image's manifest: of an index, the one for that platform. Raises ImageError in docker's words."""
    if answer.media_type not in archives.INDEXES:
        return answer
    if depth > _INDEXES_AT_MOST:
        raise ImageError(f"{registry.name} sends indexes in indexes without end")
    wanted = platform or f"linux/{this_architecture()}"
    entries = _images(answer, registry)
    fitting = [entry for entry in entries if fits(entry, wanted)]
    exact = [entry for entry in fitting if text_of(entry.get("platform") or {}) == wanted]
    if not fitting:
        there = ", ".join(sorted({text_of(entry.get("platform") or {}) for entry in entries}))
        raise ImageError(f"no matching manifest for {wanted} in the manifest list entries; there are: {there}")
    return _for_platform(registry, registry.manifest((exact or fitting)[0]["digest"]), platform, depth + 1)


def _images(answer: Answer, registry: Registry) -> list[Mapping[str, Any]]:
    """The entries of an index that are images: attestations, which lie beside them, have a platform that nobody has."""
    entries = archives.parsed(answer.data, shapes.INDEX, f"the index that {registry.name} sent").get("manifests") or ()
    for entry in entries:
        archives.blob_name(entry["digest"])
    return [entry for entry in entries if (entry.get("platform") or {}).get("os") != "unknown"]


def _checked(answer: Answer, registry: Registry) -> Mapping[str, Any]:
    """The manifest, if it is one that we (and docker) know. Raises ImageError."""
    name = f"the manifest that {registry.name} sent"
    if archives.parsed(answer.data, {"schemaVersion": int}, name).get("schemaVersion") == 1:
        raise ImageError(f"{registry.name} sends the image in docker's first format (schema 1), which docker gave up too")
    manifest: Mapping[str, Any] = archives.parsed(answer.data, shapes.MANIFEST, name)
    for one in (manifest["config"], *manifest["layers"]):
        archives.blob_name(one["digest"])
        if (size := one.get("size")) is None or size < 0:
            raise ImageError(f"the image is damaged: {name} has a size that is none")
    unknown = [layer.get("mediaType") for layer in manifest["layers"] if layer.get("mediaType") not in _LAYERS]
    if unknown:
        raise ImageError(f"the image has a layer of a kind that is unknown here: {unknown[0]}")
    return manifest


def _fetch(registry: Registry, store: Store, descriptor: Mapping[str, Any], watch: Watch) -> bytes:
    """A config, which is small."""
    if descriptor["size"] > 1 << 24:
        raise ImageError(f"{registry.name} names a config of {descriptor['size']} bytes, which no image's is")
    _download(registry, store, descriptor, watch, Event())
    with store.open_blob(descriptor["digest"]) as file:
        return file.read()


def _layer(registry: Registry, store: Store, descriptor: Mapping[str, Any], diff_id: str, watch: Watch, stop: Event) -> Layer:
    """A layer, fetched unless the store has it (and knows that it is it)."""
    if here := store.verified(diff_id):
        watch.moved(descriptor["digest"][7:19], "Already exists", here.size, here.size)
        return here
    _download(registry, store, descriptor, watch, stop)
    return Layer(diff_id, descriptor["digest"], descriptor["size"], descriptor["mediaType"])


def _download(registry: Registry, store: Store, descriptor: Mapping[str, Any], watch: Watch, stop: Event) -> None:
    """A blob into the store, by way of `partial/`, where a broken download waits for the next run."""
    digest, size = descriptor["digest"], descriptor["size"]
    with store.folder.partial(digest) as file:
        if store.has_blob(digest, size):
            watch.moved(digest[7:19], "Already exists", size, size)
            return
        try:
            _complete(registry, digest, size, file, partial(watch.moved, digest[7:19], "Downloading"), stop)
            store.folder.settle_partial(digest)
        except OSError as error:
            full(error, store.path)
        watch.moved(digest[7:19], "Pull complete", size, size)


def _complete(registry: Registry, digest: str, size: int, file: Any, moved: Callable[[int, int], None], stop: Event) -> None:
    """Read what is missing of the file, checked; goes on where a connection broke. Raises ImageError."""
    summed, done = _resumed(file, size)
    for attempt in range(_TRIES):
        try:
            with registry.blob(digest, done) as (start, blocks):
                if start != done:  # no ranges here, or the file is nonsense: anew
                    summed, done = _begin_anew(file)
                for block in blocks:
                    _check_going_on(stop, registry, digest, done + len(block), size)
                    file.write(block)
                    summed.update(block)
                    done += len(block)
                    moved(done, size)
        except (HTTPError, ConnectionError, TimeoutError) as error:
            if attempt == _TRIES - 1:
                raise ImageError(
                    f"{registry.name}: {digest} broke at {done} of {size} bytes: {error}. Pull again to go on"
                ) from error
            stop.wait(0.3 * 2**attempt)
            continue
        if done == size:
            break
    if done != size or f"sha256:{summed.hexdigest()}" != digest:
        _begin_anew(file)
        raise ImageError(f"{registry.name} sent damaged data for {digest}: {done} bytes of {size}, sha256:{summed.hexdigest()}")


def _check_going_on(stop: Event, registry: Registry, digest: str, done: int, size: int) -> None:
    if stop.is_set():
        raise ImageError("stopped")
    if done > size:
        raise ImageError(f"{registry.name} sends more of {digest} than the {size} bytes that its manifest names")


def _resumed(file: Any, size: int) -> tuple[Any, int]:
    """The sum of what is there already, and how much that is."""
    summed = hashlib.sha256()
    file.seek(0)
    while block := file.read(1 << 20):
        summed.update(block)
    return (summed, file.tell()) if file.tell() <= size else _begin_anew(file)


def _begin_anew(file: Any) -> tuple[Any, int]:
    file.seek(0)
    file.truncate()
    return hashlib.sha256(), 0
