"""Base images: where one is on this machine, what its config says, and how to get its root file system.

    find_image("debian:12", {"debian:12": "rootfs.tar.xz"}, "linux/amd64")  ->  Image or None
    unpack(image, "/an/empty/directory")

Nothing is downloaded here. Everything that costs time to import is imported where it is used: the command line comes by here
for every Dockerfile, also when it never looks for an image.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .reference import InvalidReference, normalise_reference, same_image

__all__ = ["Image", "ImageError", "InvalidReference", "find_image", "normalise_reference", "open_source", "same_image", "unpack"]


class ImageError(ValueError):
    """An image that cannot be had or read: one sentence that says what is wrong, and the cure."""


class Image(NamedTuple):
    """An image on this machine. `config` is the OCI image config (architecture, os, config, rootfs, history).

    `where` says in words where it was found; `fill` writes its root file system into an empty directory (see `unpack`).
    An engine's image has no `history`: docker tells it without what is needed to tell its empty layers.
    """

    reference: str
    where: str
    config: dict[str, Any]
    fill: Callable[[str], None]


def find_image(reference: str, sources: Mapping[str, str], platform: str = "") -> Image | None:
    """The image called `reference`: from `sources` (name -> SOURCE, see `open_source`), else from a local docker or podman.

    `platform` (`linux/arm64`, `linux/arm/v7`) chooses among the images of an index; '' is this machine's.
    None if nobody here has it. Raises ImageError for a source that cannot be read, InvalidReference for an impossible name.
    """
    whole = normalise_reference(reference)
    for name, source in sources.items():
        if same_image(name, whole):
            return open_source(source, reference, platform)
    from . import engines

    return engines.find(reference, platform)


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
    image.fill(directory)
