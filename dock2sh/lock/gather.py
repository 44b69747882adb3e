"""What a recording build noted and left, as a lock."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dock2sh.lock.held import KINDS, Npm, Open, Pip, Step, Thing, kind_of
from dock2sh.lock.layers import Found
from dock2sh.lock.records import Noted


def step(stage: str, line: int, text: str, digest: str, noted: Noted, found: Found) -> Step:
    """A step of a lock, its things in the order in which they are written."""
    things = sorted({*_pips(noted.things, found.things), *_others(noted.things), *_others(found.things)}, key=_order)
    open_ = sorted({*noted.open, *found.open, *_unknown(things)})
    packages = noted.packages if things or found.files else "-"
    return Step(stage, str(line), text, digest, tuple(things), tuple(sorted(found.files)), tuple(open_), packages)


def _order(thing: Thing) -> tuple[int, Sequence[str]]:
    return list(KINDS).index(kind_of(thing)), thing


def _others(things: Iterable[Thing]) -> Iterator[Thing]:
    return (thing for thing in things if not isinstance(thing, Pip))


def _pips(noted: Iterable[Thing], found: Iterable[Thing]) -> Iterator[Pip]:
    """What pip fetched and where it was installed, as one."""
    installed = {thing[:2]: thing for thing in found if isinstance(thing, Pip)}
    for thing in noted:
        if isinstance(thing, Pip):
            there = installed.pop(thing[:2], None)
            yield thing._replace(path=there.path) if there else thing
    yield from installed.values()


def _unknown(things: Sequence[Thing]) -> Iterator[Open]:
    loose = Counter(
        thing.path.partition("/node_modules/")[0] for thing in things if isinstance(thing, Npm) and thing.integrity == "-"
    )
    for place, count in loose.items():
        yield Open(f"npm {place}/node_modules ({count})", "installed without a list of npm's: compared by version, not asked for")
    for thing in things:
        if isinstance(thing, Pip) and thing.file == "-":
            yield Open(
                f"pip {thing.name} {thing.version}",
                "where its file came from is not known: its version is locked, its file is not",
            )
