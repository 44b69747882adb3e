"""COPY and ADD (semantics.md 1.6): which files go where. How they are copied is the script's business (runtime/)."""

import re

from dock2sh.dockerfile.deferred import Deferred, concat
from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.gotext import SPACE
from dock2sh.dockerfile.heredocs import chomped, heredoc_of
from dock2sh.dockerfile.syntax import Heredoc, Node
from dock2sh.model import Copy, Fetch, File
from dock2sh.plan.builder import StageBuilder
from dock2sh.plan.paths import clean, normalised
from dock2sh.source import refuse

_COPY: dict[str, type] = {"chown": str, "from": str, "chmod": str, "link": bool, "exclude": list, "parents": bool}
_ADD: dict[str, type] = {
    "chown": str, "chmod": str, "link": bool, "keep-git-dir": bool, "checksum": str, "unpack": bool, "exclude": list,
}  # fmt: skip
_SYMBOLIC = r"[ugoa]*(?:[-+=][rwxXstugo]*)+"


def parse_copy(node: Node) -> Flags:
    return _parse("COPY", node, _COPY)


def parse_add(node: Node) -> Flags:
    return _parse("ADD", node, _ADD)


def _parse(keyword: str, node: Node, known: dict[str, type]) -> Flags:
    """Two words at least, known flags, no here-document as the destination."""
    if len(node.args) < 2:
        message = f"{keyword} requires at least two arguments, but only one was provided. Destination could not be determined"
        raise refuse("arity", message, hint=f"`{keyword} SOURCE... DESTINATION`", near=node.args[0] if node.args else "")
    flags = check(node.flags, known) if node.flags else {}
    if "<<" in node.args[-1] and heredoc_of(node.args[-1]):
        raise refuse(
            "heredoc-destination",
            f"{keyword} cannot accept a heredoc as a destination",
            hint="here-documents are sources",
            near=node.args[-1],
        )
    return flags


