"""Where a plan, the emulator and a lock meet: what a build gets is recorded; a plan is fixed by what a lock says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dock2sh.lock.carry import Fixed, Terms, carry, digest, lockable, platform
from dock2sh.lock.held import Base, Context, Lock, LockError, Step
from dock2sh.lock.text import read
from dock2sh.model import Plan, Stage
from dock2sh.plan.context import Project

if TYPE_CHECKING:
    from dock2sh.emulator import Emulated, Event, Order

_TITLE = 90


def load(path: str) -> Lock:
    """Raises LockError."""
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise LockError(f"there is no {path}: `dock2sh lock` makes it") from None
    except (OSError, ValueError) as error:
        raise LockError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return read(text, path)


def fixed(plan: Plan, path: str, terms: Terms) -> Fixed:
    """The plan, and what its script carries, by the lock at `path`. Raises LockError, Refused."""
    return carry(load(path), plan, terms._replace(name=os.path.basename(path)))


def record(plan: Plan, project: Project, order: "Order", tell: "Callable[[Event], None]", vendor: str = "") -> Lock:
    """Build all of it, with an eye on what each step gets, and keep the files in the directory `vendor` if there is one.

    Raises StepFailed, SandboxError, ImageError, Refused, LockError.
    """
    from dock2sh.emit.carried import Carried
    from dock2sh.emulator import emulate

    carried = (order.lock or Carried(mode="prefer"))._replace(records="yes", keep=bool(vendor))
    with emulate(plan, project, order._replace(lock=carried, no_cache=frozenset("*")), tell) as done:
        lock = Lock(platform(plan), tuple(_bases(done)), tuple(_steps(done)), tuple(_contexts(done)))
        if vendor:
            from dock2sh.lock.vendor import keep

            notes = [_note(str(path)) for path in Path(done.records).glob("*/records")]
            keep(f"{done.records}/kept", "".join(notes).splitlines(), lock, vendor)
        return lock


def _bases(done: "Emulated") -> Iterator[Base]:
    for name in sorted(done.images):
        image = done.images[name]
        known = sorted(text.rpartition("@")[2] for text in image.digests)
        yield Base(name, known[0] if known else "-", image.id)


def _contexts(done: "Emulated") -> "Iterator[Context]":
    from dock2sh.lock.records import contexts

    return contexts(_note(f"{done.records}/contexts"))


def _steps(done: "Emulated") -> Iterator[Step]:
    """Of each stage's line of parents the first step that got something knows what was installed before."""
    number, known = 0, set[str]()
    for stage in done.plan.stages:
        if stage.parent in known:
            known.add(stage.key)
        for index, steps in enumerate(stage.layers()):
            number += 1
            if lockable(steps):
                made = _step(done, stage, index, number)
                yield made._replace(packages="-") if stage.key in known else made
                if made.packages != "-":
                    known.add(stage.key)


def _step(done: "Emulated", stage: Stage, index: int, number: int) -> Step:
    from dock2sh.lock.gather import step
    from dock2sh.lock.layers import found
    from dock2sh.lock.records import noted

    steps = stage.layers()[index]
    notes = {name: _note(f"{done.records}/{number}/{name}") for name in ("records", "before", "after")}
    layer = done.stages[stage.key].layers[index].directory
    lower = done.stages[stage.key].directories[: -len(stage.layers()) + index]
    text = " ".join(steps[0].text.split())
    shown = text if len(text) <= _TITLE else text[: _TITLE - 3] + "..."
    return step(stage.key, steps[0].span.first, shown, digest(steps), noted(**notes), found(layer, lower))


def _note(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except FileNotFoundError:
        return ""
