"""Where a Dockerfile is, what its build context is, what the ignore file leaves of it. The one part of plan/ that reads files."""

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.digest import sha256
from dock2sh.plan.contexts import SCHEMES, Contexts
from dock2sh.plan.contexts import Named as ByName
from dock2sh.source import Refused, refuse

if TYPE_CHECKING:
    from dock2sh.plan.ignore import Ignore, Named, Verdict


_PACKED = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
"""How gzip, bzip2, xz and zstd begin."""


class Project(NamedTuple):
    """A Dockerfile's name and text, and its build context (None for a Dockerfile from standard input alone).

    `contexts` are the named contexts, `named` has the ignore files of those that have one. `path` is where the Dockerfile was
    read.
    """

    name: str
    text: str
    context: Path | None
    ignore: "Ignore | None"
    named: "Mapping[str, Named]" = MappingProxyType({})
    path: Path | None = None
    contexts: Contexts = Contexts({})


def locate(target: str, file: str = "") -> Project:
    """What `dock2sh TARGET -f FILE` means.

    TARGET is a Dockerfile (its directory is the context), a directory (the context), or `-` (standard input, no context).
    Raises Refused if something is not there or is not what it should be.
    """
    if target == "-":
        if file:
            raise refuse("usage", "`-` and -f FILE both name the Dockerfile", hint="give one of them, or `-f - DIR`")
        return Project("Dockerfile", _standard_input(), None, None)
    path = Path(target)
    if path.is_dir():
        return _in_directory(path, file)
    if not path.exists():
        _refuse_elsewhere(target)
    if file:
        raise refuse("not-a-directory", f"the build context {target} is not a directory", hint="`dock2sh DIR -f FILE`")
    return _project(path, path.parent)


def _refuse_elsewhere(target: str) -> None:
    """docker takes a build context that is a git repository, or what a URL gives: a Dockerfile or an archive. Raises Refused."""
    if "/" not in target and ":" not in target:
        return
    import re
    from shlex import quote

    from dock2sh.instructions.remote import git_of, is_url

    # to an ADD github.com/x/y is a path of the context (semantics.md 2, 44), to `docker build` it is a repository
    shown = re.sub(r"://[^/@]*@", "://", target)
    found = git_of(re.sub(r"\A(github\.com/[^#?]+?)(\.git)?([#?].*)?\Z", r"https://\1.git\3", shown))
    if found:
        branch = f"--branch {quote(found[2].ref.removeprefix('refs/tags/').removeprefix('refs/heads/'))} " if found[2].ref else ""
        folder = quote(f"DIR/{found[2].subdir}" if found[2].subdir else "DIR")
        hint = f"clone it first: git clone {branch}{quote(found[0])} DIR && dock2sh {folder}"
        raise refuse("elsewhere", f"the build context {shown} is a git repository, which is not fetched", hint=hint)
    if is_url(target):
        hint = "fetch it first, and unpack an archive: the context is a directory"
        raise refuse("elsewhere", f"the build context {shown} is a URL, which is not fetched", hint=hint)


def _in_directory(directory: Path, file: str) -> Project:
    if file == "-":
        return Project("Dockerfile", _standard_input(), directory, _ignore(None, directory))
    if file:
        return _project(Path(file), directory)
    for name in ("Dockerfile", "dockerfile"):
        if (directory / name).exists():
            return _project(directory / name, directory)
    hint = "name the file with -f FILE"
    raise refuse("not-found", f"there is no Dockerfile in {directory}", hint=hint)


