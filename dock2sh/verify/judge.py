"""The judge: both sides are made, what either one changed is read on both, and compared."""

import os
from collections.abc import Callable
from contextlib import ExitStack

from . import agreement
from .behaviour import Stage, behave
from .calibrate import excused
from .case import Case, How, Image
from .causes import explain
from .compare import Difference, Result, compare, masks_of, verdict
from .docker import Docker
from .engines import Engine, Failure, NoReference, NotBuilt, Request
from .layering import layering
from .oddities import about, forgiven, writers
from .packages import moved
from .reading import calibrated, read_sides
from .record import dump
from .reference import LOST, Built, built, lent, opened, stored
from .report import Verdict
from .side import Fill, Make, NotMade, Order, Ours, scripted
from .snapshot import contents, entries, read
from .steps import each_step
from .table import our_rows, placed, rows
from .workplace import sweep, workplace

# the differences, those that our side's place brings about with the code of their reason
Named = Callable[[list[Difference]], list[Difference]]


def verify(
    case: Case, how: How | None = None, by: Engine | None = None, fill: Fill | None = None, make: Make | None = None
) -> Verdict:
    """Make our side, build with `by` (docker's BuildKit by default) or take `how.against`, and compare. Needs root.

    `make` makes our side, by default by running the script on a root whose files come from the engine, or from `fill`: both sides
    must stand on the very same base image. What goes wrong is in the verdict's notes; a side that refuses what the other builds
    is `not built`.
    """
    how, by = how or How(), by or Docker()
    if isinstance(how.against, Image) and how.against.by:
        by = how.against.by
    sweep()
    with workplace() as work, ExitStack() as stack:
        try:
            if borrowed := stack.enter_context(lent(by, case.images)):
                case = case._replace(notes=(*case.notes, f"{by.name} has no {', '.join(borrowed)}: docker lent it"))
            mine = _made(make or scripted(fill), Order(case, how, by, work, stack))
            if isinstance(how.against, Result):
                return _recorded(case, mine, how.against)
            theirs = their_side(case, how, by, stack)
            if isinstance(mine, Failure):
                return _failed(f"{by.name} builds it", mine)._replace(sides=("ours", _who(by, how)))
            return judged(case, how, by, mine, theirs, stack)
        except NotBuilt as error:
            if isinstance(mine, Failure):
                return agreement.neither(mine, error.failure, "ours", by.name)
            notes = (f"{mine.who} builds it, {by.name} does not: {error}", *about(by.name))
            return Verdict("not built", notes=notes, sides=(mine.who, by.version()))
        except NoReference as error:
            return Verdict("inconclusive", notes=(str(error),))


def refused(said: str, request: Request, by: Engine) -> Verdict:
    """The verdict where there is no script: dock2sh has refused the Dockerfile, and `said` why. Does the engine, too?"""
    try:
        by.remove(by.build(request).image)
    except NotBuilt as error:
        return agreement.neither(Failure(said), error.failure, "dock2sh", by.name)
    except NoReference as error:
        return Verdict("inconclusive", notes=(str(error), f"dock2sh refuses it: {said}"))
    return Verdict("not built", notes=(f"{by.name} builds it, dock2sh refuses it: {said}",))


def record(case: Case, by: Engine | None = None, how: How | None = None) -> str:
    """What the engine makes of it, as a text that `record.load` reads. Raises NotBuilt, NoReference."""
    by = by or Docker()
    with built(case.context, case.file, case.options, case.base, by, (how or How()).unpack) as theirs:
        whole = entries(theirs.root, theirs.seen, theirs.seen)
        history = theirs.history[-len(case.history) :] if case.history else None
        masked = masks_of(whole, lambda path: contents(theirs.root + path))
        tree = read(theirs.root, whole, whole)
        return dump(Result(tree, dict(theirs.config), history, theirs.began, theirs.base, masked), by.version())


# -- the sides ---------------------------------------------------------------------------------------------------------------


def _made(make: Make, order: Order) -> Ours | Failure:
    """Our side, or how it failed."""
    try:
        return make(order)
    except NotMade as error:
        return error.failure
    except NoReference as error:
        order.by.version()  # an engine that does not answer is another matter than an image that it cannot get
        return Failure(str(error), missing=True)


