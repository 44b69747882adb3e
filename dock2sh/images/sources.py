"""Read a SOURCE of an image: a root file system, an OCI image layout, a docker archive, as directories and tars."""

import lzma
import os
import re
import subprocess
import tarfile
from functools import partial

from . import Image, ImageError, archives, engines
from .archives import bare_config
from .layers import apply_layer
from .streams import decompressed

# what the members of an image's archive are called (docker save, skopeo, podman save); any other name: a root file system
_ARCHIVE_MEMBER = re.compile(
    r"(manifest|index)\.json|repositories|oci-layout|blobs(/[a-z0-9]+(/[0-9a-f]+)?)?"
    r"|[0-9a-f]{64}(\.json|\.tar|/(layer\.tar|VERSION|json))?"
)

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
        return Image(reference, f"the directory {source}", bare_config(), partial(_copy_directory, source))
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
    try:
        if is_archive(source):
            return archives.open_archive(source, platform, reference)
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError) as error:
        raise ImageError(f"{source} is no tar: {error}. {SOURCE_FORMS}") from error
    return Image(reference, f"the root file system {source}", bare_config(), partial(_unpack_tar, source))


def is_archive(source: str) -> bool:
    """Whether a tar holds an image (or several) rather than a root file system; reads no further than it must."""
    with open(source, "rb") as raw, decompressed(raw) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        names = set()
        for member in tar:
            name = member.name.removeprefix("./").rstrip("/")
            if name not in ("", ".") and not _ARCHIVE_MEMBER.fullmatch(name):
                return False
            names.add(name)
        return bool(names & {"manifest.json", "index.json"})


def _unpack_tar(source: str, directory: str) -> None:
    with open(source, "rb") as raw, decompressed(raw) as stream:
        apply_layer(stream, directory)


def _copy_directory(source: str, directory: str) -> None:
    done = subprocess.run(["cp", "-a", "--", f"{source}/.", directory], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(f"{source} could not be copied: {done.stderr.strip()}. Copying keeps owners and devices: do it as root")
