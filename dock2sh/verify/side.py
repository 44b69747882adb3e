"""Our side of a comparison, however it came about; and one way to make it: the script, as a whole, on a root of its own."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from .agreement import script_failure
from .case import Case, How, Image
from .engines import Engine, Failure, NoReference
from .layers import Layer, mounted
from .ours import Place, run_script
from .reference import copy_image, opened
from .snapshot import Look, look, now, written
from .steps import Film, Frame

# unpack(image, directory): the root file system of a base image into an empty directory
Fill = Callable[[str, str], None]


class NotMade(Exception):
    """Our side did not build. `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said)
        self.failure = failure


class Ours(NamedTuple):
    """Our side: a root and what is in it. `work` is a directory for more, `since` when it was begun (nanoseconds of the file
    system's clock), `who` made it, in words.

    `changed` are the paths that were written or deleted, `writer` the step that wrote each last. By a step's number: the
    `seconds` that it took, the `sizes` of what it wrote (bytes), its layer where steps make `layers`, and, where each step is
    wanted, the root after it (`frames`). `notes` are for the report.
    """

    root: str
    work: str
    seen: Look
    since: int
    changed: frozenset[str]
    writer: Mapping[str, int]
    who: str = "the script"
    seconds: Mapping[int, float] = {}
    sizes: Mapping[int, int] = {}
    layers: Mapping[int, Layer] = {}
    frames: Mapping[int, Frame] = {}
    notes: tuple[str, ...] = ()

    @property
    def began(self) -> int:
        """When it was begun, in seconds."""
        return self.since // 10**9


class Order(NamedTuple):
    """What a maker of our side is given: the case, how it is verified, the engine whose base images both sides stand on, an
    empty directory, and what is to be done at the very end."""

    case: Case
    how: How
    by: Engine
    work: str
    stack: ExitStack


# Makes our side; raises NotMade, NoReference.
Make = Callable[[Order], Ours]


def scripted(fill: Fill | None = None) -> Make:
    """Our side as a person makes it: `sh setup.sh --root DIR`, in the shell that is asked for.

    `fill` gives the root file system of a base image, by default the engine's own copy of it.
    """
    return lambda order: _scripted(order, fill)


def _scripted(order: Order, fill: Fill | None) -> Ours:
    case, how, work = order.case, order.how, order.work
    by_itself = fill is None and without_engine(order)
    bases = order.stack.enter_context(images(order)) if fill is None and not by_itself else {}
    place = Place(_empty(order) if by_itself else _root(order, fill), case.context, work)
    options = [*case.script_options, *(word for image, folder in bases.items() for word in ("--base", f"{image}={folder}"))]
    since = now(work)
    film = Film(case, place) if how.each_step else Film(None, place)
    outcome = run_script(case.script, how.shell, place, options, film.shoot)
    if outcome.status:
        raise NotMade(script_failure(outcome.status, outcome.output, case.steps, outcome.marks[-1].step if outcome.marks else 0))
    seen = look(place.root)
    changed = written(seen, since)
    writer = {path: outcome.step_of(seen[path].st_ctime_ns) for path in changed}
    who = f"the script ({how.shell})"
    return Ours(place.root, work, seen, since, changed, writer, who, outcome.seconds(), sizes(seen, writer), {}, film.frames)


def without_engine(order: Order) -> bool:
    """Whether there is no engine to ask, and none is needed: a record or an archive is compared with. Then our side finds its
    base images where it does without a judge."""
    against = order.how.against
    if against is None or (isinstance(against, Image) and against.by):
        return False
    try:
        return not order.by.version()
    except NoReference:
        return True


def sizes(seen: Look, writer: Mapping[str, int]) -> dict[int, int]:
    """The bytes of the files that each step was the last to write."""
    found: dict[int, int] = {}
    for path, step in writer.items():
        if path in seen and seen[path].st_mode & 0o170000 == 0o100000:
            found[step] = found.get(step, 0) + seen[path].st_size
    return found


def _empty(order: Order) -> str:
    root = os.path.join(order.work, "root")
    os.mkdir(root)
    os.chmod(root, 0o755)
    return root


def _root(order: Order, fill: Fill | None) -> str:
    """The base image's files to be written on: a layer over the engine's own, where these lie here; else a copy."""
    base = order.case.base
    layers = order.by.tell(base).directories if base and not fill else ()
    if layers:
        folder = os.path.join(order.work, "mount")
        os.mkdir(folder)
        return order.stack.enter_context(mounted(layers, folder, writable=True))
    root = _empty(order)
    if base:
        (fill or (lambda image, directory: copy_image(image, directory, order.by, order.how.unpack)))(base, root)
    return root


@contextmanager
def images(order: Order) -> Iterator[dict[str, str]]:
    """The roots of all images that the script takes files from, as the engine has them: both sides stand on the same."""
    with ExitStack() as stack:
        found = {}
        for image in order.case.images:
            try:
                told = order.by.tell(image)
            except NoReference:
                continue  # who wants it asks for it, and says so if it cannot be had
            found[image] = stack.enter_context(opened(order.by, told, unpack=order.how.unpack)).root
        yield found
