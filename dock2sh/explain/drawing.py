"""The picture alone: SVG, Graphviz dot, Mermaid. Whatever stands in a Dockerfile is escaped for each."""

from html import escape

from dock2sh.explain.language import plain, say
from dock2sh.explain.layout import CHARACTER, LINE, PADDING, TITLE, Box, Way, cut, place
from dock2sh.explain.tree import Edge, Graph

STYLE = """
.d2s text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--fg,#1c2330)}
.d2s .t{font-weight:700}.d2s .l{fill:var(--mut,#5b6675)}.d2s .e{font-size:11px;fill:var(--mut,#5b6675)}
.d2s .h{stroke:var(--card,#fff);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.d2s rect{fill:var(--box,#fff);stroke:var(--edge,#8a94a3);stroke-width:1.4}
.d2s .image{stroke-dasharray:6 4}.d2s .context{stroke-dasharray:2 3}
.d2s .stage{stroke:var(--blue,#2563c9)}.d2s .target{stroke:var(--blue,#2563c9);stroke-width:2.6}
.d2s .unused{opacity:.5;stroke-dasharray:3 3}.d2s .result{stroke:var(--green,#1d7a3e);stroke-width:2}
.d2s .process{stroke:var(--green,#1d7a3e)}
.d2s path.w{fill:none;stroke:var(--edge,#8a94a3);stroke-width:1.5}.d2s path.copy{stroke-dasharray:6 4}
.d2s path.mount{stroke-dasharray:2 3}.d2s path.run,.d2s path.build{stroke:var(--green,#1d7a3e)}
""".replace("\n", "")