def plan_copy(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """COPY, evaluated in BuildKit's order, so that the first thing that is wrong is the one that is reported."""
    chown, chmod = _owner(stage, flags)
    paths, destination_word, files = _words(stage, node)
    origin = stage.find_origin(str(flags["from"]), None) if flags.get("from") else ""
    destination = _destination(stage, destination_word, chmod)
    for path in paths:
        _refuse_remote(path)
    _watch_sources(stage, paths if not origin else [])
    stage.steps.append(
        Copy(
            stage.span, stage.text, tuple([_anchored(path, flags) for path in paths]), destination, (*paths, destination_word),
            origin, chown, chmod, bool(flags.get("link")) and not chmod, bool(flags.get("parents")), _excludes(flags),
            None, files, stage.onbuild,
        )
    )  # fmt: skip


def plan_add(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """ADD: local files, URLs and repositories, in the order in which they stand."""
    chown, chmod = _owner(stage, flags)
    checksum = stage.expand(str(flags["checksum"])) if "checksum" in flags else ""
    paths, destination_word, files = _words(stage, node)
    destination = _destination(stage, destination_word, chmod)
    if any(map(_may_be_remote, paths)) or "checksum" in flags:
        steps = _mixed(stage, flags, paths, checksum, destination, (chown, chmod))
    else:
        steps = [_local(stage, flags, paths, destination, (chown, chmod))] if paths else []
    if files:
        last = steps.pop() if steps and isinstance(steps[-1], Copy) else None
        held = last if isinstance(last, Copy) else _local(stage, flags, [], destination, (chown, chmod))
        steps.append(held._replace(files=files))
    words = (*paths, destination_word)
    _watch_sources(stage, [path for step in steps if isinstance(step, Copy) for path in step.words])
    stage.steps += [step._replace(words=words) for step in steps]


def _mixed(
    stage: StageBuilder, flags: Flags, paths: list[str], checksum: str, destination: str, owner: tuple[str, str]
) -> list[Copy | Fetch]:
    """Local sources in groups, each remote one alone. What a repository says of its commit and its .git holds for those behind
    it, too (BuildKit: dispatchCopy)."""
    from dock2sh.instructions.remote import LOCAL, fetch_of

    if checksum and len(paths) != 1:
        raise refuse("checksum", "checksum can't be specified for multiple sources", hint="one ADD for each", near="--checksum")
    steps, local, asked = list[Copy | Fetch](), list[str](), checksum
    keep: object = flags.get("keep-git-dir")
    for path in paths:
        fetch = fetch_of(path, checksum, keep)
        if fetch is None:
            local.append(path)
            continue
        if local:
            steps.append(_local(stage, flags, local, destination, owner))
            local = []
        source, checksum, git, keep = fetch
        steps.append(
            Fetch(
                stage.span, stage.text, source, destination, (), checksum, *owner, bool(flags.get("link")) and not owner[1],
                bool(flags.get("unpack")) and not git, git, _excludes(flags), stage.onbuild,
            )
        )  # fmt: skip
    if asked and local and not local[0].startswith(LOCAL):
        raise refuse("checksum", "checksum requires HTTP(S) or Git sources", hint="a local file needs none", near="--checksum")
    return [*steps, _local(stage, flags, local, destination, owner)] if local else steps


def _local(stage: StageBuilder, flags: Flags, paths: list[str], destination: str, owner: tuple[str, str]) -> Copy:
    chown, chmod = owner
    return Copy(
        stage.span, stage.text, tuple([_anchored(path, flags) for path in paths]), destination, tuple(paths), "", chown, chmod,
        bool(flags.get("link")) and not chmod, False, _excludes(flags), bool(flags.get("unpack", True)), (), stage.onbuild,
    )  # fmt: skip


def _owner(stage: StageBuilder, flags: Flags) -> tuple[str, str]:
    """--chown and --chmod, expanded."""
    if "chown" not in flags and "chmod" not in flags:
        return "", ""
    return stage.expand(str(flags.get("chown", ""))), stage.expand(str(flags.get("chmod", "")))


def _words(stage: StageBuilder, node: Node) -> tuple[list[str], str, tuple[File, ...]]:
    """The sources and the destination expanded, and the files that here-documents make."""
    paths, found = list[str](), list[Heredoc]()
    for word in node.args[:-1]:
        heredoc = heredoc_of(word) if "<<" in word else None
        if heredoc:
            found.append(heredoc)
        else:
            paths.append(word)
    expanded, destination = [stage.expand(path) for path in paths], stage.expand(node.args[-1])
    return expanded, destination, tuple(_file(stage, node, heredoc) for heredoc in found) if found else ()


def _file(stage: StageBuilder, node: Node, named: Heredoc) -> File:
    """A here-document as a file. Of two with one name both get the last body (semantics.md 1.5)."""
    content = next((doc.content for doc in reversed(node.heredocs) if doc.name == named.name), "")
    if named.chomp:
        content = chomped(content)
    return File(_file_name(named.name), stage.expand_content(content) if named.expand else content, named.name)


def _file_name(name: str) -> str:
    """The name of a here-document as that of a file at a root, where BuildKit makes it: no `..` leads out of there, and there are
    no directories. Raises Refused, in its words."""
    path = clean(f"/{name}")
    if "/" in path[1:]:
        raise refuse("heredoc-name", f"open {path}: no such file or directory", hint="the name is that of a file", near=name)
    if path == "/":
        raise refuse("heredoc-name", "open : is a directory", hint="the name is that of a file", near=name)
    return path[1:]


def _destination(stage: StageBuilder, word: str, chmod: str) -> str:
    """The destination as an absolute path, once --chmod is right."""
    if chmod and not isinstance(chmod, Deferred):
        _check_mode(chmod)
    if word.startswith("/"):
        return normalised("/", word, True)
    return normalised(stage.cwd, "./" if word in ("", ".") else word, True)


def _check_mode(mode: str) -> None:
    """--chmod: octal up to 07777, or symbolic. Raises Refused."""
    octal = re.fullmatch("[0-7]+", mode)
    if (octal and int(mode, 8) > 0o7777) or (not octal and mode[:1].isdigit()):
        message = f"invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777"
        raise refuse("chmod", message, near=mode, hint="for example 0755, or u=rwX,go=rX")
    if not octal and not all(re.fullmatch(_SYMBOLIC, clause) for clause in mode.split(",")):
        raise refuse("chmod", "invalid syntax", near=mode, hint="for example 0755, or u=rwX,go=rX")


def _excludes(flags: Flags) -> tuple[str, ...]:
    """--exclude, cleaned as a path with its `!` (so that `!/x` takes nothing back); empty ones are none. Raises Refused."""
    values = flags.get("exclude", ())
    found = [clean(value.strip(SPACE)) for value in values if value.strip(SPACE)] if isinstance(values, (list, tuple)) else []
    if "!" in found:
        raise refuse("pattern", 'illegal exclusion pattern: "!"', hint="a pattern follows the `!` of --exclude", near="--exclude")
    return tuple(found)


def _anchored(path: str, flags: Flags) -> str:
    """A source as a path from the root of where it comes from. `--parents` keeps its pivot `/./`."""
    if flags.get("parents") and "/./" in path:
        parent, _, rest = path.partition("/./")
        return concat([normalised("/", parent).rstrip("/"), "/./", normalised("/", rest)[1:]])
    return normalised("/", path)


def _may_be_remote(path: str) -> bool:
    """Whether remote.py must look: `protocol://…`, `user@host:…` or `github.com/…`."""
    return "://" in path or ("@" in path and ":" in path) or path.startswith("github.com/")


def _refuse_remote(path: str) -> None:
    """COPY takes neither URLs nor repositories."""
    if not _may_be_remote(path):
        return
    from dock2sh.instructions.remote import git_of, is_url

    if git_of(path):
        raise refuse("copy-git", "source can't be a git ref for COPY", hint="ADD clones repositories", near=path)
    if is_url(path):
        raise refuse("copy-url", "source can't be a URL for COPY", hint="ADD fetches URLs", near=path)


def _watch_sources(stage: StageBuilder, paths: list[str]) -> None:
    if stage.shared.watch:
        for path in paths:
            stage.shared.watch.copy_source(path)
