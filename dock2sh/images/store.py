"""The images of this user: an OCI image layout, which other tools can read, and beside it the layers as overlayfs wants them.

    oci-layout, index.json, blobs/sha256/   images: manifests, configs, layer tars
    layers/DIFF_ID                          a layer unpacked (see overlay.py), made when it is first asked for; or a link to
                                            where a build has made it, and then there is no blob of it (trees.py)
    cache/KEY                               what a build remembers: see `remember`
    temporary/, lock, in-use                see blobs.py

Everything may be done by several processes at once and killed at any moment. `busy` says that one is at work: as long as anybody
is, nothing is collected, so that a build may first add layers and then the image that names them.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from errno import EEXIST, ENOTEMPTY, EXDEV
from typing import Any, BinaryIO, NamedTuple

from . import ImageError, default_path, index
from .blobs import Folder, discard, on_disk
from .catalogue import MANIFEST, PLAIN_TAR, Catalogue, Layer, Stored, as_json, normalised, unpacked
from .index import Entry
from .memory import Memory, Remembered, size_key
from .reference import normalise_reference

__all__ = ["PLAIN_TAR", "Layer", "Remembered", "Removed", "Store", "Stored", "open_store"]

_CONFIG = "application/vnd.oci.image.config.v1+json"


class Removed(NamedTuple):
    """What was removed, in docker's words (`untagged` names, `deleted` ids), and the bytes that it freed."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    freed: int = 0


def open_store(path: str = "", remove_tree: Callable[[str], None] = discard) -> "Store":
    """The store at `path`, or this user's; it is made when something is put into it. See `Store`."""
    return Store(path or default_path(), remove_tree)


