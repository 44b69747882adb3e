"""RUN --mount, by hand: what is brought before a command, and taken away after it.

A container that runs cannot be given a mount. What is at the target is put aside, files are copied there, and afterwards all is
as it was: what the command wrote there is gone, as with docker. A secret comes from a file that a variable of the other terminal
names, so that it is not to be seen where one types. An agent cannot be brought.
"""

import re
from posixpath import dirname
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.emit.carrying import brought
from dock2sh.emit.quoting import quote
from dock2sh.model import Copy, Mount, Run

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree


class ByHand(NamedTuple):
    """A mount: `why` is a remark; what root does before (`begin`), what is done from another terminal (`elsewhere`), what is
    typed then and at the end (`typed`, `untyped`), and what root does after the command (`end`)."""

    why: str
    begin: str = ""
    elsewhere: tuple[str, ...] = ()
    typed: str = ""
    untyped: str = ""
    end: str = ""


def secret_variable(id: str) -> str:
    """The variable of the other terminal that names a secret's file."""
    return "SECRET_" + re.sub(r"[^A-Za-z0-9_]", "_", id)


def by_hand(mount: Mount, step: Run, container: str, tree: "Tree | None", origin: str) -> ByHand:
    """What stands for the mount; `origin` is the container that it comes from, if it is not the build context."""
    match mount.type:
        case "bind":
            return _bind(mount, step, container, tree, origin)
        case "cache":
            return _directory(mount, step, container, tree, origin)
        case "tmpfs":
            return ByHand(f"{mount.target} is in memory and stays out of the image", _room(mount.target), end=_back(mount.target))
        case "secret":
            return _secret(mount, container)
        case _:
            return ByHand(
                'needs your SSH agent, which cannot be brought: docker run -v "$SSH_AUTH_SOCK":/agent -e SSH_AUTH_SOCK=/agent'
            )


def _bind(mount: Mount, step: Run, container: str, tree: "Tree | None", origin: str) -> ByHand:
    source = f" of {mount.origin}" if mount.origin else " of the build context"
    come = brought(_as_copy(mount, step), container, tree, origin)
    begin = _room(mount.target) if come.into else _aside(mount.target)
    return ByHand(
        f"{mount.source}{source} is at {mount.target}, for this command only", begin, come.commands, end=_back(mount.target)
    )


def _directory(mount: Mount, step: Run, container: str, tree: "Tree | None", origin: str) -> ByHand:
    """A cache begins empty here, or with what it is `from`; its mode and owner are those that it would be made with."""
    come = brought(_as_copy(mount, step), container, tree, origin).commands if mount.origin else ()
    dress = ""
    if mount.mode not in (None, 0o755):
        dress += f" && chmod {mount.mode:o} {quote(mount.target)}"
    if mount.uid or mount.gid:
        dress += f" && chown {mount.uid or 0}:{mount.gid or 0} {quote(mount.target)}"
    why = f"{mount.target} is a cache that stays out of the image"
    return ByHand(why, _room(mount.target) + dress, come, end=_back(mount.target))


def _secret(mount: Mount, container: str) -> ByHand:
    place, variable = mount.target or f"/run/secrets/{mount.id}", secret_variable(mount.id)
    file = f'"${{{variable}:?}}"' if mount.required else f'"${variable}"'
    given = "" if mount.required else f'[ -z "${variable}" ] || '
    dress = f"chmod {mount.mode if mount.mode is not None else 0o400:o} {quote(place)}"
    dress += f" && chown {mount.uid or 0}:{mount.gid or 0} {quote(place)}"
    bring = f"{given}{{ docker cp {file} {container}:{quote(place)} && docker exec -u 0 {container} sh -c {quote(dress)}; }}"
    why = f"needs the secret {mount.id} at {mount.target or f'${mount.env}'}, which must not stay: ${variable} is its file"
    if not mount.env:
        return ByHand(why, _aside(place), (bring,), end=_back(place))
    typed = f'export {mount.env}="$(cat {quote(place)} 2>/dev/null)"'
    return ByHand(why, _aside(place), (bring,), typed, f"unset {mount.env}", _back(place))


def _as_copy(mount: Mount, step: Run) -> Copy:
    source = mount.source.lstrip("/") or "."
    return Copy(step.span, step.text, (mount.source or "/",), mount.target, (source, mount.target), mount.origin)


def _kept(target: str) -> str:
    return quote(f"{target.rstrip('/')}.kept")


def _aside(target: str) -> str:
    """Nothing is at the target, and its directory is there."""
    above = dirname(target.rstrip("/")) or "/"
    make = "" if above == "/" else f"mkdir -p {quote(above)} && "
    return f"{make}{{ [ ! -e {quote(target)} ] || mv {quote(target)} {_kept(target)}; }}"


def _room(target: str) -> str:
    """The target is an empty directory."""
    return f"{_aside(target)} && mkdir {quote(target)}"


def _back(target: str) -> str:
    return f"rm -rf {quote(target)} && {{ [ ! -e {_kept(target)} ] || mv {_kept(target)} {quote(target)}; }}"
