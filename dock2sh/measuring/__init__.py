"""`dock2sh explain --measured`: the emulator builds, and what each step did is read out of its layer. The emulator, the store and
explain meet here; none knows the others.

    changes.py   a layer's directory against the root below it: added, changed, deleted
    packages.py  which packages that means
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dock2sh.emulator import Event, Order, StepFailed, emulate
from dock2sh.emulator.progress import printable
from dock2sh.explain.measured import Change, Measured, Measurement
from dock2sh.images.store import open_store
from dock2sh.measuring.changes import changes, hidden
from dock2sh.measuring.packages import packages
from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.sandbox import kernel
from dock2sh.sandbox.overlay import mount_layers, shallow

# of the output of a step that fails: bytes that are kept, lines and characters of a line that are shown
_REMEMBERED, _SHOWN, _WIDEST = 8192, 12, 240
_OWN = (b"error: ", b"  goes on with: ")


def measure(plan: Plan, project: Project, order: Order, tell: Callable[[Event], None]) -> Measurement:
    """Build (what the cache has is not run again), and say what each step did; a step that fails is the last one.

    Needs root or a user namespace (see sandbox/rootless.py). Raises SandboxError, ImageError, Refused.
    """
    seen = dict[int, Event]()
    made = list[Measured]()
    said = dict[int, bytes]()

    def watch(event: Event) -> None:
        if event.kind in ("cached", "done", "failed"):
            seen[event.number] = event
        elif event.kind == "output":
            said[event.number] = (said.get(event.number, b"") + event.data)[-_REMEMBERED:]
        tell(event)

    def failed(error: StepFailed, work: str) -> None:
        made.extend(_steps(seen))
        made[-1] = made[-1]._replace(printed=_last_lines(said.get(error.event.number, b"")))

    try:
        with emulate(plan, project, order._replace(on_failure=failed), watch):
            made.extend(_steps(seen))
    except StepFailed:
        return Measurement(tuple(made), tuple(_bases(plan, order)))
    return Measurement(tuple(made), tuple(_bases(plan, order)), *_hidden(plan, made))


def _steps(seen: dict[int, Event]) -> Iterator[Measured]:
    """The steps in the script's order. As long as the build lasts: its layers must be there."""
    for _, event in sorted(seen.items()):
        first = event.steps[0]
        text = ("ONBUILD " if first.onbuild else "") + " ".join(first.text.split())
        about = Measured(first.span.first, text, event.stage.key, event.took, event.kind == "cached")
        if event.kind == "failed":
            yield about._replace(failed=event.data.decode(errors="replace"))
        else:
            yield _measured(about, event.layers)


def _last_lines(said: bytes) -> str:
    """What a step has printed last, without what is only for a terminal, and without the script's own word on it."""
    lines = [printable(line)[:_WIDEST] for line in said.split(b"\n") if not line.startswith(_OWN)]
    return "\n".join([line for line in lines if line.strip()][-_SHOWN:])


def _measured(about: Measured, layers: Sequence[str]) -> Measured:
    *below, upper = layers
    with _mounted(below) as root:
        found = tuple(sorted(changes(upper, root), key=lambda change: change.path))
        size = sum(change.size for change in found)
        return about._replace(changes=found, size=size, packages=tuple(packages(found, upper, root)))


@contextmanager
def _mounted(layers: Sequence[str]) -> Iterator[str]:
    """The root that these layers make, read-only."""
    with tempfile.TemporaryDirectory() as work:
        for name in ("root", "flat"):
            os.mkdir(f"{work}/{name}")
        mount_layers(shallow(layers, f"{work}/flat"), f"{work}/root", work=work)
        try:
            yield f"{work}/root"
        finally:
            kernel.unmount(f"{work}/root", kernel.MNT_DETACH)


def _bases(plan: Plan, order: Order) -> Iterator[tuple[str, int]]:
    """Each stage that begins with an image, and that image's size."""
    store = open_store()
    for stage in plan.stages:
        if stage.parent is None and stage.base != "scratch":
            image = order.bases.image(stage.base, stage.platform)
            yield stage.key, sum(store.content_size(layer) for layer in image.layers)


def _hidden(plan: Plan, made: Sequence[Measured]) -> tuple[int, tuple[Change, ...]]:
    """The files of the result's own layers that a later one hides: their bytes, and the largest of them."""
    chain = [stage.key for stage in plan.chain()]
    layers = [step.changes for key in chain for step in made if step.stage == key]
    gone = sorted(hidden(layers), key=lambda change: -change.size)
    return sum(change.size for change in gone), tuple(gone[:10])
