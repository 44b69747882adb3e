"""Where the emulator keeps things, below $XDG_DATA_HOME/dock2sh.

`layers/ID/diff` is a finished layer in overlayfs's form, which never changes: a build may have it mounted; `made` beside it says
how many seconds it took, and which layer it was made on. `build/KEY` is a link to the one that the cache knows for that key.
`unsettled/ID` has the boot of the machine in which a layer was made of which the disk may not have all yet: after a crash the
cache does not know it any more. `work/` is for builds at work; what a dead one has left goes at the next start. `caches/` are
those of RUN --mount=type=cache, `hashes/` what hashes.py remembers.
"""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile

from dock2sh.digest import sha256
from dock2sh.images import data_home
from dock2sh.images.blobs import on_disk
from dock2sh.images.workplaces import held, sweep

_ROOM, _FEW = 64 << 10, 32
"""Bytes and inodes that may have been freed since a write failed."""


def home() -> str:
    """The data directory of dock2sh, which is made."""
    return furnish(os.path.join(data_home(), "dock2sh"))


def no_room(place: str) -> str:
    """A sentence where the file system of `place` has no room for a file (any more), with the cure; else ""."""
    about = os.statvfs(place)
    free = about.f_bfree if os.geteuid() == 0 else about.f_bavail
    inodes = about.f_favail >= _FEW or not about.f_files  # btrfs counts none
    if inodes and free * about.f_frsize >= _ROOM:
        return ""
    what = "no space" if inodes else "no inodes"
    return f"{what} left in {place}. Remove images with `dock2sh rmi` and `dock2sh prune`, or free some"


def furnish(place: str) -> str:
    """Make a directory fit to keep layers and cache in: its real path."""
    for name in ("build", "hashes", "layers", "unsettled", "work", "caches"):
        os.makedirs(os.path.join(place, name), mode=0o700, exist_ok=True)
    return os.path.realpath(place)


def known_layer(home: str, key: str) -> str:
    """The directory of the layer that the cache has for a key, or ""."""
    return _whole(home, os.path.realpath(f"{home}/build/{key}"))


def known_chain(home: str, keys: Sequence[str], found: Sequence[str], below: str) -> list[str]:
    """The longest row of layers for the first of these keys that were made on one another, and the first one on `below`. `found`
    are those to choose from, "" where there is none: where one was made anew since, what was made on the old one goes with that.
    """
    for last in reversed(range(len(list(takewhile(bool, found))))):
        chain = [found[last]]
        while chain[0] and len(chain) <= last:
            chain.insert(0, _below(home, chain[0], keys[last - len(chain)]))
        if chain[0] and _made_on(chain[0]) == _name_of(below):
            return chain
    return []


def _below(home: str, directory: str, key: str) -> str:
    """The directory of the layer, of that key, that this one was made on; "" if it is not there, or was another key's."""
    name = _made_on(directory)
    return _whole(home, f"{home}/layers/{name}") if name.startswith(f"{key[:16]}-") else ""


def _whole(home: str, place: str) -> str:
    return f"{place}/diff" if os.path.exists(f"{place}/made") and _outlived(home, os.path.basename(place)) else ""


def _name_of(directory: str) -> str:
    """What a layer (its `diff`) is called; a base image, "", is `-`."""
    return os.path.basename(os.path.dirname(directory)) or "-"


def _made_on(directory: str) -> str:
    """The name of what a layer (its `diff`) was made on: to mount it on anything else would be a mixture of two builds."""
    return [*_made(directory), "", ""][1]


def _made(directory: str) -> list[str]:
    with open(os.path.join(os.path.dirname(directory), "made")) as file:
        return file.read().split()


def _outlived(home: str, name: str) -> bool:
    """Whether no crash can have taken files from a layer: it was settled, or the machine has not gone down since."""
    try:
        with open(f"{home}/unsettled/{name}") as file:
            return file.read() == _boot()
    except FileNotFoundError:
        return True


