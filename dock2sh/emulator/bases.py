"""The images that a plan stands on and copies from: brought into the store, as directories that can be mounted."""

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from dock2sh.emulator.build import Root
from dock2sh.images import ImageError, InvalidReference, import_image
from dock2sh.images.bring import Wish
from dock2sh.images.store import Store, Stored
from dock2sh.model import Base, Plan
from dock2sh.plan.platforms import Platform
from dock2sh.source import refuse


class Bases:
    """Images by their names, each brought once: `find` is what the planner asks, so that a plan knows all of its bases.

    `given` is what --base names, where a directory is the files of an image, owners and all; `contexts` is what --build-context
    names, where a directory is transferred as docker's client does it.
    """

    def __init__(self, given: Mapping[str, str], wish: Wish, contexts: Mapping[str, str] = MappingProxyType({})) -> None:
        self.contexts, self._wish = contexts, wish
        self.sources = {**given, **contexts}
        self._brought: dict[tuple[str, str], Stored] = {}

    @property
    def say(self) -> Callable[[str], None]:
        """What is told of where something came from."""
        return self._wish.say

    def find(self, reference: str, platform: Platform) -> Base:
        """The image's config. Raises Refused where nobody has the image."""
        try:
            return Base(self.image(reference, str(platform)).config)
        except (ImageError, InvalidReference) as error:
            raise refuse("image-missing", str(error), near=reference) from None

    def image(self, reference: str, platform: str) -> Stored:
        """The image in the store. Raises ImageError, InvalidReference."""
        if (reference, platform) not in self._brought:
            self._brought[reference, platform] = import_image(reference, self.sources, platform, wish=self._wish)
        return self._brought[reference, platform]

    def of(self, plan: Plan, known: Collection[str]) -> dict[str, Stored]:
        """Every image that the plan needs, by its name there, but for what is `known` by that name. Raises ImageError."""
        return {name: self.image(name, platform) for name, platform in _images(plan) if name not in known}


def root(image: Stored, store: Store) -> Root:
    """Its layers, unpacked once. The store must be kept busy as long as they are used."""
    return Root(image.id, tuple(store.directory(layer) for layer in image.layers))


def _images(plan: Plan) -> Iterator[tuple[str, str]]:
    stages = {stage.key for stage in plan.stages}
    for stage in plan.stages:
        if stage.parent is None and stage.base != "scratch":
            yield stage.base, stage.platform
        for name in stage.needs():
            if name not in stages and name != "scratch":
                yield name, stage.platform
