"""Read a SOURCE of an image: a root file system, an OCI image layout, a docker archive, as directories and tars."""

import bz2
import gzip
import lzma
import os
import platform as machine
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, cast

from . import Image, ImageError
from .layers import apply_layer

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
# what the members of an image's archive are called (docker save, skopeo, podman save); any other name: a root file system
_ARCHIVE_MEMBER = re.compile(
    r"(manifest|index)\.json|repositories|oci-layout|blobs(/[a-z0-9]+(/[0-9a-f]+)?)?"
    r"|[0-9a-f]{64}(\.json|\.tar|/(layer\.tar|VERSION|json))?"
)


def open_source(source: str, reference: str, platform: str) -> Image:
    """See `dock2sh.images.open_source`, which this is."""
    from . import archives, engines

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


SOURCE_FORMS = (
    "A base image is a directory or a tar of a root file system, an OCI image layout, a `docker save` archive, "
    "docker-image://NAME or oci-layout://DIRECTORY"
)


def bare_config() -> dict[str, Any]:
    """The config of a root file system that comes without one: docker's default environment, this machine's architecture."""
    architecture = _ARCHITECTURES.get(machine.machine(), machine.machine())
    return {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": [DEFAULT_PATH]},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    }


@contextmanager
def decompressed(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The bytes of a seekable stream without their gzip, bzip2, xz or zstd (known by their first bytes, as docker knows them)."""
    magic = stream.read(6)
    stream.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        yield cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    elif magic.startswith(b"BZh"):
        yield cast(BinaryIO, bz2.BZ2File(stream))
    elif magic == b"\xfd7zXZ\0":
        yield cast(BinaryIO, lzma.open(stream))  # noqa: SIM115  (the caller's stream is the caller's to close)
    elif magic.startswith(b"\x28\xb5\x2f\xfd"):
        yield _zstd(stream)
    else:
        yield stream


def _zstd(stream: BinaryIO) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise ImageError("this is compressed with zstd, which needs the Python package zstandard: pip install zstandard") from error
    return cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))


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
    from . import archives

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


@contextmanager
def seekable_tar(source: str) -> Iterator[tarfile.TarFile]:
    """A tar to be read here and there; a compressed one is decompressed into an unnamed temporary file."""
    with open(source, "rb") as raw, decompressed(raw) as stream:
        if stream is raw:
            with tarfile.open(fileobj=raw, mode="r:") as tar:
                yield tar
            return
        with tempfile.TemporaryFile() as plain:
            while block := stream.read(1 << 20):
                plain.write(block)
            plain.seek(0)
            with tarfile.open(fileobj=plain, mode="r:") as tar:
                yield tar


def _unpack_tar(source: str, directory: str) -> None:
    with open(source, "rb") as raw, decompressed(raw) as stream:
        apply_layer(stream, directory)


def _copy_directory(source: str, directory: str) -> None:
    done = subprocess.run(["cp", "-a", "--", f"{source}/.", directory], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(f"{source} could not be copied: {done.stderr.strip()}. Copying keeps owners and devices: do it as root")