def _boot() -> str:
    """This time that the machine is up (random(4))."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read()


def settle(home: str, always: bool = False) -> None:
    """What was published until now is there after a crash too. Nothing to do where nothing was, unless `always`."""
    names = [name for name in os.listdir(f"{home}/unsettled") if _outlived(home, name)]
    if names or always:
        on_disk(home)
    for name in names:
        with suppress(FileNotFoundError):  # another build has settled it
            os.unlink(f"{home}/unsettled/{name}")


def new_layer(home: str, key: str) -> str:
    """A name for a layer to come."""
    return f"{home}/layers/{key[:16]}-{os.urandom(4).hex()}"


def created_at(directory: str) -> float:
    """When a layer (its `diff`) was made, in seconds since 1970."""
    return os.lstat(os.path.join(os.path.dirname(directory), "made")).st_mtime


def seconds_of(directory: str) -> float | None:
    """How long it took to make a layer (its `diff`), if anybody knows."""
    told = _made(directory)
    return float(told[0]) if told else None


def publish(home: str, key: str, place: str, seconds: float, below: str) -> float:
    """From now on the cache knows this layer, made on `below` (a directory), for the key, also instead of another. When that is,
    as `created_at` tells later."""
    with open(f"{home}/unsettled/{os.path.basename(place)}", "x") as file:  # before the link: file systems keep that order
        file.write(_boot())
    with open(f"{place}/made", "x") as file:
        file.write(f"{seconds:.6f} {_name_of(below)}")
    link = f"{home}/build/.{os.path.basename(place)}"
    os.symlink(f"../layers/{os.path.basename(place)}", link)
    os.replace(link, f"{home}/build/{key}")
    return created_at(f"{place}/diff")


def forget_caches(home: str, ids: Collection[str]) -> None:
    """RUN --mount=type=cache begins anew with these ids: docker build --no-cache, too, takes away all caches that its steps name
    (BuildKit's Worker.PruneCacheMounts). A build at work that has one keeps it as long as it works; `clear` takes those."""
    names = {sha256(name)[:16] for name in ids}
    gone = [entry.path for entry in os.scandir(f"{home}/caches") if entry.is_symlink() and entry.name.split("-")[0] in names]
    places = [os.path.realpath(link) for link in gone]
    for link in gone:
        with suppress(FileNotFoundError):  # another build forgets it, too
            os.unlink(link)
    if len(os.listdir(f"{home}/work")) == 1:  # ours
        for place in places:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def workplace(home: str) -> Iterator[str]:
    """An empty directory, locked as long as this process lives. What builds have left that were killed goes."""
    door = os.open(f"{home}/work", os.O_RDONLY)
    fcntl.flock(door, fcntl.LOCK_EX)  # nobody sweeps what is not locked yet
    _sweep(home)
    place = f"{home}/work/{os.urandom(8).hex()}"
    os.mkdir(place, 0o700)
    with held(place):
        os.close(door)
        yield place


def _sweep(home: str) -> None:
    for entry in os.scandir(f"{home}/work"):
        sweep(entry.path)


def clear(home: str, kept: Collection[str] = ()) -> int | None:
    """Take away all that the cache knows, and the directories of RUN --mount=type=cache: the bytes that it held. `kept` are
    layers' directories (`diff`) that images have.

    None, and nothing is done, while a build is at work.
    """
    door = os.open(f"{home}/work", os.O_RDONLY)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        _sweep(home)
        if os.listdir(f"{home}/work"):
            return None
        return sum(
            _emptied(f"{home}/{name}", {os.path.dirname(place) for place in kept})
            for name in ("build", "layers", "unsettled", "caches", "hashes")
            if os.path.isdir(f"{home}/{name}")
        )
    finally:
        os.close(door)


def _emptied(directory: str, kept: Collection[str]) -> int:
    held = 0
    for folder, below, files in os.walk(directory):
        below[:] = [name for name in below if f"{folder}/{name}" not in kept]
        held += sum(os.lstat(f"{folder}/{name}").st_blocks * 512 for name in files)
    for entry in os.scandir(directory):
        if entry.path in kept:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    return held