class Store:
    """Images and their layers. Methods raise ImageError with one sentence that says what is wrong, and the cure.

    `remove_tree` deletes an unpacked layer: a root-less user's has files of other users, which only a user namespace may delete.
    """

    def __init__(self, path: str, remove_tree: Callable[[str], None] = discard) -> None:
        self.path = os.path.abspath(path)
        self.folder = Folder(self.path)
        self._catalogue = Catalogue(self.folder)
        self._memory = Memory(self.folder)
        self._remove_tree = remove_tree

    # ---- what is there

    def find(self, reference: str, platform: str = "") -> Stored | None:
        """The image of that id, name, or beginning of an id, as docker looks for it; `platform` "linux/arm64", or "" for any."""
        return self._catalogue.find(lambda entries: self._catalogue.called(entries, reference), platform)

    def all(self, copies: bool = False) -> list[Stored]:
        """All images, the youngest first; the copies of what an engine or a file has only with `copies`."""
        found = self._catalogue.images(lambda entry: copies or not index.copy_of(entry))
        return sorted(found, key=lambda image: str(image.config.get("created", "")), reverse=True)

    def find_copy(self, reference: str, platform: str = "") -> Stored | None:
        """The last copy of what an engine calls `reference`."""
        whole = normalise_reference(reference)
        return self._catalogue.find(lambda entries: [one for one in entries if index.copy_of(one) == whole], platform)

    def layer(self, diff_id: str) -> Layer | None:
        """A layer that an image here or something remembered has."""
        return next(self._layers(diff_id), None)

    def verified(self, diff_id: str) -> Layer | None:
        """A layer that is here and is what its diff id says: that is its digest, or it was unpacked, and so checked.

        What others promise of a compressed layer may be wrong, and must not become a layer of another image.
        """
        for layer in self._layers(diff_id):
            known = layer.digest == diff_id or os.path.isdir(unpacked(self.folder, layer))
            if known and self.has_blob(layer.digest, layer.size):
                return layer
        return None

    def _layers(self, diff_id: str) -> Iterator[Layer]:
        known = (layer for image in self._catalogue.images() for layer in image.layers)
        remembered = (layer for memory in self._memory.all() for layer in memory.layers)
        yield from (layer for layers in (known, remembered) for layer in layers if layer.diff_id == diff_id)

    # ---- layers

    def add_layer(self, write: Callable[[BinaryIO], object]) -> Layer:
        """A layer of the tar (not compressed) that `write` writes: hashed while it is written, there whole or not at all."""
        self.folder.make()
        digest, size = self.folder.add_blob(write)
        return Layer(digest, digest, size)

    def add_blob(self, write: Callable[[BinaryIO], object], expected: str = "") -> tuple[str, int]:
        """Any blob; with `expected`, only if that is its digest. Its digest and size."""
        self.folder.make()
        return self.folder.add_blob(write, expected)

    def add_text(self, data: bytes) -> tuple[str, int]:
        """A manifest or config: its digest and size."""
        self.folder.make()
        return self.folder.add_blob(lambda out: out.write(data), sync=True)

    def has_blob(self, digest: str, size: int = -1) -> bool:
        """Whether the blob is here, whole (a power cut may have left it short)."""
        return self.folder.has_blob(digest, size)

    def blob_size(self, digest: str) -> int:
        """Bytes of a blob that is here."""
        with self.open_blob(digest) as file:
            return os.fstat(file.fileno()).st_size

    def open_blob(self, digest: str) -> AbstractContextManager[BinaryIO]:
        """A blob to read."""
        return self.folder.open_blob(digest)

    def media_type(self, image: Stored) -> str:
        """Of the image's manifest: OCI's, or docker's where a registry gave it so."""
        return str(self._catalogue.read(image.manifest).get("mediaType", MANIFEST))

    @contextmanager
    def open_layer(self, layer: Layer) -> Iterator[BinaryIO]:
        """A layer's tar, decompressed."""
        from .streams import decompressed

        if not self.has_blob(layer.digest, layer.size):
            raise ImageError(f"the store {self.path} is damaged: the layer {layer.digest} is not whole. Get the image again")
        with self.open_blob(layer.digest) as raw, decompressed(raw) as stream:
            yield stream

    def directory(self, layer: Layer) -> str:
        """The layer as a lower directory for overlayfs, unpacked once; in a user namespace with user.overlay.* attributes.

        Be `busy` as long as it is used. Needs root, or a user namespace that has the owners of the layer's files.
        """
        place = unpacked(self.folder, layer)
        if os.path.isdir(place):
            return os.path.realpath(place)
        from .overlay import rootless, unpack_layer

        with self.folder.temporary() as new, self.folder.locked(self.folder.blob(layer.digest)):
            if not os.path.isdir(place):  # another process may just have done it
                with self.open_layer(layer) as stream:
                    unpack_layer(stream, new, rootless(), layer.diff_id)
                on_disk(new)
                self._settle(new, place)
        return place

    def adopt(self, directory: str) -> Layer:
        """A layer of an overlay's upper directory, which stays where it is and must not change any more (see trees.py)."""
        from .trees import digest_of, plant

        self.folder.make()
        digest, size = digest_of(directory)
        with self.folder.busy():
            plant(self.folder, directory, digest)
        return Layer(digest, digest, size)

    def adopted(self) -> set[str]:
        """The directories that were adopted, and that something here needs still."""
        from .trees import planted

        return planted(self.folder)

    def _settle(self, directory: str, place: str) -> None:
        try:
            os.rename(directory, place)
        except OSError as error:
            if error.errno == EXDEV:
                raise ImageError(f"{directory} is on another file system than the store {self.path}") from error
            if error.errno not in (EEXIST, ENOTEMPTY):
                raise
            self._remove_tree(directory)  # somebody was quicker with the same

    # ---- images

    def add_image(
        self, config: Mapping[str, Any] | bytes, layers: Sequence[Layer], names: Sequence[str] = (), copy_of: str = ""
    ) -> Stored:
        """An image of layers that are here. `config` is the OCI image config, as bytes where its id must stay what it was.

        Its diff ids are filled in if it has none. `names` are taken from the images that had them (of the same platform).
        """
        data = config if isinstance(config, bytes) else as_json(_with_layers(config, layers))
        self._catalogue.check(json.loads(data), [(layer.digest, layer.size) for layer in layers])
        digest, size = self.add_text(data)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": digest, "size": size},
            "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
        return self.add_manifest(as_json(manifest), names, copy_of)

    def add_manifest(self, manifest: bytes, names: Sequence[str] = (), copy_of: str = "") -> Stored:
        """An image by its manifest, byte for byte; its config and layers are here.

        An image of that id that is here already keeps its manifest (its layers may be compressed otherwise). With `copy_of` it is
        the copy of what an engine calls so, which has no name here.
        """
        with self.folder.busy():
            told = json.loads(manifest)
            digest, size = self.add_text(manifest)
            config = self._catalogue.read(told["config"]["digest"])
            self._catalogue.check(config, [(layer["digest"], layer["size"]) for layer in told["layers"]])
            platform = index.platform_of(config)
            entry = {"mediaType": told.get("mediaType", MANIFEST), "digest": digest, "size": size, "platform": platform}
            with self._catalogue.changing() as entries:
                there = (one for one in entries if self._catalogue.id_of(one) == told["config"]["digest"])
                entry = {key: value for key, value in next(there, entry).items() if key != "annotations"}
                self._put(entries, entry, names, copy_of)
            return self._catalogue.stored(entry, self._catalogue.entries())

    def _put(self, entries: list[Entry], entry: Entry, names: Sequence[str], copy_of: str) -> None:
        changed: list[Entry] = list(entries)
        if copy_of:
            changed = index.with_copy(changed, entry, normalise_reference(copy_of))
        for name in names:
            changed = index.with_name(changed, entry, normalise_reference(name))
        if not any(one["digest"] == entry["digest"] for one in changed):
            changed.append(index.named(entry, ""))
        entries[:] = changed

    def tag(self, reference: str, name: str) -> Stored:
        """Give the image `reference` one name more."""
        image = self._must_find(reference)
        with self._catalogue.changing() as entries:
            entry = next(entry for entry in entries if entry["digest"] == image.manifest)
            entries[:] = index.with_name(entries, entry, normalise_reference(name))
        return self._must_find(image.id)

    def untag(self, name: str) -> Stored:
        """Take a name from its image, which stays, perhaps nameless; the image as it was."""
        image, whole = self._must_find(name), normalise_reference(name)
        if whole not in (*image.names, *image.digests):
            raise ImageError(f"{name} is no name of the image {image.id}")
        with self._catalogue.changing() as entries:
            entries[:] = index.without_name(entries, whole, image.manifest)
        return image

    def remove(self, reference: str, force: bool = False) -> Removed:
        """Remove an image as `docker rmi` does: by name, only that name if there are others; by id, all of it.

        By id with names in several repositories only with `force`. Layers of nobody else go with it, if nobody is `busy`.
        """
        image = self._must_find(reference)
        whole = normalised(reference)
        if whole in (*image.names, *image.digests) and len(image.names) > (whole in image.names):
            self.untag(reference)
            return Removed(untagged=(whole,))
        if len({name.rpartition(":")[0] for name in image.names}) > 1 and not force:
            raise ImageError(f"unable to delete {reference} (must be forced): image is referenced in multiple repositories")
        with self._catalogue.changing() as entries:
            entries[:] = index.without(entries, image.manifest)
        return Removed((*image.names, *image.digests), (image.id,), self.collect() or 0)

    def prune(self, wanted: Callable[[Stored], bool] = lambda image: not image.names, cache: bool = False) -> Removed:
        """Remove the images that are `wanted` (those without a name), copies of an engine's, and what nobody needs any more, also
        what is there of downloads that broke.

        With `cache` also what builds remember. Raises ImageError while somebody is busy.
        """
        self.folder.make()
        with self.folder.alone() as alone:
            if not alone:
                raise ImageError(f"the store {self.path} is in use (a build or a container runs). Prune when it has ended")
            gone = [image for image in self.all() if wanted(image)]
            if cache:
                self.forget()
            with self._catalogue.changing() as entries:
                lost = {image.manifest for image in gone}
                entries[:] = [entry for entry in entries if entry["digest"] not in lost and not index.copy_of(entry)]
            names = tuple(name for image in gone for name in (*image.names, *image.digests))
            return Removed(names, tuple(image.id for image in gone), self._sweep() + self.folder.drop_partials())

    # ---- what a build remembers

    def remember(self, key: str, value: Any, layers: Sequence[Layer] = ()) -> None:
        """Keep a JSON value and layers under a key (letters and digits); the layers stay as if an image had them."""
        self.folder.make()
        self._memory.remember(key, value, layers)

    def recall(self, key: str) -> Remembered | None:
        """What was remembered, if its layers are all here still."""
        memory = self._memory.recall(key)
        if memory is None or not all(self.has_blob(layer.digest, layer.size) for layer in memory.layers):
            return None
        return memory

    def forget(self, *keys: str) -> None:
        """Drop what is remembered under these keys; without one, everything. `collect` or the next prune frees the layers."""
        self._memory.forget(keys or list(self._memory))

    def content_size(self, layer: Layer) -> int:
        """The bytes of a layer's files, which is what docker tells; counted once and then remembered."""
        key = size_key(layer)
        if memory := self._memory.recall(key):
            return int(memory.value)
        from .layers import size_of_files
        from .overlay import size_of_tree

        if self.folder.is_planted(layer.diff_id):
            size = size_of_tree(self.directory(layer))
        else:
            with self.open_layer(layer) as stream:
                size = size_of_files(stream)
        with suppress(OSError):  # a disk that is full or can only be read: counted again the next time
            self.remember(key, size)
        return size

    # ---- cleaning up

    def busy(self) -> Any:
        """A context in which layers that no image has yet, and layers that are mounted, are safe from being collected."""
        return self.folder.busy()

    def collect(self) -> int | None:
        """Delete the blobs and unpacked layers that nothing names; the bytes of the blobs, or None if somebody is busy."""
        self.folder.make()
        with self.folder.alone() as alone:
            if not alone:
                return None
            return self._sweep()

    def _sweep(self) -> int:
        from .sweep import sweep

        return sweep(self.folder, self._catalogue, self._memory, self._remove_tree)

    def _must_find(self, reference: str) -> Stored:
        image = self.find(reference)
        if not image:
            raise ImageError(f"no such image: {reference}. `dock2sh images` lists those that are here")
        return image


def _with_layers(config: Mapping[str, Any], layers: Sequence[Layer]) -> Mapping[str, Any]:
    if (config.get("rootfs") or {}).get("diff_ids"):
        return config
    return {**config, "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}}
