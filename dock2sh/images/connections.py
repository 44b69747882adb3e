"""Connections to a registry: TLS and whose certificates are trusted, proxies, and what may go without."""

import ipaddress
import os
import re
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.util import Retry, Timeout

from . import ImageError

_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


class _Patient(Retry):
    """Asks again where that may help: a certificate that is not trusted stays so, and who speaks no TLS will not learn it."""

    def increment(self, *request: Any, **told: Any) -> Self:
        """As Retry's; raises MaxRetryError where there is no next time."""
        cause = getattr(told.get("error"), "original_error", told.get("error"))  # a proxy's, in urllib3's wrapping
        if isinstance(cause, SSLError) and not isinstance(cause.args[0], _BROKEN_OFF):
            raise MaxRetryError(told["_pool"], request[1], cause)
        return super().increment(*request, **told)


RETRY = _Patient(
    total=5, connect=2, backoff_factor=0.5, backoff_jitter=0.3, redirect=8, raise_on_status=False, raise_on_redirect=True,
    status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET", "HEAD"),
)  # fmt: skip
TIMEOUT = Timeout(connect=20, read=60)


class Ways(NamedTuple):
    """How registries may be reached. `insecure`: hosts (with their port) that may go without TLS or a known certificate;
    loopback always may. `mirrors`: asked before Docker Hub, as hosts or URLs."""

    insecure: Sequence[str] = ()
    mirrors: Sequence[str] = ()


def may_be_insecure(host: str, ways: Ways) -> bool:
    """Whether a host (with its port) may go without TLS: it is this machine, or was named."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return host in ways.insecure or name in ways.insecure or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _certificate_folders() -> list[str]:
    """Where docker and podman look for certificates, a folder for each HOST:PORT; last, and so first in rank, the user's own."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return [f"{place}/certs.d" for place in ("/etc/containers", "/etc/docker", f"{config}/containers", f"{config}/docker")]


def _trust(context: ssl.SSLContext, folder: str) -> None:
    """docker's rule: each *.crt is a certificate authority's, each NAME.cert with NAME.key is ours. Raises ImageError."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        stem, kind = os.path.splitext(f"{folder}/{name}")
        try:
            if kind == ".crt":
                context.load_verify_locations(f"{folder}/{name}")
            elif kind == ".cert" and f"{os.path.basename(stem)}.key" not in names:
                raise ImageError(f"{folder}/{name} has no {stem}.key. (An authority's certificate ends with .crt)")
            elif kind == ".cert":
                context.load_cert_chain(f"{folder}/{name}", f"{stem}.key")
        except (OSError, ssl.SSLError) as error:
            raise ImageError(f"{folder}/{name} cannot be used: {error}") from error


def pool(host: str, loose: bool) -> Any:
    """Connections to one host, by the proxy of the environment; with docker's own certificates for it, if there are any."""
    context = ssl.create_default_context()
    # Python 3.13 asks of an authority more than docker does (a key usage, which openssl's `req -x509` does not write)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    for folder in _certificate_folders():
        _trust(context, os.path.join(folder, host.partition("/")[0]))
    if loose:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)  # it was asked for, or is this machine
    proxy = getproxies().get("https") or getproxies().get("all")
    options: dict[str, Any] = {"ssl_context": context, "maxsize": 8, "retries": RETRY, "timeout": TIMEOUT}
    if proxy and not _is_loopback(host) and not proxy_bypass(host):
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)


def bounded(response: Any, most: int) -> bytes:
    """The first `most` bytes of an answer, as they were sent: nobody makes us read, or unpack, without end."""
    try:
        data: bytes = response.read(most, decode_content=False)
    except (HTTPError, OSError) as error:
        raise ImageError(f"the registry's answer broke off: {error}") from error
    if len(data) < most:
        response.release_conn()
    else:
        response.close()
    return data


def reason(error: HTTPError) -> str:
    """The last cause, in a few words: urllib3's own are a chain of reprs."""
    cause: BaseException = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    match cause:
        case NameResolutionError():
            return "nobody knows its name"
        case NewConnectionError():
            return str(cause).rpartition("] ")[2]
        case ConnectTimeoutError():
            return "it does not answer"
        case SSLError():
            return f"its certificate is not trusted, or it speaks no TLS ({str(cause.args[0])[:120]})"
        case _:
            return str(cause)[:160] or type(cause).__name__


def with_query(url: str, query: str) -> str:
    """The URL with more behind its `?`."""
    return f"{url}{'&' if '?' in url else '?'}{query}"
