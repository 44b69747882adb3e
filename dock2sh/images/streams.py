"""Tars, whatever they are compressed with."""

import bz2
import gzip
import lzma
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from . import ImageError

_FREE = 1 << 30  # bytes that any archive may have
_RATIO = 250  # nothing but a file of zeros comes to that; gzip's best is 1032


def compression(start: bytes) -> str:
    """What the first six bytes of a stream say: gzip, bzip2, xz, zstd, or "" (docker goes by them, too, not by names)."""
    marks = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd"}
    return next((name for name, mark in marks.items() if start.startswith(mark)), "")


@contextmanager
def decompressed(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The bytes of a seekable stream without their compression. Reading raises ImageError for a bomb."""
    kind = compression(stream.read(6))
    stream.seek(0)
    yield cast(BinaryIO, _Measured(*_opened(kind, stream), stream)) if kind else stream


def _opened(kind: str, stream: BinaryIO) -> tuple[Any, type[Exception]]:
    """What decompresses it, and what that raises for what is damaged, besides OSError without a number, EOFError, ValueError."""
    match kind:
        case "gzip":
            return gzip.GzipFile(fileobj=stream), zlib.error
        case "bzip2":
            return bz2.BZ2File(stream), EOFError
        case "xz":
            return lzma.open(stream), lzma.LZMAError
        case _:
            return _zstd(stream)


class _Measured:
    """What comes out of a stream, measured against what went in: a few MiB must not fill a disk."""

    def __init__(self, out: Any, damaged: type[Exception], raw: BinaryIO) -> None:
        self._out, self._damaged, self._raw, self._size = out, damaged, raw, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._out.read(size)
        except (EOFError, OSError, ValueError, self._damaged) as error:
            if getattr(error, "errno", None):
                raise
            raise ImageError(f"the archive is damaged: it cannot be decompressed ({error})") from error
        self._size += len(data)
        if self._size > max(_FREE, _RATIO * self._raw.tell()):
            raise ImageError(
                f"the archive becomes more than {_RATIO} times as large when it is decompressed, so it is taken for a bomb. "
                "If it is none, decompress it first"
            )
        return data


def _zstd(stream: BinaryIO) -> tuple[Any, type[Exception]]:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            import backports.zstd as zstd
    except ImportError as error:
        raise ImageError("this is compressed with zstd, which needs a Python package: pip install backports.zstd") from error
    return zstd.ZstdFile(stream), zstd.ZstdError


@contextmanager
def seekable_tar(source: str) -> Iterator[tarfile.TarFile]:
    """A tar to be read here and there; a compressed one is decompressed into an unnamed temporary file."""
    from .layers import Header

    with open(source, "rb") as raw, decompressed(raw) as stream:
        if stream is raw:
            with tarfile.open(fileobj=raw, mode="r:", tarinfo=Header) as tar:
                yield tar
            return
        with tempfile.TemporaryFile() as plain:
            while block := stream.read(1 << 20):
                plain.write(block)
            plain.seek(0)
            with tarfile.open(fileobj=plain, mode="r:", tarinfo=Header) as tar:
                yield tar
