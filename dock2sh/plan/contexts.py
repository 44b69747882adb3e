"""Named build contexts (`--build-context NAME=SOURCE`): how BuildKit matches names, and which stages they take the place of.

A name is spelled in full before it is looked up: `debian:latest`, `docker.io/library/debian` and `debian` are one context, in the
flag and in a FROM. A digest, with the tag beside it, must be the same text.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from dock2sh.model import IMAGE_SCHEME, Repository
from dock2sh.source import refuse

T = TypeVar("T")

_PLAIN = re.compile("[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONG = 60
_LAYOUT = "oci-layout://"
SCHEMES = (IMAGE_SCHEME, _LAYOUT)
EMPTY = IMAGE_SCHEME + "scratch"
_REMOTE = ("git://", "http://", "https://", "git@")  # BuildKit (namedContext) takes no ssh:// and no other user than git
_NEVER = ("scratch", "context")  # stages of these names are no contexts (BuildKit: namedContextFunc)


class Named(Mapping[str, T]):
    """What belongs to named contexts. Any spelling of a name finds it. Raises Refused for a name that no image could have."""

    def __init__(self, items: Mapping[str, T]) -> None:
        self._items = {_checked(name): item for name, item in items.items()}

    def __getitem__(self, name: str) -> T:
        if not self._items:
            raise KeyError(name)  # most builds have none: nothing is spelled in full for them
        return self._items[familiar(name) or name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class Contexts(Named[str]):
    """NAME -> SOURCE: a directory, docker-image://IMAGE, oci-layout://DIRECTORY or the URL of a git repository."""

    def meant(self, name: str) -> str:
        """`scratch` for the name of a context that is nothing (docker-image://scratch), else the name."""
        return "scratch" if self.get(name) == EMPTY else name

    def replaces(self, stage: str) -> bool:
        """Whether a context takes the place of the stage of this name."""
        return stage not in _NEVER and stage in self


def familiar(name: str) -> str:
    """The short spelling of an image's name, "" for what is none."""
    from dock2sh.images.reference import InvalidReference, familiar_name

    try:
        return familiar_name(name)
    except InvalidReference:
        return ""


def is_image(source: str) -> bool:
    """Whether a SOURCE has a config: it is no directory, and not nothing."""
    return source.startswith(SCHEMES) and source != EMPTY


def repository(source: str) -> Repository | None:
    """The git repository that a SOURCE names, if it names one. Raises Refused for a bad query."""
    if not source.startswith(_REMOTE):
        return None
    from dock2sh.instructions.remote import git_of

    found = git_of(source)
    return Repository(*found[:3]) if found else None


def image_of(source: str) -> str:
    """The image of an engine's that a SOURCE names, "" if it is something else."""
    return source.removeprefix(IMAGE_SCHEME) if source.startswith(IMAGE_SCHEME) and source != EMPTY else ""


def check_stage_name(name: str) -> None:
    """Refuse a stage's name that no context could have: BuildKit asks for a context of each stage's name. Raises Refused."""
    if name and name not in _NEVER and not (_PLAIN.fullmatch(name) and len(name) < _LONG):
        _checked(name)


def _checked(name: str) -> str:
    from dock2sh.images.reference import InvalidReference, familiar_name

    try:
        return familiar_name(name)
    except InvalidReference as error:
        hint = "small letters and digits, single . _ or - between them"
        raise refuse("context-name", f"invalid context name {name}: {error}", hint=hint, near=name) from None
