"""Markers: comments that say for which machine an instruction is meant.

    # dock2sh: skip              above an instruction: no script does it
    # dock2sh: only=host         ...only a script for a host (`dock2sh --for host`, provision)
    # dock2sh: only=container    ...only a script for a container

To docker they are comments: `docker build` does every line. The first colon may be missing. What looks like a marker and is none
is refused, as is one that marks nothing: on a machine nobody wants to learn of a misspelt word from what it did not keep away.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.dockerfile.gotext import did_you_mean
from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.source import Refused, Span, refuse

CONTAINER, HOST = "container", "host"

_MARKER = re.compile(r"\s*#\s*dock2sh\s*(?::\s*(.*?)|\s(skip|only\s*=.*?))\s*\Z", re.IGNORECASE | re.DOTALL)
_SILENCE = re.compile(r"(?:global\s+)?ignore\s*=", re.IGNORECASE)
_HINT = "`# dock2sh: skip`, `# dock2sh: only=host` or `# dock2sh: only=container`, above an instruction"
_FORMS = ["skip", "only=host", "only=container"]


class Mark(NamedTuple):
    """What an instruction's marker says: `only` "host", "container" or empty; `line` is the comment's."""

    line: int
    skip: bool = False
    only: str = ""

    @property
    def text(self) -> str:
        """`skip`, `only=host` or `only=container`."""
        return "skip" if self.skip else f"only={self.only}"

    def keeps_out(self, where: str) -> bool:
        """Whether a script for `where` ("host", "container") is made without the instruction."""
        return self.skip or self.only != where


class Marked(NamedTuple):
    """An instruction with a marker; `stage` counts from 0."""

    node: Node
    mark: Mark
    stage: int


def marked(dockerfile: Dockerfile) -> tuple[Marked, ...]:
    """The instructions that have a marker. Raises Refused for a marker that is none, or that marks what cannot be left out."""
    found: dict[Node, Marked] = {}
    for line, text in _comments(dockerfile):
        match = _MARKER.match(text)
        words = (match[1] or match[2] or "") if match else ""
        if match is None or _SILENCE.match(words):
            continue
        mark = _mark(words, line)
        node, stage = _below(dockerfile, line)
        if node in found and found[node].mark.text != mark.text:
            message = f"two markers on one instruction: {found[node].mark.text} and {mark.text}"
            raise refuse("marker", message, (Span(line, line), node.span), "keep one; what both machines need has none", words)
        found[node] = Marked(node, mark, stage)
    return tuple(found.values())


def without(dockerfile: Dockerfile, marks: tuple[Marked, ...], where: str) -> tuple[Dockerfile, tuple[Marked, ...]]:
    """The Dockerfile less what is not meant for `where`, and what that is."""
    out = tuple(each for each in marks if each.mark.keeps_out(where))
    gone = {each.node.span for each in out}
    return dockerfile._replace(nodes=tuple(node for node in dockerfile.nodes if node.span not in gone)), out


def _comments(dockerfile: Dockerfile) -> Iterator[tuple[int, str]]:
    """Lines that are comments, numbered from 1: a here-document's are not, those between continuations are."""
    content = {line for node in dockerfile.nodes for line in _document_lines(node)}
    for number, text in enumerate(dockerfile.text.split("\n"), 1):
        bare = text.removeprefix("\ufeff") if number == 1 else text
        if bare.lstrip().startswith("#") and number not in content:
            yield number, bare


def _document_lines(node: Node) -> range:
    lines = sum(document.content.count("\n") + 1 for document in node.heredocs)
    return range(node.span.last - lines + 1, node.span.last + 1)


def _mark(words: str, line: int) -> Mark:
    """`skip`, `only=host`, `only=container`. Raises Refused."""
    compact = re.sub(r"\s*=\s*", "=", words.strip().lower())
    if compact == "skip":
        return Mark(line, skip=True)
    if compact in ("only=host", "only=container"):
        return Mark(line, only=compact.partition("=")[2])
    key, equals, value = compact.partition("=")
    if key == "only" and equals:
        meant = did_you_mean(value, [HOST, CONTAINER]) or did_you_mean(value + "er", [CONTAINER])
        message = f"unknown machine in a marker: only={value}{meant}"
    else:
        machine = value or key
        near = did_you_mean(compact, _FORMS) or (f" (did you mean only={machine}?)" if machine in (HOST, CONTAINER) else "")
        message = f"unknown marker: {words or 'nothing'}{near}"
    raise refuse("marker", message, (Span(line, line),), _HINT, words)


def _below(dockerfile: Dockerfile, line: int) -> tuple[Node, int]:
    """The instruction below a comment, and the stage that it is in. Raises Refused."""
    stage = -1
    for node in dockerfile.nodes:
        if node.span.first < line <= node.span.last:
            raise _nothing(line, "a marker within an instruction marks nothing", "put it above the instruction", node.span)
        stage += node.keyword.lower() == "from"
        if node.span.first > line:
            _refuse_frame(node, line, stage)
            return node, stage
    raise _nothing(line, "a marker with no instruction below it marks nothing", _HINT)


def _refuse_frame(node: Node, line: int, stage: int) -> None:
    """FROM, and the ARGs before the first one, say what there is to build: nothing can do without them."""
    if node.keyword.lower() == "from":
        raise _nothing(line, "a FROM cannot be left out", "mark the instructions of the stage, one by one", node.span)
    if stage < 0:
        hint = "a FROM or an ARG below depends on it; mark the instructions that are not for every machine"
        raise _nothing(line, "an ARG before the first FROM cannot be left out", hint, node.span)


def _nothing(line: int, message: str, hint: str, *spans: Span) -> Refused:
    return refuse("marker", message, (Span(line, line), *spans), hint)
