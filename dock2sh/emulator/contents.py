"""What steps read, as digests: of the build context, of other stages and images, of what lies behind a URL.

A digest that says too much (a wildcard in another stage is taken for all that is below it) costs a step that need not have been
run; one that says too little would be a wrong build.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from dock2sh.digest import sha256_for
from dock2sh.emulator.remote import state_of
from dock2sh.images.layers import inside
from dock2sh.model import Copy, Fetch, Run, Step, origins
from dock2sh.plan.bundle import behind_links, selector
from dock2sh.plan.context import Entry, entries
from dock2sh.plan.exclusions import exclude_regex, sent_regex
from dock2sh.plan.ignore import Ignore, Rule
from dock2sh.plan.patterns import has_wildcard, search

Counts = Callable[[Entry], bool]


class Origin(NamedTuple):
    """Where something is copied from: a directory, and whether it is a context (owners do not count) or a root."""

    directory: str
    is_context: bool


class Contents:
    """Digests for steps. `origin` tells where a name leads (a stage, an image, a named context); in `home` hashes are kept.
    `agent` is the socket for what is fetched over ssh; `named` is all that the plan's steps take from the context."""

    def __init__(
        self,
        home: str,
        context: str,
        ignore: Ignore | None,
        origin: Callable[[str], Origin],
        agent: str = "",
        named: Sequence[str] = (),
    ) -> None:
        self._home, self._context, self._ignore, self._origin, self._agent = home, context, ignore, origin, agent
        self._named = named

    def of(self, steps: Sequence[Step], own: str) -> list[str]:
        """What the steps of a layer read, in order. `own` is their stage's key: what that has so far the layers below tell."""
        return [digest for step in steps for digest in self._step(step, own)]

    def all_of(self, name: str) -> str:
        """All that is where a name leads."""
        return self._read(name, (".",))

    def _step(self, step: Step, own: str) -> Iterator[str]:
        if own in origins(step):
            yield "itself"
        if isinstance(step, Copy) and step.sources and step.origin != own:
            yield self._read(step.origin, step.sources, _counted(step))
        elif isinstance(step, Run):
            mounts = [mount for mount in step.mounts if _is_read(mount.type, mount.origin)]
            yield from (self._read(mount.origin, (mount.source,)) for mount in mounts if mount.origin != own)
        elif isinstance(step, Fetch):
            yield state_of(step, self._agent)

    def _read(self, name: str, sources: Sequence[str], counts: Counts = lambda entry: True) -> str:
        if not name:
            if any(sent_regex(source.lstrip("/")) for source in sources):
                sources = (*sources, *self._named)  # what is there for it depends on what others bring in
            return self._of_context(self._context, filter(counts, self._listed), sources)
        origin = self._origin(name)
        if origin.is_context:
            listed = entries(origin.directory, None)  # type: ignore[arg-type]  # any path will do
            return self._of_context(origin.directory, filter(counts, listed), sources)
        from dock2sh.emulator.hashes import read

        content = _content(origin.directory, lambda path, about: read(f"{origin.directory}/{path}"))
        return _digest(filter(counts, _below(origin.directory, sources)), True, content)

    def _of_context(self, directory: str, listed: Iterable[Entry], sources: Sequence[str]) -> str:
        from dock2sh.emulator.hashes import Hashes

        hashes = Hashes(self._home, directory)
        digest = _digest(_selected(directory, list(listed), sources), False, _content(directory, hashes.of))
        hashes.save()
        return digest

    @cached_property
    def _listed(self) -> list[Entry]:
        return entries(self._context, self._ignore) if self._context else []  # type: ignore[arg-type]


def _is_read(kind: str, origin: str) -> bool:
    return kind == "bind" or (kind == "cache" and bool(origin))


def _counted(step: Copy) -> Counts:
    """What tells whether an entry counts: not if --exclude leaves it out, where that is plain (one directory, no exceptions)."""
    source, *more = step.sources
    if not step.excludes or more or step.parents or has_wildcard(source) or any(one.startswith("!") for one in step.excludes):
        return lambda entry: True
    ignore = Ignore("--exclude", tuple(Rule(pattern, False, exclude_regex(pattern)) for pattern in step.excludes))
    above = source.strip("/")
    start = "" if above in ("", ".") else f"{above}/"
    return lambda entry: not (entry.path.startswith(start) and ignore.matches(entry.path.removeprefix(start)))


def _selected(context: str, listed: Sequence[Entry], sources: Iterable[str]) -> list[Entry]:
    selectors = {selector(source) for source in sources}
    if "^" in selectors:
        return list(listed)
    selectors |= set(map(selector, behind_links(context, listed, sources)))
    wanted = "|".join(f"({expression})" for expression in sorted(selectors))
    return [entry for entry in listed if search(wanted, entry.path)]


def _below(root: str, sources: Iterable[str]) -> Iterator[Entry]:
    """What the sources mean in a root, links followed inside of it; of a wildcard, all below what stands before it."""
    for source in sources:
        parts = source.strip("/").split("/")
        fixed = next((number for number, part in enumerate(parts) if has_wildcard(part)), len(parts))
        place = inside(root, "/".join(parts[:fixed]))
        if os.path.lexists(place):
            yield from _walk(root, place)


def _walk(root: str, place: str) -> Iterator[Entry]:
    about = os.lstat(place)
    yield Entry(os.path.relpath(place, root), about)
    if stat.S_ISDIR(about.st_mode):
        for name in sorted(os.listdir(place)):
            yield from _walk(root, f"{place}/{name}")


def _digest(listed: Iterable[Entry], owners: bool, content: Callable[[Entry], str]) -> str:
    """Times do not count, as with docker."""
    whole = sha256_for(0)()
    for entry in listed:
        about = entry.status
        words = [entry.path, oct(about.st_mode), content(entry)]
        words += [str(about.st_uid), str(about.st_gid)] if owners else []
        whole.update("\0".join(words).encode("utf-8", "surrogateescape") + b"\n")
    return str(whole.hexdigest())


def _content(directory: str, read: Callable[[str, os.stat_result], str]) -> Callable[[Entry], str]:
    """What tells an entry's content; `read` does it for regular files, by their names in the directory."""

    def content(entry: Entry) -> str:
        if stat.S_ISREG(entry.status.st_mode):
            return read(entry.path, entry.status)
        return os.readlink(f"{directory}/{entry.path}") if stat.S_ISLNK(entry.status.st_mode) else str(entry.status.st_rdev)

    return content
