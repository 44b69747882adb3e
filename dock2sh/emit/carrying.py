"""Files for a container, brought from another terminal: what `docker cp` does as COPY does it.

Where COPY flattens a directory `docker cp` nests it, unless its name ends with `/.`. Whether a source is a directory the context
says, or the stage that it comes from, or a slash behind its name; where none of them does, the command looks.
"""

import itertools
import re
from posixpath import basename, dirname
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.dockerfile.deferred import Deferred, concat
from dock2sh.emit.quoting import quote
from dock2sh.model import Copy
from dock2sh.plan.patterns import glob_regex, has_wildcard, search

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree

_END = re.compile(r"(/\.?)+\Z")
_FEW = 8  # names that one would still type
_LOST = "     (owners are lost on the way)"


class Brought(NamedTuple):
    """`commands` to be given elsewhere; `paths` in the container that come of them, as far as one knows; `into` a folder.

    Of a source that may be a directory `paths` has the file's name, and `guessed` says so.
    """

    commands: tuple[str, ...]
    paths: tuple[str, ...]
    into: bool
    guessed: bool = False


def brought(step: Copy, container: str, tree: "Tree | None", origin: str = "", folders: frozenset[str] = frozenset()) -> Brought:
    """What brings the sources of `step`. `origin` is the container that they come from, `folders` what surely is one there."""
    commands, paths, guessed = list[str](), list[str](), False
    into = step.destination.endswith("/") or step.parents
    for source, word in zip(step.sources, step.words, strict=False):
        if origin:
            one = _from_stage(step, source, container, origin, source in folders or word.endswith(("/", "/.")))
        elif step.parents:
            one = _with_parents(step, word, container)
        else:
            one = _from_context(step, source, word, container, tree)
        commands += [f"{command}{_note(step)}" for command in one.commands]
        paths += one.paths
        guessed |= one.guessed
        into = into or one.into
    return Brought(tuple(commands), tuple(paths), into, guessed)


def folder_of(destination: str) -> str:
    """A destination as a directory, without the slash at its end."""
    if isinstance(destination, Deferred):
        return Deferred(_END.sub("", destination), _END.sub("", destination.shell))
    return destination.rstrip("/") or "/"


def above(path: str) -> str:
    """The directory that a path is in."""
    if isinstance(path, Deferred):
        return Deferred(dirname(path), dirname(path.shell))
    return dirname(path) or "/"


def _note(step: Copy) -> str:
    return f"     (without {', '.join(map(quote, step.excludes))})" if step.excludes else ""


def _below(destination: str, name: str) -> str:
    folder = folder_of(destination)
    return concat([folder if folder != "/" else "", f"/{name}"])


def place(destination: str, name: str) -> str:
    """Where a file comes to lie."""
    return _below(destination, name) if destination.endswith("/") else destination


# ---- from the context


def _from_context(step: Copy, source: str, word: str, container: str, tree: "Tree | None") -> Brought:
    relative = source.strip("/")
    target = f"{container}:{quote(step.destination)}"
    whole = tree if tree and tree.whole else None
    if has_wildcard(relative):
        return _matches(step, relative, target, container, whole)
    tree = tree if tree and (tree.whole or relative in tree.paths) else None
    if relative == "" or (relative in tree.folders if tree else word.endswith(("/", "/."))):
        return _directory(relative, step.destination, container, whole)
    unpacked = "     (an archive is unpacked there)" if step.unpack else ""
    path = (place(step.destination, basename(relative)),)
    if tree:
        follow = "-L " if relative in tree.links else ""
        return Brought((f"docker cp {follow}{_operand(relative)} {target}{unpacked}",), path, False)
    name = _operand(relative)
    return Brought((f'docker cp {name}"$([ ! -d {name} ] || echo /.)" {target}{unpacked}',), path, False)


def _directory(relative: str, destination: str, container: str, tree: "Tree | None") -> Brought:
    """The contents of a directory; what the ignore file leaves out of it is said, for docker cp does not know."""
    folder = folder_of(destination)
    dot = f"{_operand(relative)}/." if relative else "."
    prefix = f"{relative}/" if relative else ""
    names = _children(prefix, tree.paths) if tree else ()
    paths = tuple(_below(destination, name) for name in names) if tree and len(names) <= _FEW else (folder,)
    left = _without(prefix, tree.left_out) if tree else ""
    return Brought((f"docker cp {dot} {container}:{quote(folder.rstrip('/') + '/')}{left}",), paths, True)


def _children(prefix: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path[len(prefix) :].partition("/")[0] for path in paths if path.startswith(prefix)))


def _without(prefix: str, left_out: tuple[str, ...]) -> str:
    names = [path for path in left_out if path.startswith(prefix) and dirname(path) not in left_out]
    if not names:
        return ""
    more = ", ..." if len(names) > _FEW else ""
    return f"     (without what the ignore file leaves out: {', '.join(map(quote, names[:_FEW]))}{more})"


def _matches(step: Copy, pattern: str, target: str, container: str, tree: "Tree | None") -> Brought:
    """Every match is a source of its own. A few are named; many are for the shell to find."""
    found = [path for path in tree.paths if search(glob_regex(pattern), path)] if tree else []
    if not tree or len(found) > _FEW:
        paths = tuple(place(step.destination, basename(path)) for path in found) or (folder_of(step.destination),)
        return Brought(
            (_loop(_patterns(pattern), target),), paths if len(paths) <= _FEW else (folder_of(step.destination),), True
        )
    directories = [_directory(path, step.destination, container, tree) for path in found if path in tree.folders]
    files = [path for path in found if path not in tree.folders]
    commands = [command for one in directories for command in one.commands]
    if files:
        follow = "-L " if tree.links & set(files) else ""
        names = " ".join(map(_operand, files))
        each = f'for f in {names}; do docker cp {follow}"$f" {target}; done'
        commands.insert(0, each if len(files) > 1 else f"docker cp {follow}{names} {target}")
    paths = (*(place(step.destination, basename(path)) for path in files), *(path for one in directories for path in one.paths))
    return Brought(tuple(commands), paths, bool(directories))