def _project(path: Path, context: Path) -> Project:
    name = path.name.translate(
        dict.fromkeys([*range(32), 127], "?")
    )  # it stands in comments of what is written: a newline would end them
    return Project(name, _decoded(_read(path)), context, _ignore(path, context), path=path)


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise refuse(
                "is-a-directory", f"{path} is a directory, not a Dockerfile", hint="to build in it, give the directory alone"
            )
        return _no_archive(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise refuse(
            "not-found", f"{path}: no such file or directory", hint="give a Dockerfile, a directory, or - for standard input"
        ) from None
    except OSError as error:
        raise refuse("unreadable", f"{path}: {error.strerror}") from None


def _standard_input() -> str:
    return _decoded(_no_archive(sys.stdin.buffer.read(), "standard input"))


def _no_archive(data: bytes, where: str) -> bytes:
    """What docker takes for a whole build context: a tar, or something compressed."""
    if data[257:262] == b"ustar" or data.startswith(_PACKED):
        hint = f"unpack it first: mkdir DIR && tar -C DIR -xf {'-' if where == 'standard input' else where} && dock2sh DIR"
        raise refuse("archive", f"{where} is an archive, not a Dockerfile", hint=hint)
    return data


def _decoded(data: bytes) -> str:
    """Bytes that are no UTF-8 come through unchanged."""
    return data.decode("utf-8", "surrogateescape")


def _ignore(dockerfile: Path | None, context: Path) -> "Ignore | None":
    """The Dockerfile's own ignore file if it is there, even empty; else the context's (semantics.md 1.7)."""
    own = [dockerfile.with_name(dockerfile.name + ".dockerignore")] if dockerfile else []
    for path in (*own, context / ".dockerignore"):
        try:
            text = _decoded(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            raise refuse("unreadable", f"{path}: {error.strerror}") from None
        return _parsed(path.name, text)
    return None


def _parsed(name: str, text: str) -> "Ignore":
    from dock2sh.plan.ignore import parse_ignore

    try:
        return parse_ignore(name, text)
    except Refused as refused:
        raise Refused(refused.diagnostic._replace(message=f"{name}: {refused.diagnostic.message}")) from None


def is_directory(source: str) -> bool:
    """Whether the SOURCE of a named context is a directory, which is transferred. (An image's layout is one with oci-layout://.)"""
    return not source.startswith(SCHEMES) and Path(source).is_dir()


def named_contexts(sources: Mapping[str, str]) -> "Mapping[str, Named]":
    """The ignore files of the directories among `--build-context NAME=SOURCE`: BuildKit asks each for its own.

    Raises Refused.
    """
    from dock2sh.plan.ignore import Named

    found: dict[str, Named] = {}
    for name, source in sources.items():
        path = Path(source, ".dockerignore")
        if is_directory(source) and path.is_file() and (text := _decoded(_read(path))):
            found[name] = Named(_parsed(path.name, text), sha256(text))
    return ByName(found)


class Entry(NamedTuple):
    """A file of the context: its path from the context's root, and its lstat."""

    path: str
    status: os.stat_result


def entries(context: Path, ignore: "Ignore | None") -> list[Entry]:
    """What the context holds after the ignore file, in order of path; a directory left out comes back with what is in it."""
    found = dict[str, Entry]()
    pending: dict[str, Entry] = {}
    verdicts: dict[str, Verdict | None] = {"": None}
    for directory, directories, files in os.walk(context, followlinks=False):
        prefix = os.path.relpath(directory, context)
        for name in sorted([*directories, *files]):
            path = name if prefix == "." else f"{prefix}/{name}"
            entry = Entry(path, os.lstat(os.path.join(directory, name)))
            verdict = verdicts[path] = ignore.judge(path, verdicts[os.path.dirname(path)]) if ignore else None
            if not (verdict and verdict.excluded):
                _bring_parents(path, pending, found)
                found[path] = entry
            elif stat.S_ISDIR(entry.status.st_mode):
                pending[path] = entry
        if ignore and not ignore.has_exceptions:
            directories[:] = [name for name in directories if (name if prefix == "." else f"{prefix}/{name}") in found]
    return [found[path] for path in sorted(found, key=os.fsencode)]


def _bring_parents(path: str, pending: dict[str, Entry], found: dict[str, Entry]) -> None:
    """Parents that were left out come back with a file under them, with their own mode."""
    parent = os.path.dirname(path)
    while parent and parent not in found:
        if parent in pending:
            found[parent] = pending[parent]
        parent = os.path.dirname(parent)


class Tree(NamedTuple):
    """What the context holds, as paths from its root: all that is transferred; those that are directories, or links to such;
    links to files; and what the ignore file leaves out. `whole` False: only some names were looked at."""

    paths: tuple[str, ...]
    folders: frozenset[str]
    links: frozenset[str]
    left_out: tuple[str, ...]
    whole: bool = True


def glimpse(project: Project, names: Iterable[str]) -> Tree | None:
    """What the context holds at these names, without a look at anything else; None if the project has none."""
    if project.context is None:
        return None
    there = [name for name in names if _is_inside(project.context, name)]
    folders = frozenset(name for name in there if (project.context / name).is_dir())
    links = frozenset(name for name in there if (project.context / name).is_symlink()) - folders
    return Tree(tuple(there), folders, links, (), whole=False)


def _is_inside(context: Path, name: str) -> bool:
    """Whether there is such a file, and links lead to nowhere outside, where docker would not follow them."""
    try:
        return (context / name).exists() and (context / name).resolve().is_relative_to(context.resolve())
    except (OSError, ValueError):  # a name that no file can have
        return False


def tree(project: Project) -> Tree | None:
    """The tree of a project's context; None if it has none."""
    if project.context is None:
        return None
    found = entries(project.context, project.ignore)
    paths = tuple(entry.path for entry in found)
    links = [entry.path for entry in found if stat.S_ISLNK(entry.status.st_mode)]
    linked = {path for path in links if (project.context / path).is_dir()}
    folders = {entry.path for entry in found if stat.S_ISDIR(entry.status.st_mode)} | linked | {""}
    left_out = sorted({entry.path for entry in entries(project.context, None)} - set(paths)) if project.ignore else []
    return Tree(paths, frozenset(folders), frozenset(links) - linked, tuple(left_out))