def svg(graph: Graph, alone: bool = True) -> str:
    """The picture as SVG; `alone`: a file of its own, else for a page whose colours it takes."""
    placed = place(graph)
    boxes = {box.node.key: box for box in placed.boxes}
    title = plain(say("What the image is made from"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="d2s" viewBox="0 0 {placed.width:.0f} {placed.height:.0f}"'
    # on a page it shrinks to the page's width, as long as its text can still be read
    shape = (
        f'width="{placed.width:.0f}" height="{placed.height:.0f}"'
        if alone
        else f'style="width:{placed.width:.0f}px;min-width:{placed.width * 0.62:.0f}px"'
    )
    size = f' {shape} role="img" aria-label="{escape(title)}">'
    parts = [head + size, f"<title>{escape(title)}</title>"]
    parts.append(f"<style>{STYLE}</style>" if alone else "")
    parts.append(
        '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
        '<path d="M0 0 10 5 0 10z" fill="#8a94a3"/></marker><marker id="o" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"'
        ' markerHeight="9" orient="auto"><path d="M1 1 9 5 1 9z" fill="none" stroke="#8a94a3"/></marker></defs>'
    )
    merged = _merged(placed.edges)
    leaving, arriving = _ports(merged, boxes)
    labels = list[str]()
    for edge in merged:
        path, label = _edge(edge, boxes, (leaving[edge], arriving[edge]), placed.ways[edge.start, edge.end])
        parts.append(path)
        labels.append(label)
    parts += [_box(box, alone) for box in placed.boxes]
    return "".join([*parts, *labels, "</svg>"]) + ("\n" if alone else "")


def _merged(edges: tuple[Edge, ...]) -> list[Edge]:
    """Arrows of one kind between the same boxes become one."""
    labels: dict[tuple[str, str, str], list[str]] = {}
    for edge in edges:
        labels.setdefault((edge.start, edge.end, edge.kind), []).append(edge.label)
    return [Edge(*key, names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}") for key, names in labels.items()]


def _ports(edges: list[Edge], boxes: dict[str, Box]) -> tuple[dict[Edge, float], dict[Edge, float]]:
    """Where on its box each arrow begins and ends: evenly spread, in the order of the other ends."""
    leaving, arriving = dict[Edge, float](), dict[Edge, float]()
    for box in boxes.values():
        out = sorted((edge for edge in edges if edge.start == box.node.key), key=lambda edge: boxes[edge.end].y)
        into = sorted((edge for edge in edges if edge.end == box.node.key), key=lambda edge: boxes[edge.start].y)
        for found, ends in ((leaving, out), (arriving, into)):
            for index, edge in enumerate(ends):
                found[edge] = box.y + box.height * (index + 1) / (len(ends) + 1)
    return leaving, arriving


def _edge(edge: Edge, boxes: dict[str, Box], ends: tuple[float, float], way: Way) -> tuple[str, str]:
    """The arrow, past the boxes between its ends, and its label near the end."""
    start, end = boxes[edge.start], boxes[edge.end]
    x, y, route = start.x + start.width, ends[0], f"M{start.x + start.width:.0f} {ends[0]:.0f}"
    for left, right, height in (*way, (end.x, end.x, ends[1])):
        bend = max(30.0, min(90.0, (left - x) / 2))
        route += f"C{x + bend:.0f} {y:.0f} {left - bend:.0f} {height:.0f} {left:.0f} {height:.0f}"
        route += f"H{right:.0f}" if right > left else ""
        x, y = right, height
    marker = "o" if edge.kind in ("copy", "mount") else "a"
    path = f'<path class="w {edge.kind}" d="{route}" marker-end="url(#{marker})"/>'
    label = f'<text class="e h" x="{end.x - 12:.0f}" y="{ends[1] - 5:.0f}" text-anchor="end">{escape(_kind(edge))}</text>'
    return path, label


_TOLD = 300
"""Characters of a line that are told where the pointer rests."""


def _kind(edge: Edge) -> str:
    return {"from": "FROM", "copy": "COPY", "mount": "mount", "build": "build", "run": "run"}[edge.kind]


def _box(box: Box, alone: bool) -> str:
    node = box.node
    link = f'<a href="#L{node.line}">' if node.line and not alone else ""
    about = "\n".join(_printable(line if len(line) <= _TOLD else line[:_TOLD] + "…") for line in (node.title, *node.lines))
    parts = [f"<g>{link}<title>{escape(about)}</title>"]
    radius = 20 if node.kind == "process" else 7
    parts.append(
        f'<rect class="{node.kind}" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
        f' rx="{radius}"/>'
    )
    x = box.x + PADDING
    parts.append(_text(x, box.y + TITLE - 4, box.title, "t"))
    parts += [_text(x, box.y + TITLE + LINE * (index + 1) - 4, line, "l") for index, line in enumerate(box.lines)]
    return "".join([*parts, "</a>" if link else "", "</g>"])


def _text(x: float, y: float, text: str, kind: str) -> str:
    """`textLength` makes it fit even where the reader has another monospaced font."""
    fit = f' textLength="{len(text) * CHARACTER:.0f}" lengthAdjust="spacingAndGlyphs"' if text.isascii() and len(text) > 3 else ""
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}"{fit}>{escape(_printable(text))}</text>'


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def dot(graph: Graph) -> str:
    """Graphviz: FROM solid, COPY dashed with an empty head, mounts dotted with a diamond; the target filled."""
    out = ["digraph Dockerfile {", '    rankdir=LR; node [shape=box fontname="monospace"]; edge [fontname="monospace"];']
    names = {node.key: f"n{index}" for index, node in enumerate(graph.nodes)}
    style = {
        "image": 'style="dashed"', "context": 'style="dotted"', "target": 'style="filled" fillcolor="grey90"',
        "unused": 'color="grey" fontcolor="grey"',
        "result": 'style="bold"', "process": 'style="rounded"',
    }  # fmt: skip
    for node in graph.nodes:
        label = "\\l".join(_dot(text) for text in (node.title, *node.lines)) + "\\l"
        out.append(f'    {names[node.key]} [label="{label}" {style.get(node.kind, "")}];')
    arrows = {"copy": 'style="dashed" arrowhead="empty"', "mount": 'style="dotted" arrowhead="ediamond"'}
    for edge in graph.edges:
        out.append(f'    {names[edge.start]} -> {names[edge.end]} [label="{_dot(edge.label)}" {arrows.get(edge.kind, "")}];')
    return "\n".join([*out, "}"]) + "\n"


def _dot(text: str) -> str:
    return _printable(text).replace("\\", "\\\\").replace('"', '\\"')


def mermaid(graph: Graph) -> str:
    """Mermaid's flowchart. Its texts are HTML in quotes: entities carry what could end them."""
    shapes = {"image": ('[/"', '"/]'), "context": ('[("', '")]'), "result": ('(["', '"])'), "process": ('(("', '"))')}
    out = ["flowchart LR"]
    names = {node.key: f"n{index}" for index, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        before, after = shapes.get(node.kind, ('["', '"]'))
        lines = (node.title,) if node.kind == "process" else (node.title, *node.lines)
        out.append(f"    {names[node.key]}{before}{'<br/>'.join(_mermaid(cut(text, 40)) for text in lines)}{after}")
    arrows = {"copy": "-.->", "mount": "-.-o", "build": "==>", "run": "==>"}
    for edge in graph.edges:
        out.append(f'    {names[edge.start]} {arrows.get(edge.kind, "-->")}|"{_mermaid(cut(edge.label, 40))}"| {names[edge.end]}')
    out.append("    classDef unused opacity:0.5,stroke-dasharray:3 3")
    unused = ",".join(names[node.key] for node in graph.nodes if node.kind == "unused")
    return "\n".join([*out, *([f"    class {unused} unused"] if unused else [])]) + "\n"


def _mermaid(text: str) -> str:
    return "".join(char if char.isalnum() or char in " ./-_:,=+@" else f"#{ord(char)};" for char in _printable(text))
