"""Sending a blob to a registry: chunk by chunk, and on from where it has got to if a connection breaks."""

from collections.abc import Callable
from urllib.parse import urlencode, urljoin

from urllib3.exceptions import HTTPError

from . import ImageError
from .connections import with_query
from .registry import NotThere, Registry

_CHUNK = 1 << 24
_BREAKS_AT_MOST = 5  # one after the other
_BROKEN = (416, 429, 500, 502, 503, 504)


class _Broken(Exception):
    """A chunk that may have arrived in part."""


def upload(registry: Registry, digest: str, size: int, block: Callable[[int, int], bytes], done: Callable[[int], None]) -> None:
    """Send a blob: `block(at, length)` reads of it. A chunk that breaks is sent again from where the registry has got to."""
    place, at, failures = _begin(registry), 0, 0
    while at < size:
        data = block(at, _CHUNK)
        try:
            place = _send(registry, place, at, data)
            at, failures = at + len(data), 0
            done(at)
        except _Broken as error:
            failures += 1
            if failures > _BREAKS_AT_MOST:
                raise ImageError(f"{registry.name}: the upload broke again and again, at byte {at}: {error}") from error
            place, at = _go_on(registry, place)
    query = urlencode({"digest": digest})
    registry.request("PUT", with_query(place, query), headers={"Content-Length": "0"}, accepted=(201, 204))


def _begin(registry: Registry) -> str:
    return str(registry.request("POST", "blobs/uploads/", accepted=(202,)).headers["Location"])


def _go_on(registry: Registry, place: str) -> tuple[str, int]:
    """Where a broken upload goes on, and from which byte: anew if the registry has lost it."""
    try:
        return _progress(registry, place)
    except NotThere:
        return _begin(registry), 0


def _send(registry: Registry, place: str, at: int, data: bytes) -> str:
    headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{at}-{at + len(data) - 1}"}
    try:
        response = registry.request("PATCH", place, headers=headers, body=data, accepted=(202, 204, *_BROKEN), broken=True)
    except (HTTPError, OSError, NotThere) as error:  # not there: it was still writing when it told how far it is
        raise _Broken(str(error)) from error
    if response.status in _BROKEN:
        raise _Broken(f"HTTP {response.status}")
    return urljoin(registry.url(place), str(response.headers["Location"]))


def _progress(registry: Registry, place: str) -> tuple[str, int]:
    """Where an upload goes on, and from which byte."""
    response = registry.request("GET", place, accepted=(204,))
    last = response.headers.get("Range", "").rpartition("-")[2]
    reached = int(last) + 1 if last.isdigit() and last != "0" else 0  # 0-0 is what registries say of nothing, too
    return urljoin(registry.url(place), str(response.headers.get("Location", place))), reached
