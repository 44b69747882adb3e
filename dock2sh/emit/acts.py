"""The manual as a play: what is typed into which container, what is done from another terminal, what is only said."""

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from dock2sh.emit.manual import ELSEWHERE, ONLY_MADE, items
from dock2sh.model import Plan

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree

Kind = Literal["begin", "type", "elsewhere", "note"]


class Act(NamedTuple):
    """One thing that happens. `text` is shown; what `type` and `elsewhere` do is just that. May have several lines.

    `begin` has a container's name and its image ("scratch": there is nothing to type into).
    """

    kind: Kind
    text: str
    container: str = ""
    image: str = ""


def acts(plan: Plan, name: str, text: str, escape: str, tree: "Tree | None" = None) -> tuple[Act, ...]:
    """The acts of a plan, in order; how the image starts comes last, and is a note. Raises Refused as `manual` does."""
    return tuple(_acts(items(plan, name, text, escape, tree)))


def _acts(lines: tuple[str, ...]) -> Iterator[Act]:
    ended, container = False, "CONTAINER"
    for line in lines:
        if match := re.match(r"# ---- stage (\S+) \(", line):
            container = f"stage-{match[1]}" if match[1].isdigit() else match[1]
        ended = ended or line == "# what `docker run` would start:"
        if not line:
            continue
        if ended:
            yield Act("note", line if line.startswith("#") else f"#   {line}")
        else:
            yield _act(line, container)


def _act(line: str, container: str) -> Act:
    if line.startswith(f"# {ELSEWHERE}"):
        return Act("elsewhere", line.removeprefix(f"# {ELSEWHERE}").replace("\n# ", "\n"))
    if "\n" in line or not line.startswith("#"):
        return Act("type", line)
    said = line.removeprefix("# ")
    if said.startswith("docker run -it "):
        *_, image, _ = shlex.split(said)
        return Act("begin", said, container, image)
    if said.startswith("docker commit "):
        return Act("elsewhere", said)
    if said.startswith(("FROM scratch: ", ONLY_MADE)):
        return Act("begin", line, container, "scratch")
    return Act("note", line)
