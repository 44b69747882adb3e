"""`dock2sh run`: an image and the sandbox. The script of `FROM image` says what it starts."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import dock2sh
from dock2sh.emulator import StepFailed, private_mounts, workplace
from dock2sh.emulator.places import home
from dock2sh.images import data_home, import_image
from dock2sh.images.blobs import full
from dock2sh.images.bring import Wish
from dock2sh.images.store import open_store
from dock2sh.model import Base, Run
from dock2sh.plan.context import Project
from dock2sh.sandbox import SandboxError
from dock2sh.sandbox.container import Volume
from dock2sh.sandbox.rootless import become_root
from dock2sh.sandbox.session import COPY, NO_COPY, Session, run


class Wanted(NamedTuple):
    """What `docker run` is told. `words` are those of a script's `start`; `more` are fields of the process (container.Process).

    `groups` are names or numbers, `resolver` is the text of its resolv.conf (empty: this machine's), `wish` says how far the
    image may be fetched.

    A volume whose source is a word, or nothing, is one of ours, kept or not.
    """

    image: str
    words: Sequence[str]
    sources: Mapping[str, str] = {}
    platform: str = ""
    volumes: Sequence[Volume] = ()
    hosts: Sequence[tuple[str, str]] = ()
    hostname: str = ""
    groups: Sequence[str] = ()
    resolver: str = ""
    wish: Wish = Wish()
    terminal: bool = False
    interactive: bool = False
    more: Mapping[str, Any] = {}


def start(wanted: Wanted, say: Callable[[str], None]) -> int:
    """Run it to its end; its exit status. Raises SandboxError, ImageError, InvalidReference."""
    if limits := become_root():
        say(limits)
    store = open_store()
    ours = not wanted.sources and not wanted.wish.fresh
    here = store.find(wanted.image, wanted.platform) if ours else None  # also by its id, which FROM never means
    stored = here or import_image(wanted.image, wanted.sources, wanted.platform, wish=wanted.wish)
    if not (_inner(stored.config).keys() & {"Cmd", "Entrypoint"} or wanted.words[-1] != "--" or "--entrypoint" in wanted.words):
        raise SandboxError("no command specified: the image has neither ENTRYPOINT nor CMD. Name one")
    private_mounts()
    with store.busy(), _room_wanted(), workplace(home()) as work:
        name = wanted.hostname or os.path.basename(work)[-12:]
        session = Session(
            script=_script(wanted.image, stored.config),
            words=wanted.words,
            layers=[store.directory(layer) for layer in stored.layers],
            work=work,
            hostname=name,
            volumes=[_volume(volume, work, number) for number, volume in enumerate(_volumes(wanted, stored.config))],
            hosts=wanted.hosts,
            groups=wanted.groups,
            resolver=wanted.resolver,
            terminal=wanted.terminal,
            interactive=wanted.interactive,
            more=wanted.more,
        )
        return run(session)


@contextmanager
def _room_wanted() -> Iterator[None]:
    """A full disk is told as such, with what to do."""
    try:
        yield
    except OSError as error:
        full(error, os.path.join(data_home(), "dock2sh"))


def _volumes(wanted: Wanted, config: Mapping[str, object]) -> list[Volume]:
    """What is asked for, and a new volume for each VOLUME of the image's in whose place nothing is."""
    taken = {volume.place for volume in wanted.volumes}
    told: Any = _inner(config).get("Volumes") or {}
    own = {"/" + os.path.normpath(place).lstrip("/") for place in told} - {"/"}
    new = [Volume("", place, options=COPY) for place in own - taken]
    return sorted([*wanted.volumes, *new], key=lambda one: one.place.count("/"))


def _volume(volume: Volume, work: str, number: int) -> Volume:
    """A path of this machine, which docker makes where it is missing; a kept volume by its name; or one for this run."""
    if volume.options not in (COPY, NO_COPY):
        if volume.source and not os.path.exists(volume.source):
            os.makedirs(volume.source)
        return volume
    place = os.path.join(home(), "volumes", volume.source) if volume.source else os.path.join(work, f"volume{number}")
    os.makedirs(place, exist_ok=True)
    return volume._replace(source=place)


def failed_shell(failed: StepFailed, work: str) -> None:
    """A shell in the root as a failed step has left it, with the step's environment, directory and user."""
    step, place = failed.event.steps[0], os.path.join(work, "shell")
    os.mkdir(place)
    words = ["--entrypoint", "/bin/sh"]
    if isinstance(step, Run):
        words = ["--entrypoint", step.argv[0], "-w", step.cwd, *(["-u", step.user] if step.user else [])]
        words += [word for pair in step.env for word in ("-e", pair)]
    session = Session(
        script=_script("image", {"architecture": "amd64", "os": "linux"}),
        words=words,
        layers=failed.layers,
        work=place,
        hostname="buildkitsandbox",
        terminal=os.isatty(0),
        interactive=True,
    )
    run(session)


def _inner(config: Mapping[str, object]) -> dict[str, object]:
    return dict(config.get("config") or {})  # type: ignore[call-overload,no-any-return]


def _script(name: str, config: Mapping[str, object]) -> str:
    """The script of a Dockerfile that has nothing but FROM, without the image's triggers. It has `start`, also for an image that
    starts nothing by itself: a command is given then."""
    inner = {key: value for key, value in _inner(config).items() if key != "OnBuild"}
    if not (inner.get("Cmd") or inner.get("Entrypoint")):
        inner["Cmd"] = ["/bin/sh"]
    text = "FROM image\n"
    plan = dock2sh.evaluate(dock2sh.parse(text), find_base=lambda reference, platform: Base({**config, "config": inner}))
    return dock2sh.script(plan, Project(name, text, None, None))
