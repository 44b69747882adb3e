"""The script as a whole in another sandbox: a container of docker's or podman's, a virtual machine.

It runs there as a person would run it, so there is one layer in the end, with what all steps together have changed.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from dock2sh.emulator.build import Built, Event, Layer, Root, StepFailed, Wish, failure
from dock2sh.emulator.places import new_layer, no_room
from dock2sh.model import Fetch, Plan, Run, Stage, Step
from dock2sh.sandbox import Job, Sandbox, kernel
from dock2sh.sandbox.overlay import mount_layers, shallow

_STEP = re.compile(rb"\[(\d+)/\d+\] ")


def build_elsewhere(plan: Plan, wish: Wish, sandbox: Sandbox, tell: Callable[[Event], None]) -> dict[str, Built]:
    """Every stage of the plan, by its key; the target's has the one layer. Raises StepFailed, SandboxError."""
    base = plan.chain()[0].base
    layers = wish.bases[base].directories if base in wish.bases else ()
    place = new_layer(wish.home, "elsewhere")
    os.makedirs(f"{place}/diff")
    told = _Told(plan, tell)
    with _mounted(layers or [_nothing(wish.work)], wish.work, "root", f"{place}/diff") as root, _others(plan, wish) as images:
        work = f"{wish.work}/sandbox"
        os.mkdir(work, 0o700)
        runs = any(isinstance(step, Run) for stage in plan.chain() for step in stage.steps)
        job = Job(
            wish.script(),
            root,
            base,
            work,
            wish.context,
            images,
            wish.contexts,
            _options(plan, wish),
            runs,
            machine(plan),
            wish.fetched,
            _id(wish, base),
        )
        status = sandbox.run(job, told.output)
    if status:
        raise StepFailed(told.failed(), status, [*layers, f"{place}/diff"], no_room(wish.home))
    told.finished()
    with open(f"{place}/made", "xb"):
        pass
    last = plan.stages[-1]
    layer = Layer("", f"{place}/diff", last.layers()[-1] if last.layers() else (), time.time())
    built = {stage.key: Built("", (), ()) for stage in plan.stages}
    return built | {last.key: Built("", (*layers, layer.directory), (layer,) if any(s.layers() for s in plan.chain()) else ())}


def _id(wish: Wish, base: str) -> str:
    """The id of the image that the target stands on, if it is known by one."""
    known = wish.bases[base].identity if base in wish.bases else ""
    return known if re.fullmatch("sha256:[0-9a-f]{64}", known) else ""


def _options(plan: Plan, wish: Wish) -> Sequence[str]:
    """The script's own options. An agent comes along only where a step wants it: what is fetched with it is here already."""
    steps = [step for stage in plan.stages for step in stage.steps]
    wanted = any(mount.type == "ssh" for step in steps if isinstance(step, Run) for mount in step.mounts)
    if wanted or (not wish.fetched and any(isinstance(step, Fetch) and step.git for step in steps)):
        return wish.options
    pairs = zip(wish.options[::2], wish.options[1::2], strict=True)
    return [word for flag, value in pairs if flag != "--ssh" for word in (flag, value)]


def machine(plan: Plan) -> tuple[str, ...]:
    """What every RUN's machine is, in the flags of `docker run`."""
    run = next((step for stage in plan.stages for step in stage.steps if isinstance(step, Run)), None)
    if run is None:
        return ()
    hosts = [f"--add-host={name}:{address}" for address, name in run.hosts]
    limits = [f"--ulimit={limit}" for limit in run.limits]
    return (f"--hostname={run.hostname or 'buildkitsandbox'}", *hosts, *limits, *([f"--shm-size={run.shm}"] if run.shm else []))


@contextmanager
def _others(plan: Plan, wish: Wish) -> Iterator[Mapping[str, str]]:
    """The root file systems of the other images that the script asks for."""
    found: dict[str, str] = {}
    mounted: list[str] = []
    try:
        for name, image in wish.bases.items():
            if name != plan.chain()[0].base or _begins_twice(plan, name):
                found[name] = _extra(image, wish.work, len(mounted))
                mounted.append(found[name])
        yield found
    finally:
        for place in mounted:
            kernel.unmount(place, kernel.MNT_DETACH)


def _begins_twice(plan: Plan, name: str) -> bool:
    """Whether another stage needs the files of the target's own base."""
    first = plan.chain()[0]
    return any(name in (stage.base, *stage.needs()) for stage in plan.stages if stage is not first)


def _extra(image: Root, work: str, number: int) -> str:
    place = f"{work}/image{number}"
    for name in ("root", "flat"):
        os.makedirs(f"{place}/{name}")
    mount_layers(shallow(image.directories, f"{place}/flat"), f"{place}/root", work=place)
    return f"{place}/root"


@contextmanager
def _mounted(layers: Sequence[str], work: str, name: str, upper: str) -> Iterator[str]:
    place = f"{work}/{name}"
    for folder in ("mount", "flat"):
        os.makedirs(f"{place}/{folder}")
    mount_layers(shallow(layers, f"{place}/flat"), f"{place}/mount", upper, place)
    try:
        yield f"{place}/mount"
    finally:
        kernel.unmount(f"{place}/mount", kernel.MNT_DETACH)


def _nothing(work: str) -> str:
    place = f"{work}/nothing"
    os.mkdir(place, 0o755)
    os.chmod(place, 0o755)
    return place


class _Told:
    """The script's own words (`[3/7] Dockerfile:4 RUN ...`) as events."""

    def __init__(self, plan: Plan, tell: Callable[[Event], None]) -> None:
        self._steps = list(_numbered(plan))
        self._tell = tell
        self._rest, self._said = b"", b""
        self._number, self._began = 0, time.monotonic()

    def output(self, data: bytes) -> None:
        """What the script has printed."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line + b"\n")

    def _line(self, line: bytes) -> None:
        match = _STEP.match(line)
        if match and int(match[1]) == self._number + 1 <= len(self._steps):
            self.finished()
            self._number += 1
            self._tell(self._event("begin"))
        elif line == b"done\n":
            pass  # the script's last word
        elif self._number:
            self._said = (self._said + line)[-8192:]
            self._tell(self._event("output", line))
        else:
            self._said += line

    def finished(self) -> None:
        """The step at work has ended well."""
        if self._number:
            self._tell(self._event("done", seconds=time.monotonic() - self._began))
        self._began = time.monotonic()

    def failed(self) -> Event:
        """The step at work has ended badly."""
        self._number = self._number or 1
        event = self._event("failed", failure(self._said + self._rest))
        self._tell(event)
        return event

    def _event(self, kind: str, data: bytes = b"", seconds: float = 0.0) -> Event:
        stage, steps = self._steps[self._number - 1]
        return Event(kind, stage, self._number, steps, data, seconds)


def _numbered(plan: Plan) -> Iterator[tuple[Stage, tuple[Step, ...]]]:
    for stage in plan.stages:
        yield from ((stage, steps) for steps in stage.layers())
