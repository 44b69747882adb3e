"""`dock2sh verify`: a plan and its script put before the judge. Plan, images/ and verify/ meet here; none knows the others."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.model import IMAGE_SCHEME, Copy, Fetch, Plan, Run
from dock2sh.model import Step as PlanStep
from dock2sh.plan.context import Project, is_directory
from dock2sh.plan.contexts import image_of
from dock2sh.plan.history import history
from dock2sh.source import Diagnostic
from dock2sh.verify import Case, How, Image, StageRow, Step, Verdict, engine, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2sh.verify import Engine, Make


_STORE = (
    "its image store cannot lay a layer beside the others, so that links in the destination are followed and directories keep "
    "their modes"
)
_LINK = "It was compared with the script as it is without --link; with the containerd store docker keeps --link"


_UNMARKED = "{note}. The reference has it: markers are comments to who builds that"
_BEGINS = "the history was not compared: of a stage that begins with a directory docker's has an entry too few, and fills it up"
NONE = "none"
"""The sandbox that is none: `sh setup.sh --root DIR` on this machine."""


class Wish(NamedTuple):
    """What is said besides the Dockerfile: docker's flags as typed, the script's options, who builds the reference, how it is
    verified. `contexts` are the named build contexts, by name; `sandbox` is where our side is built, a name of
    `sandbox.choice.NAMES` or NONE; `escape` is the Dockerfile's escape character."""

    docker: Sequence[str] = ()
    script: Sequence[str] = ()
    builder: str = "docker"
    contexts: Mapping[str, str] = {}
    how: How = How()
    sandbox: str = NONE
    escape: str = "\\"


def prove(plan: Plan, project: Project, file: str, write: "Callable[[Plan], str]", wish: Wish) -> Verdict:
    """Build our side by running the script that `write` makes of the plan, build the reference, compare. Needs root and a build
    context. Raises SandboxError."""
    by = engine(wish.builder)
    if dropped := dropped_links(plan, by):
        answer = _proved(_unlinked(plan), project, file, write, wish, by)
        note = f"{dropped}. {_LINK}"
        word = "equivalent" if answer.verdict == "identical" else answer.verdict
        return answer._replace(verdict=word, notes=(*answer.notes, note))
    return _proved(plan, project, file, write, wish, by)


def _proved(plan: Plan, project: Project, file: str, write: "Callable[[Plan], str]", wish: Wish, by: "Engine") -> Verdict:
    make = None if wish.sandbox == NONE else _emulated(plan, project, wish)
    return verify(case(plan, project, file, write, wish, by), wish.how._replace(unpack=unpack), by, make=make)


def _emulated(plan: Plan, project: Project, wish: Wish) -> "Make":
    from dock2sh.emulated import Emulation, emulated
    from dock2sh.sandbox.choice import choose

    # privileged, so that a step has all that docker gives it
    sandbox = choose(wish.sandbox, privileged=True)
    pairs = list(zip(wish.script[::2], wish.script[1::2], strict=True))
    options = [word for flag, value in pairs if flag in ("--secret", "--ssh") for word in (flag, value)]
    bases = dict(value.split("=", 1) for flag, value in pairs if flag == "--base" and "=" in value)
    return emulated(Emulation(plan, project, wish.escape, options, wish.contexts, sandbox, wish.sandbox, bases=bases))


def refused(diagnostic: Diagnostic, context: str, file: str, wish: Wish) -> Verdict:
    """The verdict on a Dockerfile (or its ignore file) that dock2sh refuses: whether the engine refuses it, too."""
    from dock2sh.verify import refused as judged
    from dock2sh.verify.engines import Request

    line = f"line {diagnostic.spans[0].first}: " if diagnostic.spans else ""
    request = Request(context, file, wish.docker)
    return judged(line + diagnostic.message, request, engine(wish.builder))


def recorded(plan: Plan, project: Project, file: str, write: "Callable[[Plan], str]", wish: Wish) -> str:
    """What the reference makes of it, as a record. Raises NotBuilt, NoReference."""
    from dock2sh.verify import record

    by = engine(wish.builder)
    return record(case(plan, project, file, write, wish, by), by, wish.how._replace(unpack=unpack))


def case(plan: Plan, project: Project, file: str, write: "Callable[[Plan], str]", wish: Wish, by: "Engine") -> Case:
    """The plan as the judge wants it."""
    assert project.context is not None
    first = plan.chain()[0]
    own = history(plan)[len(plan.image.get("history") or ()) :]
    base = "" if first.base == "scratch" else _meant(first.base, wish.contexts)
    begins = first.base in wish.contexts and (first.base in plan.repositories or is_directory(wish.contexts[first.base]))
    told = by.name == "docker" and not begins
    return Case(
        script=write(plan),
        config=plan.config,
        context=str(project.context.resolve()),
        file=file,
        base=base,
        history=tuple(entry["created_by"] for entry in own) if told else None,
        empty=tuple(bool(entry.get("empty_layer")) for entry in own) if told else None,
        options=wish.docker,
        script_options=wish.script,
        inline=_documents(plan),
        images=tuple(_images(plan, wish.contexts)),
        steps=tuple(_steps(plan)),
        stages=tuple(_stages(plan, wish.contexts)),
        chain=tuple(stage.key for stage in plan.chain()),
        kept=first.base in plan.repositories,
        notes=(*(_UNMARKED.format(note=note) for note in plan.notes), *([_BEGINS] * begins)),
    )


