"""What nobody needs any more in the store, deleted. Only for who is alone: nothing may be added meanwhile."""

import os
from collections.abc import Callable

from .blobs import Folder
from .catalogue import Catalogue, unpacked
from .memory import Memory, is_size, size_key


def sweep(folder: Folder, catalogue: Catalogue, memory: Memory, remove_tree: Callable[[str], None]) -> int:
    """Delete the blobs, unpacked layers and remembered sizes that no image and nothing remembered names; the blobs' bytes."""
    images = catalogue.images()
    layers = {layer for image in images for layer in image.layers}
    layers |= {layer for remembered in memory.all() for layer in remembered.layers}
    sizes = {size_key(layer) for layer in layers}
    memory.forget([key for key in memory if is_size(key) and key not in sizes])
    kept = {unpacked(folder, layer) for layer in layers}
    for name in os.listdir(folder.place("layers")):
        if folder.place("layers", name) not in kept:
            _discard_layer(folder, name, remove_tree)
    named = {layer.digest for layer in layers} | {image.id for image in images} | {image.manifest for image in images}
    return sum(_discard_blob(folder, name) for name in os.listdir(folder.place("blobs/sha256")) if f"sha256:{name}" not in named)


def _discard_layer(folder: Folder, name: str, remove_tree: Callable[[str], None]) -> None:
    """Out of its place first: a kill in the middle must not leave half a layer there. What was adopted stays where it is."""
    doomed = folder.place("temporary", name)
    os.rename(folder.place("layers", name), doomed)
    remove_tree(doomed)


def _discard_blob(folder: Folder, name: str) -> int:
    path = folder.place("blobs/sha256", name)
    size = os.stat(path).st_size
    os.unlink(path)
    return size
