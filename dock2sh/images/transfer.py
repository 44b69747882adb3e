"""What fetching and sending images have in common: who is told, what they are called, several layers at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import NamedTuple, TypeVar

from . import ImageError
from .reference import Reference, parse_reference
from .store import Store, Stored

_AT_ONCE = 3  # layers, as docker
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Watch(NamedTuple):
    """Who is told: `say` a sentence, `moved` (a layer's short id, what is done with it, bytes so far, bytes in all)."""

    say: Callable[[str], None] = lambda text: None
    moved: Callable[[str, str, int, int], None] = lambda layer, what, done, total: None


def repository_of(name: str) -> Reference:
    """The repository that --all-tags is about. Raises ImageError for a name with a tag or a digest, in docker's words."""
    wanted = parse_reference(name)
    if wanted.digest or wanted.tag != "latest" or name.rpartition("/")[2].endswith(":latest"):
        raise ImageError("tag can't be used with --all-tags/-a")
    return wanted


def name_of(wanted: Reference) -> str:
    """The whole name, with its tag."""
    return f"{wanted.domain}/{wanted.path}:{wanted.tag}"


def named(store: Store, image: Stored, names: Sequence[str]) -> Stored:
    """The image, which now has these names, too."""
    for name in names:
        if name not in (*image.names, *image.digests):
            store.tag(image.id, name)
    found = store.find(image.id)
    assert found
    return found


def all_at_once(do: Callable[[_Item, Event], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Three at once; when one fails (or Ctrl-C comes) the others stop."""
    stop = Event()
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        return [future.result() for future in [pool.submit(do, item, stop) for item in items]]
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
