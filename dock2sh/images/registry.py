"""A registry: the requests of its API (OCI distribution spec) that pulling and pushing need, on urllib3.

urllib3 brings connections, TLS, proxies, redirects and retries. The libraries for registries themselves were weighed and left:
oras is made for artifacts, does not check what it downloads, and brings a compiled JSON schema validator; python-dxf and skopeo
begin a broken download anew, and skopeo is a program that is mostly not there. What remains are seven requests.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from urllib3.exceptions import HTTPError

from dock2sh import __version__

from . import ImageError
from .connections import RETRY, TIMEOUT, Ways, bounded, may_be_insecure, pool, reason
from .reference import Reference
from .tokens import Realm, authorization

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_HUB = "registry-1.docker.io"
_TEXT_AT_MOST = 1 << 24
_TAGS_AT_MOST = 100_000


class Answer(NamedTuple):
    """A manifest as it came: its bytes, media type, digest."""

    data: bytes
    media_type: str
    digest: str


class NotThere(ImageError):
    """The registry has no such image."""


class Registry:
    """One repository of one registry. Methods raise ImageError that says which registry, and what it answered."""

    def __init__(self, host: str, repository: str, ways: Ways, actions: str = "pull", name: str = "") -> None:
        """`host` as in a reference, or a mirror's URL; `name` is what to call it in messages."""
        scheme, _, rest = host.rpartition("://")
        self.host = rest.rstrip("/")
        self.name = name or self.host
        self._repository, self._actions, self._ways = repository, actions, ways
        self._loose = may_be_insecure(self.host, ways)
        self._schemes = [scheme] if scheme else ["https", "http"] if self._loose else ["https"]
        if scheme == "http" and not self._loose:
            raise ImageError(f"{host} is without TLS: allow it with --insecure {self.host}")
        self._base = ""
        self._authorization = ""
        self._pool = pool(self.host, self._loose)

    # ---- the requests

    def manifest(self, reference: str) -> Answer:
        """The manifest or index of a tag or digest, checked against its digest."""
        if ":" in reference and not reference.startswith("sha256:"):
            raise ImageError(f"{self.name}: {reference.partition(':')[0]} digests cannot be checked here, only sha256")
        response = self.request("GET", f"manifests/{reference}", headers={"Accept": ", ".join(MANIFESTS)})
        data = bounded(response, _TEXT_AT_MOST + 1)
        if len(data) > _TEXT_AT_MOST:
            raise ImageError(f"{self.name} sent a manifest that is larger than any manifest")
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        promised = reference if reference.startswith("sha256:") else response.headers.get("Docker-Content-Digest", digest)
        if promised != digest:
            raise ImageError(f"{self.name} sent a damaged manifest: it is {digest}, where {promised} was promised")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return Answer(data, _told_type(data, kind), digest)

    def tags(self) -> list[str]:
        """Every tag of the repository, as the registry names them: page after page."""
        found: list[str] = []
        place = "tags/list"
        while place and len(found) < _TAGS_AT_MOST:
            response = self.request("GET", place)
            page = _told_tags(bounded(response, _TEXT_AT_MOST), self.name)
            link = re.match(r"<([^>]+)>.*rel=\"?next", response.headers.get("Link", "")) if page else None
            place = urljoin(self.url(place), link[1]) if link else ""
            found += page
        return found

    def has(self, digest: str) -> bool:
        """Whether the repository has a blob."""
        response = self.request("HEAD", f"blobs/{digest}", accepted=(200, 404))
        return bool(response.status == 200)

    def mount(self, digest: str, path: str) -> bool:
        """Whether the repository now has a blob that another one of this registry has; one that will not do so begins an upload,
        which nobody needs."""
        query = urlencode({"mount": digest, "from": path})
        try:
            response = self.request("POST", f"blobs/uploads/?{query}", headers={"Content-Length": "0"}, accepted=(201, 202))
        except ImageError:  # the other repository may be nobody's to read
            return False
        if response.status == 202:
            self._cancel(response.headers.get("Location", ""))
        return bool(response.status == 201)

    def _cancel(self, place: str) -> None:
        with suppress(ImageError):
            self.request("DELETE", place, accepted=(200, 202, 204))

    @contextmanager
    def blob(self, digest: str, start: int = 0) -> Iterator[tuple[int, Iterator[bytes]]]:
        """A blob from byte `start` on: where it really starts (0 if the registry knows no ranges), and its blocks.

        A connection that breaks raises OSError or urllib3's HTTPError: the caller goes on from what it has.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self.request("GET", f"blobs/{digest}", headers=headers, accepted=(200, 206, 416))
        try:
            if response.status == 416:
                yield -1, iter(())
            else:
                yield (start if response.status == 206 else 0), response.stream(1 << 18, decode_content=False)
        finally:
            response.close()

    def put_manifest(self, tag: str, data: bytes, media_type: str) -> None:
        """Give the repository a manifest; its blobs must be there."""
        headers = {"Content-Type": media_type}
        response = self.request("PUT", f"manifests/{tag}", headers=headers, body=data, accepted=(200, 201, 202))
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if response.headers.get("Docker-Content-Digest", digest) != digest:
            raise ImageError(f"{self.name} has stored another manifest than was sent")

    # ---- how a request is made

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accepted: Sequence[int] = (200,),
        broken: bool = False,
    ) -> Any:
        """The answer, if its status is one of `accepted`; logs in once if asked to. `broken`: raise broken connections.

        Only the registry itself may ask for a login, not a place that it has sent us on to.
        """
        response = self._once(method, path, headers, body, broken)
        if response.status == 401 and self._is_own(response.url or ""):
            asked = response.headers.getlist("WWW-Authenticate")
            response.close()
            self._authorization = authorization(self._realm(), asked)
            response = self._once(method, path, headers, body, broken)
        if response.status in accepted:
            if method != "GET":
                bounded(response, 1 << 16)
            return response
        raise self._refusal(response, path)

    def _is_own(self, url: str) -> bool:
        """Whether an address is the registry's own; urllib3 may tell it without the host."""
        return urlsplit(urljoin(self._root(), url))[:2] == urlsplit(self._root())[:2]

    def _once(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None, broken: bool) -> Any:
        all_headers = {"User-Agent": f"dock2sh/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
        url = self.url(path)
        if self._authorization and self._is_own(url):
            all_headers["Authorization"] = self._authorization
        try:
            return self._pool.request(
                method,
                url,
                headers=all_headers,
                body=body,
                preload_content=False,
                retries=RETRY,
                timeout=TIMEOUT,
            )
        except HTTPError as error:
            if broken:
                raise
            raise ImageError(f"{self.name} cannot be reached: {reason(error)}") from error

    def url(self, path: str) -> str:
        """A path below the repository, or the whole URL that a registry has answered with (perhaps without its host)."""
        if path.startswith("/") or "://" in path:
            return urljoin(self._root(), path)
        return f"{self._root()}/v2/{self._repository}/{path}"

    def _root(self) -> str:
        """https://HOST, or http:// where that is allowed and the registry speaks nothing else: found out by its /v2/."""
        if not self._base:
            self._base = self._find_scheme()
        return self._base

    def _find_scheme(self) -> str:
        host = _HUB if self.host in ("docker.io", "index.docker.io") else self.host
        last: HTTPError | None = None
        for scheme in self._schemes if len(self._schemes) > 1 else []:
            try:
                retries = RETRY.new(total=2, backoff_factor=0.2, status_forcelist=()) if scheme == self._schemes[-1] else False
                url = f"{scheme}://{host}/v2/"
                self._pool.request("GET", url, retries=retries, timeout=TIMEOUT, redirect=False, preload_content=False).close()
                return f"{scheme}://{host}"
            except HTTPError as error:
                last = error
        if last:
            raise ImageError(f"{self.name} cannot be reached: {reason(last)}") from last
        return f"{self._schemes[0]}://{host}"

    def _realm(self) -> Realm:
        scope = f"repository:{self._repository}:{self._actions}"
        return Realm(self.name, self.host, self._root(), scope, self._pool, self._ways)

    def _refusal(self, response: Any, path: str) -> ImageError:
        try:
            told = json.loads(bounded(response, 1 << 16) or b"{}")["errors"][0]
            words = f"{told.get('message') or told.get('code')}"
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            words = f"HTTP {response.status}"
        response.close()
        what = f"{self.name}/{self._repository}"
        match response.status:
            case 401 | 403:
                return ImageError(f"{what}: access denied ({words}). docker login {self.name}")
            case 404:
                return NotThere(f"{what}: {words} ({path.removeprefix('manifests/')})")
            case 429:
                return ImageError(f"{what}: too many requests ({words}). Log in, or try later")
            case status:
                return ImageError(f"{what}: HTTP {status}: {words}")


def for_pull(reference: Reference, ways: Ways) -> Iterator[Registry]:
    """Where to pull from, the mirrors of Docker Hub first."""
    if reference.domain == "docker.io":
        for mirror in (*ways.mirrors, *_docker_mirrors()):
            yield Registry(mirror, reference.path, ways, name=f"the mirror {mirror}")
    yield Registry(reference.domain, reference.path, ways)


def _docker_mirrors() -> list[str]:
    """What docker's own daemon is told to ask first."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    for path in ("/etc/docker/daemon.json", f"{config}/docker/daemon.json"):
        try:
            with open(path, "rb") as file:
                return [str(mirror) for mirror in json.load(file).get("registry-mirrors") or []]
        except (OSError, ValueError, AttributeError):
            continue
    return []


def _told_tags(data: bytes, name: str) -> list[str]:
    try:
        tags = json.loads(data).get("tags") or []
    except (ValueError, AttributeError):
        tags = [None]
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.isprintable() for tag in tags):
        raise ImageError(f"{name} answered without a list of tags")
    return list(tags)


def _told_type(data: bytes, kind: str) -> str:
    """The media type that a manifest says of itself, else the one it was sent as."""
    try:
        return str(json.loads(data).get("mediaType") or kind)
    except (ValueError, AttributeError):
        return kind
