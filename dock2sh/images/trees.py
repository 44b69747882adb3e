"""Layers that lie in the store as trees: what a build has made stays where it is, and its tar is written when somebody reads it.

`layers/DIFF_ID` is a link to the directory then, and there is no blob (OCI's image-layout.md: a layout may have blobs elsewhere).
The same directory gives the same tar, so the digest is one that was found while nothing was written.
"""

import os
import threading
from contextlib import suppress
from typing import BinaryIO

from .blobs import Folder, hashed
from .overlay import rootless, write_layer


def digest_of(directory: str) -> tuple[str, int]:
    """The digest and size of the tar that an overlay's upper directory would be."""
    return hashed(lambda out: write_layer(directory, out, rootless()))


def plant(folder: Folder, directory: str, digest: str) -> None:
    """From now on this directory, which must not change any more, is that layer; unless the store has it already."""
    place = place_of(folder, digest)
    if os.path.isdir(place):
        return
    link = folder.place("temporary", os.urandom(8).hex())
    os.symlink(os.path.relpath(os.path.realpath(directory), os.path.realpath(folder.place("layers"))), link)
    os.replace(link, place)


def place_of(folder: Folder, digest: str) -> str:
    return folder.place("layers", digest.partition(":")[2])


def planted(folder: Folder) -> set[str]:
    """The directories that the store needs."""
    layers = folder.place("layers")
    places = (f"{layers}/{name}" for name in (os.listdir(layers) if os.path.isdir(layers) else ()))
    return {os.path.realpath(place) for place in places if os.path.islink(place)}


class Written:
    """The tar of a tree, as it is written by a thread: to be read from the beginning to the end, and again from the beginning."""

    def __init__(self, folder: Folder, digest: str) -> None:
        self._directory = os.path.realpath(place_of(folder, digest))
        self._wrong = list[BaseException]()
        self._source = self._begin()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        if self._wrong and (size < 0 or len(data) < size):
            raise self._wrong[0]
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        """Back to the beginning."""
        if (position, whence) != (0, 0):
            raise OSError("this can only be read on")
        self.close()
        self._source = self._begin()
        return 0

    def close(self) -> None:
        self._source.close()

    def _begin(self) -> BinaryIO:
        source, target = os.pipe()
        threading.Thread(target=self._write, args=(target,), daemon=True).start()
        return open(source, "rb", buffering=1 << 20)

    def _write(self, target: int) -> None:
        with suppress(BrokenPipeError), open(target, "wb", buffering=1 << 20) as out:
            try:
                write_layer(self._directory, out, rootless())
            except BrokenPipeError:
                raise
            except BaseException as error:
                self._wrong.append(error)
