"""THE page of explain: what is said of a Dockerfile. Frozen; made once, written by every emitter. docs/explain.md has its JSON.

Texts are in the reader's language already. Code is code as its author wrote it.
"""

from typing import NamedTuple

from dock2sh.explain.language import Text
from dock2sh.explain.measured import Change, Package


class Variable(NamedTuple):
    """A variable that an instruction uses: the value that it has there (None: unset, or not known), and where that is from."""

    name: str
    value: str | None
    origin: Text


class Explained(NamedTuple):
    """A piece of a command and what it means. `kind` as in commands.Part; empty `says` where it is unknown."""

    text: str
    kind: str
    says: Text


class Command(NamedTuple):
    """A command of a RUN. `joined` says when it is done, `inside` what it stands in, `level` how deep."""

    code: str
    title: str
    known: bool
    summary: Text
    joined: Text
    inside: Text
    level: int
    parts: tuple[Explained, ...]
    source: str


class Remark(NamedTuple):
    """A finding. `others` are its names in other tools."""

    code: str
    severity: str
    line: int
    message: Text
    cure: Text
    others: tuple[str, ...] = ()
    url: str = ""


class Place(NamedTuple):
    """A directory, and what a step wrote there."""

    path: str
    files: int
    size: int


class Measures(NamedTuple):
    """What a step was seen to do. `text` is its instruction (of the base image, if it is ONBUILD's), `says` sentences.

    `seconds` is None where nobody knows; `printed` are the last lines of one that failed; `added`, `changed` and `removed` count
    `changes`; `places` are where most of it went.
    """

    text: str
    says: tuple[Text, ...]
    seconds: float | None
    cached: bool
    failed: str
    printed: str
    size: int
    added: int
    changed: int
    removed: int
    places: tuple[Place, ...]
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]


class Part(NamedTuple):
    """A base image or a layer: its line, what made it, its bytes and seconds. `result`: it is in the image."""

    line: int
    name: str
    size: int
    seconds: float | None
    result: bool


class Account(NamedTuple):
    """What a measured build comes to."""

    says: tuple[Text, ...]
    parts: tuple[Part, ...]


class Step(NamedTuple):
    """An instruction. `phase`: build (something happens), record (only noted), run (it counts when a container starts),
    choose (FROM, ARG), unused (its stage is not built), replaced (a later line takes its place). `marker`: `skip`, `only=host`,
    `only=container`, or empty."""

    first: int
    last: int
    keyword: str
    source: str
    phase: str
    place: Text
    does: tuple[Text, ...]
    by_hand: tuple[str, ...]
    variables: tuple[Variable, ...]
    commands: tuple[Command, ...]
    unread: tuple[tuple[str, Text], ...]
    remarks: tuple[Remark, ...]
    marker: str = ""
    measures: tuple[Measures, ...] = ()


class Stage(NamedTuple):
    """A stage; instructions before the first FROM are one without a base. `needed` False: docker does not build it."""

    title: Text
    base: str
    name: str
    needed: bool
    target: bool
    steps: tuple[Step, ...]


class Row(NamedTuple):
    """What one types, the process 1 that it gives (None: an error), what that means; `warns` if it surprises."""

    typed: str
    process: tuple[str, ...] | None
    says: Text
    warns: bool


class Fact(NamedTuple):
    name: Text
    value: Text


class Start(NamedTuple):
    """How a container of the image starts, and how it stops."""

    facts: tuple[Fact, ...]
    rows: tuple[Row, ...]
    advice: tuple[Text, ...]


class Item(NamedTuple):
    """A thing that is left or needed, and the line that says so (0: none)."""

    line: int
    text: Text
    warns: bool = False


class Section(NamedTuple):
    title: Text
    items: tuple[Item, ...]


class Node(NamedTuple):
    """A box of the picture. `kind`: image, context, stage, target, unused, result, process."""

    key: str
    kind: str
    title: str
    lines: tuple[str, ...]
    line: int = 0


class Edge(NamedTuple):
    """`kind`: from, copy, mount, build, run."""

    start: str
    end: str
    kind: str
    label: str


class Graph(NamedTuple):
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Reading(NamedTuple):
    """How much was understood: commands and words, and how many of them are unknown."""

    commands: int
    unknown_commands: int
    words: int
    unknown_words: int


class Explanation(NamedTuple):
    """A Dockerfile, explained. `glossary` are words and what they mean; `account` is None unless it was measured."""

    name: str
    size: Text
    summary: Text
    graph: Graph
    stages: tuple[Stage, ...]
    start: Start
    sections: tuple[Section, ...]
    remarks: tuple[Remark, ...]
    glossary: tuple[Fact, ...]
    reading: Reading
    account: Account | None = None
