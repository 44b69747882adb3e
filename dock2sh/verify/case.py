"""What is verified, and how: the page that the judge is given. It knows neither Dockerfiles nor where images are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .compare import Result
from .engines import Engine, Told


class Step(NamedTuple):
    """An instruction that writes files. `number` is the script's, `stage` a stage's key, `place` its number among those of its
    stage (BuildKit counts FROM as 1). `kept`: some of its files may come, times and all, out of docker's cache, even with
    --no-cache (a here-document, a repository's checkout, a copy of these).
    """

    number: int
    line: int
    text: str
    stage: str
    place: int
    kept: bool = False


class StageRow(NamedTuple):
    """A stage for the picture: `base` an image or a stage's key; `needs` other stages or images that files come from. `image` is
    the engine's image that it begins with: a named context may have put another one in its place ("": none)."""

    key: str
    base: str
    line: int
    needs: tuple[str, ...] = ()
    image: str = ""


class Case(NamedTuple):
    """`script`, `config` and `history` are ours; `context`, `file` and `options` are docker's command line.

    `base` is the image that the target stage stands on ("" for scratch), `kept` (see Step) whether it begins with a repository;
    `images` are all images that files are taken from, `script_options` what the script is given besides its root and context
    (`--secret`, `--base`, ...). `history` holds our own instructions' entries, without the base's, `empty` which of them make no
    layer; None if they are not to be compared. `inline` as in `compare`. `steps` are those of all stages, in the script's order,
    `chain` the stages whose files become the image's, the target last. `notes` are for the report.
    """

    script: str
    config: Mapping[str, Any]
    context: str
    file: str
    base: str = ""
    history: tuple[str, ...] | None = None
    options: Sequence[str] = ()
    script_options: Sequence[str] = ()
    inline: frozenset[str] = frozenset()
    images: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    stages: tuple[StageRow, ...] = ()
    chain: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    empty: tuple[bool, ...] | None = None
    kept: bool = False

    def layers(self) -> tuple[Step, ...]:
        """The steps that make the image's own layers, the lowest first."""
        return self.steps_of(self.chain)

    def steps_of(self, stages: tuple[str, ...]) -> tuple[Step, ...]:
        """The steps of these stages, in the order of the stages."""
        return tuple(step for stage in stages for step in self.steps if step.stage == stage)

    def line(self, stage: str) -> tuple[str, ...]:
        """A stage and its parents, the first one first."""
        base = next(row.base for row in self.stages if row.key == stage)
        return (*(self.line(base) if any(row.key == base for row in self.stages) else ()), stage)


class Image(NamedTuple):
    """An image to be compared with: of an engine's store (`by`), or an archive or layout (`source`)."""

    told: Told
    by: Engine | None = None
    source: str = ""


class Run(NamedTuple):
    """What `--behaviour` starts: arguments as `docker run IMAGE ARG...` takes them; a process that goes on is ended after
    `seconds`."""

    arguments: tuple[str, ...] = ()
    seconds: float = 10.0


class How(NamedTuple):
    """How it is verified. `unpack(archive, directory)` gives the root file system in an image archive or layout."""

    shell: str = "dash"
    against: Result | Image | None = None
    calibrate: int = 0
    each_step: bool = False
    behaviour: tuple[Run, ...] = ()
    unpack: Callable[[str, str], None] | None = None


class StepRow(NamedTuple):
    """A step in the report: seconds and bytes of the files it wrote, on our side and theirs (None: the engine does not tell),
    and how many differences come from it (0 where it was not looked at)."""

    number: int
    line: int
    text: str
    stage: str
    our_seconds: float
    their_seconds: float | None
    our_bytes: int
    their_bytes: int | None
    differences: int
