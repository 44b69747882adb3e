"""What engines are known to do otherwise than BuildKit, by its own rules: rows of data, each with its reason and its witness.

A row names differences; it never hides one that it does not describe. `docker` here is docker with BuildKit, the judge.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .compare import Difference


class Oddity(NamedTuple):
    """Differences of `what`, at places that match `where` (whole), are the engine's own if `is_it` says so of them."""

    code: str
    engines: tuple[str, ...]
    what: str
    where: str
    is_it: Callable[[Difference], bool]
    reason: str
    witness: str


def _always(difference: Difference) -> bool:
    return True


def _only_label(name: str) -> Callable[[Difference], bool]:
    """Whether the engine's labels are ours and this one."""

    def is_it(difference: Difference) -> bool:
        theirs = re.sub(rf"(, )?'{re.escape(name)}': '[^']*'", "", difference.theirs).replace("{, ", "{")
        return theirs in (difference.ours, "{}" if difference.ours == "None" else difference.ours)

    return is_it


def _ours_is(*values: str) -> Callable[[Difference], bool]:
    return lambda difference: difference.ours in values


_OTHERS = ("classic", "podman", "buildah")

ROWS: tuple[Oddity, ...] = (
    Oddity("buildah-label", ("podman", "buildah"), "config", "Labels", _only_label("io.buildah.version"),
           "buildah writes its version into a label", "any build"),
    Oddity("args-escaped", _OTHERS, "config", "ArgsEscaped", _ours_is("True"),
           "only BuildKit sets ArgsEscaped where CMD or ENTRYPOINT is used", "CMD"),
    Oddity("container-leftovers", ("classic",), "config", "Image|Hostname|Domainname|AttachStd.*|Tty|OpenStdin|StdinOnce",
           _ours_is("None"), "the classic builder keeps traces of its last container in the image", "any build"),
    Oddity("workdir-owner", _OTHERS, "owner", ".*", lambda difference: difference.theirs == "0:0",
           "only BuildKit gives directories that WORKDIR makes to USER", "USER ada, WORKDIR /srv/ada"),
    Oddity("empty-workdir", _OTHERS, "config", "WorkingDir", lambda one: {one.ours, one.theirs} <= {"None", "''", "'/'"},
           "no working directory is / to everybody", "FROM scratch"),
)  # fmt: skip

_ABOUT = {
    "classic": ("the classic builder judges what it has always known; here-documents, --exclude, --unpack and a wrong "
                "--checksum it takes and silently does something else",
                "the classic builder words the history in another way: it was not compared"),
    "podman": ("podman words the history in another way: it was not compared",),
    "buildah": ("buildah words the history in another way: it was not compared",),
}  # fmt: skip


def about(engine: str) -> tuple[str, ...]:
    """What must be known of this judge."""
    return _ABOUT.get(engine, ())


def forgiven(found: Sequence[Difference], engine: str, whole: bool) -> tuple[list[Difference], list[str]]:
    """The differences, those named that are the engine's own ways, and notes about them."""
    rows = [row for row in ROWS if engine in row.engines]
    kept = [one for one in found if whole or not _lost(one)]
    return [_named(one, rows) for one in kept], []


def _lost(one: Difference) -> bool:
    """What an image's archive cannot hold."""
    return (one.what == "extra" and one.ours.startswith("s ")) or (one.what == "mode" and one.where == "/") or (
        one.what == "xattrs" and all(word.startswith("user.") for word in one.ours.split() if word not in one.theirs.split())
        and set(one.theirs.split()) <= set(one.ours.split()))  # fmt: skip


def _named(one: Difference, rows: Sequence[Oddity]) -> Difference:
    if one.noise:
        return one
    code = next((row.code for row in rows if row.what == one.what and re.fullmatch(row.where, one.where) and row.is_it(one)), "")
    return one._replace(noise=code)
