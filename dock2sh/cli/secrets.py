"""`--secret` and `--ssh`, read as docker's client (buildx) reads them: what it refuses ends the process, in its words."""

import csv
import os

from dock2sh.cli.say import usage

_KINDS = ("file", "env")


def checked_secrets(values: list[str] | None) -> list[str]:
    """Each --secret as a script takes it: `id=ID,src=FILE`, `id=ID,env=NAME` or `id=ID`. An empty one is none, as for docker."""
    return [_secret(value) for value in values or () if value]


def checked_agents(values: list[str] | None) -> list[str]:
    """Each --ssh as it is: ID[=SOCKET]. A script hands on sockets, not keys."""
    for value in values or ():
        name, _, path = value.partition("=")
        if value and ("," in path or "," in name):
            usage(f"--ssh {value}: a script takes ID=SOCKET. For several keys start an agent, and add them to it")
    return [value for value in values or () if value]


def check_there(secrets: list[str], agents: list[str]) -> None:
    """Whether their files and sockets are there, also those that no step asks for: docker's client looks before a build."""
    for text in secrets:
        found = dict(field.split("=", 1) for field in text.split(","))
        path = found.get("src") or ("" if "env" in found or found["id"] in os.environ else found["id"])
        if path and not os.path.exists(path):
            usage(f"--secret {text}: failed to stat {path}: no such file or directory")
    for text in agents:
        path = text.partition("=")[2] or os.environ.get("SSH_AUTH_SOCK", "")
        if not path:
            usage(f"--ssh {text}: invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set")
        if not os.path.exists(path):
            usage(f"--ssh {text}: there is no {path}")


def _secret(text: str) -> str:
    found: dict[str, str] = {}
    for field in _fields(text):
        key, equals, value = field.partition("=")
        if not equals:
            usage(f"--secret {text}: invalid field '{field}' must be a key=value pair")
        key = key.lower()
        if key not in ("id", "src", "source", "env", "type"):
            usage(f"--secret {text}: unexpected key '{key}' in '{field}'")
        if key == "type" and value not in _KINDS:
            usage(f'--secret {text}: unsupported secret type "{value}"')
        if key != "type" and ("," in value or "\n" in value):
            usage(f"--secret {text}: a script takes no comma in `{key}`")
        found["src" if key == "source" else key] = value
    if not found.get("id"):
        usage(f"--secret {text}: secret missing ID")
    if found.pop("type", "") == "env" and not found.get("env"):
        found["env"] = found.pop("src", "") or found["id"]
    if found.get("env"):
        found.pop("src", None)
    return ",".join(f"{key}={found[key]}" for key in ("id", "src", "env") if found.get(key))


def _fields(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        usage(f"--secret {text}: failed to parse csv secret: {error}")
