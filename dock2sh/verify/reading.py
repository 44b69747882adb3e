"""Both sides read: all that either one wrote, deleted or has alone, and nothing else."""

from contextlib import ExitStack
from typing import NamedTuple

from .calibrate import Shown, learn
from .case import Case, How
from .compare import Result, compare
from .engines import Engine
from .reference import Built, built
from .side import Ours
from .snapshot import entries, read, unequal


class Sides(NamedTuple):
    """Both sides as results that hold what may differ, and how many bytes were compared."""

    ours: Result
    theirs: Result
    size: int


def read_sides(case: Case, mine: Ours, theirs: Built) -> Sides:
    """Describe and read, on both sides, all that either one wrote, deleted or has alone."""
    paths = _in_question(case, mine, theirs)
    one, two = entries(mine.root, mine.seen, paths), entries(theirs.root, theirs.seen, paths)
    files = [path for path in one.keys() & two.keys() if one[path].kind == two[path].kind == "f"]
    alike = frozenset(path for path in files if one[path].size == two[path].size)
    # equal contents need no digest; the others get one to be told by
    other = unequal(mine.root, theirs.root, alike) | (one.keys() | two.keys()) - alike
    ours = Result(read(mine.root, one, other), case.config, case.history, mine.began, empty=case.empty)
    own = len(case.history) if case.history is not None else 0
    history = theirs.history[len(theirs.history) - own :] if case.history is not None else None
    empty = theirs.empty[len(theirs.empty) - own :] if theirs.empty is not None else None
    reference = Result(read(theirs.root, two, other), theirs.config, history, theirs.began, empty=empty)
    return Sides(ours, reference, sum(two[path].size for path in alike))


def _in_question(case: Case, mine: Ours, theirs: Built) -> frozenset[str]:
    """The paths that may differ. Where nothing says that both stand on the same base, all of them."""
    if bool(theirs.base) != bool(case.base):
        return frozenset(mine.seen.keys() | theirs.seen.keys())
    return mine.changed | theirs.changed | (mine.seen.keys() ^ theirs.seen.keys())


def calibrated(case: Case, how: How, by: Engine, theirs: Built, stack: ExitStack) -> Shown:
    """What the engine does not reproduce itself: it builds the same again, as often as was asked for."""
    shown = Shown()
    for _ in range(how.calibrate - 1):
        again = stack.enter_context(built(case.context, case.file, case.options, case.base, by, how.unpack))
        paths = theirs.changed | again.changed | (theirs.seen.keys() ^ again.seen.keys())
        one, two = (
            Result(read(side.root, entries(side.root, side.seen, paths), paths), side.config, None, side.began)
            for side in (theirs, again)
        )
        shown = learn(shown, compare(one, two, inline=case.inline))
    return shown
