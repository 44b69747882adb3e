"""The other side of a comparison: a real build by docker, podman or buildah, or an image that is there, exactly as it is.

Not `docker export` (it adds /.dockerenv, hosts, resolv.conf), but the image's own layers, mounted as a read-only overlay: nothing
is lost, in a hundredth of a second. Where they do not lie on this machine (the containerd store, an engine elsewhere), what
`save` writes: without sockets, user.* attributes and fractions of seconds, which is said.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from .docker import Docker
from .engines import Engine, Made, NoReference, NotBuilt, Request, Told, command, said
from .layers import Layer, in_archive, in_directories, mounted
from .podman import Podman
from .snapshot import Look, Scan, entries, look
from .workplace import workplace

__all__ = ["BUILDERS", "Built", "NoReference", "NotBuilt", "Unpack", "built", "copy_image", "engine", "opened", "stored"]

BUILDERS = ("docker", "classic", "podman", "buildah")
# unpack(archive or layout, an empty directory): its image's root file system
Unpack = Callable[[str, str], None]
LOST = "read from an archive of the image: sockets, user.* attributes and the root directory's own mode are not in there"


def engine(name: str = "docker") -> Engine:
    """The engine of `--builder NAME`."""
    return Podman(name) if name in ("podman", "buildah") else Docker(classic=name == "classic")


class Built(NamedTuple):
    """An image that somebody made, open to be read.

    `root` is its file system (read-only), `seen` what is in it, `layers` what each of its own layers (above the base's) writes.
    `config` has docker's keys, `history` the `created_by` of every entry, the base's too, oldest first; `began` is in seconds.
    `base` are the diff ids below the own layers; `times` as in Made; `whole` tells whether nothing was lost on the way.
    `upto(n)` opens a root that ends with the n-th own layer. `empty` as in Told.
    """

    image: str
    root: str
    seen: Look
    layers: tuple[Layer, ...]
    config: Mapping[str, Any]
    history: tuple[str, ...]
    began: int
    base: tuple[str, ...] = ()
    times: tuple[tuple[str, int, float], ...] = ()
    whole: bool = True
    upto: Callable[[int], Any] | None = None
    empty: tuple[bool, ...] | None = None

    @property
    def scan(self) -> Scan:
        """Every entry, and the regular files that stand in its own layers."""
        tree = entries(self.root, self.seen, self.seen)
        return Scan(tree, frozenset(path for path in self.changed if path in tree and tree[path].kind == "f"))

    @property
    def changed(self) -> frozenset[str]:
        """Every path that its own layers write or delete."""
        return frozenset[str]().union(*(layer.paths for layer in self.layers))


@contextmanager
def built(
    context: str, file: str, options: Sequence[str], base: str = "", by: Engine | None = None, unpack: Unpack | None = None
) -> Iterator[Built]:
    """Build and look at the result; image and mount are gone afterwards.

    `options` are docker's own (--build-arg, --target, --secret, ...). With `base`, the name of the image that the target stage
    stands on, only layers above it are the image's own. `by` is docker's BuildKit by default. Raises NotBuilt, NoReference.
    """
    by = by or Docker()
    began = int(time.time())
    # not from the cache: what was built before has mtimes of before, which could not be told from those that docker keeps
    made = by.build(Request(context, file, options))
    try:
        below = by.tell(base).layers if base else ()
        with opened(by, by.tell(made.image), below, began, unpack, made) as answer:
            yield answer
    finally:
        by.remove(made.image)


@contextmanager
def opened(
    by: Engine, told: Told, below: Sequence[str] = (), began: int = 0, unpack: Unpack | None = None, made: Made | None = None
) -> Iterator[Built]:
    """An image of an engine's store, open to be read. `below` are the diff ids of the base. Raises NoReference."""
    if told.layers[: len(below)] != tuple(below):
        raise NoReference(
            f"{by.name}'s image does not stand on the base image of the script: it begins with the layers "
            f"{_short(told.layers[: len(below)])}, the base has {_short(below)}. Did its name go to another image?"
        )
    with workplace() as folder:
        if told.directories or not told.layers:
            own = in_directories(told.directories[len(below) :])
            with mounted(told.directories, folder) as root:
                yield _built(told, root, own, below, began, made)._replace(upto=_prefixes(told.directories, len(below)))
        else:
            root, layers = _saved(by, told.image, folder, unpack)
            yield _built(told, root, layers[len(below) :], below, began, made)._replace(whole=False)


def stored(source: str, told: Told, unpack: Unpack) -> Any:
    """An archive or layout of an image, open to be read; `told` is what its config says."""
    return _stored(source, told, unpack)


@contextmanager
def _stored(source: str, told: Told, unpack: Unpack) -> Iterator[Built]:
    with workplace() as folder:
        root = os.path.join(folder, "root")
        unpack(source, root)
        yield _built(told, root, in_archive(source), (), told.created, None)._replace(whole=False)


@contextmanager
def lent(by: Engine, images: Sequence[str]) -> Iterator[list[str]]:
    """What the engine lacks of these images: podman and buildah get it from docker, and give it back afterwards; else it is
    pulled, as the engine's build would do. Yields the names of what docker has lent."""
    docker, found = Docker(), list[str]()
    try:
        for image in images:
            if _has(by, image):
                continue
            if by.name in ("docker", "classic") or not _has(docker, image):
                by.run("pull", image)
            else:
                with workplace() as folder:
                    archive = os.path.join(folder, "image.tar")
                    docker.save(tagged(image), archive)
                    by.load(archive)
                found.append(image)
        yield found
    finally:
        for image in found:
            by.remove(image)


def tagged(image: str) -> str:
    """With its tag: `docker save NAME` would give every image of that name."""
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def _has(by: Engine, image: str) -> bool:
    try:
        return bool(by.tell(image).image)
    except NoReference:
        return False


def copy_image(image: str, directory: str, by: Engine | None = None, unpack: Unpack | None = None) -> None:
    """Fill an empty directory with an image's files, from the engine's own layers. Raises NoReference."""
    by = by or Docker()
    told = by.tell(image)
    with workplace() as folder:
        if told.directories or not told.layers:
            with mounted(told.directories, folder) as root:
                _copy(root, directory, image)
        else:
            root, _ = _saved(by, image, folder, unpack)
            _copy(root, directory, image)


def _copy(root: str, directory: str, image: str) -> None:
    done = command(["cp", "-a", "--", f"{root}/.", directory], "Install coreutils")
    if done.returncode:
        raise NoReference(f"{image} cannot be copied: {said(done)}. Be root")


def _saved(by: Engine, image: str, folder: str, unpack: Unpack | None) -> tuple[str, tuple[Layer, ...]]:
    """An image's root and layers by way of an archive."""
    if not unpack:
        raise NoReference(f"{by.name} keeps its images where this machine cannot read them")
    archive, root = os.path.join(folder, "image.tar"), os.path.join(folder, "root")
    by.save(image, archive)
    unpack(archive, root)
    return root, in_archive(archive)


def _built(told: Told, root: str, own: tuple[Layer, ...], below: Sequence[str], began: int, made: Made | None) -> Built:
    times = made.times if made else ()
    return Built(told.image, root, look(root), own, told.config, told.history, began, tuple(below), times, empty=told.empty)


def _prefixes(layers: Sequence[str], below: int) -> Callable[[int], Any]:
    @contextmanager
    def upto(count: int) -> Iterator[str]:
        with workplace() as folder, mounted(layers[: below + count], folder) as root:
            yield root

    return upto


def _short(layers: Sequence[str]) -> str:
    return ", ".join(layer.removeprefix("sha256:")[:12] for layer in layers) or "nothing"
