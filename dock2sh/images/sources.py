"""Read a SOURCE of an image: a root file system, an OCI image layout, a docker archive, as directories and tars."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import BinaryIO, cast

from . import Contents, Image, ImageError, Part, archives, engines
from .archives import bare_config
from .layers import damage, members, streamed
from .streams import decompressed

Opener = Callable[[], AbstractContextManager[BinaryIO]]
Fill = Callable[[str], None]

_OF_DOCKER = re.compile(
    r"(manifest|index)\.json|repositories|oci-layout|blobs(/[a-z0-9]+(/[0-9a-f]+)?)?"
    r"|[0-9a-f]{64}(\.json|\.tar|/(layer\.tar|VERSION|json))?|\.?"
)
"""What the members of an archive of docker, podman or skopeo are called."""
_OF_A_ROOT = re.compile(
    r"(bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(/.*)?"
)
"""What no archive of images has: at the first of these names the tar is a root file system, and need not be read to its end."""

SOURCE_FORMS = (
    "A base image is a directory or a tar of a root file system, an OCI image layout, a `docker save` archive, "
    "docker-image://NAME or oci-layout://DIRECTORY"
)


def open_source(source: str, reference: str, platform: str) -> Image:
    """See `dock2sh.images.open_source`, which this is."""
    if source.startswith("docker-image://"):
        name = source.removeprefix("docker-image://")
        found = engines.find(name, platform)
        if not found:
            raise ImageError(f"no docker or podman here has the image {name}. Get it with: docker pull {name}")
        return found._replace(reference=reference)
    if source.startswith("oci-layout://"):
        return archives.open_layout(*_layout_address(source), platform, reference)
    if os.path.isdir(source):
        if os.path.exists(f"{source}/index.json") and os.path.exists(f"{source}/oci-layout"):
            return archives.open_layout(source, "", platform, reference)
        return _root_file_system(reference, f"the directory {source}", partial(tar_directory, source), partial(_copy, source))
    if not os.path.isfile(source):
        raise ImageError(f"{source} does not exist. {SOURCE_FORMS}")
    return _open_tar(source, reference, platform)


def _layout_address(source: str) -> tuple[str, str]:
    """`oci-layout://DIR:TAG@DIGEST` as DIR and what to look for in its index: the digest, else the tag, else ''."""
    path, _, digest = source.removeprefix("oci-layout://").partition("@")
    folder, colon, tag = path.rpartition(":")
    if colon and "/" not in tag and not os.path.isdir(path):
        path = folder
    else:
        tag = ""
    if not os.path.exists(f"{path}/index.json"):
        raise ImageError(f"{path} is no OCI image layout: it has no index.json")
    return path, digest or tag


def _open_tar(source: str, reference: str, platform: str) -> Image:
    with damage(f"{source} is no tar", f". {SOURCE_FORMS}"):
        if is_archive(source):
            return archives.open_archive(source, platform, reference)._replace(identity=_identity(source))
    return _root_file_system(reference, f"the root file system {source}", partial(open_file, source), identity=_identity(source))


def _root_file_system(reference: str, where: str, opener: Opener, fill: Fill | None = None, identity: str = "") -> Image:
    """An image of one layer and nothing told about it."""

    @contextmanager
    def contents() -> Iterator[Contents]:
        yield Contents(b"", b"", [Part("", "", opener)])

    return Image(reference, where, bare_config(), contents, identity, fill)


def open_file(path: str) -> AbstractContextManager[BinaryIO]:
    return open(path, "rb")


def _identity(path: str) -> str:
    """A file is the same as long as this is."""
    about = os.stat(path)
    return f"{os.path.realpath(path)} {about.st_ino} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"


def is_archive(source: str) -> bool:
    """Whether a tar holds an image (or several) rather than a root file system; reads no further than it must.

    Its index says so, since each tool names the other members in its own way (crane, kaniko, jib, bazel); where that is damaged,
    the names that docker gives them: such a one is to be refused, and is no root file system.
    """
    names, told = set[str](), b""
    with open(source, "rb") as raw, decompressed(raw) as stream, streamed(stream) as tar:
        for member in members(tar):
            name = member.name.removeprefix("./").rstrip("/")
            if _OF_A_ROOT.fullmatch(name) or len(names) == archives.FILES_AT_MOST:
                return False
            names.add(name)
            if name == "manifest.json" and (file := tar.extractfile(member)):
                told = file.read(archives.TEXT_AT_MOST)
    if not names & {"index.json", "manifest.json"}:
        return False
    return {"index.json", "oci-layout"} <= names or _is_manifest(told) or all(map(_OF_DOCKER.fullmatch, names))


def _is_manifest(told: bytes) -> bool:
    """Whether it is that of a docker archive."""
    with suppress(ValueError, LookupError, TypeError, RecursionError):
        images = json.loads(told)
        return bool(images) and all(isinstance(image["Config"], str) and "Layers" in image for image in images)
    return False


@contextmanager
def tar_directory(source: str) -> Iterator[BinaryIO]:
    """The directory as a layer's tar, by way of an unnamed file."""
    from .overlay import write_tree

    with tempfile.TemporaryFile() as file:
        write_tree(source, cast(BinaryIO, file))
        file.seek(0)
        yield cast(BinaryIO, file)


def _copy(source: str, directory: str) -> None:
    done = subprocess.run(["cp", "-a", "--", f"{source}/.", directory], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(f"{source} could not be copied: {done.stderr.strip()}. Copying keeps owners and devices: do it as root")
