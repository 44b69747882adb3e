"""`dock2sh run`: an image and the sandbox. The script of `FROM image` says what it starts."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import dock2sh
from dock2sh.emulator import private_mounts, workplace
from dock2sh.emulator.places import home
from dock2sh.images import import_image
from dock2sh.images.store import open_store
from dock2sh.model import Base
from dock2sh.plan.context import Project
from dock2sh.sandbox.rootless import become_root
from dock2sh.sandbox.session import Session, run


class Wanted(NamedTuple):
    """What `docker run` is told. `words` are those of a script's `start`; `volumes` (source, target, read-only)."""

    image: str
    words: Sequence[str]
    sources: Mapping[str, str] = {}
    platform: str = ""
    volumes: Sequence[tuple[str, str, bool]] = ()
    hostname: str = ""
    terminal: bool = False
    interactive: bool = False
    network: bool = True
    insecure: bool = False


def start(wanted: Wanted, say: Callable[[str], None]) -> int:
    """Run it to its end; its exit status. Raises SandboxError, ImageError, InvalidReference."""
    if limits := become_root():
        say(limits)
    stored = import_image(wanted.image, wanted.sources, wanted.platform)
    store = open_store()
    private_mounts()
    with store.busy(), workplace(home()) as work:
        name = wanted.hostname or os.path.basename(work)[-12:]
        session = Session(
            script=_script(wanted.image, stored.config),
            words=["-e", f"HOSTNAME={name}", *wanted.words],
            layers=[store.directory(layer) for layer in stored.layers],
            work=work,
            hostname=name,
            volumes=wanted.volumes,
            terminal=wanted.terminal,
            interactive=wanted.interactive,
            network=wanted.network,
            insecure=wanted.insecure,
        )
        return run(session)


def _script(name: str, config: Mapping[str, object]) -> str:
    """The script of a Dockerfile that has nothing but FROM, without the image's triggers."""
    inner = {key: value for key, value in dict(config.get("config") or {}).items() if key != "OnBuild"}  # type: ignore[call-overload]
    text = "FROM image\n"
    plan = dock2sh.evaluate(dock2sh.parse(text), find_base=lambda reference, platform: Base({**config, "config": inner}))
    return dock2sh.script(plan, Project(name, text, None, None))
