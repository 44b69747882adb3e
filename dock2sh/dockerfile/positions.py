"""Where each character of an instruction's text stands in the file, through continuations, comments and here-documents."""

from collections.abc import Iterator

from dock2sh.dockerfile.gotext import SPACE
from dock2sh.dockerfile.heredocs import chomped
from dock2sh.dockerfile.syntax import Node

Position = tuple[int, int]
"""A line and a column, counted from 1."""


def positions(node: Node, text: str, lines: list[str], escape: str) -> list[Position] | None:
    """For each character of `text`, which is what the instruction hands on (a RUN's text), its place in `lines`, the file's.

    None where that cannot be told: a text that does not stand there as it is.
    """
    if node.heredocs and text in (node.heredocs[0].content, chomped(node.heredocs[0].content)):
        return list(_content(node, lines, 0, text))
    head, at = _joined(node, lines, escape)
    first, newline, _ = text.partition("\n") if node.heredocs else (text, "", "")
    start = len(head.rstrip(SPACE)) - len(first)
    if start < 0 or head[start : start + len(first)] != first:
        return None
    found = at[start : start + len(first)]
    for index, heredoc in enumerate(node.heredocs if newline else ()):
        last = _last(node, index)
        found += [(found[-1][0], found[-1][1] + 1) if found else (last, 1)]  # the newline
        found += _content(node, lines, index, heredoc.content)
        found += [(last, column) for column in range(1, len(heredoc.name) + 1)]
    return found if len(found) == len(text) else None


def _joined(node: Node, lines: list[str], escape: str) -> tuple[str, list[Position]]:
    """The instruction's own lines as one, as lines.py joins them, with the place of each character."""
    chars, places = list[str](), list[Position]()
    for number in range(node.span.first, _last(node, -1) + 1):
        line = lines[number - 1].rstrip("\r")
        bare = line.lstrip(SPACE)
        if number > node.span.first and (not bare or bare[0] == "#"):
            continue
        start = len(line) - len(bare) if number == node.span.first else 0
        cut = line.rstrip(" \t")
        part = cut[:-1] if cut.endswith(escape) and not cut.endswith(escape * 2) else line
        chars += part[start:]
        places += [(number, column) for column in range(start + 1, len(part) + 1)]
    return "".join(chars), places


def _last(node: Node, index: int) -> int:
    """The line that ends here-document `index`; for -1 the last line of the instruction itself."""
    below = sum(heredoc.content.count("\n") + 1 for heredoc in node.heredocs[index + 1 :])
    return node.span.last - below


def _content(node: Node, lines: list[str], index: int, text: str) -> Iterator[Position]:
    """Each character of a here-document's content; of `<<-` the tabs are not in the text."""
    first = _last(node, index) - node.heredocs[index].content.count("\n")
    for number, line in enumerate(text.split("\n")[:-1], first):
        written = lines[number - 1]
        tabs = len(written) - len(written.lstrip("\t")) if len(line) < len(written.rstrip("\r\n")) else 0
        yield from ((number, tabs + column) for column in range(1, len(line) + 2))
