"""dock2sh.lock as text: TOML that a person can review, a thing a line, sorted, the same text for the same lock.

It is read by tomllib. It is written here: no library writes comments, or tables on a line of their own inside an array.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dock2sh.lock.held import KINDS, VERSION, Base, Context, File, Lock, LockError, Open, Step, fits, kind_of

_HEAD = """\
# What the steps of {name} got when they were run by `dock2sh lock`. `dock2sh --lock strict` makes a script that asks for exactly
# this; `dock2sh lock --update NAME` moves one package, `dock2sh lock --diff` says what would move. See docs/lock.md.
version = {version}
platform = {platform}
"""
_LARGEST = 64 << 20
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write(lock: Lock, name: str = "Dockerfile") -> str:
    """The text of a lock of the Dockerfile `name`."""
    parts = [_HEAD.format(name=_comment(name), version=VERSION, platform=_string(lock.platform))]
    parts += ["\n".join(["[[base]]", *_pairs(base), ""]) for base in lock.bases]
    parts += ["\n".join(["[[context]]", *_pairs(context), ""]) for context in lock.contexts]
    parts += ["\n".join([*_step(step, name), ""]) for step in lock.steps]
    return "\n".join(parts)


def _step(step: Step, name: str) -> Iterator[str]:
    yield f"[[step]] # {_comment(name)}:{step.line}"
    yield f"run = {_string(step.text)}"
    yield f"stage = {_string(step.stage)}"
    yield f"digest = {_string(step.digest)}"
    if step.packages != "-":
        yield f"packages = {_string(step.packages)} # of the root before this step"
    for kind in KINDS:
        if things := [thing for thing in step.things if kind_of(thing) == kind]:
            yield from _array(kind, things)
    if step.open:
        yield from _array("unlocked", step.open)
    for file in step.files:
        yield from ("", "[[step.file]]", f"path = {_string(file.path)}", f"text = {_text(file.text)}")


def _array(key: str, rows: Any) -> Iterator[str]:
    yield f"{key} = ["
    yield from (f"    {{ {', '.join(_pairs(row))} }}," for row in rows)
    yield "]"


def _pairs(row: Any) -> list[str]:
    """The fields that say something."""
    empty = row._field_defaults
    return [f"{key} = {_string(value)}" for key, value in zip(row._fields, row, strict=True) if value != empty.get(key)]


def _string(text: str) -> str:
    return '"' + re.sub(r'[\\"\x00-\x1f\x7f]', lambda found: _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}"), text) + '"'


def _text(text: str) -> str:
    """Several lines as they are, where TOML allows it."""
    if "'''" in text or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
        return _string(text)
    return f"'''\n{text}'''"


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def read(text: str, name: str) -> Lock:
    """The lock that a text is. Raises LockError, which says where it is none."""
    import tomllib

    if len(text) > _LARGEST:
        raise LockError(f"{name} is larger than {_LARGEST >> 20} MB: that is no lock")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LockError(f"{name}: {error}. Was it edited? `dock2sh lock` makes it anew") from None
    if table.get("version") != VERSION:
        raise LockError(
            f"{name}: version {table.get('version')!r}: this dock2sh reads version {VERSION}. Make it anew: dock2sh lock"
        )
    reader = _Reader(name)
    return Lock(
        reader.word(table, "platform", "at the top"),
        tuple(reader.row(Base, row, "base") for row in reader.rows(table, "base")),
        tuple(reader.step(row, number) for number, row in enumerate(reader.rows(table, "step"), 1)),
        tuple(reader.row(Context, row, "context") for row in reader.rows(table, "context")),
    )


class _Reader:
    """Tables to things; what is not as it should be is named by its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def wrong(self, where: str, what: str) -> LockError:
        return LockError(f"{self.name}, {where}: {what}. Was it edited? `dock2sh lock` makes it anew")

    def rows(self, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        rows = table.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(f"`{key}`", "a list of tables is expected")
        return rows

    def word(self, table: Mapping[str, Any], field: str, where: str, default: str | None = None) -> str:
        value = table.get(field, default)
        if not isinstance(value, str) or not fits(field, value):
            raise self.wrong(where, f"`{field}` is {_shown(value)}, which it cannot be")
        return value

    def row(self, kind: Any, table: Mapping[str, Any], where: str) -> Any:
        if unknown := table.keys() - set(kind._fields):
            raise self.wrong(where, f"what is `{sorted(unknown)[0]}`?")
        return kind(*(self.word(table, field, where, kind._field_defaults.get(field)) for field in kind._fields))

    def step(self, table: Mapping[str, Any], number: int) -> Step:
        known = {"run", "stage", "digest", "packages", "unlocked", "file", *KINDS}
        where = f"step {number}"
        if unknown := table.keys() - known:
            raise self.wrong(where, f"what is `{sorted(unknown)[0]}`?")
        return Step(
            stage=self.word(table, "stage", where),
            line="0",
            text=self.text(table, "run", where),
            digest=self.word(table, "digest", where),
            things=tuple(self.row(kind, row, f"{where}, {key}") for key, kind in KINDS.items() for row in self.rows(table, key)),
            files=tuple(self.file(row, f"{where}, file") for row in self.rows(table, "file")),
            open=tuple(Open(*(self.text(row, key, where) for key in Open._fields)) for row in self.rows(table, "unlocked")),
            packages=self.word(table, "packages", where, "-"),
        )

    def file(self, table: Mapping[str, Any], where: str) -> File:
        """Nothing but what steers npm: a lock must not bring files of its own."""
        path = self.word(table, "path", where)
        if not fits("steers", path):
            raise self.wrong(where, f"`path` is {_shown(path)}: only a package-lock.json can be there")
        return File(path, self.text(table, "text", where))

    def text(self, table: Mapping[str, Any], key: str, where: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or "\0" in value:
            raise self.wrong(where, f"`{key}` is {_shown(value)}, which it cannot be")
        return value


def _shown(value: object) -> str:
    shown = repr(value)
    return "missing" if value is None else shown if len(shown) < 80 else shown[:77] + "..."
