"""Rules that the text alone decides: casing, stage names, comments, blank lines."""

from bisect import bisect_right
from collections.abc import Iterator

from dock2sh.checks import rules
from dock2sh.checks.rules import Finding
from dock2sh.dockerfile.gotext import SPACE, lower, quoted, upper
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.source import Span

RESERVED = ("scratch", "context")


def met(node: Node) -> Iterator[Finding]:
    """What an instruction shows before its form is checked."""
    keyword = node.keyword.lower()
    if keyword == "maintainer":
        author = " ".join(node.args).replace("\\", "\\\\").replace('"', '\\"')
        cure = f'write `LABEL org.opencontainers.image.authors="{author}"`'
        yield Finding(rules.MAINTAINER_DEPRECATED, (), cure, node.keyword)
    if keyword == "from" and len(node.args) == 3 and node.args[2] != lower(node.args[2]):
        cure = f"write `{_from(node, node.args[1], node.args[2].lower())}`; a later FROM finds the name in lower case only"
        yield Finding(rules.STAGE_NAME_CASING, (node.args[2],), cure, node.args[2])
    if keyword == "from" and len(node.args) >= 3 and (expected := _as_expected(node)) != node.args[1]:
        cure = f"write `{_from(node, expected, node.args[2])}`"
        yield Finding(rules.FROM_AS_CASING, (node.keyword, node.args[1]), cure, node.args[1])


def _from(node: Node, word: str, name: str) -> str:
    return " ".join([node.keyword, *node.flags, node.args[0], word, name])


def _as_expected(node: Node) -> str:
    """`as` in the case of FROM; as it is where FROM itself is in mixed case, which is another rule's."""
    if node.keyword == node.keyword.lower():
        return lower(node.args[1])
    return upper(node.args[1]) if node.keyword == node.keyword.upper() else node.args[1]


def accepted(node: Node) -> Iterator[Finding]:
    """The comment right above an ARG or a named stage begins with the name."""
    keyword, names = node.keyword.upper(), list[str]()
    if keyword == "ARG":
        names = [word.partition("=")[0] for word in node.args]
    elif keyword == "FROM" and len(node.args) == 3:
        names = [node.args[2].lower()]
    if not names or not node.comments or node.comments[-1].partition(" ")[0] in names:
        return
    name = names[0] if len(names) == 1 else "<arg_key>"
    cure = f"write `# {names[0]} {node.comments[-1]}`, or put a line with nothing but `#` between the comment and `{keyword}`"
    yield Finding(rules.INVALID_DEFINITION_DESCRIPTION, (keyword, name), cure, names[0])


def empty_continuations(dockerfile: Dockerfile) -> Iterator[Finding]:
    """Blank lines inside an instruction. docker names the line in which the instruction goes on to its end."""
    if not dockerfile.empty_continuations:
        return
    lines, starts = dockerfile.text.split("\n"), [node.span.first for node in dockerfile.nodes]
    for last in dockerfile.empty_continuations:
        node = dockerfile.nodes[bisect_right(starts, last) - 1]
        blank = [n for n in range(node.span.first, last + 1) if not lines[n - 1].strip(SPACE)]
        cure = (
            f"delete line {blank[0]}, or put a `#` there: docker takes it for a part of the "
            f"`{node.keyword}` of line {node.span.first}"
            if len(blank) == 1
            else f"delete lines {', '.join(map(str, blank))}, or put a `#` there: docker takes them for a part of the "
            f"`{node.keyword}` of line {node.span.first}"
        )
        yield Finding(rules.NO_EMPTY_CONTINUATION, (), cure, span=Span(last, last))


def whole(dockerfile: Dockerfile) -> Iterator[Finding]:
    """What all instructions together show. ARGs before the first FROM do not count."""
    first = next(i for i, node in enumerate(dockerfile.nodes) if node.keyword.lower() == "from")
    yield from _stage_names(dockerfile.nodes[first:])
    yield from _casing(dockerfile.nodes[first:])


def _stage_names(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for node in nodes:
        if node.keyword.lower() != "from" or len(node.args) != 3:
            continue
        written = node.args[2]
        name = written.lower()
        if name in RESERVED:
            cure = (
                f"choose another name: `{name}` means an empty image"
                if name == "scratch"
                else f"choose another name: `{name}` means the build context"
            )
            yield Finding(rules.RESERVED_STAGE_NAME, (quoted(name),), cure, written, node.span)
        if name in seen:
            cure = f"choose another name: line {seen[name]} has this one, and `COPY --from={name}` takes the last stage of a name"
            yield Finding(rules.DUPLICATE_STAGE_NAME, (quoted(name),), cure, written, node.span)
        seen[name] = node.span.first


def _casing(nodes: tuple[Node, ...]) -> Iterator[Finding]:
    """All keywords in the case of the majority; in upper case where there is none."""
    lower = sum(node.keyword == node.keyword.lower() for node in nodes)
    upper = sum(node.keyword == node.keyword.upper() != node.keyword.lower() for node in nodes)
    case, name = (str.lower, "lowercase") if lower > upper else (str.upper, "uppercase")
    for node in nodes:
        if case(node.keyword) != node.keyword:
            written = node.original.strip(SPACE) if node.span.first == node.span.last else node.keyword
            cure = f"write `{case(node.keyword)}{written[len(node.keyword) :]}`"
            yield Finding(rules.CONSISTENT_INSTRUCTION_CASING, (node.keyword, name), cure, node.keyword, node.span)
