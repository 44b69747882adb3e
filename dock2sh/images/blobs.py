"""Files that are there whole or not at all, and the locks of those who write them.

A file is written under `temporary/` and renamed to its place, so that a kill at any moment leaves the old or the new, never a
half. What names other things (index, manifests, configs) is synced before that, a millisecond each. The tars of layers are not: a
power cut may leave one short, which its size in the manifest tells. Layers that are directories are: see `on_disk`. What a killed
process left in `temporary/` goes when the next one begins: see `busy`.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from errno import ENOSPC, EROFS
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

from dock2sh.digest import sha256_for

from . import ImageError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_BLOCK = 1 << 20


class Hashed:
    """A file that is hashed while it is written: blocks of a MiB, of which one is hashed (elsewhere) while the last is written.

    What is smaller than a block is hashed without OpenSSL, which takes longer to load than that.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self._file, self._waiting = file, bytearray()
        self._sum: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._hashing: Future[None] | None = None

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if len(data) >= _BLOCK and not self._waiting:
            self._pass_on(data)
            return len(data)
        self._waiting += data
        if len(self._waiting) >= _BLOCK:
            block, self._waiting = bytes(self._waiting), bytearray()
            self._pass_on(block)
        return len(data)

    def flush(self) -> None:
        """Nothing: a block is written when it is full, the rest by `digest`."""

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown()

    def digest(self) -> str:
        """Write what waits; "sha256:..." of everything."""
        self._sum = self._sum or sha256_for(self.size)()
        self._wait()
        self._sum.update(self._waiting)
        self._file.write(self._waiting)
        self._waiting = bytearray()
        return f"sha256:{self._sum.hexdigest()}"

    def _pass_on(self, block: bytes) -> None:
        self._sum = self._sum or sha256_for(_BLOCK + 1)()
        self._pool = self._pool or _pool()
        self._wait()
        self._hashing = self._pool.submit(self._sum.update, block)
        self._file.write(block)

    def _wait(self) -> None:
        if self._hashing:
            self._hashing.result()
            self._hashing = None


def _pool() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1)


