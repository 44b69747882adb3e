"""Paths as BuildKit joins and cleans them (util/system/path.go, llb's file operations)."""

import re
from posixpath import normpath

from dock2sh.dockerfile.deferred import Deferred, concat


def clean(path: str) -> str:
    """Go's path.Clean."""
    cleaned = normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def base(path: str) -> str:
    """Go's path.Base."""
    return path.rstrip("/").rpartition("/")[2] or ("/" if path else ".")


def join(directory: str, path: str) -> str:
    """A WORKDIR: an absolute path as it is, a relative one joined and cleaned, an empty one the directory."""
    if path.startswith("/"):
        return path
    if not path:
        return directory or "/"
    if isinstance(path, Deferred) or isinstance(directory, Deferred):
        return _deferred_join(directory, path)
    return clean(f"/{directory}/{path}")


_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


def absolute(path: str, windows: bool) -> bool:
    return path.startswith("/") or (windows and (path.startswith("\\") or bool(_DRIVE.match(path))))


def windows_join(directory: str, path: str) -> str:
    """A WORKDIR of an image for Windows: on drive C where none is named (BuildKit: system.NormalizeWorkdir)."""
    path, directory = (each.replace("/", "\\") for each in (path, directory))
    if not path:
        return directory
    if _DRIVE.match(path):
        return path
    whole = path if path.startswith("\\") else f"{directory.rstrip(chr(92))}\\{path}"
    return whole if _DRIVE.match(whole) else f"C:{whole}" if whole.startswith("\\") else f"C:\\{whole}"


def normalised(directory: str, path: str, keep_slash: bool = False) -> str:
    """A path of a file operation: absolute and cleaned; with `keep_slash` a trailing `/` or `/.` stays."""
    if isinstance(path, Deferred) or isinstance(directory, Deferred):
        return path if path.startswith("/") else _deferred_join(directory, path)
    joined = clean(path if path.startswith("/") else f"/{directory}/{path}")
    if keep_slash and path.endswith("/") and joined != "/":
        return joined + "/"
    if keep_slash and path.endswith("/."):
        return joined.rstrip("/") + "/."
    return joined


def _deferred_join(directory: str, path: str) -> str:
    """A join that the running script finishes: a value that may turn out to be absolute stays as it is."""
    begins_with_variable = isinstance(path, Deferred) and path.startswith("${")
    return (
        path
        if begins_with_variable
        else concat([directory.rstrip("/") + "/" if not isinstance(directory, Deferred) else concat([directory, "/"]), path])
    )
