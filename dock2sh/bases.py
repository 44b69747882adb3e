"""Base images for the planner: where images/ finds one, what is assumed, what stays unknown."""

import os
import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dock2sh.model import DEFAULT_PATH, Base, names_windows
from dock2sh.plan.contexts import is_image
from dock2sh.plan.platforms import Platform
from dock2sh.source import refuse

if TYPE_CHECKING:
    from dock2sh.plan.walk import FindBase

Say = Callable[[str], None]


def unknown(reference: str, platform: Platform) -> Base:
    """Nobody knows: what the base gives stays a shell expansion in the script."""
    system = "windows" if names_windows(reference) else platform.os
    return Base({"architecture": platform.arch, "os": system, "config": {}}, known=False)


def assumed(reference: str, platform: Platform) -> Base:
    """Docker's default PATH and a shell: what `--offline` takes a base image for."""
    if names_windows(reference):
        return unknown(reference, platform)
    config = {"Env": ["PATH=" + DEFAULT_PATH], "Cmd": ["/bin/sh"]}
    return Base({"architecture": platform.arch, "os": platform.os, "config": config})


def beginning(find: "FindBase", contexts: Mapping[str, str]) -> "FindBase":
    """`find`, but for named contexts that are no images: a stage that begins with one has the config of one from scratch."""
    config = {"Env": ["PATH=" + DEFAULT_PATH], "WorkingDir": "/"}

    def found(reference: str, platform: Platform) -> Base:
        if reference in contexts and not is_image(contexts[reference]):
            return Base({"architecture": platform.arch, "os": platform.os, "config": config})
        return find(reference, platform)

    return found


def finder(sources: Mapping[str, str], offline: bool, say: Say, host: bool = False) -> Callable[[str, Platform], Base]:
    """An answer for each base image, asked for once: `sources` first, then (unless offline) the own store and local engines.

    `host`: what a machine gets (env.sh, a unit) is read by systemd, too, and can leave nothing open. `say` gets a sentence for
    each image that is assumed or unknown. The answer raises Refused for a bad source.
    """
    known: dict[tuple[str, Platform], Base] = {}
    otherwise = _on_hosts if host else _not_at_hand

    def find(reference: str, platform: Platform) -> Base:
        if (reference, platform) not in known:
            base = _find(reference, platform, sources, offline, say)
            known[reference, platform] = base if base.known or offline else otherwise(base, reference, say)
        return known[reference, platform]

    return find


def _find(reference: str, platform: Platform, sources: Mapping[str, str], offline: bool, say: Say) -> Base:
    if offline and not sources:
        say(f"{reference} is not looked up (--offline): assuming docker's default PATH and a shell")
        return assumed(reference, platform)
    from dock2sh.images import ImageError, InvalidReference, default_path, find_image, open_source, same_image

    if not (sources or offline or _engines() or os.path.exists(default_path())):
        return unknown(reference, platform)
    try:
        if offline:
            source = next((value for name, value in sources.items() if same_image(name, reference)), None)
            image = open_source(source, reference, str(platform)) if source else None
        else:
            image = find_image(reference, sources, str(platform))
    except (ImageError, InvalidReference) as error:
        raise refuse("base-image", f"{reference}: {error}", near=reference, hint="--base NAME=SOURCE") from None
    if image:
        return Base(image.config)
    if offline:
        say(f"{reference} is not at hand (--offline): assuming docker's default PATH and a shell")
        return assumed(reference, platform)
    return unknown(reference, platform)


def _not_at_hand(base: Base, reference: str, say: Say) -> Base:
    say(f"{reference} is not at hand: its environment stays open in the script; give it with --base {reference}=SOURCE")
    return base


def _on_hosts(base: Base, reference: str, say: Say) -> Base:
    if names_windows(reference):
        return _not_at_hand(base, reference, say)
    taken = "PATH is taken for docker's default, its ENV, USER, WORKDIR and CMD are not known"
    say(f"{reference} is not at hand: {taken}; give it with --base {reference}=SOURCE")
    return Base({**base.image, "config": {"Env": ["PATH=" + DEFAULT_PATH]}})


def _engines() -> bool:
    """Whether an engine could answer at all. Asking a docker client that has no engine costs more than making the script."""
    names = ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")
    sockets = ("/var/run/docker.sock", f"{runtime}/docker.sock", os.path.expanduser("~/.docker/contexts"))
    return any(map(os.environ.get, names)) or any(map(os.path.exists, sockets)) or bool(shutil.which("podman"))
