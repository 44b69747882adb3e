"""What markers leave out of a plan (dockerfile/markers.py): the facts, and what to tell one who gets the script."""

import re
from collections.abc import Iterator

from dock2sh.dockerfile.markers import Marked
from dock2sh.model import LeftOut, Plan, Run
from dock2sh.source import Span

_STATE = {
    "USER": "what follows is done as the user before it",
    "WORKDIR": "what follows is done in the directory before it",
    "SHELL": "what follows has the shell before it",
}


def left_out(plan: Plan, out: tuple[Marked, ...]) -> tuple[LeftOut, ...]:
    """What is left out of the stages that are built."""
    built = {stage.index for stage in plan.stages}
    return tuple(
        LeftOut(each.node.span, each.node.original.strip(), each.node.keyword.upper(), each.mark.text, each.stage)
        for each in out
        if each.stage in built
    )


def names(keyword: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """The variables that an ENV or ARG sets, as written."""
    return args[::3] if keyword == "ENV" else tuple(word.partition("=")[0] for word in args) if keyword == "ARG" else ()


def gone(out: tuple[Marked, ...]) -> dict[int, dict[str, Span]]:
    """Stage index -> the variables that nobody sets there any more, and where they were set."""
    found: dict[int, dict[str, Span]] = {}
    for each in out:
        found.setdefault(each.stage, {}).update(dict.fromkeys(names(each.node.keyword.upper(), each.node.args), each.node.span))
    return found


def notes(plan: Plan, left: tuple[LeftOut, ...], out: tuple[Marked, ...]) -> Iterator[str]:
    """What is left out, and what that means for the rest. A RUN's text is its shell's: a variable in it is told, no more."""
    for one in left:
        after = f"; {_STATE[one.keyword]}" if one.keyword in _STATE else ""
        yield f"line {one.span.first} is left out ({one.marker}): {' '.join(one.text.split())[:70]}{after}"
    for stage, variables in gone(out).items():
        for name, span in variables.items():
            lines = [str(line) for line in _mentions(plan, stage, name, span)]
            if lines:
                yield f"{name}, which line {span.first} would set, is named in line {', '.join(lines)}"


def _mentions(plan: Plan, index: int, name: str, span: Span) -> list[int]:
    """The RUNs of a stage below `span` that name a variable which they do not have."""
    mention = re.compile(rf"\$\{{?{re.escape(name)}(?!\w)")
    runs = [step for stage in plan.stages if stage.index == index for step in stage.steps if isinstance(step, Run)]
    return [
        run.span.first
        for run in runs
        if run.span.first > span.first and name not in run.env.items() and mention.search(run.handed())
    ]
