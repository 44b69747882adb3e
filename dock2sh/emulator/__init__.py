"""The emulator: what `docker build` does, by running the script. It prepares roots, runs the script a step at a time, keeps each
step's layer, and knows from a cache which steps need not be run. It has no logic of instructions: that is the script's.

    keys.py      what makes a step another step: the keys of the cache
    contexts.py  named contexts, and the stages that begin with one
    contents.py  what a step reads, as a digest; hashes.py: files that were read before; remote.py: what lies behind a URL
    places.py    where things are kept, and how they go
    build.py     the stages, in their order or side by side
    result.py    layers and config to an image, a directory, a tar
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.emulator.bases import Bases, root
from dock2sh.emulator.build import Built, Event, Root, StepFailed, Wish, build
from dock2sh.emulator.contexts import Filler, begun, fetched, named_contexts
from dock2sh.emulator.elsewhere import build_elsewhere
from dock2sh.emulator.places import forget_caches, furnish, home, settle, workplace
from dock2sh.emulator.remote import default_agent
from dock2sh.emulator.result import image_config, inspected, keep, write_directory, write_tar
from dock2sh.images.store import Store, Stored, open_store
from dock2sh.model import Plan, Run
from dock2sh.plan.context import Project
from dock2sh.sandbox import Sandbox, SandboxError, kernel
from dock2sh.sandbox.overlay import mount_layers, shallow
from dock2sh.source import refuse

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried

__all__ = [
    "Bases", "Built", "Emulated", "Event", "Order", "Root", "StepFailed", "emulate", "furnish", "home", "image_config",
    "inspected", "keep", "private_mounts", "workplace", "write_directory", "write_tar",
]  # fmt: skip


class Order(NamedTuple):
    """What is asked for besides the plan.

    `bases` are the images that the plan was made with, `options` the script's own (--secret, --ssh), `no_cache` the stages that
    are built anew (`*`: all), `escape` is the Dockerfile's escape character. `sandbox` is where the script runs as a whole; None
    is namespaces of ours, with a layer a step.
    `lock` is what the script carries of a lock; with `records` (any text) the steps note what they get, in `Emulated.records`.
    `on_failure` is called with what has failed and a directory to work in, before all is taken away. `roots` are images
    that are not to be those of `bases`; `place` is where layers and cache are kept, instead of the user's own; `shell`
    reads the script in our namespaces. Without `mounted` nobody will look at the result's `root`, which is "" then.
    """

    bases: Bases
    options: Sequence[str] = ()
    no_cache: frozenset[str] = frozenset()
    jobs: int = 2
    escape: str = "\\"
    sandbox: Sandbox | None = None
    lock: "Carried | None" = None
    on_failure: "Callable[[StepFailed, str], None]" = lambda failed, work: None
    roots: Mapping[str, Root] = {}
    place: str = ""
    shell: Sequence[str] = ("sh",)
    mounted: bool = True


class Emulated(NamedTuple):
    """A build that went well. `root` is the target's root file system, read-only, as long as `emulate` lasts; `images` are those
    that the plan named, `records` the directory of what the steps noted. `lasting`: the layers stay where they are."""

    plan: Plan
    stages: Mapping[str, Built]
    root: str
    base: Stored | None
    store: Store
    images: Mapping[str, Stored] = {}
    records: str = ""
    lasting: bool = True

    def keep(self, names: Sequence[str] = ()) -> Stored:
        """The image, kept in the store under these names."""
        return keep(self.plan, self.stages, self.base, self.store, names, self.lasting)


@contextmanager
def emulate(plan: Plan, project: Project, order: Order, tell: Callable[[Event], None]) -> Iterator[Emulated]:
    """Build by running the script, in a mount namespace of this process's own. Needs root (see sandbox/rootless.py).

    Raises StepFailed, SandboxError, ImageError, Refused.
    """
    if project.context is None:
        _refuse_reading(plan)
    private_mounts()
    place, store = order.place or home(), open_store()
    contexts = named_contexts(plan, order.bases.contexts)
    with store.busy(), workplace(place) as work:
        lock = _recording(order.lock, work)

        def write(plan: Plan) -> str:
            return _script(plan, project, order.escape, lock)

        images = order.bases.of(plan, [*contexts, *plan.repositories, *order.roots])
        filler = Filler(order.shell, default_agent(order.options), order.bases.say)
        wish = Wish(
            script=lambda: write(plan),
            home=place,
            work=work,
            bases={
                **{name: root(image, store) for name, image in images.items()},
                **begun(plan, contexts, write, filler, place, work),
                **order.roots,
            },
            context=str(project.context.resolve()) if project.context else "",
            ignore=project.ignore,
            contexts=contexts,
            options=[*order.options, *(word for pair in contexts.items() for word in ("--build-context", "=".join(pair)))],
            env=_needed_environment(order.options),
            no_cache=order.no_cache,
            jobs=order.jobs,
            fixed=dict(_fixed(plan, lock)),
            shell=order.shell,
            fetched=fetched(plan, write, filler, work) if order.sandbox and not lock else {},
        )
        forget_caches(place, _anew(plan, order.no_cache))
        try:
            stages = build_elsewhere(plan, wish, order.sandbox, tell) if order.sandbox else build(plan, wish, tell)
        except StepFailed as failed:
            order.on_failure(failed, work)
            raise
        finally:
            if not order.place:  # else it is thrown away
                settle(place, bool(order.sandbox))
        result = _result(stages[plan.stages[-1].key], work) if order.mounted else ""
        try:
            base = images.get(plan.chain()[0].base)
            yield Emulated(plan, stages, result, base, store, images, lock.records if lock else "", not order.place)
        finally:
            if result:
                kernel.unmount(result, kernel.MNT_DETACH)


def _anew(plan: Plan, no_cache: frozenset[str]) -> set[str]:
    """The ids of the caches that the stages name which are built anew."""
    stages = [stage for stage in plan.stages if no_cache & {"*", stage.name, str(stage.index)}]
    steps = [step for stage in stages for step in stage.steps if isinstance(step, Run)]
    return {mount.id for step in steps for mount in step.mounts if mount.type == "cache"}


def _refuse_reading(plan: Plan) -> None:
    """A Dockerfile from standard input has no build context: to docker nothing is there."""
    if step := next(plan.reading_context(), None):
        hint = "name the context: dock2sh emulate -f - DIR"
        raise refuse("no-context", "there is no build context: the Dockerfile comes from standard input", (step.span,), hint)


def _recording(lock: "Carried | None", work: str) -> "Carried | None":
    """With a place for what the steps note, if they shall."""
    if lock is None or not lock.records:
        return lock
    os.mkdir(f"{work}/records", 0o700)
    return lock._replace(records=f"{work}/records")


def _fixed(plan: Plan, lock: "Carried | None") -> Iterator[tuple[int, str]]:
    """What a lock makes of the steps. One that is recorded is never the same again."""
    number = 0
    for stage in plan.stages:
        for _ in stage.layers():
            number += 1
            if lock and lock.records:
                yield number, f"recorded {os.urandom(16).hex()}"
            elif lock and number in {*lock.steps, *(step for step, _ in lock.adds)}:
                texts = [lock.texts[int(line.split()[1])] for line in lock.steps.get(number, ()) if line.startswith("file ")]
                yield (
                    number,
                    "\n".join(
                        [
                            lock.mode,
                            *lock.steps.get(number, ()),
                            *texts,
                            *(held for key, held in lock.adds.items() if key[0] == number),
                        ]
                    ),
                )


def _script(plan: Plan, project: Project, escape: str, lock: "Carried | None") -> str:
    from dock2sh.emit.frame import Setting
    from dock2sh.emit.script import script
    from dock2sh.plan.bundle import needed

    selectors = needed(plan, project).selectors if project.context and plan.reads_context() else ()
    setting = Setting(project.name, project.text, escape, project.ignore, selectors=selectors, lock=lock, named=project.named)
    return script(plan, setting)


def _needed_environment(options: Sequence[str]) -> dict[str, str]:
    """What the script needs of our environment, and no more: a secret's variable, the agent's socket, the way to the network."""
    names = {word[4:] for option in options for word in option.split(",") if word.startswith("env=")}
    names |= {option.partition("=")[2].split(",")[0] for option in options if option.startswith("id=") and "," not in option}
    names |= {"SSH_AUTH_SOCK", *(f"{kind}_proxy" for kind in ("http", "https", "ftp", "no", "all"))}
    wanted = names | {name.upper() for name in names if name.endswith("_proxy")}
    return {name: os.environ[name] for name in wanted if name in os.environ}


def private_mounts() -> None:
    """From here on what this process mounts is seen by it and its children alone, and goes with them. Raises SandboxError."""
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    except PermissionError as error:
        raise SandboxError("namespaces may not be made here: be root, on a machine or in a privileged container") from error


def _result(stage: Built, work: str) -> str:
    """As a container sees it: on top is a root directory that no step has changed."""
    place = f"{work}/result"
    for name in ("root", "flat", "top"):
        os.makedirs(f"{place}/{name}", 0o755)
    mount_layers([*shallow(stage.directories, f"{place}/flat"), f"{place}/top"], f"{place}/root", work=place)
    return f"{place}/root"
