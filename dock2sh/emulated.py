"""An emulated build put before the judge: its layers, and who wrote what. The emulator and verify/ meet here."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from dock2sh.emulator import Bases, Emulated, Event, Root, StepFailed, emulate, furnish
from dock2sh.emulator import Order as Build
from dock2sh.images import ImageError
from dock2sh.images.bring import Wish
from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.plan.contexts import image_of
from dock2sh.sandbox import Sandbox, SandboxError, kernel
from dock2sh.sandbox.overlay import mount_layers, shallow
from dock2sh.verify import SHELLS, Failure, Make, NotMade, Order, Ours
from dock2sh.verify.agreement import script_failure
from dock2sh.verify.layers import in_directories
from dock2sh.verify.side import images, sizes, without_engine
from dock2sh.verify.snapshot import look, now
from dock2sh.verify.steps import Frame, frame


class Emulation(NamedTuple):
    """What is emulated. `options` are the script's own, `sources` the named contexts, `sandbox` where the script runs as a whole
    (None: namespaces of ours, a layer a step), `name` that place in words, `roots` base images as directories, where they are not
    to be the engine's. `bases` (name -> SOURCE) count where there is no engine to ask, and none is needed."""

    plan: Plan
    project: Project
    escape: str
    options: Sequence[str] = ()
    sources: Mapping[str, str] = {}
    sandbox: Sandbox | None = None
    name: str = "namespaces"
    roots: Mapping[str, str] = {}
    bases: Mapping[str, str] = {}


def emulated(wish: Emulation) -> Make:
    """Our side as `dock2sh emulate` makes it, with nothing from its cache, and with nothing of it kept."""
    return lambda order: _Making(wish, order).made()


class _Making:
    def __init__(self, wish: Emulation, order: Order) -> None:
        self.wish, self.order = wish, order
        self.output, self.seconds = bytearray(), dict[int, float]()

    def made(self) -> Ours:
        since = now(self.order.work)
        try:
            done = self.order.stack.enter_context(emulate(self.wish.plan, self.wish.project, self._build(), self._hear))
        except StepFailed as failed:
            raise NotMade(self._failure(failed)) from failed
        except (SandboxError, ImageError) as error:
            raise NotMade(Failure(f"{self._who()}: {error}", missing=True)) from error
        return self._alone(done, since) if self.wish.sandbox else self._by_layers(done, since)

    def _who(self) -> str:
        return f"dock2sh emulate ({self.wish.name})"

    def _build(self) -> Build:
        """Layers and caches are in our own directory: the engine begins with empty caches, too (`--no-cache`)."""
        return Build(
            Bases(self.wish.bases, Wish(lambda text: None), self.wish.sources),
            self.wish.options,
            escape=self.wish.escape,
            sandbox=self.wish.sandbox,
            roots=_roots(self.order, self.wish.plan)
            | {image: Root(image, (folder,)) for image, folder in self.wish.roots.items()},
            place=furnish(f"{self.order.work}/emulator"),
            shell=SHELLS[self.order.how.shell],
        )

    def _hear(self, event: Event) -> None:
        if event.kind == "output":
            self.output += event.data
        elif event.kind == "done":
            self.seconds[event.number] = event.seconds

    def _failure(self, failed: StepFailed) -> Failure:
        """How the step failed, in the script's words."""
        said = self.output.decode(errors="replace")
        reason = failed.event.data.decode(errors="replace")
        return script_failure(failed.status, f"{said}\nerror: {reason}", self.order.case.steps, failed.event.number)

    def _by_layers(self, done: Emulated, since: int) -> Ours:
        """What was built with a layer for each step, which tells who wrote what."""
        seen, order = look(done.root), self.order
        directories = dict(_numbered(done))
        layers = dict(zip(directories, in_directories(directories.values()), strict=True))
        target = {step.number: layers[step.number] for step in order.case.layers()}
        writer = {path: number for number in sorted(target) for path in target[number].paths}
        ours = Ours(done.root, order.work, seen, since, frozenset(writer), writer, self._who(), self.seconds, sizes(seen, writer))
        return ours._replace(layers=target, frames=dict(_frames(done, order.work)) if order.how.each_step else {})

    def _alone(self, done: Emulated, since: int) -> Ours:
        """What was built elsewhere, in one layer."""
        layers = in_directories(layer.directory for layer in done.stages[done.plan.stages[-1].key].layers)
        changed = frozenset[str]().union(*(layer.paths for layer in layers))
        why = f"--each-step needs a layer for each step, which --sandbox {self.wish.name} does not make"
        notes = (why,) if self.order.how.each_step else ()
        return Ours(done.root, self.order.work, look(done.root), since, changed, {}, self._who(), self.seconds, notes=notes)


def _roots(order: Order, plan: Plan) -> dict[str, Root]:
    """The images as the engine has them: its own layers where these lie here, else copies. Raises NoReference."""
    named = {name: image for name, source in plan.contexts.items() if (image := image_of(source))}
    if without_engine(order):
        return {}
    told = {name: order.by.tell(image) for name, image in ({image: image for image in order.case.images} | named).items()}
    here = {name: Root(one.image, one.directories) for name, one in told.items() if one.directories}
    elsewhere = tuple(name for name in told if name not in here)
    copies = order.stack.enter_context(images(order._replace(case=order.case._replace(images=elsewhere))))
    return here | {name: Root(told[name].image, (folder,)) for name, folder in copies.items()}


def _numbered(done: Emulated) -> Iterator[tuple[int, str]]:
    """Each step by the script's number, and its layer's directory."""
    layers = [layer for stage in done.plan.stages for layer in done.stages[stage.key].layers]
    return ((number, layer.directory) for number, layer in enumerate(layers, 1))


def _frames(done: Emulated, work: str) -> Iterator[tuple[int, Frame]]:
    """The root after each step of every stage."""
    number = 0
    for stage in done.plan.stages:
        built = done.stages[stage.key]
        below = len(built.directories) - len(built.layers)
        for count in range(len(built.layers)):
            number += 1
            own = built.layers[count].directory
            with _mounted(built.directories[: below + count + 1], work) as root:
                (layer,) = in_directories([own])
                yield number, frame(root, look(root), layer.paths)


@contextmanager
def _mounted(layers: Sequence[str], work: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=work) as place:
        root = os.path.join(place, "root")
        for folder in (root, os.path.join(place, "flat")):
            os.mkdir(folder)
        mount_layers(shallow(layers, f"{place}/flat"), root, work=place)
        try:
            yield root
        finally:
            kernel.unmount(root, kernel.MNT_DETACH)
