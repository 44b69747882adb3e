"""The files of the build context that a plan needs: their digest, and a tar of them for `--bundle`."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.digest import sha256_for
from dock2sh.dockerfile.words import Deferred
from dock2sh.model import Copy, Plan, Run
from dock2sh.plan.context import Entry, Project, entries
from dock2sh.plan.patterns import exclude_regex, glob_regex, has_wildcard

if TYPE_CHECKING:
    import hashlib
    import tarfile
    from typing import BinaryIO


class Needed(NamedTuple):
    """What the steps read: expressions over paths (as in .dockerignore: a path and all below it), and the files they mean."""

    selectors: tuple[str, ...]
    files: tuple[Entry, ...]


def needed(plan: Plan, project: Project, output: str = "") -> Needed:
    """The files of the context that some COPY, ADD or bind mount can read, but `output`, where the script is written."""
    selectors = tuple(dict.fromkeys(selector(source) for source in _sources(plan)))
    if not selectors or project.context is None:
        return Needed(selectors, ())
    root = os.path.realpath(project.context)
    listed = [entry for entry in entries(project.context, project.ignore) if f"{root}/{entry.path}" != output]
    if "^" in selectors:
        return Needed(("^",), tuple(listed))
    selectors += tuple(link_targets(project.context, listed))
    wanted = re.compile("|".join(f"(?:{selector})" for selector in selectors))
    return Needed(selectors, tuple(entry for entry in listed if wanted.search(entry.path)))


def _sources(plan: Plan) -> Iterator[str]:
    for stage in plan.stages:
        for step in stage.steps:
            if isinstance(step, Copy) and not step.origin:
                yield from step.sources
            elif isinstance(step, Run):
                yield from (mount.source for mount in step.mounts if mount.type == "bind" and not mount.origin)


def selector(source: str) -> str:
    """The files that a source can mean, as an expression over paths of the context."""
    relative = source.strip("/").replace("/./", "/")
    if isinstance(source, Deferred) or relative in ("", "."):
        return "^"
    if not has_wildcard(relative):
        return exclude_regex(re.sub(r"([*?[\\])", r"\\\1", relative))
    return exclude_regex(relative) if "**" in relative else glob_regex(relative)[:-1] + "(/|$)"


def link_targets(context: "str | os.PathLike[str]", listed: Iterable[Entry]) -> Iterator[str]:
    """A source that is a symbolic link means what it points at: that is needed too."""
    root = os.path.realpath(context)
    for entry in listed:
        if stat.S_ISLNK(entry.status.st_mode):
            target = os.path.realpath(os.path.join(root, entry.path))
            if target.startswith(root + "/"):
                yield selector(os.path.relpath(target, root))


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
        member.mode, member.mtime = stat.S_IMODE(os.lstat(full).st_mode), int(os.lstat(full).st_mtime)
        tar.addfile(member)
        return
    member = tar.gettarinfo(full, path)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    if member.isreg():
        with open(full, "rb") as file:
            tar.addfile(member, file)
    else:
        tar.addfile(member)
