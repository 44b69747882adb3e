"""What comes out of a build: an image config as docker writes it, and the root file system in a directory or a tar."""

import datetime
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from dock2sh.emulator.build import Built
from dock2sh.images.blobs import discard
from dock2sh.model import Plan
from dock2sh.plan.history import history
from dock2sh.sandbox import SandboxError

if TYPE_CHECKING:
    from dock2sh.images.store import Layer as StoredLayer
    from dock2sh.images.store import Store, Stored

_KEPT = ("architecture", "os", "variant", "os.version", "author")


def image_config(plan: Plan, stages: Mapping[str, Built], diff_ids: Sequence[str] = ()) -> dict[str, Any]:
    """The OCI image config. `diff_ids` are those of all layers, the lowest first.

    The same layers give the same config: an entry of the history was made when its layer was, one without a layer together with
    the one before it (semantics.md 1.3). Entries of the base image's history keep their times.
    """
    entries = _dated(plan, [layer.created for stage in plan.chain() for layer in stages[stage.key].layers])
    return {
        **{key: plan.image[key] for key in _KEPT if plan.image.get(key)},
        "created": next((entry["created"] for entry in reversed(entries) if "created" in entry), _time(time.time())),
        "config": dict(plan.config),
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": entries,
    }


def _dated(plan: Plan, made: list[float]) -> list[dict[str, Any]]:
    """The history, with times. Where all steps made one layer it is the last one's."""
    entries = history(plan)
    inherited = len(plan.image.get("history") or ())
    own = [entry for entry in entries[inherited:] if not entry.get("empty_layer")]
    for entry in own[: len(own) - len(made)]:
        entry["empty_layer"] = True
    moments = iter(made)
    last = entries[inherited - 1].get("created") if inherited else None
    last = last or _time(made[0] if made else time.time())
    for entry in entries[inherited:]:
        last = last if entry.get("empty_layer") else _time(next(moments))
        entry["created"] = last
    return entries


def keep(
    plan: Plan, stages: Mapping[str, Built], base: "Stored | None", store: "Store", names: Sequence[str], lasting: bool = True
) -> "Stored":
    """The image in the store, under these names: the layers of `base`, and one for each step that makes one. Where the layers'
    directories are `lasting` they are the store's, too; else tars are made of them."""
    layers = list(base.layers) if base else []
    for stage in plan.chain():
        layers += [_layer(layer.directory, store, lasting) for layer in stages[stage.key].layers]
    return store.add_image(image_config(plan, stages, [layer.diff_id for layer in layers]), layers, names)


def _layer(directory: str, store: "Store", lasting: bool) -> "StoredLayer":
    """The layer in the store; what it is called there is noted beside it."""
    from dock2sh.images.overlay import rootless, write_layer
    from dock2sh.images.store import Layer as StoredLayer

    note = os.path.join(os.path.dirname(directory), "layer.json")
    try:
        with open(note) as file:
            known = StoredLayer(*json.load(file))
        if store.has_blob(known.digest, known.size):
            return known
    except (FileNotFoundError, ValueError):  # a crash of the machine may have left it empty
        pass
    layer = store.adopt(directory) if lasting else store.add_layer(lambda out: write_layer(directory, out, rootless()))
    with open(f"{note}.new", "w") as file:
        json.dump(layer, file)
    os.rename(f"{note}.new", note)
    return layer


def inspected(config: Mapping[str, Any], names: Sequence[str] = ()) -> dict[str, Any]:
    """The image as `docker image inspect` shows it; without RootFS if its layers were not made."""
    return {
        "RepoTags": list(names),
        "RepoDigests": [],
        "Created": config["created"],
        "Author": config.get("author", ""),
        "Config": config["config"],
        "Architecture": config.get("architecture", ""),
        "Variant": config.get("variant", ""),
        "Os": config.get("os", ""),
        **({"RootFS": {"Type": "layers", "Layers": layers}} if (layers := config["rootfs"]["diff_ids"]) else {}),
        "History": config["history"],
    }


def write_directory(root: str, place: str, about: Mapping[str, Any]) -> None:
    """`place`/rootfs becomes a copy of `root`, `place`/config.json is `about`. Raises SandboxError, FileExistsError."""
    os.makedirs(place, exist_ok=True)
    if os.path.lexists(f"{place}/rootfs"):
        raise FileExistsError(17, "is there already: take it away, or name another directory", f"{place}/rootfs")
    with _appearing(f"{place}/rootfs") as new:
        _copied(["cp", "-a", "--reflink=auto", "--", root, new])
    with _appearing(f"{place}/config.json") as new, open(new, "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(json.dumps(about, indent=1) + "\n")


def write_tar(root: str, place: str) -> None:
    """The root file system as a tar, as `docker build -o type=tar` writes it. Raises SandboxError."""
    kept = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--format=posix", "--pax-option=delete=atime,delete=ctime"]
    with nullcontext("-") if place == "-" else _appearing(place) as target:
        _copied(["tar", "-C", root, "-c", *kept, "--sort=name", "-f", target, "."])


@contextmanager
def _appearing(place: str) -> Iterator[str]:
    """Where to write what is then at `place`, whole or not at all."""
    new = f"{place}.new"
    try:
        yield new
        os.rename(new, place)
    finally:
        discard(new)


def _copied(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE)
    if done.returncode:
        raise SandboxError(f"the result cannot be written: {done.stderr.decode(errors='replace').strip()}")


def _time(seconds: float) -> str:
    """RFC 3339 with nanoseconds, as Go writes it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
