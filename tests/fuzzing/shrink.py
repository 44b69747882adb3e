"""A case with a difference, made small: whatever can go without the difference going, goes."""

from collections.abc import Callable, Iterator

from tests.fuzzing.case import Case, Item
from tests.fuzzing.instructions import NAMED


def shrink(case: Case, differs: Callable[[Case], bool], tries: int = 80) -> Case:
    """The smallest case that was found in so many tries and that still `differs`."""
    smaller = _candidates(case)
    while tries > 0 and (candidate := next(smaller, None)):
        tries -= 1
        if differs(candidate):
            case = candidate
            smaller = _candidates(case)
    return case


def _candidates(case: Case) -> Iterator[Case]:
    """What may be left out: an argument, an instruction, an entry of the context with all that is in it, half of a line."""
    if case.arguments:
        yield case._replace(arguments=())
    if case.named and NAMED not in case.text:
        yield case._replace(named=())
    for at in reversed(range(len(case.blocks))):
        yield case._replace(blocks=case.blocks[:at] + case.blocks[at + 1 :])
    for item in reversed(case.items):
        yield case._replace(items=_without(item, case.items))
    for item in reversed(case.named):
        yield case._replace(named=_without(item, case.named))
    for at, block in enumerate(case.blocks):
        for short in _shorter(block):
            yield case._replace(blocks=(*case.blocks[:at], short, *case.blocks[at + 1 :]))


def _without(item: Item, items: tuple[Item, ...]) -> tuple[Item, ...]:
    rest = (other for other in items if other != item and not other.path.startswith(item.path + "/"))
    return tuple(other for other in rest if other.target != item.path or other.kind != "h")


def _shorter(block: str) -> Iterator[str]:
    """A block without one of its flags, one of its `&&` parts, one of its sources."""
    words = block.split(" ")
    for at, word in enumerate(words[1:-1], 1):
        if word.startswith("--") or (words[0] in ("COPY", "ADD") and len(words) > 3):
            yield " ".join(words[:at] + words[at + 1 :])
    parts = block.split(" && ")
    if len(parts) > 1:
        yield " && ".join(parts[:-1])
        head = parts[0].split(" ", 1)[0]
        yield " && ".join([f"{head} {parts[1]}", *parts[2:]])
