"""The judge: both sides are made, what either one changed is read on both, and compared."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from .behaviour import Stage, behave
from .calibrate import Shown, excused, learn
from .case import Case, How, Image, StepRow
from .causes import explain
from .compare import Difference, Result, compare, masks_of, verdict
from .docker import Docker
from .engines import Engine, NoReference, NotBuilt, Request
from .layers import mounted
from .oddities import about, forgiven
from .ours import Outcome, Place, run_script, written_by
from .packages import moved
from .record import dump
from .reference import LOST, Built, built, copy_image, lent, opened, stored
from .report import Verdict
from .snapshot import Look, contents, entries, look, now, read, unequal, written
from .steps import Film, Looked, each_step

# unpack(image, directory): the root file system of a base image into an empty directory
Fill = Callable[[str, str], None]


class Ours(NamedTuple):
    """Our side: a root, what is in it, and how the script went. `since` is when it began, by the file system's clock."""

    root: str
    work: str
    seen: Look
    since: int
    outcome: Outcome
    film: Film

    @property
    def changed(self) -> frozenset[str]:
        return written(self.seen, self.since)


def verify(case: Case, how: How | None = None, by: Engine | None = None, fill: Fill | None = None) -> Verdict:
    """Run our script, build with `by` (docker's BuildKit by default) or take `how.against`, and compare. Needs root.

    `fill` gives the root file system of a base image, by default the engine's own copy of it; it must be the very one that the
    engine builds on. What goes wrong is in the verdict's notes; a side that refuses what the other builds is `not built`.
    """
    how, by = how or How(), by or Docker()
    if isinstance(how.against, Image) and how.against.by:
        by = how.against.by
    with tempfile.TemporaryDirectory(prefix="dock2sh-verify-") as work, ExitStack() as stack:
        try:
            if borrowed := stack.enter_context(lent(by, case.images)):
                case = case._replace(notes=(*case.notes, f"{by.name} has no {', '.join(borrowed)}: docker lent it"))
            mine = _ours(case, how, by, fill, work, stack)
            if isinstance(how.against, Result):
                return (
                    _failed("the record says that it was built", mine)
                    if isinstance(mine, str)
                    else _recorded(case, mine, how.against)
                )
            theirs = _theirs(case, how, by, stack)
            return _failed(f"{by.name} builds it", mine) if isinstance(mine, str) else _judge(case, how, by, mine, theirs, stack)
        except NotBuilt as error:
            if isinstance(mine, str):
                return Verdict("identical", notes=(f"both refuse it. {by.name}: {error}", f"the script: {mine}"))
            return Verdict("not built", notes=(f"the script builds it, {by.name} does not: {error}", *about(by.name)))
        except NoReference as error:
            return Verdict("inconclusive", notes=(str(error),))


def refused(said: str, request: Request, by: Engine) -> Verdict:
    """The verdict where there is no script: dock2sh has refused the Dockerfile, and `said` why. Does the engine, too?"""
    try:
        by.remove(by.build(request).image)
    except NotBuilt as error:
        return Verdict("identical", notes=(f"both refuse it. {by.name}: {error}", f"dock2sh: {said}"))
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


# -- our side ----------------------------------------------------------------------------------------------------------------


def _ours(case: Case, how: How, by: Engine, fill: Fill | None, work: str, stack: ExitStack) -> Ours | str:
    """Run our script on a fresh root; the tail of what it said if it failed."""
    bases = stack.enter_context(_bases(case, how, by)) if fill is None else {}
    try:
        root = _root(case, how, by, fill, work, stack)
    except NoReference as error:
        by.version()  # an engine that does not answer is another matter than an image that it cannot get
        return str(error)
    place = Place(root, case.context, work)
    options = [*case.script_options, *(word for image, folder in bases.items() for word in ("--base", f"{image}={folder}"))]
    since = now(work)
    film = Film(case, place) if how.each_step else Film(None, place)
    outcome = run_script(case.script, how.shell, place, options, film.shoot)
    if outcome.status:
        return f"exit status {outcome.status}: {outcome.output.strip()[-2000:]}"
    return Ours(root, work, look(root), since, outcome, film)


def _root(case: Case, how: How, by: Engine, fill: Fill | None, work: str, stack: ExitStack) -> str:
    """The base image's files to be written on: a layer over the engine's own, where these lie here; else a copy."""
    layers = by.tell(case.base).directories if case.base and not fill else ()
    if layers:
        folder = os.path.join(work, "mount")
        os.mkdir(folder)
        return stack.enter_context(mounted(layers, folder, writable=True))
    root = os.path.join(work, "root")
    os.mkdir(root)
    os.chmod(root, 0o755)
    if case.base:
        (fill or (lambda image, directory: copy_image(image, directory, by, how.unpack)))(case.base, root)
    return root


@contextmanager
def _bases(case: Case, how: How, by: Engine) -> Iterator[dict[str, str]]:
    """The roots of all images that the script takes files from, as the engine has them: both sides stand on the same."""
    with ExitStack() as stack:
        found = {}
        for image in case.images:
            try:
                told = by.tell(image)
            except NoReference:
                continue  # the script asks for it, and says so if it cannot be had
            found[image] = stack.enter_context(opened(by, told, unpack=how.unpack)).root
        yield found


# -- their side --------------------------------------------------------------------------------------------------------------


def _theirs(case: Case, how: How, by: Engine, stack: ExitStack) -> Built:
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


def _failed(other: str, said: str) -> Verdict:
    return Verdict("not built", notes=(f"{other}, the script does not: {said}",))


