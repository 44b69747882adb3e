"""`--each-step`: the roots of both sides after every instruction, and the first one after which they differ."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from .case import Case, Step
from .compare import Difference, Masked, Result, compare, masks_of
from .engines import Engine, NoReference, NotBuilt, Request
from .oddities import forgiven, writers
from .ours import Place
from .reference import Built, Unpack, opened
from .snapshot import Look, Tree, contents, entries, look, now, read, written


class Frame(NamedTuple):
    """Our root after a step: the names in it, and the entries (with digests, and what noise leaves) of what the step wrote."""

    names: frozenset[str]
    wrote: Tree
    masked: Masked


def frame(root: str, seen: Look, paths: frozenset[str]) -> Frame:
    """A root after a step that has written these paths."""
    wrote = read(root, entries(root, seen, paths), paths)
    return Frame(frozenset(seen), wrote, masks_of(wrote, lambda path: contents(root + path)))


class Film:
    """Our root after every step. `case` is None where nobody wants to see it: then nothing is kept. `began` is in seconds."""

    def __init__(self, case: Case | None, place: Place) -> None:
        self._steps = {step.number: step for step in case.steps} if case else {}
        self._chain = case.chain if case else ()
        self._place, self._last, self._since = place, 0, now(place.work)
        self.began = self._since // 10**9
        self.frames: dict[int, Frame] = {}

    def shoot(self, step: int) -> None:
        """Take a picture of what the step before `step` has made."""
        if self._last in self._steps and os.path.isdir(root := self._root(self._steps[self._last])):
            seen = look(root)
            self.frames[self._last] = frame(root, seen, written(seen, self._since))
        self._last, self._since = step, now(self._place.work)

    def _root(self, step: Step) -> str:
        return self._place.root if step.stage in self._chain else os.path.join(self._place.state, "stages", step.stage, "root")


class Filmed(Protocol):
    """Our side's frames, by the steps' numbers, and when it was begun, in seconds."""

    @property
    def frames(self) -> Mapping[int, Frame]: ...
    @property
    def began(self) -> int: ...


class Looked(NamedTuple):
    """The differences that each step is the first to show (by its number), and notes on what could not be looked at."""

    found: Mapping[int, tuple[Difference, ...]]
    notes: tuple[str, ...]


def each_step(case: Case, by: Engine, theirs: Built, film: Filmed, unpack: Unpack | None, fresh: bool) -> Looked:
    """Compare after every step of every stage; the stages before the target only where theirs is `fresh`, built just now."""
    found: dict[int, tuple[Difference, ...]] = {}
    notes: list[str] = []
    for row in case.stages:
        if row.key in case.chain[:-1]:
            continue  # the target's own line has it
        line = case.chain if row.key in case.chain else case.line(row.key)
        try:
            if row.key in case.chain:
                found.update(_stage(case, line, theirs, film))
            elif not fresh:
                notes.append(f"stage {row.key} was not looked at step by step: it is in no image that was given")
            else:
                with _other(case, by, line, film.began, unpack) as image:
                    found.update(_stage(case, line[-1:], image, film, case.steps_of(line)))
        except (NotBuilt, NoReference) as error:
            notes.append(f"stage {row.key} was not looked at step by step: {error}")
    steps = writers(case)
    own = {number: forgiven(those, by.name, theirs.whole, steps) for number, those in found.items()}
    return Looked({number: tuple(one for one in those if not one.noise) for number, those in own.items()}, tuple(notes))


@contextmanager
def _other(case: Case, by: Engine, line: tuple[str, ...], began: int, unpack: Unpack | None) -> Iterator[Built]:
    """Another stage than the target: the engine has just built it, so its cache has the very files."""
    image = next(row.image for row in case.stages if row.key == line[0])
    below = by.tell(image).layers if image else ()
    made = by.build(Request(case.context, case.file, (*case.options, "--target", line[-1]), cached=True))
    try:
        with opened(by, by.tell(made.image), below, began, unpack) as built:
            yield built
    finally:
        by.remove(made.image)


def _stage(
    case: Case, stages: tuple[str, ...], image: Built, film: Filmed, layers: tuple[Step, ...] | None = None
) -> Iterator[tuple[int, tuple[Difference, ...]]]:
    """The steps of `stages` and what each one is the first to show; `layers` are the steps of the image's own layers."""
    layers = layers if layers is not None else case.steps_of(stages)
    if image.upto is None:
        raise NoReference("the engine's layers do not lie on this machine, and an archive is read as a whole")
    if len(image.layers) != len(layers):
        raise NoReference(f"the image has {len(image.layers)} layers that can be looked at, for {len(layers)} steps")
    with image.upto(0) as base:
        known, tree, masked = frozenset[tuple[str, str]](), Tree(), dict[str, Mapping[str, str]]()
        for number, step in enumerate(layers, 1):
            if step.number not in film.frames:
                continue
            frame = film.frames[step.number]
            tree |= frame.wrote
            masked |= frame.masked
            if step.stage in stages:
                found = _after(case, image, number, base, frame, Result(tree, {}, None, film.began, (), masked))
                yield (
                    step.number,
                    tuple(one._replace(step=step.number, line=step.line) for one in found if (one.where, one.what) not in known),
                )
                known |= {(one.where, one.what) for one in found}


def _after(case: Case, image: Built, number: int, base: str, frame: Frame, ours: Result) -> list[Difference]:
    """The differences after the image's own layer `number`. What no step of ours wrote is as in the base."""
    assert image.upto
    with image.upto(number) as root:
        seen = look(root)
        paths = frame.wrote.keys() | image.layers[number - 1].paths | (frame.names ^ seen.keys())
        theirs = read(root, entries(root, seen, paths), paths)
        below = paths & frame.names - ours.tree.keys()
        mine = read(base, entries(base, look(base), below), below) if below else {}
        mine |= {path: ours.tree[path] for path in paths & frame.names & ours.tree.keys()}
        # the other way round: what noise leaves of ours is kept like a record's, theirs is there to be read
        found = compare(
            Result(theirs, {}, None, image.began),
            ours._replace(tree=mine),
            inline=case.inline,
            bytes_of=lambda path: contents(root + path),
        )
    swapped = {"missing": "extra", "extra": "missing"}
    turned = [one._replace(what=swapped.get(one.what, one.what), ours=one.theirs, theirs=one.ours) for one in found]
    return [one for one in turned if not one.noise]
