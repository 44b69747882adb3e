"""A result in a file, so that a later run can be compared with it where there is no docker.

JSON: a head (`schema`, `engine`: who made it and its version) and the result. Paths are as Python has them; bytes that are no
UTF-8 are lone surrogates, which JSON can carry.
"""

import json
from typing import Any

from .compare import Result
from .snapshot import Entry, Tree

SCHEMA = "dock2sh.result/1"


class NotARecord(ValueError):
    """The file holds no recorded result; the text says what is wrong with it."""


def dump(result: Result, engine: str) -> str:
    """The result as text. `engine` says who made it: "docker 28.5.2"."""
    tree = {path: _entry(entry) for path, entry in sorted(result.tree.items())}
    head = {"schema": SCHEMA, "engine": engine, "began": result.began, "config": result.config, "history": result.history}
    head |= {"base": result.base, "masked": dict(result.masked)}
    return json.dumps({**head, "tree": tree}, ensure_ascii=True, separators=(",", ":")) + "\n"


def load(text: str) -> Result:
    """The result in `text`. Raises NotARecord."""
    try:
        whole: dict[str, Any] = json.loads(text)
        if whole.get("schema") != SCHEMA:
            raise NotARecord(f"this is no recorded result: its schema is {whole.get('schema')!r}, not {SCHEMA!r}")
        tree: Tree = {path: _read(fields) for path, fields in whole["tree"].items()}
        history = None if whole["history"] is None else tuple(whole["history"])
        base = tuple(whole.get("base") or ())
        return Result(tree, whole["config"], history, whole["began"], base, whole.get("masked") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, NotARecord):
            raise
        raise NotARecord(f"this is no recorded result: {error}") from error


def _entry(entry: Entry) -> dict[str, Any]:
    """The fields that are not as they are by default, the mode as people read it."""
    fields = entry._asdict()
    kept = {name: value for name, value in fields.items() if value or name in ("kind", "uid", "gid", "mtime")}
    return {**kept, "mode": f"{entry.mode:04o}"}


def _read(fields: dict[str, Any]) -> Entry:
    xattrs = tuple((name, value) for name, value in fields.get("xattrs", ()))
    return Entry(**{**fields, "mode": int(fields["mode"], 8), "xattrs": xattrs})