def _loop(patterns: str, target: str) -> str:
    return f'for f in {patterns}; do [ -e "$f" ] || continue; [ ! -d "$f" ] || f=$f/.; docker cp "$f" {target}; done'


def _patterns(path: str) -> str:
    """A pattern of Go's as the shell's: its `*` and `?` match the dot of a hidden file, the shell's do not."""
    choices = [_components(part) for part in path.split("/")]
    return " ".join("/".join(parts) for parts in itertools.product(*choices))


def _components(part: str) -> tuple[str, ...]:
    bare = _bare(part)
    if part.strip("*") == "" and part:
        return bare, ".[!.]*", "..?*"
    if part.startswith("*"):
        return bare, f".{bare}"
    first = re.match(r"\?|\[\^[^]]*\]", part)
    return (bare, "." + _bare(part[first.end() :])) if first and len(part) > first.end() else (bare,)


def _bare(path: str) -> str:
    """As the shell is to see it: the wildcards bare, all else quoted."""
    out = ""
    for piece in re.findall(r"\\.|\*+|\?|\[[^]/]*\]|[^\\*?[]+|.", path):
        if piece[0] == "\\":
            out += quote(piece[1:])
        elif piece[0] in "*?":
            out += piece[0] if piece[0] == "*" else piece
        elif piece[0] == "[" and piece[-1] == "]":
            out += re.sub(r"[^]\[\w^!-]", r"\\\g<0>", "[!" + piece[2:] if piece[1] == "^" else piece)
        else:
            out += quote(piece)
    return out


def _operand(path: str) -> str:
    """A path that is no option, no container's (`a:b`), and not standard input."""
    return quote(path if not path.startswith("-") and ":" not in path else f"./{path}")


def _with_parents(step: Copy, word: str, container: str) -> Brought:
    """COPY --parents: tar keeps the directories on the way; what stands before `/./` is not among them."""
    before, pivot, rest = word.partition("/./")
    path = (rest if pivot else word).strip("/") or "."
    names = _patterns(path) if has_wildcard(path) else quote(path)
    target = quote(folder_of(step.destination).rstrip("/") + "/")
    inside = f"-C {quote(before.lstrip('/') or '.')} " if pivot else ""
    done = f"tar --owner=0 --group=0 {inside}-cf - -- {names} | docker cp - {container}:{target}"
    if pivot and has_wildcard(before):
        done = f'for d in {_patterns(before.strip("/"))}; do (cd "$d" && tar --owner=0 --group=0 -cf - -- {names})'
        done += f" | docker cp - {container}:{target}; done"
    return Brought((done,), (_below(step.destination, path.partition("/")[0]),), True)


# ---- from another container


def _from_stage(step: Copy, source: str, container: str, origin: str, is_folder: bool) -> Brought:
    """A stream keeps owners. In it a file has the name that it has there, so another name needs a stop on the way."""
    name, folder = basename(source), folder_of(step.destination)
    inside = f"{container}:{quote(folder.rstrip('/') + '/')}"
    path = (place(step.destination, name),)
    if has_wildcard(source) or step.parents:
        return _by_way(step, source, container, origin)
    if source == "/" or is_folder:
        return Brought((f"docker cp {origin}:{quote(source.rstrip('/') + '/.')} - | docker cp - {inside}",), (folder,), True)
    if step.destination.endswith("/"):
        look = f'f={origin}:{quote(source)}; docker cp "$f/." - >/dev/null 2>&1 && f=$f/.'
        return Brought((f'{look}; docker cp "$f" - | docker cp - {inside}',), path, False, guessed=True)
    if basename(step.destination) == name:
        above = quote(dirname(step.destination).rstrip("/") + "/")
        return Brought((f"docker cp {origin}:{quote(source)} - | docker cp - {container}:{above}",), path, False)
    stop = f'd=$(mktemp -d) && docker cp {origin}:{quote(source)} "$d" && f=$d/{quote(name)}'
    done = f'docker cp "$f" {container}:{quote(step.destination)} && rm -r "$d"{_LOST}'
    return Brought((f'{stop} && {{ [ ! -d "$f" ] || f=$f/.; }} && {done}',), path, False)


def _by_way(step: Copy, source: str, container: str, origin: str) -> Brought:
    """Wildcards, and directories on the way, in a copy of what they are below."""
    parts = source.strip("/").split("/")
    fixed = len(list(itertools.takewhile(lambda part: not has_wildcard(part), parts)))
    above = "" if step.parents else "/".join(parts[:fixed])
    rest = "/".join(parts if step.parents else parts[fixed:])
    target = f"{container}:{quote(folder_of(step.destination).rstrip('/') + '/')}"
    copied = f'd=$(mktemp -d) && docker cp {origin}:{quote("/" + above + "/." if above else "/.")} "$d"'
    if step.parents:
        before, pivot, kept = rest.partition("/./")
        done = f'(cd "$d" && tar -cf - -- {_patterns(rest)}) | docker cp - {target}'
        if pivot:
            done = (
                f'for p in "$d"/{_patterns(before)}; do (cd "$p" && tar -cf - -- {_patterns(kept)}) | docker cp - {target}; done'
            )
    else:
        done = f'(cd "$d" && {_loop(_patterns(rest), target)})'
    return Brought((f'{copied} && {done} && rm -r "$d"{_LOST}',), (folder_of(step.destination),), True)
