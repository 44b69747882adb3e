"""What a job brings from this machine to a place that cannot see it, and how the script's own options name it there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import Job, SandboxError


class Luggage(NamedTuple):
    """`words` are the script's options with paths below `home`; `folders` go there (name -> directory here), never changed.

    `secrets` are contents, for secrets/0, secrets/1, ...: in memory only. `sockets` are those of SSH agents, for sockets/0, ...
    """

    home: str
    words: tuple[str, ...]
    folders: dict[str, str]
    secrets: tuple[bytes, ...]
    sockets: tuple[str, ...]


def pack(job: Job, home: str) -> Luggage:
    """The luggage of a job whose things will lie in `home`. Raises SandboxError for a secret that cannot be read."""
    folders: dict[str, str] = {"context": job.context} if job.context else {}
    words: list[str] = ["--context", f"{home}/context", "--state", f"{home}/state"]
    named = (("--base", "images", job.images), ("--build-context", "contexts", job.contexts))
    for flag, folder, given in named:
        for number, (name, directory) in enumerate(given.items()):
            folders[f"{folder}/{number}"] = directory
            words += [flag, f"{name}={home}/{folder}/{number}"]
    folders |= {f"repositories/{key}": directory for key, directory in job.repositories.items()}
    secrets: list[bytes] = []
    sockets: list[str] = []
    for flag, value in _options(job.options):
        if flag == "--secret":
            words += [flag, f"id={_secret_id(value)},src={home}/secrets/{len(secrets)}"]
            secrets.append(_secret(value))
        elif flag == "--ssh":
            words += [flag, f"{value.partition('=')[0]}={home}/sockets/{len(sockets)}"]
            sockets.append(_socket(value))
        else:
            words += [flag, value]
    return Luggage(home, tuple(words), folders, tuple(secrets), tuple(sockets))


def free_place(root: str) -> str:
    """A name for `home` that nothing has in `root`."""
    names = ("dock2sh-sandbox", *(f"dock2sh-sandbox-{number}" for number in range(1, 1000)))
    return next(name for name in names if not os.path.lexists(f"{root}/{name}"))


def lay_out(job: Job, luggage: Luggage, directory: str) -> None:
    """Make `directory` what `home` looks like: the script, and empty folders for what is put or mounted there."""
    for folder in ("context", "secrets", "sockets", *luggage.folders):
        os.makedirs(os.path.join(directory, folder), exist_ok=True)
    Path(directory, "setup.sh").write_text(job.script, encoding="utf-8", errors="surrogateescape")


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The script's options in pairs; it takes `--flag value` and `--flag=value` alike."""
    waiting = list(words)[::-1]
    while waiting:
        flag, equals, value = waiting.pop().partition("=")
        if not equals and not waiting:
            raise SandboxError(f"the script's option {flag} has no value")
        yield flag, value if equals else waiting.pop()


def _fields(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (part.partition("=") for part in text.split(","))}


def _secret_id(text: str) -> str:
    return _fields(text).get("id", "")


def _secret(text: str) -> bytes:
    """The content of docker's `id=ID,src=FILE` or `id=ID,env=VARIABLE`; without either, of the variable, else the file, ID."""
    fields = _fields(text)
    name = fields.get("id", "")
    source, variable = fields.get("src") or fields.get("source"), fields.get("env")
    if variable is not None or (source is None and name in os.environ):
        return os.environb.get(os.fsencode(variable or name), b"")
    try:
        with open(source or name, "rb") as file:
            return file.read()
    except OSError as error:
        raise SandboxError(f"the secret {name}: {source or name}: {error.strerror}") from error


def _socket(text: str) -> str:
    """The socket of docker's `ID[=SOCKET]`."""
    name, _, given = text.partition("=")
    found = given or os.environ.get("SSH_AUTH_SOCK", "")
    if not found:
        raise SandboxError(f"--ssh {name}: SSH_AUTH_SOCK is not set. Start an agent, or give its socket: --ssh {name}=SOCKET")
    return os.path.abspath(found)
