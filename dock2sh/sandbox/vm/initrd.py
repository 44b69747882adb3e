"""An initrd, made on the fly: a cpio archive in the kernel's own format (newc, Documentation/driver-api/early-userspace)."""

import stat
from collections.abc import Mapping
from typing import NamedTuple


class Node(NamedTuple):
    """A file (`content`), a symbolic link (`content` is where it leads) or a directory, by the type bits of `mode`."""

    mode: int
    content: bytes = b""


def file(content: bytes, mode: int = 0o644) -> Node:
    """A regular file."""
    return Node(stat.S_IFREG | mode, content)


def link(target: str) -> Node:
    """A symbolic link."""
    return Node(stat.S_IFLNK | 0o777, target.encode())


def archive(nodes: Mapping[str, Node]) -> bytes:
    """The archive of `nodes` (path without a leading slash -> node); directories on the way are made, 0755."""
    folders = {path[:cut] for path in nodes for cut in range(len(path)) if path[cut] == "/"}
    whole = {folder: Node(stat.S_IFDIR | 0o755) for folder in folders} | dict(nodes)
    parts = [_entry(path, node, number) for number, (path, node) in enumerate(sorted(whole.items()), 1)]
    return b"".join(parts) + _entry("TRAILER!!!", Node(0), 0)


def _entry(path: str, node: Node, number: int) -> bytes:
    """One member: thirteen numbers of eight hexadecimal digits, the name, the content; both padded to four bytes."""
    name = path.encode() + b"\0"
    fields = (number, node.mode, 0, 0, 1, 0, len(node.content), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return _padded(head) + _padded(node.content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