def _meant(image: str, contexts: Mapping[str, str]) -> str:
    """The engine's image that a name of the Dockerfile means: a named context may put another one in its place, or what is no
    image of the engine's ("")."""
    return image_of(contexts.get(image, IMAGE_SCHEME + image))


def dropped_links(plan: Plan, by: "Engine") -> str:
    """In words: which COPY --link and ADD --link this engine builds as if it were not there; "" if none."""
    steps = (step for stage in plan.stages for step in stage.steps)
    lines = sorted({step.span.first for step in steps if isinstance(step, (Copy, Fetch)) and step.link})
    return f"{by.name} drops COPY --link (line {', '.join(map(str, lines))}): {_STORE}" if lines and by.drops_link() else ""


def _unlinked(plan: Plan) -> Plan:
    def step(one: PlanStep) -> PlanStep:
        return one._replace(link=False) if isinstance(one, (Copy, Fetch)) else one

    return plan._replace(stages=tuple(stage._replace(steps=tuple(map(step, stage.steps))) for stage in plan.stages))


def unpack(source: str, directory: str) -> None:
    """The root file system of the image in an archive or layout. Raises NoReference."""
    from dock2sh.images import ImageError, open_source
    from dock2sh.images import unpack as write
    from dock2sh.verify import NoReference

    try:
        write(open_source(source, ""), directory)
    except ImageError as error:
        raise NoReference(str(error)) from error


def find_image(source: str) -> Image:
    """The image that `--against` names: docker-image://NAME, podman-image://NAME, oci-layout://DIR, an archive, a layout, a name.

    Raises NoReference, OSError.
    """
    from dock2sh.verify import NoReference

    for scheme, builder in ((IMAGE_SCHEME, "docker"), ("podman-image://", "podman")):
        if source.startswith(scheme):
            by = engine(builder)
            return Image(by.tell(source.removeprefix(scheme)), by)
    if source.startswith("oci-layout://") or os.path.exists(source):
        return _archive(source)
    for builder in ("docker", "podman"):
        try:
            return find_image(f"{builder}-image://{source}")
        except NoReference:
            continue
    raise NoReference(f"--against {source}: there is no such file, and neither docker nor podman has an image of that name")


def _archive(source: str) -> Image:
    from dock2sh.images import ImageError, open_source
    from dock2sh.verify import NoReference, Told

    try:
        config = open_source(source, "").config
    except ImageError as error:
        raise NoReference(f"--against {source}: {error}") from error
    layers = tuple(config.get("rootfs", {}).get("diff_ids") or ())
    history = tuple(entry.get("created_by", "") for entry in config.get("history") or ())
    return Image(Told(source, config.get("config") or {}, layers, (), history), None, source.removeprefix("oci-layout://"))


def _steps(plan: Plan) -> Iterator[Step]:
    """The steps that write files, numbered as in the script."""
    number, keeping = 0, set(plan.repositories)
    for stage in plan.stages:
        keeping |= {stage.key} if stage.base in keeping or stage.parent in keeping else set()
        for place, steps in enumerate(stage.layers(), 2):
            number += 1
            kept = any(_kept(step, stage.key, keeping) for step in steps)
            keeping |= {stage.key} if kept else set()
            yield Step(number, steps[0].span.first, " ".join(steps[0].text.split())[:200], stage.key, place, kept)


def _kept(step: PlanStep, stage: str, keeping: Collection[str]) -> bool:
    """Whether it brings files that docker keeps with their times, or takes them from what is `keeping` such: stages, contexts. A
    RUN may hand on the times of what its stage has (`cp -a`)."""
    match step:
        case Copy():
            return bool(step.files) or step.origin in keeping
        case Fetch():
            return step.git is not None
        case Run():
            return stage in keeping or any(mount.origin in keeping for mount in step.mounts)
        case _:
            return False


def _stages(plan: Plan, contexts: Mapping[str, str]) -> Iterator[StageRow]:
    for stage in plan.stages:
        base = stage.parent if stage.parent is not None else stage.base
        needs = tuple(name for name in stage.needs() if name != stage.parent)
        image = _meant(stage.base, contexts) if stage.parent is None and stage.base != "scratch" else ""
        yield StageRow(stage.key, base, stage.span.first, needs, image)


def _images(plan: Plan, contexts: Collection[str]) -> dict[str, None]:
    """The images that files are taken from, in order: what is neither a stage nor a named context."""
    stages = {stage.key for stage in plan.stages}
    bases = [stage.base for stage in plan.stages if stage.parent is None and stage.base != "scratch"]
    needs = [name for stage in plan.stages for name in stage.needs()]
    return dict.fromkeys(name for name in (*bases, *needs) if name not in (*stages, "scratch") and name not in contexts)


def _documents(plan: Plan) -> frozenset[str]:
    """The files of COPY and ADD here-documents: docker caches these even with --no-cache, with the time of the first build."""
    found = set[str]()
    for stage in plan.stages:
        for step in stage.steps:
            if isinstance(step, Copy):
                whole = not step.destination.endswith("/")
                found |= {step.destination if whole else step.destination + file.name for file in step.files}
    return frozenset(found)
