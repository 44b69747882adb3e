"""Who one is to a registry: what `docker login` has noted in config.json (or podman in auth.json), and credential helpers.

Nothing of it is ever printed, stored or put on a command line.
"""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import ImageError

_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HELPER = re.compile(r"[A-Za-z0-9_.-]+")
_SECONDS = 30
_CHALLENGE = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][\w-]*)')  # a parameter, or a scheme


class Login(NamedTuple):
    """A user and a password, or (with no user) an identity token; both "" for nobody."""

    user: str = ""
    password: str = ""
    token: str = ""

    def basic(self) -> str:
        """The value of an Authorization header, "" for nobody."""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii") if self.user else ""


def login(host: str) -> Login:
    """What is known for a registry. Raises ImageError for a file that cannot be read, a helper that is not there or fails."""
    for path, config in _configs():
        helper = (config.get("credHelpers") or {}).get(_key(host)) or config.get("credsStore")
        known = _noted(config.get("auths") or {}, host, path)
        if known.user or known.token:
            return known
        if helper and (asked := _ask(str(helper), host)):
            return asked
    return Login()


def challenges(headers: Sequence[str]) -> dict[str, dict[str, str]]:
    """The ways to log in that a server offers (RFC 9110, 11.6.1): scheme in small letters -> its parameters."""
    found: dict[str, dict[str, str]] = {}
    for header in headers:
        parameters: dict[str, str] = {}
        for name, quoted, bare, scheme in _CHALLENGE.findall(header):
            if scheme:
                parameters = found.setdefault(scheme.lower(), {})
            else:
                parameters[name.lower()] = quoted or bare
    return found


def _configs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    docker = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    podman = os.environ.get("REGISTRY_AUTH_FILE") or (f"{runtime}/containers/auth.json" if runtime else "")
    for path in filter(None, (os.path.join(docker, "config.json"), podman)):
        try:
            with open(path, "rb") as file:
                config = json.load(file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise ImageError(f"{path} cannot be read: {error}") from error
        yield path, config if isinstance(config, dict) else {}


def _key(host: str) -> str:
    """What docker calls Docker Hub in its config."""
    return "https://index.docker.io/v1/" if host in _HUB else host


def _noted(auths: Mapping[str, Any], host: str, path: str) -> Login:
    for name, auth in auths.items():
        if (name == _key(host) or _host(name) == host or (host in _HUB and _host(name) in _HUB)) and isinstance(auth, dict):
            return _read(auth, path)
    return Login()


def _host(name: str) -> str:
    """docker's keys may be URLs: https://registry.example/v2/ is registry.example."""
    return re.sub(r"^https?://", "", name).partition("/")[0]


def _read(auth: Mapping[str, Any], path: str) -> Login:
    if auth.get("identitytoken"):
        return Login(token=str(auth["identitytoken"]))
    if auth.get("username"):
        return Login(str(auth["username"]), str(auth.get("password", "")))
    try:
        user, _, password = base64.b64decode(auth.get("auth") or "", validate=True).decode().partition(":")
    except ValueError as error:
        raise ImageError(f"{path} has a login that cannot be read: `docker login` writes it anew") from error
    return Login(user, password.rstrip("\0"))


def _ask(helper: str, host: str) -> Login | None:
    """docker-credential-HELPER get: the registry on stdin, JSON on stdout; None if it knows nobody there."""
    if not _HELPER.fullmatch(helper):
        raise ImageError(f"docker's config.json names a credential helper {helper!r}, which is no name of a program")
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run([program, "get"], input=_key(host), check=False, capture_output=True, text=True, timeout=_SECONDS)
    except FileNotFoundError:
        raise ImageError(f"docker's config.json names the credential helper {program}, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise ImageError(f"{program} did not answer within {_SECONDS} seconds") from None
    if done.returncode:
        if "not found" in done.stdout + done.stderr:
            return None
        raise ImageError(f"{program} failed: {(done.stderr or done.stdout).strip()[:200]}")
    try:
        told = json.loads(done.stdout)
        user, secret = str(told["Username"]), str(told["Secret"])
    except (ValueError, KeyError, TypeError):
        raise ImageError(f"{program} answered something else than docker's JSON") from None
    return Login(token=secret) if user == "<token>" else Login(user, secret)
