"""Every node of the syntax on one page.

A Dockerfile is a list of instructions; an instruction is a keyword, flags and arguments. What the arguments mean is not
decided here: they are the words as BuildKit's parser leaves them (quotes kept, nothing expanded).
"""

from typing import NamedTuple

from dock2sh.source import Span


class Heredoc(NamedTuple):
    """A here-document: `content` byte for byte, `expand` unless a part of its name was quoted, `chomp` for `<<-`."""

    name: str
    expand: bool
    chomp: bool
    descriptor: int
    content: str


class Node(NamedTuple):
    """One instruction.

    `keyword` as written; `args` as the keyword's rule splits them (ENV and LABEL as triples name, value, "=" or "");
    `json` if the arguments were a JSON array; `original` the joined line; `child` ONBUILD's instruction.
    """

    keyword: str
    args: tuple[str, ...]
    flags: tuple[str, ...]
    json: bool
    original: str
    span: Span
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    child: "Node | None" = None


class Dockerfile(NamedTuple):
    """A parsed file: its text, its instructions, the escape character and what stood in parser directives."""

    text: str
    nodes: tuple[Node, ...]
    escape: str
    directives: dict[str, str]
    empty_continuations: tuple[int, ...]
