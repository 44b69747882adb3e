"""What a build was seen to do, step by step: what `dock2sh/measuring` finds out and an explanation shows."""

from typing import NamedTuple


class Change(NamedTuple):
    """`kind` is A (added), C (changed) or D (deleted); `size` the bytes of a file's new content.

    `same`: its owner or mode alone is another one.
    """

    kind: str
    path: str
    size: int = 0
    same: bool = False


class Package(NamedTuple):
    """A package whose version a step changed: `before` is empty for a new one, `after` for one that is gone."""

    manager: str
    name: str
    before: str
    after: str


class Measured(NamedTuple):
    """A step that made a layer. `seconds` None: nobody knows any more; `size` the bytes of its files; `failed`: why, if it
    did, and `printed` the last lines that it wrote then."""

    line: int
    text: str
    stage: str
    seconds: float | None
    cached: bool
    size: int = 0
    changes: tuple[Change, ...] = ()
    packages: tuple[Package, ...] = ()
    failed: str = ""
    printed: str = ""


class Measurement(NamedTuple):
    """A build. `bases` are stages' keys and the bytes of their base images; `idle` the bytes of the result's layers that a later
    layer hides, and the largest of those files."""

    steps: tuple[Measured, ...]
    bases: tuple[tuple[str, int], ...] = ()
    idle: int = 0
    hidden: tuple[Change, ...] = ()
