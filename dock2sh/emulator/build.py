"""The stages of a plan, built by running the script: in their order, side by side where they do not need one another.

What is known from earlier builds is not run again: of each stage the longest line of steps whose keys the cache has.
"""

import os
import selectors
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dock2sh.emulator.contents import Contents, Origin
from dock2sh.emulator.keys import first_key, step_key
from dock2sh.emulator.places import created_at, known_chain, known_layer, new_layer, no_room, publish, seconds_of
from dock2sh.emulator.remote import default_agent
from dock2sh.model import Plan, Stage, Step
from dock2sh.plan.bundle import sources_of
from dock2sh.plan.ignore import Ignore
from dock2sh.sandbox import SandboxError, kernel
from dock2sh.sandbox.apart import Build, Messages, begin, end
from dock2sh.sandbox.overlay import mount_layers, shallow

_REMEMBERED = 8192
"""Bytes of output in which the reason of a failure is looked for."""


class Event(NamedTuple):
    """Something to tell. `kind`: cached, begin, output, done, failed. `data` is what was printed; `seconds` how long it took.

    Of a step that is done or cached `layers` are the directories of the root after it, the lowest first, and `took` is how many
    seconds it took when it was run (None: nobody knows any more).
    """

    kind: str
    stage: Stage
    number: int
    steps: tuple[Step, ...]
    data: bytes = b""
    seconds: float = 0.0
    took: float | None = None
    layers: Sequence[str] = ()


class StepFailed(Exception):
    """A step ended badly: everything about it has been told. `layers` are the directories of the root as it was left, the lowest
    first; they are there until `emulate` ends. `hint` is a sentence where the disk was full."""

    def __init__(self, event: Event, status: int, layers: Sequence[str], hint: str = "") -> None:
        super().__init__(f"step {event.number} failed with exit status {status}")
        self.event, self.status, self.layers, self.hint = event, status, layers, hint


class Layer(NamedTuple):
    """A finished layer: its key, its directory in overlayfs's form, the steps that made it, and when (seconds since 1970)."""

    key: str
    directory: str
    steps: tuple[Step, ...]
    created: float
    seconds: float = 0.0


class Built(NamedTuple):
    """A finished stage: the directories of all its layers, the lowest first, and its own layers (and not its parent's)."""

    key: str
    directories: tuple[str, ...]
    layers: tuple[Layer, ...]


class Root(NamedTuple):
    """An image to stand on or to copy from: what tells it from others, and the directories of its layers, the lowest first."""

    identity: str
    directories: tuple[str, ...]


class Wish(NamedTuple):
    """How to build. `bases` has each image that the plan names; `contexts` are named contexts. `script` is called when something
    has to be run.

    `no_cache` are the stages (names) that are built anew, `*` for all; `jobs` is how many stages are built at a time. `fixed`
    says what a lock makes of a step, by its number: it is another step then. `shell` reads the script. `fetched` are the
    repositories that steps add, for a sandbox that may have no git (contexts.py).
    """

    script: Callable[[], str]
    home: str
    work: str
    bases: Mapping[str, Root]
    context: str = ""
    ignore: Ignore | None = None
    contexts: Mapping[str, str] = {}
    options: Sequence[str] = ()
    env: Mapping[str, str] = {}
    no_cache: frozenset[str] = frozenset()
    jobs: int = 2
    fixed: Mapping[int, str] = {}
    shell: Sequence[str] = ("sh",)
    fetched: Mapping[str, str] = {}


def build(plan: Plan, wish: Wish, tell: Callable[[Event], None]) -> dict[str, Built]:
    """Every stage of the plan, by its key. Needs a mount namespace of its own. Raises StepFailed, SandboxError."""
    return _Builder(plan, wish, tell).run()


_SCRATCH = Root("scratch", ())


class _Running(NamedTuple):
    stage: Stage
    process: subprocess.Popen[bytes]
    reader: int
    messages: Messages
    base: Built
    keys: Sequence[str]
    places: Sequence[str]
    finished: list[Layer]
    said: bytearray


