"""What builds remember of their steps: small values by key, and the layers that they need."""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .blobs import Folder, discard
from .catalogue import Layer

_SIZE = "bytes"


def size_key(layer: Layer) -> str:
    """The key of the bytes of a layer's files."""
    return _SIZE + layer.diff_id.partition(":")[2]


def is_size(key: str) -> bool:
    """Whether a key is a `size_key`."""
    return key.startswith(_SIZE)


class Remembered(NamedTuple):
    """What `remember` was given."""

    value: Any
    layers: tuple[Layer, ...]


class Memory:
    """The `cache/` of a store: a JSON file a key, each there whole or not at all."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def remember(self, key: str, value: Any, layers: Sequence[Layer]) -> None:
        told = {"value": value, "layers": [list(layer) for layer in layers]}
        self._folder.replace(f"cache/{_checked(key)}", json.dumps(told).encode())

    def recall(self, key: str) -> Remembered | None:
        """None too for a file that is none of ours."""
        try:
            with open(self._folder.place("cache", _checked(key)), "rb") as file:
                told = json.load(file)
            return Remembered(told["value"], tuple(Layer(*layer) for layer in told["layers"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None

    def forget(self, keys: Sequence[str]) -> None:
        for key in keys:
            discard(self._folder.place("cache", _checked(key)))

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        try:
            yield from os.listdir(self._folder.place("cache"))
        except FileNotFoundError:
            return

    def all(self) -> Iterator[Remembered]:
        yield from filter(None, map(self.recall, self))


def _checked(key: str) -> str:
    if not key.isalnum():
        raise ValueError(f"{key!r} is no key")
    return key
