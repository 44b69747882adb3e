"""Where the boxes of the picture stand: columns by the longest way to them, in each column an order that keeps arrows short."""

import itertools
from typing import NamedTuple

from dock2sh.explain.tree import Edge, Graph, Node

CHARACTER, LINE = 7.2, 17
"""A character of the picture's monospaced text, and the distance of lines, in pixels: text has to fit without being measured."""
WIDEST = 34
"""Characters in a box; what is longer is cut."""
PADDING, TITLE, GAP, LANE = 12, 22, 26, 92


class Box(NamedTuple):
    """A node with its place and size, and its lines as they fit."""

    node: Node
    column: int
    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[str, ...]


Way = tuple[tuple[float, float, float], ...]
"""Where an arrow passes the columns between its ends: left, right, height."""


class Placed(NamedTuple):
    """`ways` by start and end, for the arrows that pass a column."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    ways: dict[tuple[str, str], Way]
    width: float
    height: float


def place(graph: Graph) -> Placed:
    """All boxes placed, left to right."""
    columns = _columns(graph)
    passing = {pair: _passed(pair, columns) for pair in dict.fromkeys((edge.start, edge.end) for edge in graph.edges)}
    order = _order(graph, columns, passing)
    nodes = {node.key: node for node in graph.nodes}
    sized = {key: _size(node) for key, node in nodes.items()}
    boxes, lanes, x, height = list[Box](), dict[str, tuple[float, float, float]](), 16.0, 0.0
    bottoms = list[float]()
    for number, keys in enumerate(order):
        width, y = max((sized[key][0] for key in keys if key in sized), default=0.0), 16.0
        for key in keys:
            if key in nodes:
                boxes.append(Box(nodes[key], number, x, y, width, *sized[key][1:]))
                y += sized[key][1] + GAP
            else:
                lanes[key] = (x, x + width, y + 4)
                y += 8 + GAP / 2
        bottoms.append(y - GAP + 16)
        x += width + LANE
    height = max(bottoms)
    down = [(height - bottom) / 2 for bottom in bottoms]  # each column in the middle of the height
    ways = {
        pair: tuple(
            (lanes[key][0], lanes[key][1], lanes[key][2] + down[columns[pair[0]] + 1 + at]) for at, key in enumerate(keys)
        )
        for pair, keys in passing.items()
    }
    moved = tuple(box._replace(y=box.y + down[box.column]) for box in boxes)
    return Placed(moved, graph.edges, ways, x - LANE + 16, height)


def _passed(pair: tuple[str, str], columns: dict[str, int]) -> list[str]:
    """A name for each place in a column where an arrow passes."""
    first, last = columns[pair[0]], columns[pair[1]]
    return [f"{pair[0]}\0{pair[1]}\0{column}" for column in range(first + 1, last)]


def _size(node: Node) -> tuple[float, float, str, tuple[str, ...]]:
    title, lines = cut(node.title), tuple(cut(line) for line in node.lines)
    longest = max(len(text) + _wide(text) for text in (title, *lines))
    return longest * CHARACTER + 2 * PADDING, TITLE + LINE * len(lines) + PADDING, title, lines


def _wide(text: str) -> int:
    from unicodedata import east_asian_width

    return 0 if text.isascii() else sum(east_asian_width(char) in "WF" for char in text)


def cut(text: str, most: int = WIDEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _columns(graph: Graph) -> dict[str, int]:
    """Each node's column: behind all that lead to it. Images stand right before their first use."""
    before: dict[str, list[str]] = {node.key: [] for node in graph.nodes}
    for edge in graph.edges:
        if edge.start != edge.end:
            before[edge.end].append(edge.start)
    found: dict[str, int] = {}
    for node in graph.nodes:  # in the order of the file, stages only lead on; images and the context lead to all
        _depth(node.key, before, found)
    after = {node.key: [found[edge.end] for edge in graph.edges if edge.start == node.key] for node in graph.nodes}
    for node in graph.nodes:
        if node.kind in ("image", "context") and after[node.key]:
            found[node.key] = max(0, min(after[node.key]) - 1)
    return found


def _depth(key: str, before: dict[str, list[str]], found: dict[str, int]) -> int:
    """Without recursion: a hundred stages in a row are no deep stack."""
    pending = [key]
    while pending:
        top = pending[-1]
        missing = [other for other in before[top] if other not in found]
        if missing and len(pending) < 10_000:
            pending += missing
            continue
        found[top] = 1 + max((found.get(other, 0) for other in before[top]), default=-1)
        pending.pop()
    return found[key]


def _order(graph: Graph, columns: dict[str, int], passing: dict[tuple[str, str], list[str]]) -> list[list[str]]:
    """The keys of each column, sorted by where their neighbours stand, a few times to and fro."""
    order: list[list[str]] = [[] for _ in range(max(columns.values()) + 1)]
    for node in graph.nodes:
        order[columns[node.key]].append(node.key)
    near: dict[str, list[str]] = {}
    for (start, end), keys in passing.items():
        way = [start, *keys, end]
        for before, after in itertools.pairwise(way):
            near.setdefault(before, []).append(after)
            near.setdefault(after, []).append(before)
        for at, key in enumerate(keys):
            order[columns[start] + 1 + at].append(key)
    for _ in range(10):
        places = {
            key: index / max(1, len(keys) - 1) if len(keys) > 1 else 0.5 for keys in order for index, key in enumerate(keys)
        }
        for keys in order:
            keys.sort(key=lambda key: sum(places[other] for other in near[key]) / len(near[key]) if near.get(key) else 0.5)
            places |= {key: index / max(1, len(keys) - 1) if len(keys) > 1 else 0.5 for index, key in enumerate(keys)}
    return order
