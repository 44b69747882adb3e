"""What each layer of an image changed: added, changed, deleted, as `docker diff` says of a container."""

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .store import Store, Stored


class Change(NamedTuple):
    """`kind` is A, C or D; `size` the bytes of a regular file's new content."""

    kind: str
    path: str
    size: int = 0


class Step(NamedTuple):
    """A layer's changes, by path, and what made it (the history's words)."""

    created_by: str
    changes: tuple[Change, ...]


def steps(image: Stored, store: Store) -> Iterator[Step]:
    """Layer by layer, the lowest first. Raises ImageError for a damaged store."""
    makers = [entry.get("created_by", "") for entry in image.config.get("history") or () if not entry.get("empty_layer")]
    makers = ["(unknown)"] * (len(image.layers) - len(makers)) + makers[-len(image.layers) :]
    known: set[str] = set()
    for layer, created_by in zip(image.layers, makers, strict=True):
        with store.open_layer(layer) as stream:
            changes = sorted(_changes(stream, known), key=lambda change: change.path)
        yield Step(created_by, tuple(changes))


def _changes(stream: BinaryIO, known: set[str]) -> Iterator[Change]:
    """One layer's; `known` is what there was before it, and after it what there is then."""
    before = frozenset(known)
    with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            path = "/" + "/".join(part for part in member.name.split("/") if part not in ("", "."))
            folder, _, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                yield from (Change("D", gone) for gone in _forget(known, folder + "/", before))
            elif name.startswith(".wh."):
                hidden = f"{folder}/{name[4:]}"
                _forget(known, hidden + "/", before)
                known.discard(hidden)
                yield Change("D", hidden)
            elif path != "/":
                known.add(path)
                yield Change("C" if path in before else "A", path, member.size if member.isreg() else 0)


def _forget(known: set[str], prefix: str, before: frozenset[str]) -> list[str]:
    """What was below `prefix` before this layer is not there any more; the topmost of it."""
    gone = [path for path in before if path.startswith(prefix)]
    known.difference_update(gone)
    return [path for path in gone if "/" not in path[len(prefix) :]]
