"""Where an image is on this machine, in the order of `bring`, as far as its copies: nothing is fetched, nothing copied.

The planner comes by here for each base image, so what costs time to import is imported where it is used.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import Contents, Image, Part, default_path, engines, normalise_reference, same_image

if TYPE_CHECKING:
    from .store import Layer, Store, Stored


def find(reference: str, sources: Mapping[str, str], platform: str) -> Image | None:
    """See `dock2sh.images.find_image`, which this is."""
    if source := given(reference, sources):
        from .sources import open_source

        return open_source(source, reference, platform)
    if not os.path.exists(default_path()):
        return engines.find(reference, platform)
    from .store import open_store

    store = open_store()
    if here := store.find(normalise_reference(reference), platform):
        return stored_image(store, here, reference)
    if image := engines.find(reference, platform):
        return image
    copy = store.find_copy(reference, platform)
    return stored_image(store, copy, reference) if copy else None


def given(reference: str, sources: Mapping[str, str]) -> str:
    """The SOURCE of `reference`, or "". Raises InvalidReference."""
    whole = normalise_reference(reference)
    return next((source for name, source in sources.items() if same_image(name, whole)), "")


def stored_image(store: "Store", image: "Stored", reference: str) -> Image:
    """An image of the store as one that can be unpacked like others."""

    @contextmanager
    def contents() -> Iterator[Contents]:
        with store.busy():
            yield Contents(b"", b"", [_part(store, layer) for layer in image.layers])

    return Image(reference, f"the store {store.path}", dict(image.config), contents, image.id)


def _part(store: "Store", layer: "Layer") -> Part:
    return Part(layer.diff_id, layer.digest, lambda: store.open_blob(layer.digest))
