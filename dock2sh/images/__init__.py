"""Base images: where one is on this machine, what its config says, and how to get its root file system.

    find_image("debian:12", {"debian:12": "rootfs.tar.xz"}, "linux/amd64")  ->  Image or None
    unpack(image, "/an/empty/directory")
    import_image("debian:12", sources, "linux/amd64", store=open_store())   ->  Stored

`find_image` downloads nothing. Everything that costs time to import is imported where it is used: the command line comes by here
for every Dockerfile, also when it never looks for an image.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from errno import EINVAL, ENOENT
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from .reference import InvalidReference, normalise_reference, same_image

if TYPE_CHECKING:
    from .bring import Wish
    from .store import Stored

__all__ = [
    "Image", "ImageError", "InvalidReference", "data_home", "default_path", "find_image", "import_image", "normalise_reference",
    "open_source", "same_image", "unpack",
]  # fmt: skip


class ImageError(ValueError):
    """An image that cannot be had or read: one sentence that says what is wrong, and the cure."""


class Part(NamedTuple):
    """A layer where an image comes from. `open` gives its blob, perhaps compressed; digests are "" where they are not known."""

    diff_id: str
    digest: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


class Contents(NamedTuple):
    """What an image is made of; `manifest` and `config` byte for byte, b"" where it comes without."""

    manifest: bytes
    config: bytes
    parts: Sequence[Part]


class Image(NamedTuple):
    """An image on this machine. `config` is the OCI image config (architecture, os, config, rootfs, history).

    `where` says in words where it was found; `contents` opens what it is made of; `identity` is the same only as long as the
    image is ("" if nobody can tell without reading all of it); `fill`, where there is one, is a quicker way to unpack it.
    An engine's image has no `history`: docker tells it without what is needed to tell its empty layers.
    """

    reference: str
    where: str
    config: dict[str, Any]
    contents: Callable[[], AbstractContextManager[Contents]]
    identity: str = ""
    fill: Callable[[str], None] | None = None


def data_home() -> str:
    """Where this user's data are: $XDG_DATA_HOME, or ~/.local/share where that is not set, or relative, which counts as not set
    (XDG Base Directory Specification). Raises OSError for somebody who has no home, or one that shells and layers cannot name."""
    given = os.environ.get("XDG_DATA_HOME", "")
    place = given if os.path.isabs(given) else os.path.expanduser("~/.local/share")
    if not os.path.isabs(place):
        raise OSError(ENOENT, "this user has no home: set HOME or XDG_DATA_HOME to an absolute path for images and the cache")
    if "\n" in place or (not place.isprintable() and any("\udc80" <= char <= "\udcff" for char in place)):
        why = "a line break" if "\n" in place else "bytes that are no UTF-8"
        raise OSError(EINVAL, f"{place!r} has {why}: set XDG_DATA_HOME to another place for images and the cache")
    return place


def default_path() -> str:
    """Where this user's images are."""
    return os.path.join(data_home(), "dock2sh", "images")


def find_image(reference: str, sources: Mapping[str, str], platform: str = "") -> Image | None:
    """The image called `reference`: from `sources` (name -> SOURCE, see `open_source`), the own store, docker, podman.

    `platform` (`linux/arm64`, `linux/arm/v7`) chooses among the images of an index; '' is this machine's.
    None if nobody here has it. Raises ImageError for a source that cannot be read, InvalidReference for an impossible name.
    """
    from .lookup import find

    return find(reference, sources, platform)


def import_image(reference: str, sources: Mapping[str, str], platform: str = "", *, wish: "Wish | None" = None) -> "Stored":
    """The image called `reference` in the own store, brought there if it is somewhere else; see `bring.bring`.

    Raises ImageError that says where it was looked for.
    """
    from . import bring

    return bring.bring(reference, sources, platform, wish or bring.Wish())


def open_source(source: str, reference: str, platform: str = "") -> Image:
    """The image that `--base NAME=SOURCE` or `--build-context NAME=SOURCE` names.

    SOURCE is a directory or a tar (also gzip, bzip2, xz, zstd) of a root file system, an OCI image layout (directory or tar),
    a docker archive, `docker-image://REFERENCE`, or `oci-layout://DIRECTORY[:TAG][@DIGEST]`. Raises ImageError.
    """
    from . import sources

    return sources.open_source(source, reference, platform)


def unpack(image: Image, directory: str) -> None:
    """Write the image's root file system into `directory`, which is made if need be and must be empty.

    Owners, devices, hard links and extended attributes are kept, so this needs root (or a user namespace that maps one).
    Raises ImageError; what was written until then stays for the caller to remove.
    """
    import os

    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, 0o755)
    if os.listdir(directory):
        raise ImageError(f"{directory} is not empty: an image is unpacked into an empty directory only")
    if image.fill:
        image.fill(directory)
        return
    from .layers import apply_layer
    from .streams import decompressed

    with image.contents() as contents:
        for part in contents.parts:
            with part.open() as raw, decompressed(raw) as stream:
                apply_layer(stream, directory, part.diff_id)
