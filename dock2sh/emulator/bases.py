"""The images that a plan stands on and copies from: brought into the store, as directories that can be mounted."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dock2sh.emulator.build import Root
from dock2sh.images import import_image
from dock2sh.images.bring import Wish
from dock2sh.model import Plan

if TYPE_CHECKING:
    from dock2sh.images.store import Store, Stored


def bring_bases(plan: Plan, sources: Mapping[str, str], contexts: Mapping[str, str], wish: Wish) -> "dict[str, Stored]":
    """Every image that the plan needs, by its name there. Raises ImageError."""
    found: dict[str, Stored] = {}
    for name, platform in _images(plan, contexts):
        if name not in found:
            found[name] = import_image(name, sources, platform, wish=wish)
    return found


def root(image: "Stored", store: "Store") -> Root:
    """Its layers, unpacked once. The store must be kept busy as long as they are used."""
    return Root(image.id, tuple(store.directory(layer) for layer in image.layers))


def _images(plan: Plan, contexts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    stages = {stage.key for stage in plan.stages}
    for stage in plan.stages:
        if stage.parent is None and stage.base != "scratch":
            yield stage.base, stage.platform
        for name in stage.needs():
            if name not in stages and name not in contexts:
                yield name, stage.platform


def named_contexts(plan: Plan, sources: Mapping[str, str]) -> dict[str, str]:
    """Directories that are copied from as contexts: given by that name, and no image or stage (docs: --build-context)."""
    stages = {stage.key for stage in plan.stages}
    names = {name for stage in plan.stages for name in stage.needs()} - stages
    return {name: os.path.realpath(sources[name]) for name in names & sources.keys() if _is_plain(sources[name])}


def _is_plain(source: str) -> bool:
    return os.path.isdir(source) and not os.path.exists(f"{source}/oci-layout")
