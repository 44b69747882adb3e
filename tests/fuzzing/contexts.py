"""Random build contexts: trees of files, links of every kind, archives, and the ignore file that leaves a part of it out."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from pathlib import PurePath

from dock2sh.plan.ignore import parse_ignore
from dock2sh.plan.patterns import search
from dock2sh.source import Refused
from tests.fuzzing.case import EPOCH, Item
from tests.fuzzing.dice import Dice

NAMES = ("a", "b", "c.txt", "d.txt", "e", "lib", "src", "x.md", ".hid")
LONG = "n" * 200
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service, permitted and effective
ODD_NAMES = (LONG, "x y", "-n", "[q]", "é", "z*", "a\\b", "q?", "$D", "#c", "!n", "w\nv", "'\"", "a.TXT")
NO_TEXT = "n\udcff"  # a byte that is no UTF-8; of the context docker transfers no such name
FILE_MODES = (0o644, 0o644, 0o644, 0o755, 0o600, 0o444, 0o000, 0o4755, 0o2755, 0o1644, 0o777)
DIRECTORY_MODES = (0o755, 0o755, 0o755, 0o700, 0o711, 0o1777, 0o2775, 0o555)


def context(dice: Dice) -> tuple[Item, ...]:
    """Some files; each directory before what is in it."""
    items: list[Item] = list(_chain(dice)) if dice.chance(8) else []
    for _ in range(dice.number(2, 11)):
        item = _item(dice, items)
        if item.path not in {other.path for other in items}:
            items.append(item)
    if dice.chance(35):
        name = dice.weighted([(4, ".dockerignore"), (1, "Dockerfile.dockerignore")])
        text = _ignore(dice, items)
        if not any(_emptied(name, text, item.path) for item in items if item.kind in "fh"):
            items.append(Item(name, "f", content=text.encode(), mtime=EPOCH + 7))
    return tuple(items)


def _item(dice: Dice, items: list[Item]) -> Item:
    folders = ["", *(item.path + "/" for item in items if item.kind == "d")]
    path = dice.pick(folders) + dice.pick(NAMES if dice.chance(88) else ODD_NAMES)
    mtime, owner = EPOCH + dice.number(1, 99999), dice.weighted([(6, 0), (1, 1000)])
    files = [item.path for item in items if item.kind == "f"]
    kind = dice.weighted([(50, "f"), (28, "d"), (14, "l"), (4 if files else 0, "h"), (7, "tar"), (2, "p"), (1, "s")])
    if kind == "d":
        return Item(path, "d", dice.pick(DIRECTORY_MODES), mtime, owner=owner)
    if kind == "l":
        return Item(path, "l", 0o777, mtime, target=link_target(dice, path, [item.path for item in items]), owner=owner)
    if kind == "h":
        name = dice.pick(files)
        first = next(item for item in items if item.path == name)
        return first._replace(path=path, kind="h", content=b"", target=first.path)
    if kind == "tar":
        suffix = dice.pick((".tar", ".tar.gz", ".tgz", "", ".txt"))
        return Item(path + suffix, "f", 0o644, mtime, content=archive(dice), owner=owner)
    xattrs = (
        dice.weighted([(20, ()), (1, (("user.a", b"one"),)), (1, (("security.capability", CAPABILITY),))]) if kind == "f" else ()
    )
    content = b"" if kind != "f" else dice.pick((b"", b"one\n", path.encode(), b"\x00\xff", b"x" * 5000))
    return Item(path, kind, dice.pick(FILE_MODES), mtime, content=content, owner=owner, xattrs=xattrs)


def _chain(dice: Dice) -> tuple[Item, ...]:
    """Links that lead to one another, the last one to a directory, a file, nothing, or to the first."""
    end = dice.pick(("end", "end/in", "nope", "chain0"))
    names = [f"chain{number}" for number in range(dice.number(2, 12))]
    links = [Item(name, "l", 0o777, EPOCH + 3, target=target) for name, target in zip(names, [*names[1:], end], strict=True)]
    return (Item("end", "d", 0o755, EPOCH + 1), Item("end/in", "f", 0o640, EPOCH + 2, content=b"in"), *links)


def link_target(dice: Dice, path: str, others: list[str]) -> str:
    """Where a link leads: to something that is there, relative or absolute, out of the tree, nowhere, or to itself.

    Not to the whole context, of which docker transfers what it likes (docs/docker-oddities.md).
    """
    # patterns and exceptions to docker: see docs/docker-oddities.md
    others = [other for other in others if not set(other) & set("[\\") and not other.startswith("!")]
    other = dice.pick(others) if others else "nope"
    near = os.path.relpath(other, os.path.dirname(path) or ".")
    if others and "/" not in path and dice.chance(75):  # a link in a wildcard's way that leads nowhere ends most builds
        return near
    return dice.weighted(
        [
            (6, near),
            (3, "/" + other),
            (1, "../" * dice.number(1, 4) + other),
            (2, "nope"),
            (1, "/nope/x"),
            (1 if "/" in path else 0, "."),
            (1, os.path.basename(path)),
            (1, f"./{near}/"),
        ]
    )


def archive(dice: Dice) -> bytes:
    """A tar, mostly: plain or compressed, sometimes cut short, or compressed text."""
    data = _tar(dice) if dice.chance(90) else dice.pick((b"", b"no archive\n", bytes(1024)))
    pack = dice.weighted([(4, bytes), (2, gzip.compress), (1, bz2.compress), (1, lzma.compress)])
    packed = gzip.compress(data, mtime=0) if pack is gzip.compress else pack(data)
    return packed[: len(packed) // 2] if dice.chance(3) else packed


def _tar(dice: Dice) -> bytes:
    out = io.BytesIO()
    form = dice.pick((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT))
    seen: list[str] = []
    folders: set[str] = set()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as tar:
        for _ in range(dice.number(1, 7)):
            info, data = _member(dice, seen)
            place = os.path.normpath(info.name).lstrip("/")
            if info.type == tarfile.SYMTYPE and place in folders:
                continue  # docker sets the directory's time through the link: see docs/docker-oddities.md
            folders |= {place} if info.type == tarfile.DIRTYPE else set()
            try:
                tar.addfile(info, io.BytesIO(data))
            except ValueError:
                continue  # ustar has no room for a name as long as that
            seen.append(info.name)
    return out.getvalue()


def _member(dice: Dice, seen: list[str]) -> tuple[tarfile.TarInfo, bytes]:
    folder = dice.weighted([(5, ""), (2, "./"), (1, "/"), (3, "src/"), (2, "lib/sub/")])
    name = folder + dice.pick(NAMES if dice.chance(93) else (*ODD_NAMES, NO_TEXT))
    if seen and dice.chance(25):
        name = dice.pick(seen) + dice.pick(("", "/a", "/lib"))
    kinds = [(10, tarfile.REGTYPE), (5, tarfile.DIRTYPE), (2, tarfile.SYMTYPE), (1, tarfile.LNKTYPE), (1, tarfile.FIFOTYPE)]
    info = tarfile.TarInfo(dice.weighted([(60, name), (2, "."), (1, "a/../b")]))
    info.type = dice.weighted(kinds)
    directory = info.type == tarfile.DIRTYPE
    info.mode = dice.pick(DIRECTORY_MODES if directory else FILE_MODES)
    info.uid, info.gid, info.mtime = dice.pick((0, 7, 1000)), dice.pick((0, 8)), EPOCH + dice.number(1, 9999)
    info.linkname = ""
    if info.type == tarfile.SYMTYPE:
        info.linkname = link_target(dice, name.lstrip("/"), [other.lstrip("/") for other in seen])
    elif info.type == tarfile.LNKTYPE:
        info.linkname = dice.pick(seen) if seen else "nope"
    data = os.fsencode(info.name) if info.type == tarfile.REGTYPE else b""
    info.size = len(data)
    return info, data


def _ignore(dice: Dice, items: list[Item]) -> str:
    # docker reads \b as a word's end, by Go's regular expressions; a script refuses that, and says so
    paths = [item.path for item in items if "\\" not in item.path] or ["a"]
    return "".join(_rule(dice, dice.pick(paths)) + "\n" for _ in range(dice.number(1, 5)))


def _emptied(name: str, text: str, path: str) -> bool:
    """Whether docker transfers the file without its content: see docs/docker-oddities.md. It walks the context by the rules of
    parents, and opens files by this one."""
    try:
        ignore = parse_ignore(name, text)
    except Refused:
        return False
    whole, excluded = [path, *map(str, PurePath(path).parents)][:-1], False
    for rule in ignore.rules:
        if rule.included == excluded and any(search(rule.regex, one) for one in whole):
            excluded = not rule.included
    return excluded and not ignore.matches(path)


def _rule(dice: Dice, path: str) -> str:
    """A line of an ignore file that has to do with a path."""
    name, folder = os.path.basename(path), os.path.dirname(path)
    rule = dice.weighted(
        [
            (5, path),
            (2, "/" + path),
            (2, path + "/"),
            (3, wild(dice, path)),
            (2, "**/" + name),
            (2, "*"),
            (1, "**"),
            (2, f"{folder or '*'}/*"),
            (1, f"{folder or '*'}/**"),
            (1, f"{folder or '**'}/**/{name}"),
            (1, "**/*.txt"),
            (1, "# " + path),
            (1, "  " + path + "  "),
            (1, "./" + path),
            (1, f"{path}/../{name}"),
            (1, "."),
            (1, ""),
        ]
    )
    return "!" + rule if rule and dice.chance(35) else rule


def wild(dice: Dice, path: str) -> str:
    """A wildcard that matches a path, most of the time."""
    parts = path.split("/")
    at = len(parts) - 1 if dice.chance(75) else dice.number(0, len(parts) - 1)
    part = parts[at]
    first = part[0] if part[0].isalnum() else "a"
    near = ("*", "?" * len(part), part[0] + "*", "*" + part[-1], "*.*")
    parts[at] = dice.pick((*near, f"[{first}-{first}]*", "[^z]*", f"[a-z]{part[1:]}"))
    return "/".join(parts)
