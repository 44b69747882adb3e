"""A build that nobody wrote: what it is made of, on disk, and as the directory of a recorded case."""

import io
import json
import os
import socket
import stat
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

from dock2sh.verify.snapshot import Entry, Tree

EPOCH = 1500000000


class Item(NamedTuple):
    """An entry of a build context. `kind` is a letter of snapshot.Entry, or h for a hard link; `target` is what links mean."""

    path: str
    kind: str
    mode: int = 0o644
    mtime: int = EPOCH
    content: bytes = b""
    target: str = ""
    owner: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()


class Case(NamedTuple):
    """A Dockerfile in blocks (an instruction each, or a FROM, with what belongs to it), its context, its build arguments, and
    what is in its named context, if it has one (`instructions.NAMED`)."""

    blocks: tuple[str, ...]
    items: tuple[Item, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    named: tuple[Item, ...] = ()

    @property
    def text(self) -> str:
        """The Dockerfile."""
        return "".join(f"{block}\n" for block in self.blocks)

    @property
    def options(self) -> list[str]:
        """What docker is told besides."""
        return [f"--build-arg={name}={value}" for name, value in self.arguments]


def write(case: Case, folder: Path) -> None:
    """The build context with its Dockerfile, the named context beside it. Needs root: for the owners."""
    _fill(case.items, folder, {"Dockerfile": case.text})
    if case.named:
        _fill(case.named, beside(folder), {})


def beside(folder: Path) -> Path:
    """Where the named context of the build context `folder` lies."""
    return folder.with_name(f"{folder.name}-named")


def _fill(items: tuple[Item, ...], folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir()
    for item in items:
        _make(item, folder)
    for name, text in texts.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (EPOCH, EPOCH))
    for item in reversed(items):  # a directory's time last, after what is in it
        os.utime(folder / item.path, (item.mtime, item.mtime), follow_symlinks=False)
    os.utime(folder, (EPOCH, EPOCH))


def _make(item: Item, folder: Path) -> None:
    place = folder / item.path
    if item.kind == "d":
        place.mkdir()
    elif item.kind == "l":
        place.symlink_to(item.target)
    elif item.kind == "h":
        os.link(folder / item.target, place)
    elif item.kind == "p":
        os.mkfifo(place)
    elif item.kind == "s":
        _socket(place)
    else:
        place.write_bytes(item.content)
    os.chown(place, item.owner, item.owner, follow_symlinks=False)
    if item.kind != "l":
        place.chmod(item.mode)
    for name, value in item.xattrs:  # after chown, which takes capabilities away
        os.setxattr(place, name, value)


def _socket(place: Path) -> None:
    """By a short name first: an address has room for no more than 107 bytes."""
    here = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/.socket")
    os.close(here)
    place.with_name(".socket").rename(place)


def save(case: Case, folder: Path, notes: dict[str, str], result: tuple[Tree, dict[str, Any]] | None = None) -> None:
    """A directory as those of tests/fuzzed: Dockerfile, context.tar, case.json, what docker answered, and notes by name."""
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(case.text)
    if case.arguments:
        attributes = {f"build-arg:{name}": value for name, value in case.arguments}
        (folder / "case.json").write_text(json.dumps({"attrs": attributes}, indent=1) + "\n")
    (folder / "context.tar").write_bytes(_tar((*case.items, Item("Dockerfile", "f", content=case.text.encode()))))
    if case.named:
        (folder / "named.tar").write_bytes(_tar(case.named))
    for name, text in notes.items():
        (folder / name).write_text(text)
    if result:
        tree, config = result
        (folder / "tree.txt").write_text("".join(_line(path, tree[path]) for path in sorted(tree)))
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def _tar(items: tuple[Item, ...]) -> bytes:
    """A context, as far as a tar can hold it (not sockets); with the Dockerfile, which `COPY .` takes too."""
    out = io.BytesIO()
    kinds = {"d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "p": tarfile.FIFOTYPE}
    with tarfile.open(fileobj=out, mode="w") as tar:
        for item in items:
            if item.kind == "s":
                continue
            info = tarfile.TarInfo(item.path)
            info.type, info.mode, info.mtime = kinds.get(item.kind, tarfile.REGTYPE), item.mode, item.mtime
            info.uid = info.gid = item.owner
            info.linkname, info.size = item.target, len(item.content)
            info.pax_headers = {f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape") for name, value in item.xattrs}
            tar.addfile(info, io.BytesIO(item.content))
    return out.getvalue()


def _line(path: str, entry: Entry) -> str:
    """As tests/conformance/README.md has it; a hard link refers to the first of its names."""
    head = f"{entry.mode:04o} {entry.uid}:{entry.gid} {entry.mtime} {path}"
    if entry.links and entry.links != path:
        return f"h {head} -> {entry.links}\n"
    if entry.kind == "l":
        return f"l {stat.S_IMODE(0o777):04o} {entry.uid}:{entry.gid} {entry.mtime} {path} -> {entry.target}\n"
    if entry.kind == "f":
        return f"f {head} {entry.size} {entry.digest[:16]}\n"
    if entry.kind in "cb":
        return f"{entry.kind} {head} dev=[{entry.device.replace(':', ', ')}]\n"
    return f"{entry.kind} {head}\n"
