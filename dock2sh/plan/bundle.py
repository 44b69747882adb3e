"""The files of the build context that a plan needs: their digest, and a tar of them for `--bundle`."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.digest import sha256_for
from dock2sh.dockerfile.deferred import Deferred
from dock2sh.model import Copy, Mount, Plan, Run
from dock2sh.plan.context import Entry, Project, entries
from dock2sh.plan.exclusions import sent_regex
from dock2sh.plan.patterns import glob_regex, has_wildcard, search

if TYPE_CHECKING:
    import hashlib
    import tarfile
    from typing import BinaryIO


class Needed(NamedTuple):
    """What the steps read: expressions over paths (as in .dockerignore: a path and all below it), and the files they mean."""

    selectors: tuple[str, ...]
    files: tuple[Entry, ...]


def needed(plan: Plan, project: Project, output: str = "", name: str = "") -> Needed:
    """The files of the context that some COPY, ADD or bind mount can read, but `output`, where the script is written.

    With `name` it is the named context that the plan has by that name.
    """
    sources = tuple(sources_of(plan, name))
    selectors = tuple(dict.fromkeys(map(selector, sources)))
    if not selectors or project.context is None:
        return Needed(selectors, ())
    root = os.path.realpath(project.context)
    listed = [entry for entry in entries(project.context, project.ignore) if f"{root}/{entry.path}" != output]
    if "^" in selectors:
        return Needed(("^",), tuple(listed))
    selectors = tuple(dict.fromkeys((*selectors, *map(selector, behind_links(project.context, listed, sources)))))
    wanted = "|".join(f"({selector})" for selector in selectors)
    return Needed(selectors, tuple(entry for entry in listed if search(wanted, entry.path)))


def carried_contexts(plan: Plan, project: Project) -> dict[str, bytes]:
    """The named contexts that are directories, by the plan's names: a gzipped tar of what the steps need of each."""
    return {
        name: context_tar(needed(plan, context, "", name).files, context) for name, context in named_directories(plan, project)
    }


def named_directories(plan: Plan, project: Project) -> Iterator[tuple[str, Project]]:
    """The named contexts that are directories, by the plan's names: the project as if each were the build context."""
    for name, image in plan.contexts.items():
        if not image:
            ignore = project.named[name].ignore if name in project.named else None
            yield name, project._replace(context=Path(project.contexts[name]), ignore=ignore)


def sources_of(plan: Plan, name: str = "") -> Iterator[str]:
    """What the steps take from the context, or from the named one."""
    for stage in plan.stages:
        if name and stage.parent is None and stage.base == name:
            yield "."
        for step in stage.steps:
            if isinstance(step, Copy) and step.origin == name:
                yield from step.sources
            elif isinstance(step, Run):
                yield from (mount.source for mount in step.mounts if _reads(mount) and mount.origin == name)


def _reads(mount: Mount) -> bool:
    return mount.type == "bind" or (mount.type == "cache" and bool(mount.origin))


def selector(source: str) -> str:
    """The files that a source can mean, as an expression over paths of the context."""
    relative = source.strip("/").replace("/./", "/")
    if isinstance(source, Deferred) or relative in ("", "."):
        return "^"
    if not has_wildcard(relative):
        relative = re.sub(r"([*?[\\])", r"\\\1", relative)
    whole = sent_regex(relative) or glob_regex(relative)
    return whole[:-1] + "(/|$)" if whole.endswith("$") else whole


def behind_links(context: "str | os.PathLike[str]", listed: Iterable[Entry], sources: Iterable[str]) -> Iterator[str]:
    """What the sources mean when links of the context are on their way: that is needed too, as it is to docker."""
    root = os.path.realpath(context)
    links = {entry.path: os.path.realpath(f"{root}/{entry.path}") for entry in listed if stat.S_ISLNK(entry.status.st_mode)}
    inside = {link: target[len(root) + 1 :] for link, target in links.items() if target.startswith(root + "/")}
    pending = [source.strip("/").replace("/./", "/") for source in sources]
    seen = set(pending)
    while pending:
        source = pending.pop()
        for link, target in inside.items():
            rest = _behind(source, link)
            if rest is not None and (meant := f"{target}/{rest}".rstrip("/")) not in seen:
                seen.add(meant)
                pending.append(meant)
                yield meant


def _behind(source: str, link: str) -> str | None:
    """What of a source is left behind a link; None if the link is not on its way."""
    parts = source.split("/")
    depth = link.count("/") + 1
    way = "/".join(parts[:depth])
    if len(parts) < depth or not (search(glob_regex(way), link) if has_wildcard(way) else way == link):
        return None
    return "/".join(parts[depth:])


def context_digest(files: tuple[Entry, ...], project: Project) -> str:
    """SHA-256 over `sha256  path` of the regular files, as `sha256sum` prints them, in order of path.

    A script computes the same with coreutils or busybox (runtime/context_check). Names with a newline or a backslash, which
    those print each in its own way, are left out.
    """
    sha256 = sha256_for(sum(entry.status.st_size for entry in files))
    assert project.context is not None
    whole = sha256()
    for entry in files:
        if stat.S_ISREG(entry.status.st_mode) and not set(entry.path) & {"\n", "\\"}:
            with open(os.path.join(project.context, entry.path), "rb") as file:
                digest = _digest(file, sha256())
            whole.update(f"{digest}  ./{entry.path}\n".encode("utf-8", "surrogateescape"))
    result: str = whole.hexdigest()
    return result


def _digest(file: "BinaryIO", digest: "hashlib._Hash") -> str:
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def context_tar(files: tuple[Entry, ...], project: Project) -> bytes:
    """A gzipped tar of the files as docker would transfer them: root's, whole seconds, sockets as empty files.

    Always the same bytes.
    """
    import gzip
    import io
    import tarfile

    assert project.context is not None
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in _with_parents(files):
            _add(tar, path, project)
    return out.getvalue()


def _with_parents(files: tuple[Entry, ...]) -> list[str]:
    paths = {entry.path for entry in files}
    for path in list(paths):
        while path := os.path.dirname(path):
            paths.add(path)
    return sorted(paths, key=os.fsencode)


def _add(tar: "tarfile.TarFile", path: str, project: Project) -> None:
    import tarfile

    assert project.context is not None
    full = os.path.join(project.context, path)
    if stat.S_ISSOCK(os.lstat(full).st_mode):  # docker transfers a socket as an empty file (semantics.md 2, 46)
        member = tarfile.TarInfo(path)
        member.mode, member.mtime = stat.S_IMODE(os.lstat(full).st_mode), os.lstat(full).st_mtime_ns // 10**9
        tar.addfile(member)
        return
    member = tar.gettarinfo(full, path)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = os.lstat(full).st_mtime_ns // 10**9
    if member.isreg():
        with open(full, "rb") as file:
            tar.addfile(member, file)
    else:
        tar.addfile(member)
