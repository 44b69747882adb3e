"""What the JSON of an image must look like where it comes in: it may be from anybody, and nobody behind this has to doubt.

A shape is a type; `[shape]`, a list of them; `{"key": shape}`, an object, whose other keys may be anything (`"*"`: all keys).
null stands for what is not there, as Go writes it; where it may not, the key has a `!`.
"""

from collections.abc import Mapping
from typing import Any

from . import ImageError

_DESCRIPTOR = {"mediaType": str, "digest!": str, "size": int}
INDEX = {
    "manifests": [{**_DESCRIPTOR, "annotations": {"*": str}, "platform": {"os": str, "architecture": str, "variant": str}}],
}
MANIFEST = {"schemaVersion": int, "mediaType": str, "config!": _DESCRIPTOR, "layers!": [_DESCRIPTOR]}
DOCKER = [{"Config!": str, "RepoTags": [str], "Layers": [str]}]
_CONTAINER = {
    **{key: [str] for key in ("Env", "Cmd", "Entrypoint", "Shell", "OnBuild")},
    **dict.fromkeys(("User", "WorkingDir", "StopSignal"), str),
    **{key: {} for key in ("Volumes", "ExposedPorts")},
    "Labels": {"*": str},
    "Healthcheck": {"Test": [str]},
}
_HISTORY = {**dict.fromkeys(("created", "created_by", "comment", "author"), str), "empty_layer": bool}
CONFIG = {
    **dict.fromkeys(("architecture", "os", "variant", "os.version", "author", "created"), str),
    "config": _CONTAINER,
    "rootfs": {"diff_ids": [str]},
    "history": [_HISTORY],
}
_NAMES = {str: "text", int: "a number", bool: "true or false", list: "a list", dict: "an object"}


def fit(value: Any, shape: Any, where: str) -> Any:
    """The value, if it has that shape. Raises ImageError, which names the place in `where` that has not."""
    kind = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ImageError(f"the image is damaged: {where} is not {_NAMES[kind]}")
    if isinstance(value, str):
        _plain(value, where)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            fit(one, shape[0], f"{where}[{number}]")
    elif isinstance(value, dict):
        _object(value, shape, where)
    return value


def _object(value: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> None:
    for key, inner in shape.items():
        name = key.rstrip("!")
        for one in value if key == "*" else (name,):
            if value.get(one) is not None or name != key:
                fit(value.get(one), inner, f"{where}: {one}")
    for one in value:
        _plain(one, where)


def _plain(text: str, where: str) -> None:
    """Of a text that no system call and no file takes nothing good can come."""
    if "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
        raise ImageError(f"the image is damaged: {where} has a character that no text has")
