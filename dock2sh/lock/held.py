"""What a lock holds. Frozen; each thing knows what its words may be, since a lock is a file that others write."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

VERSION = 1

# strings, compiled (and kept by re) at the first use. No blank in any of them: a script has them as words of a line.
_NAME = r"[A-Za-z0-9@_][A-Za-z0-9+._@/:-]*"
_VERSION = r"[A-Za-z0-9_][A-Za-z0-9_.+~^:!-]*"
_SHA256 = r"[0-9a-f]{64}|-"
_URL = r"(?!-)[!-~]+"
_WORD = r"(?!-.)[!-~]+"
_PATH = r"/(?!.*(?:^|/)\.\.(?:/|$))[^\s\x00-\x1f\x7f]*"
_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_WORDS = {
    "name": _NAME, "version": _VERSION, "arch": r"[a-z0-9_-]+", "sha256": _SHA256,
    "source": rf"{_NAME}|-", "url": _URL, "ref": _WORD,
    "commit": _COMMIT, "path": _PATH,
    "steers": rf"(?:{_PATH})?/package-lock\.json",
    "file": r"[A-Za-z0-9_][A-Za-z0-9_.+!~-]*|-", "integrity": r"sha\d+-[A-Za-z0-9+/=]+|-",
    "checksum": r"[A-Za-z0-9+/=]+|-", "suite": r"(?!-)[A-Za-z0-9._/+-]+", "components": r"[A-Za-z0-9._/+-]+( [A-Za-z0-9._/+-]+)*",
    "released": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "archive": r"[a-z][a-z0-9/-]*|-", "keyring": rf"{_PATH}|-",
    "trusted": r"yes|-", "packages": _SHA256, "image": _WORD, "digest": r"(sha256:[0-9a-f]{64})|-", "stage": _WORD,
    "gone": "yes|-", "line": r"\d{1,9}", "size": r"\d{1,18}", "platform": r"[a-z0-9]+/[a-z0-9/]+", "id": r"sha256:[0-9a-f]{64}|-",
}  # fmt: skip


class Archive(NamedTuple):
    """Package lists that apt fetched. `archive` is what a snapshot service calls it, `-` where there is none."""

    url: str
    suite: str
    components: str
    released: str
    archive: str = "-"
    keyring: str = "-"
    trusted: str = "-"


class Deb(NamedTuple):
    """A Debian package that apt installed; `source` is the source package, which moves as a whole; `gone` says that the step
    itself removed it again."""

    name: str
    version: str
    arch: str
    sha256: str = "-"
    source: str = "-"
    gone: str = "-"


class Apk(NamedTuple):
    """Alpine's. `checksum` is the database's own (C:)."""

    name: str
    version: str
    arch: str
    checksum: str = "-"
    gone: str = "-"


class Rpm(NamedTuple):
    """`version` is EPOCH:VERSION-RELEASE, `sha256` that of the header."""

    name: str
    version: str
    arch: str
    sha256: str = "-"
    gone: str = "-"


class Pip(NamedTuple):
    """A Python distribution. `file` is what pip fetched, `path` its .dist-info; one of the two may be missing (a build's own
    tools are fetched and not installed)."""

    name: str
    version: str
    file: str = "-"
    sha256: str = "-"
    path: str = "/"


class Npm(NamedTuple):
    """A package of npm in `path`, a directory of some node_modules."""

    name: str
    version: str
    path: str
    integrity: str = "-"


class Gem(NamedTuple):
    """`path` is its specification."""

    name: str
    version: str
    path: str


class Url(NamedTuple):
    """What ADD, curl or wget fetched; `sha256` of the content, `size` in bytes."""

    url: str
    sha256: str
    size: str = "0"


class Git(NamedTuple):
    """`ref` is what was asked for: `clone:main`, `checkout:v1`, and the reference alone for ADD."""

    url: str
    ref: str
    commit: str


Thing = Archive | Deb | Apk | Rpm | Pip | Npm | Gem | Url | Git
KINDS: dict[str, Any] = {kind.__name__.lower(): kind for kind in (Archive, Deb, Apk, Rpm, Pip, Npm, Gem, Url, Git)}
"""The kinds by their names in a lock, in the order in which it has them."""


def kind_of(thing: Thing) -> str:
    """Its key in KINDS."""
    return type(thing).__name__.lower()


class File(NamedTuple):
    """A file that a step made and that steers what it gets: package-lock.json."""

    path: str
    text: str


class Open(NamedTuple):
    """What could not be locked, and why."""

    what: str
    why: str


class Base(NamedTuple):
    """A base image: `digest` a registry's where one is known, `id` docker's image id, `packages` of what is installed in it."""

    image: str
    digest: str = "-"
    id: str = "-"


class Context(NamedTuple):
    """A named context that is a git repository, as it was fetched; `ref` is what was asked for, HEAD where nothing was."""

    name: str
    url: str
    ref: str
    commit: str


class Step(NamedTuple):
    """What a step got. `stage`, `text` and `digest` find it again in a plan; `packages` is what its root had installed before, if
    it is the stage's first step that got something."""

    stage: str
    line: str
    text: str
    digest: str
    things: tuple[Thing, ...] = ()
    files: tuple[File, ...] = ()
    open: tuple[Open, ...] = ()
    packages: str = "-"


class Lock(NamedTuple):
    """A whole dock2sh.lock."""

    platform: str
    bases: tuple[Base, ...]
    steps: tuple[Step, ...]
    contexts: tuple[Context, ...] = ()

    def things(self) -> Iterator[tuple[Step, Thing]]:
        for step in self.steps:
            yield from ((step, thing) for thing in step.things)


class LockError(Exception):
    """A lock that cannot be read or does not fit; the text says what, where, and the cure."""


def fits(field: str, word: str) -> bool:
    """Whether `word` is one that `field` may have."""
    return len(word) <= 4096 and bool(re.fullmatch(_WORDS[field], word))


def checked(thing: Any) -> bool:
    """Whether every word of a thing is one."""
    return all(fits(field, word) for field, word in zip(thing._fields, thing, strict=True))
