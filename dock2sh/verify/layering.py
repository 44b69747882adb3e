"""Layer by layer: whether the same step wrote the same names on both sides. What is in the files is compared at the end."""

from collections.abc import Iterator, Sequence

from .case import Case
from .compare import Difference
from .reference import Built
from .side import Ours
from .table import their_layers


def layering(case: Case, mine: Ours, theirs: Built, known: Sequence[Difference]) -> Iterator[Difference]:
    """The names that are in the layer of a step on one side only, less those that the comparison has `known` anyway.

    Nothing where one of the sides has no layer a step. Only where `theirs` lies on this machine: an archive of an image lacks
    sockets, and docker's other stores list the directories above what was written, or do not.
    """
    layers = their_layers(case, theirs)
    told = {one.where for one in known}
    for step in case.layers() if theirs.whole else ():
        if step.number in layers and step.number in mine.layers:
            one, two = mine.layers[step.number].paths, layers[step.number].paths
            for path in sorted((one ^ two) - told - {"/"}):
                words = ("written", "not written") if path in one else ("not written", "written")
                yield Difference(path, "layer", *words, step=step.number)
