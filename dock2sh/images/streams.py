"""Tars, whatever they are compressed with."""

import bz2
import gzip
import lzma
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from . import ImageError


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
        import zstandard  # not everybody has it, or needs it
    except ImportError as error:
        raise ImageError(
            "this is compressed with zstd, which needs the Python package zstandard: pip install zstandard"
        ) from error
    return cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))


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