def their_side(case: Case, how: How, by: Engine, stack: ExitStack) -> Built:
    if isinstance(how.against, Image):
        below = by.tell(case.base).layers if case.base and how.against.by else ()
        if how.against.by:
            told = how.against.told
            return stack.enter_context(opened(by, told, below, _base_created(case, by), how.unpack))
        assert how.unpack
        there: Built = stack.enter_context(stored(how.against.source, how.against.told, how.unpack))
        return there
    return stack.enter_context(built(case.context, case.file, case.options, case.base, by, how.unpack))


def _base_created(case: Case, by: Engine) -> int:
    """When an image that was built at another time may have been begun: not before its base was made."""
    return by.tell(case.base).created + 1 if case.base else 0


# -- both --------------------------------------------------------------------------------------------------------------------


def _failed(other: str, ours: Failure) -> Verdict:
    return Verdict("not built", notes=(f"{other}, ours does not: {ours.said}",))


def judged(
    case: Case, how: How, by: Engine, mine: Ours, theirs: Built, stack: ExitStack, named: Named = list[Difference]
) -> Verdict:
    """Read what either side changed, on both sides, and compare. `named` gives differences that have a reason its name."""
    ours, reference, size = read_sides(case, mine, theirs)

    def both(path: str) -> tuple[bytes, bytes]:
        return contents(mine.root + path), contents(theirs.root + path)

    found = compare(ours, reference, both, case.inline)
    found += layering(case, mine, theirs, found)
    if how.calibrate > 1:
        found = excused(found, calibrated(case, how, by, theirs, stack))
    found = [placed(one, case, mine, theirs) for one in found]
    found = forgiven(found, by.name, theirs.whole, writers(case), reference.config.get("Volumes") or ())
    found = [explain(one, both) for one in named(found)]
    packages = moved(mine.root, theirs.root, [one.where for one in found if not one.noise])
    notes = list(mine.notes)
    if how.behaviour:
        more, said = _behaviour(case, how, by, mine, theirs)
        found, notes = found + forgiven(more, by.name, True, {}), notes + said
    looked = each_step(case, by, theirs, mine, how.unpack, how.against is None) if how.each_step else None
    answer = Verdict(
        verdict(found),
        tuple(found),
        len(theirs.seen),
        (
            *case.notes,
            *notes,
            *(looked.notes if looked else ()),
            *about(by.name),
            *packages.notes,
            *(() if theirs.whole else (LOST,)),
        ),
        sides=(mine.who, _who(by, how)),
        steps=tuple(rows(case, mine, theirs, found, looked)),
        first=next((looked.found[number] for number in sorted(looked.found) if looked.found[number]), ()) if looked else (),
        stages=case.stages,
        configs=(dict(ours.config), dict(reference.config)),
        size=size,
    )
    return answer._replace(verdict="inconclusive") if answer.verdict == "different" and packages.explain_all else answer


def _behaviour(case: Case, how: How, by: Engine, mine: Ours, theirs: Built) -> tuple[list[Difference], list[str]]:
    """Both are run. An image that is in no engine cannot be."""
    if isinstance(how.against, Image) and not how.against.by:
        return [], ["nothing was run: an archive is in no engine. Load it: docker load -i FILE"]
    script = os.path.join(mine.work, "start.sh")
    with open(script, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(case.script)
    try:
        return behave(Stage(by, theirs.image, script, how.shell, mine.root, mine.work), how.behaviour)
    except NoReference as error:
        return [], [f"not all was run: {error}"]


def _who(by: Engine, how: How) -> str:
    return how.against.source if isinstance(how.against, Image) and not how.against.by else by.version()


def _recorded(case: Case, mine: Ours | Failure, against: Result) -> Verdict:
    """Compare with what was recorded: all of it is read, since the base may be another one."""
    if isinstance(mine, Failure):
        return _failed("the record says that it was built", mine)
    whole = entries(mine.root, mine.seen, mine.seen)
    ours = Result(read(mine.root, whole, whole), case.config, case.history, mine.began)
    found = compare(ours, against, inline=case.inline, bytes_of=lambda path: contents(mine.root + path))
    numbers = {step.number: step.line for step in case.steps}
    told = [one._replace(step=mine.writer.get(one.where, 0)) for one in found]
    told = [one._replace(line=numbers.get(one.step, 0)) for one in told]
    told = [one if one.what == "content" else explain(one, lambda path: (b"", b"")) for one in told]
    configs, sides = (dict(case.config), dict(against.config)), (mine.who, "a record")
    steps = tuple(our_rows(case, mine, told))
    return Verdict(verdict(told), tuple(told), len(against.tree), case.notes, sides, steps, case.stages, configs)
