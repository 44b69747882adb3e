"""Verdicts as pages of HTML: each stands alone in one file, without a script, in light and dark."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .compare import Difference
from .graph import BOX, HEAD, LINE, graph
from .report import Verdict, label, printable

if TYPE_CHECKING:
    from jinja2 import Template

_SHOWN = 2000  # differences that are drawn; a page must be one that a browser opens


class Leaf(NamedTuple):
    """A directory or file in the tree of differences, with what is in it."""

    name: str
    differences: tuple[Difference, ...]
    children: tuple["Leaf", ...]
    total: int


def page(answer: Verdict) -> str:
    """The page of one verdict."""
    files = [one for one in answer.real if one.where.startswith("/")]
    return _template("page").render(
        answer=answer,
        graph=graph(answer.stages, answer.steps),
        box=BOX,
        head=HEAD,
        line=LINE,
        tree=_tree(files[:_SHOWN]).children,
        more=max(0, len(files) - _SHOWN),
        other=[one for one in answer.real if not one.where.startswith("/")],
        noise=_noise(answer),
        config=_config(answer),
        slowest=max([0.001, *(max(step.our_seconds, step.their_seconds or 0) for step in answer.steps)]),
        guilty=min((one.step for one in (answer.first or answer.real) if one.step), default=0),
    )


def index(rows: Sequence[dict[str, Any]], title: str) -> str:
    """The page of many verdicts: `rows` as the farm keeps them (name, seconds, and what `report.as_object` says)."""
    words = ("identical", "equivalent", "different", "not built", "inconclusive")
    return _template("index").render(
        rows=rows, title=title, counts={word: sum(row["verdict"] == word for row in rows) for word in words}
    )


def _template(name: str) -> "Template":
    import jinja2

    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        seconds=_seconds, size=_size, printable=printable, label=label, printable_lines=_lines, value=_value
    )
    return environment.get_template(f"{name}.html")


def _tree(differences: Sequence[Difference], depth: int = 1, name: str = "") -> Leaf:
    """The differences by their directories; `depth` is how many elements of their paths lie behind."""
    here = tuple(one for one in differences if len(one.where.split("/")) == depth)
    groups: dict[str, list[Difference]] = {}
    for one in differences:
        if len(parts := one.where.split("/")) > depth:
            groups.setdefault(parts[depth], []).append(one)
    children = tuple(_joined(_tree(group, depth + 1, part)) for part, group in sorted(groups.items()))
    return Leaf(name, here, children, len(differences))


def _joined(leaf: Leaf) -> Leaf:
    """A directory with nothing but one directory in it is shown with it in one line."""
    while not leaf.differences and len(leaf.children) == 1:
        only = leaf.children[0]
        leaf = only._replace(name=f"{leaf.name}/{only.name}")
    return leaf


def _noise(answer: Verdict) -> Iterator[tuple[str, int, str, str, list[Difference]]]:
    for code, (count, reason, witness) in answer.reasons.items():
        yield code, count, reason, witness, [one for one in answer.differences if one.noise == code][:200]


def _config(answer: Verdict) -> Iterator[tuple[str, Any, Any, bool]]:
    """Key, ours, theirs, and whether it is the same."""
    ours, theirs = answer.configs
    differing = {one.where for one in answer.differences if one.what == "config"}
    for name in sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) or theirs.get(name)):
        yield name, ours.get(name), theirs.get(name), name not in differing


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.splitlines()))


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


def _size(value: int | None) -> str:
    if value is None:
        return ""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value} B"


def _value(value: object) -> str:
    """A value of the config, a line for each element."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {value[name]}" if value[name] != {} else str(name) for name in sorted(value))
    return "\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