class _Builder:
    def __init__(self, plan: Plan, wish: Wish, tell: Callable[[Event], None]) -> None:
        self.plan, self.wish, self.tell = plan, wish, tell
        self.built: dict[str, Built] = {}
        self.waiting = list(plan.stages)
        self.running: dict[int, _Running] = {}
        self.groups = {stage.key: stage.layers() for stage in plan.stages}
        self.first = dict(_first_numbers(plan))
        self.stages = {stage.key: stage for stage in plan.stages}
        self.chain = {stage.key for stage in plan.chain()}
        named = tuple(sources_of(plan))
        self.contents = Contents(wish.home, wish.context, wish.ignore, self._origin, default_agent(wish.options), named)
        self.roots: dict[str, str] = {}
        self.keyed: dict[str, tuple[Built, list[str]]] = {}
        self.fresh: dict[str, str] = {}  # the layers of this build by their keys

    def run(self) -> dict[str, Built]:
        try:
            while self.waiting or self.running:
                self._start_what_can()
                if self.running:
                    self._listen()
        finally:
            self._end_all()
        return self.built

    # -- one stage ---------------------------------------------------------------------------------------------------------

    def _start_what_can(self) -> None:
        for stage in list(self.waiting):
            ready = len(self.running) < self.wish.jobs and all(need in self.built for need in self._needs(stage))
            if ready and not self._is_being_made(stage):
                self.waiting.remove(stage)
                self._start(stage)

    def _is_being_made(self, stage: Stage) -> bool:
        """Whether another stage is at work on a step of this one's: docker, too, does equal steps of two stages once."""
        coming = {key for each in self.running.values() for key in each.keys[len(each.finished) :]}
        return bool(coming) and not coming.isdisjoint(self._keys(stage)[1])

    def _needs(self, stage: Stage) -> list[str]:
        return [name for name in stage.needs() if name in self.stages]

    def _start(self, stage: Stage) -> None:
        """Find how far the cache reaches; run the rest."""
        groups = self.groups[stage.key]
        base, keys = self._keys(stage)
        known = self._known(stage, keys)
        done = [Layer(*layer, created_at(layer[1])) for layer in zip(keys, known, groups, strict=False)]
        for number, layer in enumerate(done):
            root = [*base.directories, *(each.directory for each in done[: number + 1])]
            seconds = seconds_of(layer.directory)
            self.tell(Event("cached", stage, self.first[stage.key] + number, groups[number], took=seconds, layers=root))
        if len(done) == len(groups):
            self._finish(stage, base, done)
        else:
            self._run(stage, base, keys, done)

    def _base(self, stage: Stage) -> Built:
        if stage.parent is not None:
            return self.built[stage.parent]
        root = self.wish.bases.get(stage.base, _SCRATCH)
        return Built(first_key(root.identity, stage.platform), root.directories, ())

    def _keys(self, stage: Stage) -> tuple[Built, list[str]]:
        """What a stage stands on, and the keys of its layers. What it needs has been built."""
        if stage.key not in self.keyed:
            base, keys = self._base(stage), list[str]()
            key = base.key
            for number, steps in enumerate(self.groups[stage.key], self.first[stage.key]):
                fixed = self.wish.fixed.get(number)
                key = step_key(key, steps, [*self.contents.of(steps, stage.key), *([fixed] if fixed else [])])
                keys.append(key)
            self.keyed[stage.key] = base, keys
        return self.keyed[stage.key]

    def _known(self, stage: Stage, keys: Sequence[str]) -> list[str]:
        """The layers that this build, or the cache, has for the first of these keys, each made on the one before it."""
        anew = self.wish.no_cache & {"*", stage.name, str(stage.index)}
        found = [self.fresh.get(key) or ("" if anew else known_layer(self.wish.home, key)) for key in keys]
        return known_chain(self.wish.home, keys, found, self._below(stage))

    def _below(self, stage: Stage) -> str:
        """The layer that a stage's first one stands on, "" for a base image, which its key tells from others."""
        while stage.parent is not None:
            stage = self.stages[stage.parent]
            if layers := self.built[stage.key].layers:
                return layers[-1].directory
        return ""

    def _finish(self, stage: Stage, base: Built, layers: Sequence[Layer]) -> None:
        directories = (*base.directories, *(layer.directory for layer in layers))
        self.built[stage.key] = Built(layers[-1].key if layers else base.key, directories, tuple(layers))

    def _run(self, stage: Stage, base: Built, keys: Sequence[str], done: list[Layer]) -> None:
        first = self.first[stage.key] + len(done)
        work = f"{self.wish.work}/{stage.index}"
        os.mkdir(work, 0o700)
        places = [new_layer(self.wish.home, key) for key in keys[len(done) :]]
        job = Build(
            script=self.wish.script(),
            first=first,
            last=self.first[stage.key] + len(keys) - 1,
            stage="" if stage.key in self.chain else stage.key,
            layers=[*base.directories, *(layer.directory for layer in done)],
            finished=places,
            work=work,
            caches=f"{self.wish.home}/caches",
            roots=dict(self._read_roots(stage)),
            context=self.wish.context,
            options=self.wish.options,
            env=self.wish.env,
            shell=self.wish.shell,
        )
        process, reader = begin(job)
        places = [""] * len(done) + places
        self.running[reader] = _Running(stage, process, reader, Messages(), base, keys, places, done, bytearray())

    def _read_roots(self, stage: Stage) -> Iterator[tuple[str, Sequence[str]]]:
        """The roots that its steps read: of stages, of images."""
        for name in stage.needs():
            if name in self.built:
                yield name, self.built[name].directories
            elif name not in self.wish.contexts:
                yield name, self.wish.bases.get(name, _SCRATCH).directories

    def _origin(self, name: str) -> Origin:
        """Where what is copied can be read, to see whether it is what it was."""
        if name in self.wish.contexts and name not in self.stages:
            return Origin(self.wish.contexts[name], True)
        if name not in self.roots:
            layers = self.built[name].directories if name in self.built else self.wish.bases.get(name, _SCRATCH).directories
            work = f"{self.wish.work}/read{len(self.roots)}"
            os.makedirs(f"{work}/root")
            os.mkdir(f"{work}/flat")
            mount_layers(shallow(layers, f"{work}/flat"), f"{work}/root", work=work)
            self.roots[name] = f"{work}/root"
        return Origin(self.roots[name], False)

    # -- what is told ------------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        with selectors.DefaultSelector() as ready:
            for reader in self.running:
                ready.register(reader, selectors.EVENT_READ)
            for key, _ in ready.select():
                running = self.running[key.fd]
                data = os.read(key.fd, 1 << 16)
                for kind, text in running.messages.feed(data):
                    self._message(running, kind, text)
                if not data:
                    self._ended(running)

    def _message(self, running: _Running, kind: str, text: bytes) -> None:
        match kind:
            case "s":
                self._event(running, "begin", int(text))
            case "o":
                running.said[:] = (running.said + text)[-_REMEMBERED:]
                self._event(running, "output", self._number(running), text)
            case "l":
                self._layer(running, float(text.split()[1]))
            case "x":
                raise SandboxError(text.decode(errors="replace"))
            case "e" if int(text):
                reason = failure(bytes(running.said))
                event = self._event(running, "failed", self._number(running), reason)
                raise StepFailed(event, int(text), self._left(running), no_room(self.wish.home))

    def _left(self, running: _Running) -> list[str]:
        """The root as a failed step has left it."""
        finished = [*running.base.directories, *(layer.directory for layer in running.finished)]
        half = f"{self.wish.work}/{running.stage.index}/{self._number(running)}/diff"
        return [*finished, *([half] if os.path.isdir(half) else ())]

    def _layer(self, running: _Running, seconds: float) -> None:
        number = self._number(running)
        steps = self.groups[running.stage.key][number - self.first[running.stage.key]]
        key, place = (parts[len(running.finished)] for parts in (running.keys, running.places))
        below = running.finished[-1].directory if running.finished else self._below(running.stage)
        created = publish(self.wish.home, key, place, seconds, below)
        self.fresh[key] = f"{place}/diff"
        running.finished.append(Layer(key, f"{place}/diff", steps, created, seconds))
        root = [*running.base.directories, *(layer.directory for layer in running.finished)]
        self.tell(Event("done", running.stage, number, steps, seconds=seconds, took=seconds, layers=root))

    def _number(self, running: _Running) -> int:
        """The step that is at work."""
        return self.first[running.stage.key] + len(running.finished)

    def _event(self, running: _Running, kind: str, number: int, data: bytes = b"") -> Event:
        groups = self.groups[running.stage.key]
        at = min(number - self.first[running.stage.key], len(groups) - 1)
        event = Event(kind, running.stage, number, groups[at], data)
        self.tell(event)
        return event

    def _ended(self, running: _Running) -> None:
        os.close(running.reader)
        del self.running[running.reader]
        running.process.wait()
        if len(running.finished) < len(running.keys):
            raise SandboxError("the sandbox ended before the script did (was it killed?)")
        self._finish(running.stage, running.base, running.finished)

    def _end_all(self) -> None:
        """No build outlives this one, and nothing stays mounted."""
        for place in self.roots.values():
            kernel.unmount(place, kernel.MNT_DETACH)
        for running in self.running.values():
            end(running.process, running.reader)
        self.running.clear()


def failure(said: bytes) -> bytes:
    """Why a step has failed, in the script's words: the last line of its own."""
    lines = [line for line in said.split(b"\n") if line.startswith((b"error: ", b"missing: "))]
    return lines[-1].partition(b": ")[2] if lines else b"it ended"


def _first_numbers(plan: Plan) -> Iterator[tuple[str, int]]:
    """The number that a script gives to each stage's first step."""
    number = 1
    for stage in plan.stages:
        yield stage.key, number
        number += len(stage.layers())