def _judge(case: Case, how: How, by: Engine, mine: Ours, theirs: Built, stack: ExitStack) -> Verdict:
    """Read what either side changed, on both sides, and compare."""
    ours, reference, size = read_sides(case, mine, theirs)

    def both(path: str) -> tuple[bytes, bytes]:
        return contents(mine.root + path), contents(theirs.root + path)

    found = compare(ours, reference, both, case.inline)
    notes = list[str]()
    if how.calibrate > 1:
        found = excused(found, _calibrated(case, how, by, theirs, stack))
    found = [_placed(one, case, mine, theirs) for one in found]
    found = forgiven(found, by.name, theirs.whole, {step.number: step.text for step in case.steps})
    found = [explain(one, both) for one in found]
    packages = moved(mine.root, theirs.root, [one.where for one in found if not one.noise])
    if how.behaviour:
        more, said = _behaviour(case, how, by, mine, theirs)
        found, notes = found + forgiven(more, by.name, True, {}), notes + said
    looked = each_step(case, by, theirs, mine.film, how.unpack, how.against is None) if how.each_step else None
    steps = _rows(case, mine, theirs, found, looked)
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
        sides=("the script", _who(by, how)),
        steps=tuple(steps),
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
    work = mine.work
    script = os.path.join(work, "start.sh")
    with open(script, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(case.script)
    try:
        return behave(Stage(by, theirs.image, script, how.shell, mine.root, work), how.behaviour)
    except NoReference as error:
        return [], [f"not all was run: {error}"]


def _who(by: Engine, how: How) -> str:
    return how.against.source if isinstance(how.against, Image) and not how.against.by else by.version()


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
    ours = Result(read(mine.root, one, other), case.config, case.history, mine.since // 10**9)
    history = theirs.history[len(theirs.history) - len(case.history) :] if case.history is not None else None
    reference = Result(read(theirs.root, two, other), theirs.config, history, theirs.began)
    return Sides(ours, reference, sum(two[path].size for path in alike))


def _in_question(case: Case, mine: Ours, theirs: Built) -> frozenset[str]:
    """The paths that may differ. Where nothing says that both stand on the same base, all of them."""
    if bool(theirs.base) != bool(case.base):
        return frozenset(mine.seen.keys() | theirs.seen.keys())
    return mine.changed | theirs.changed | (mine.seen.keys() ^ theirs.seen.keys())


def _calibrated(case: Case, how: How, by: Engine, theirs: Built, stack: ExitStack) -> Shown:
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


def _placed(found: Difference, case: Case, mine: Ours, theirs: Built) -> Difference:
    """The difference with the step that wrote it: the engine's layer that holds it knows, else the time of our file."""
    number = _their_step(case, theirs, found.where) or written_by(mine.outcome, mine.seen, found.where)
    if found.what in ("config", "history"):
        return found
    line = next((step.line for step in case.steps if step.number == number), 0)
    return found._replace(step=number, line=line)


def _their_step(case: Case, theirs: Built, path: str) -> int:
    steps = case.layers()
    if len(steps) != len(theirs.layers):
        return 0  # a builder that squashes, or that makes no layer for some steps
    holding = [step.number for step, layer in zip(steps, theirs.layers, strict=True) if path in layer.paths]
    return holding[-1] if holding else 0


def _rows(case: Case, mine: Ours, theirs: Built, found: Sequence[Difference], looked: Looked | None) -> list[StepRow]:
    """Every step with its times and its size on both sides, and how many differences it wrote."""
    seconds = mine.outcome.seconds()
    layers = (
        {step.number: layer for step, layer in zip(case.layers(), theirs.layers, strict=False)}
        if len(case.layers()) == len(theirs.layers)
        else {}
    )
    sizes = _sizes(mine)
    names = _names(case)
    times = {(stage, place): took for stage, place, took in theirs.times}
    return [
        StepRow(
            step.number,
            step.line,
            step.text,
            step.stage,
            seconds.get(step.number, 0.0),
            next((times[name, step.place] for name in names[step.stage] if (name, step.place) in times), None),
            sizes.get(step.number, 0),
            layers[step.number].size if step.number in layers else None,
            len(looked.found.get(step.number, ())) if looked else sum(one.step == step.number and not one.noise for one in found),
        )
        for step in case.steps
    ]


def _sizes(mine: Ours) -> dict[int, int]:
    """The bytes of the files that each step was the last to write."""
    found: dict[int, int] = {}
    for path in mine.changed:
        about = mine.seen[path]
        if about.st_mode & 0o170000 == 0o100000:
            step = mine.outcome.step_of(about.st_ctime_ns)
            found[step] = found.get(step, 0) + about.st_size
    return found


def _names(case: Case) -> dict[str, tuple[str, ...]]:
    """What BuildKit may call a stage: its name, `stage-N`, or nothing if it is the only one."""
    return {
        row.key: (row.key, f"stage-{row.key}", "") if len(case.stages) == 1 else (row.key, f"stage-{row.key}")
        for row in case.stages
    }


def _recorded(case: Case, mine: Ours, against: Result) -> Verdict:
    """Compare with what was recorded: all of it is read, since the base may be another one."""
    whole = entries(mine.root, mine.seen, mine.seen)
    ours = Result(read(mine.root, whole, whole), case.config, case.history, mine.since // 10**9)
    found = compare(ours, against, inline=case.inline, bytes_of=lambda path: contents(mine.root + path))
    numbers = {step.number: step.line for step in case.steps}
    placed = [one._replace(step=written_by(mine.outcome, mine.seen, one.where)) for one in found]
    placed = [one._replace(line=numbers.get(one.step, 0)) for one in placed]
    configs = (dict(case.config), dict(against.config))
    return Verdict(
        verdict(placed), tuple(placed), len(against.tree), case.notes, ("the script", "a record"), (), case.stages, configs
    )
