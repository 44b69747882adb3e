"""The images of a store as its files tell of them: index.json, manifests, configs."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from . import ImageError, index
from .blobs import Folder, write_synced
from .index import Entry
from .reference import InvalidReference, normalise_reference

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PLAIN_TAR = "application/vnd.oci.image.layer.v1.tar"
_HEX = frozenset("0123456789abcdef")
_Result = TypeVar("_Result")


class Layer(NamedTuple):
    """A layer: `diff_id` is the digest of its tar, `digest` and `size` (bytes) those of the blob, which may be compressed."""

    diff_id: str
    digest: str
    size: int
    media_type: str = PLAIN_TAR


def unpacked(folder: Folder, layer: Layer) -> str:
    """Where the layer is, once it was unpacked."""
    return folder.place("layers", layer.diff_id.partition(":")[2])


class Stored(NamedTuple):
    """An image of the store. `id` is docker's image ID, `config` the whole OCI image config, `manifest` its manifest's digest.

    `names` are whole references (docker.io/library/debian:12), `digests` those with a digest under which a registry has it.
    `layers` are in the order of the config's diff ids, the lowest first.
    """

    id: str
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]
    manifest: str


class Catalogue:
    """Reads and changes the index. Methods raise ImageError where a file is damaged."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def find(self, choose: Callable[[list[Entry]], list[Entry]], platform: str) -> Stored | None:
        """One of the chosen entries' images: the one for `platform`."""

        def look(entries: list[Entry]) -> Stored | None:
            chosen = index.preferred(choose(entries), platform)
            return self.stored(chosen, entries) if chosen else None

        return self._steady(look)

    def images(self, wanted: Callable[[Entry], bool] = lambda entry: True) -> list[Stored]:
        """Every image that has an entry that is wanted."""

        def look(entries: list[Entry]) -> list[Stored]:
            digests = dict.fromkeys(entry["digest"] for entry in entries if wanted(entry))
            first = {entry["digest"]: entry for entry in reversed(entries)}
            return [self.stored(first[digest], entries) for digest in digests]

        return self._steady(look)

    def _steady(self, look: Callable[[list[Entry]], _Result]) -> _Result:
        """What `look` sees in the index; again if an image has gone from under it, which a prune elsewhere may do at any time."""
        entries = self.entries()
        while True:
            try:
                return look(entries)
            except ImageError:
                before, entries = entries, self.entries()
                if entries == before:
                    raise

    def entries(self) -> list[Entry]:
        try:
            with open(self._folder.place("index.json"), "rb") as file:
                return list(json.load(file)["manifests"])
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            raise ImageError(
                f"{self._folder.place('index.json')} is damaged ({error}). Remove {self._folder.path} to begin anew"
            ) from error

    @contextmanager
    def changing(self) -> Iterator[list[Entry]]:
        """The index's entries, to be changed in place by one process at a time; written at the end if they were."""
        self._folder.make()
        lock = self._folder.place("lock")
        open(lock, "ab").close()
        with self._folder.locked(lock):
            before = self.entries()
            entries = list(before)
            yield entries
            if entries != before:
                _replace(self._folder, as_json(index.index(entries)))

    def called(self, entries: list[Entry], reference: str) -> list[Entry]:
        """The entries of the image with that id, else with that name, else with that beginning of its id."""
        hexadecimal = reference.removeprefix("sha256:")
        is_id = len(hexadecimal) <= 64 and bool(hexadecimal) and _HEX.issuperset(hexadecimal)
        if is_id and len(hexadecimal) == 64:
            return [entry for entry in entries if self.id_of(entry) == f"sha256:{hexadecimal}"]
        whole = normalised(reference)
        found = [entry for entry in entries if index.name_of(entry) == whole] if whole else []
        if found or not is_id:
            return found
        found = [entry for entry in entries if self.id_of(entry).startswith(f"sha256:{hexadecimal}")]
        if len({self.id_of(entry) for entry in found}) > 1:
            raise ImageError(f"several images begin with {reference}: write more of the id")
        return found

    def stored(self, entry: Entry, entries: list[Entry]) -> Stored:
        manifest = self.read(entry["digest"])
        config = self.read(manifest["config"]["digest"])
        diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
        layers = tuple(
            Layer(diff_id, layer["digest"], layer["size"], layer.get("mediaType", PLAIN_TAR))
            for diff_id, layer in zip(diff_ids, manifest["layers"], strict=True)
        )
        names, digests = index.names(one for one in entries if one["digest"] == entry["digest"])
        return Stored(manifest["config"]["digest"], config, layers, names, digests, entry["digest"])

    def id_of(self, entry: Entry) -> str:
        return str(self.read(entry["digest"])["config"]["digest"])

    def check(self, config: Mapping[str, Any], layers: Sequence[tuple[str, int]]) -> None:
        """Every layer (digest, size) is here, and as many as the config has diff ids."""
        diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
        if len(diff_ids) != len(layers):
            raise ImageError(f"the image is damaged: its config names {len(diff_ids)} layers, its manifest {len(layers)}")
        for digest, size in layers:
            if not self._folder.has_blob(digest, size):
                raise ImageError(f"the layer {digest} is not in the store {self._folder.path}")

    def read(self, digest: str) -> Any:
        with self._folder.open_blob(digest) as file:
            try:
                return json.load(file)
            except ValueError as error:
                raise ImageError(
                    f"the store {self._folder.path} is damaged: {digest} is no JSON. Remove the image, get it again"
                ) from error


def _replace(folder: Folder, data: bytes) -> None:
    """The index, not by way of `temporary/`: who collects is alone there."""
    new = folder.place(".index.json")  # the lock's holder alone writes it
    write_synced(new, data)
    os.replace(new, folder.place("index.json"))


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def normalised(reference: str) -> str:
    """The whole reference, "" for what is none."""
    try:
        return normalise_reference(reference)
    except InvalidReference:
        return ""
