"""The stages as boxes and arrows, for a drawing. FROM is a solid line, COPY --from and mounts are dashed."""

from collections.abc import Sequence
from typing import NamedTuple

from .case import StageRow, StepRow

BOX, GAP, LINE, HEAD, MARGIN = 256, 70, 18, 30, 12  # the width of a box, between columns, heights, around
_LINES = 9  # steps that a box shows


class Box(NamedTuple):
    """A stage or an image at its place; `lines` are its steps (number, text, differences)."""

    key: str
    title: str
    image: bool
    x: int
    y: int
    height: int
    lines: tuple[tuple[str, str, int], ...] = ()


class Arrow(NamedTuple):
    """From box to box, as an SVG path; `dashed` for files that are copied."""

    path: str
    dashed: bool


class Graph(NamedTuple):
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int


def graph(stages: Sequence[StageRow], steps: Sequence[StepRow]) -> Graph:
    """Images in the first column, each stage to the right of all that it needs."""
    depth: dict[str, int] = {}
    known = {row.key for row in stages}
    for row in stages:
        for name in (row.base, *row.needs):
            depth.setdefault(name, 0)
        depth[row.key] = 1 + max(depth[name] for name in (row.base, *row.needs))
    for name in depth.keys() - known:  # an image stands beside the first stage that wants it
        depth[name] = min(depth[row.key] for row in stages if name in (row.base, *row.needs)) - 1
    boxes, bottoms = list[Box](), dict[int, int]()
    for name in sorted(depth, key=lambda name: (depth[name], name not in known)):
        box = _box(name, [row for row in stages if row.key == name], steps, depth[name], bottoms)
        bottoms[depth[name]] = box.y + box.height + MARGIN * 2
        boxes.append(box)
    places = {box.key: box for box in boxes}
    arrows = [
        Arrow(_path(places[name], places[row.key], number), number > 0)
        for row in stages
        for number, name in enumerate(dict.fromkeys((row.base, *row.needs)))
    ]
    width = max(box.x + BOX for box in boxes) + MARGIN if boxes else 0
    return Graph(tuple(boxes), tuple(arrows), width, max(bottoms.values(), default=0))


def _box(name: str, rows: Sequence[StageRow], steps: Sequence[StepRow], depth: int, bottoms: dict[int, int]) -> Box:
    own = [step for step in steps if rows and step.stage == name]
    lines = [(str(step.number), _cut(step.text, 29), step.differences) for step in own[:_LINES]]
    lines += [("", f"and {len(own) - _LINES} more", sum(step.differences for step in own[_LINES:]))] if len(own) > _LINES else []
    title = f"{_cut(name, 24)} · line {rows[0].line}" if rows else _cut(name, 32)
    x, y = MARGIN + depth * (BOX + GAP), bottoms.get(depth, MARGIN)
    return Box(name, title, not rows, x, y, HEAD + LINE * len(lines) + (8 if lines else 0), tuple(lines))


def _path(one: Box, two: Box, number: int) -> str:
    """A curve from the right side of a box to the left side of another."""
    x1, y1, x2, y2 = one.x + BOX, one.y + HEAD // 2, two.x - 7, two.y + HEAD // 2 + 9 * number
    middle = (x1 + x2) // 2
    return f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else words[: width - 1].rstrip() + "…"
