"""Where a base image comes from: one order for everybody who asks.

    1. what was given: --base NAME=SOURCE, --build-context NAME=SOURCE
    2. the own store, by name
    3. docker, 4. podman
    5. the copy in the store of what an engine had, when no engine answers any more
    6. a registry, 7. debootstrap, where the caller allows it

What an engine or a SOURCE has is copied into the store once, without a name of its own there: when `docker pull` brings a newer
one, that is what counts. The planner, who only wants to know the config, looks as far as 5 and copies nothing (lookup).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from dock2sh.digest import sha256

from . import Contents, Image, ImageError, Part, engines, normalise_reference
from .archives import bare_config
from .lookup import given
from .sources import open_source
from .store import PLAIN_TAR, Layer, Store, Stored, open_store
from .streams import compression, decompressed


class Wish(NamedTuple):
    """How far `bring` may go: what it may fetch from a registry with (None: not at all), whether it may run debootstrap.

    With `fresh` the registry is asked first, whoever else has the image (docker's --pull).

    `say` gets a sentence for each image: where it came from. `store` is where it goes; None is this user's.
    """

    say: Callable[[str], None] = lambda text: None
    store: Store | None = None
    pull: Callable[[str, str, Store], Stored] | None = None
    bootstrap: bool = False
    fresh: bool = False


def bring(reference: str, sources: Mapping[str, str], platform: str, wish: Wish) -> Stored:
    """The image in the store, from the first place of the order above that has it. Raises ImageError if none has."""
    store = wish.store or open_store()
    source = given(reference, sources)
    if source:
        return _told(take(open_source(source, reference, platform), store), reference, source, wish)
    if wish.fresh and wish.pull:
        return _told(wish.pull(reference, platform, store), reference, "its registry", wish)
    if here := store.find(normalise_reference(reference), platform):
        return _told(here, reference, "the store", wish)
    if image := engines.find(reference, platform):
        return _told(take(image, store), reference, image.where, wish)
    if copy := store.find_copy(reference, platform):
        return _told(copy, reference, "the copy of what an engine had", wish)
    trouble = ""
    if wish.pull:
        try:
            return _told(wish.pull(reference, platform, store), reference, "its registry", wish)
        except ImageError as error:
            trouble = f" ({error})"
    if wish.bootstrap and (made := _bootstrapped(reference, platform, store, wish)):
        return made
    raise ImageError(f"nobody here has the image {reference}{f' for {platform}' if platform else ''}{trouble}. {_cures(wish)}")


def _cures(wish: Wish) -> str:
    pulled = "" if wish.pull else "`dock2sh pull` or `docker pull` gets it; "
    return f"{pulled}--base NAME=SOURCE names a tar, a directory, an OCI layout or a `docker save` archive"


def _told(image: Stored, reference: str, where: str, wish: Wish) -> Stored:
    wish.say(f"{reference} is taken from {where}")
    return image


def _bootstrapped(reference: str, platform: str, store: Store, wish: Wish) -> Stored | None:
    from . import bootstrap

    made = bootstrap.make(reference, platform, wish.say)
    return made and take(made, store)


def take(image: Image, store: Store) -> Stored:
    """A copy of an image that is somewhere else, in the store; at once if it was taken before and has not changed."""
    key = sha256(f"{image.identity} {image.reference}")
    with store.busy():
        if image.identity and (memory := store.recall(key)) and (known := store.find(memory.value)):
            return known
        with image.contents() as contents:
            taken = add(contents, image.config, store, copy_of=image.reference)
        if image.identity:
            store.remember(key, taken.id, taken.layers)
        return taken


def add(contents: Contents, config: Mapping[str, object], store: Store, names: tuple[str, ...] = (), copy_of: str = "") -> Stored:
    """Put an image into the store, its layers as they are: compressed as they were, the same ids."""
    layers = [_add_part(part, store) for part in contents.parts]
    if contents.config:
        if contents.manifest and _describes(json.loads(contents.manifest), layers):
            store.add_text(contents.config)
            return store.add_manifest(contents.manifest, names, copy_of)
        return store.add_image(contents.config, layers, names, copy_of)
    history = [{"comment": "Imported by dock2sh"} for _ in layers]
    bare = {key: value for key, value in {**bare_config(), **config}.items() if key != "rootfs"}
    return store.add_image({**bare, "history": history}, layers, names, copy_of)


def _describes(manifest: Any, layers: Sequence[Layer]) -> bool:
    """Whether a manifest can stay as it is: it has every layer as it is stored, with its size and media type."""
    try:
        told = [(one["digest"], one["size"], one["mediaType"]) for one in manifest["layers"]]
        whole = manifest["config"]["size"] > 0
    except (KeyError, TypeError):
        return False
    return whole and [one[:2] for one in told] == [(layer.digest, layer.size) for layer in layers]


def _add_part(part: Part, store: Store) -> Layer:
    """One layer, unless it is here. Compressed with something that OCI has no word for, it is stored decompressed."""
    if part.diff_id and (here := store.verified(part.diff_id)):
        return here
    with part.open() as raw:
        kind = compression(raw.read(6))
        raw.seek(0)
        if kind in ("gzip", "zstd") and part.diff_id:
            digest, size = store.add_blob(lambda out: _copy(raw, out), part.digest)
            return Layer(part.diff_id, digest, size, f"{PLAIN_TAR}+{kind}")
        with decompressed(raw) as stream:
            layer = store.add_layer(lambda out: _copy(stream, out))
    if part.diff_id not in ("", layer.diff_id):
        raise ImageError(f"the layer is damaged: it is {layer.diff_id}, its image says {part.diff_id}. Fetch the image again")
    return layer


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while block := source.read(1 << 20):
        target.write(block)
