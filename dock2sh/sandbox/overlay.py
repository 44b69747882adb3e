"""Layers on top of one another: overlayfs, as docker mounts its own (overlay2)."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from . import SandboxError, kernel

DEEPEST = 400
"""Layers of one mount; the kernel takes 500 (fs/overlayfs/params.h, OVL_MAX_STACK)."""


def mount_layers(layers: Sequence[str], target: str, upper: str = "", work: str = "", index: str = "") -> None:
    """Mount `layers` (directories in overlayfs's form, the lowest first) at `target`: read-only, or with `upper` on top, which
    gets what is written. `work` is a directory for short names, `index` (UPPER.index, if it is not given) becomes one for
    overlayfs's own things, on the file system of `upper`. Raises SandboxError.

    Through short names, since mount(2) takes no more than a page of options (and a path may hold a `:`). A layer that is there
    twice (empty ones are all one) counts where it is highest: the kernel refuses the other, which could change nothing.
    """
    layers = list(dict.fromkeys(reversed(layers)))[::-1]
    if not upper and len(layers) < 2:
        _single(layers, target, work)
        return
    options = "lowerdir=" + ":".join(reversed([_short(layer, work) for layer in layers])) + _own_options()
    if upper:
        # the root directory of an overlay is its topmost one, and docker's is new with each step: what a RUN does to / is lost
        os.chmod(upper, 0o755)
        index = index or f"{upper}.index"
        os.mkdir(index)
        options += f",upperdir={_short(upper, work)},workdir={_short(index, work)},volatile"
    try:
        with _inside(work):
            kernel.mount("overlay", target, "overlay", 0 if upper else kernel.MS_RDONLY, options)
    except OSError as error:
        raise SandboxError(
            f"the layers cannot be mounted ({error.strerror}): {upper or target} must be on a file system that overlayfs takes "
            "(ext4, xfs, tmpfs; not another overlay). XDG_DATA_HOME names another place"
        ) from error


def _short(directory: str, work: str) -> str:
    """A name for it in `work`: the same each time."""
    known = _names.setdefault(work, {})
    if directory not in known:
        known[directory] = f"l{len(known)}"
        os.symlink(directory, f"{work}/{known[directory]}")
    return known[directory]


_names: dict[str, dict[str, str]] = {}
"""The short names that are in a directory: five hundred steps would else link each layer five hundred times."""


def shallow(layers: Sequence[str], work: str) -> list[str]:
    """The same layers, not more than one mount takes: the lowest ones as a copy of what they are together."""
    import subprocess

    layers = list(layers)
    while len(layers) > DEEPEST:
        number = len(os.listdir(work))
        place, view = f"{work}/{number}", f"{work}/{number}.view"
        os.mkdir(view)
        os.mkdir(f"{view}/root")
        mount_layers(layers[:DEEPEST], f"{view}/root", work=view)
        subprocess.run(["cp", "-a", "--reflink=auto", f"{view}/root", place], check=True)
        kernel.unmount(f"{view}/root")
        layers[:DEEPEST] = [place]
    return layers


def _single(layers: Sequence[str], target: str, work: str) -> None:
    """overlayfs wants two layers; one needs none of it."""
    empty = os.path.join(work, "empty")
    if not layers:
        os.mkdir(empty, 0o755)
    kernel.bind(layers[0] if layers else empty, target, kernel.MS_RDONLY)


@cache
def _own_options() -> str:
    """In a user namespace overlayfs keeps its notes in user.overlay.* (kernel 5.11)."""
    with open("/proc/self/uid_map") as rows:
        return "" if rows.read().split() == ["0", "0", "4294967295"] else ",userxattr"


@contextmanager
def _inside(directory: str) -> Iterator[None]:
    before = os.open(".", os.O_PATH)
    os.chdir(directory)
    try:
        yield
    finally:
        os.fchdir(before)
        os.close(before)
