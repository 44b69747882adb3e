"""Logging in to a registry that asks for it: by the login that docker knows for it, or a token that its realm gives for that."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from urllib3.exceptions import HTTPError

from dock2sh import __version__

from . import ImageError
from .connections import RETRY, TIMEOUT, Ways, bounded, may_be_insecure, reason, with_query
from .credentials import Login, challenges, login


class Realm(NamedTuple):
    """The registry that asks: its name in messages, its host, its root (a URL), what one wants to do there, and the way to it."""

    name: str
    host: str
    root: str
    scope: str
    pool: Any
    ways: Ways


def authorization(realm: Realm, headers: Sequence[str]) -> str:
    """What answers a 401 with these WWW-Authenticate headers: the value of an Authorization header. Raises ImageError."""
    asked = challenges(headers)
    known = login(realm.host.partition("/")[0])
    if "bearer" in asked:
        return f"Bearer {_token(realm, asked['bearer'], known)}"
    if "basic" in asked:
        if not known.user:
            raise ImageError(f"{realm.name} wants a login: docker login {realm.name}")
        return known.basic()
    kinds = ", ".join(asked) or "it does not say which"
    raise ImageError(f"{realm.name} wants a kind of login that is unknown here: {kinds}")


def _token(realm: Realm, challenge: Mapping[str, str], known: Login) -> str:
    """A token for this repository; as nobody if there is no login, which is enough for what is public."""
    place = urljoin(realm.root, challenge.get("realm", ""))
    if urlsplit(place).scheme != "https" and not may_be_insecure(urlsplit(place).netloc, realm.ways):
        raise ImageError(f"{realm.name} asks for the login at {place}, without TLS: allow it with --insecure HOST")
    asked = {"service": challenge.get("service", ""), "scope": challenge.get("scope") or realm.scope}
    try:
        response = _answer(realm.pool, place, asked, known)
    except HTTPError as error:
        where = f"{urlsplit(place).netloc}, where {realm.name} has its logins"
        raise ImageError(f"{where}, cannot be reached: {reason(error)}") from error
    if response.status != 200:
        who = f"the login of {known.user}" if known.user else "nobody without a login"
        raise ImageError(f"{realm.name} takes {who} not: HTTP {response.status}. docker login {realm.name}")
    return _told(bounded(response, 1 << 20), realm.name)


def _answer(pool: Any, place: str, asked: Mapping[str, str], known: Login) -> Any:
    headers = {"User-Agent": f"dock2sh/{__version__}"}
    if known.token:
        form = {**asked, "grant_type": "refresh_token", "refresh_token": known.token, "client_id": "dock2sh"}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        return pool.request("POST", place, body=urlencode(form), headers=headers, timeout=TIMEOUT, preload_content=False)
    headers |= {"Authorization": basic} if (basic := known.basic()) else {}
    url = with_query(place, urlencode(asked))
    return pool.request("GET", url, headers=headers, retries=RETRY, timeout=TIMEOUT, preload_content=False)


def _told(data: bytes, name: str) -> str:
    try:
        told = json.loads(data)
        token = told.get("token") or told.get("access_token")
    except (ValueError, AttributeError):
        token = None
    if not isinstance(token, str) or not token.isprintable():
        raise ImageError(f"{name}: its login server answered without a token")
    return token