class Folder:
    """The directory of a store: where its files are, how they come there, who is at work in it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def place(self, *names: str) -> str:
        return os.path.join(self.path, *names)

    def blob(self, digest: str) -> str:
        """The path of a blob. Raises ImageError for what is no digest (it comes out of files that others wrote)."""
        algorithm, colon, value = digest.partition(":")
        if not colon or not value.isalnum() or not algorithm.isalnum():
            raise ImageError(f"{digest!r} is no digest")
        return self.place("blobs", algorithm, value)

    def make(self) -> None:
        """Make the directory, where it is not there yet; for its owner alone: there are setuid programs in layers."""
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        for name in ("blobs/sha256", "layers", "temporary", "cache"):
            os.makedirs(self.place(name), exist_ok=True)
        if not os.path.exists(self.place("oci-layout")):
            self.replace("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def replace(self, name: str, data: bytes) -> None:
        """Write a file; whoever reads it meanwhile sees the old one or the new one."""
        with self.temporary() as temporary:
            write_synced(temporary, data)
            os.replace(temporary, self.place(name))

    def add_blob(self, write: Callable[[BinaryIO], object], expected: str = "", sync: bool = False) -> tuple[str, int]:
        """What `write` writes as a blob: its digest and size. Raises ImageError if it is not the `expected` digest."""
        with self.temporary() as temporary:
            digest, size = write_hashed(temporary, write, sync)
            if expected and digest != expected:
                raise ImageError(f"damaged: it is {digest}, where {expected} was promised")
            # the same once more costs ext4 a write to the disk: what a rename replaces is flushed first (ext4(5), auto_da_alloc)
            if expected or sync or not self.has_blob(digest, size):
                os.replace(temporary, self.blob(digest))
        return digest, size

    def has_blob(self, digest: str, size: int = -1) -> bool:
        """Whether the blob is here, whole (a power cut may have left it short)."""
        try:
            return size in (-1, os.stat(self.blob(digest)).st_size)
        except OSError:
            return self.is_planted(digest)

    def is_planted(self, digest: str) -> bool:
        """Whether the blob is a layer that lies here as a tree (trees.py)."""
        place = self.place("layers", digest.partition(":")[2])
        return os.path.islink(place) and os.path.isdir(place)

    @contextmanager
    def open_blob(self, digest: str) -> Iterator[BinaryIO]:
        """A blob to read; of a tree it can only be read on, and again from the beginning."""
        if self.is_planted(digest) and not os.path.exists(self.blob(digest)):
            from .trees import Written

            with closing(Written(self, digest)) as tar:
                yield cast(BinaryIO, tar)
            return
        try:
            file = open(self.blob(digest), "rb")  # noqa: SIM115  (only the opening may raise this)
        except PermissionError:
            raise ImageError(f"the store {self.path} is somebody else's: set XDG_DATA_HOME to a place of your own") from None
        except OSError as error:
            raise ImageError(
                f"the store {self.path} is damaged: {digest}: {error.strerror}. Remove the image, get it again"
            ) from error
        with file:
            yield file

    @contextmanager
    def temporary(self) -> Iterator[str]:
        """A path in `temporary/` at which nothing is yet; what is there at the end goes, whatever happened."""
        path = self.place("temporary", os.urandom(8).hex())
        try:
            with self.busy():
                yield path
        except OSError as error:
            full(error, self.path)
        finally:
            discard(path)

    @contextmanager
    def partial(self, digest: str) -> Iterator[Any]:
        """A download to go on with: what is there of it stays, whatever happens, until it is settled. One process at a time."""
        self.make()
        os.makedirs(self.place("partial"), exist_ok=True)
        path = self.place("partial", digest.replace(":", "-"))
        while True:
            with open(path, "a+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not os.path.exists(path) or not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                    continue  # it was settled (or pruned) while we waited
                yield file
                if os.path.exists(path) and os.path.exists(self.blob(digest)):
                    os.unlink(path)
                return

    def settle_partial(self, digest: str) -> None:
        """It is whole: a blob."""
        os.replace(self.place("partial", digest.replace(":", "-")), self.blob(digest))

    def drop_partials(self) -> int:
        """Forget the downloads that broke; their bytes. Only for who is alone."""
        place = self.place("partial")
        held = sum(entry.stat().st_size for entry in os.scandir(place)) if os.path.isdir(place) else 0
        discard(place)
        return held

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While this lasts nothing is collected, and what is in `temporary/` has an owner. Nests, and many may do it at once."""
        if not os.path.isdir(self.place("temporary")):
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            os.makedirs(self.place("temporary"), exist_ok=True)
        with self._in_use() as lock:
            if _locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):  # nobody is at work: what is left is of the dead
                for name in os.listdir(self.place("temporary")):
                    discard(self.place("temporary", name))
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    def _in_use(self) -> BinaryIO:
        """The file that is locked. On a disk that can only be read it is there already, and nobody collects anything."""
        path = self.place("in-use")
        try:
            return open(path, "ab")
        except OSError as error:
            if error.errno != EROFS or not os.path.exists(path):
                raise
            return open(path, "rb")

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else is at work; nobody begins while this lasts, if so."""
        with open(self.place("in-use"), "ab") as lock:
            yield _locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """One process at a time, for a file that is there."""
        with open(path, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def on_disk(path: str) -> None:
    """All that was written on the file system of `path` is there after a power cut: syncfs(2), a few milliseconds, and what the
    disk needs for what it has not written yet."""
    import ctypes

    descriptor = os.open(path, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: str, data: bytes) -> None:
    """Write a file that is there after a power cut too, if a rename that comes after it is."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_hashed(path: str, write: Callable[[BinaryIO], object], sync: bool = False) -> tuple[str, int]:
    """Write a new file; its digest and size."""
    with open(path, "xb", buffering=0) as file:
        hashed = Hashed(cast(BinaryIO, _Whole(file)))
        try:
            write(cast(BinaryIO, hashed))
            digest = hashed.digest()
            if sync:
                os.fsync(file.fileno())
            return digest, hashed.size
        finally:
            hashed.close()


def hashed(write: Callable[[BinaryIO], object]) -> tuple[str, int]:
    """What `write` would write: its digest and size."""
    with open(os.devnull, "wb", buffering=0) as nothing:
        into = Hashed(nothing)
        try:
            write(cast(BinaryIO, into))
            return into.digest(), into.size
        finally:
            into.close()


class _Whole:
    """An unbuffered file of which a write is whole: the kernel may take less than it is given (at 2 GiB, on a full disk)."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(data)


def full(error: OSError, path: str) -> NoReturn:
    """Raises `error`; a full disk as an ImageError that says what to do."""
    if error.errno == ENOSPC:
        raise ImageError(
            f"no space left in {path}. Remove images with `dock2sh rmi` and `dock2sh prune`, or free some"
        ) from error
    raise error


def discard(path: str) -> None:
    """Delete a file or a tree, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _locked(file: Any, how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True
