"""`dock2sh emulate`: build without docker, by running the script in a sandbox."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dock2sh.cli.calls import build_contexts, choose, locked, pairs, planned
from dock2sh.cli.flags import (
    AddHosts,
    Allow,
    Bases,
    BuildArgs,
    Contexts,
    File,
    Labels,
    Limits,
    LockFile,
    LockMode,
    Network,
    PlatformOption,
    Secrets,
    SharedMemory,
    Snapshot,
    Stage,
    Target,
    Vendor,
)  # fmt: skip
from dock2sh.cli.foreign import AsBuild
from dock2sh.cli.outputs import Output, check_folder, outputs, push_image, write_image, write_metadata
from dock2sh.cli.say import REFUSED, UNABLE, Complaints, colour, end_in_order, note, note_lines, usage
from dock2sh.cli.secrets import check_there, checked_agents, checked_secrets
from dock2sh.cli.store import Bootstrap, Insecure, Mirrors, NoPull, base_wish
from dock2sh.source import Diagnostic, draw

if TYPE_CHECKING:
    from dock2sh.emulator import Emulated, Event, StepFailed
    from dock2sh.images.store import Stored
    from dock2sh.model import Plan

Agents = Annotated[list[str] | None, typer.Option("--ssh", metavar="default[=SOCKET]", help="An agent for RUN --mount=type=ssh.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Run every step.")]
NoCacheFilter = Annotated[
    list[str] | None, typer.Option("--no-cache-filter", metavar="STAGE[,...]", help="Run every step of these stages.")
]
Progress = Annotated[
    str,
    typer.Option(
        "--progress", metavar="auto|plain|tty|json|rawjson", help="How the work is shown, on stderr; also quiet (-q), none."
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Show nothing of the work; print the image's id.")]
Tags = Annotated[list[str] | None, typer.Option("-t", "--tag", metavar="NAME[:TAG]", help="A name for the image.")]
Place = Annotated[str, typer.Option("--sandbox", metavar="namespaces|docker|podman|vm", help="Where the script runs; see below.")]
Privileged = Annotated[bool, typer.Option("--privileged", help="With docker or podman: a container that may make namespaces.")]
Kernel = Annotated[str, typer.Option("--kernel", metavar="FILE", help="With vm: the kernel to boot, instead of Debian's.")]
OnFailure = Annotated[
    str, typer.Option("--on-failure", metavar="stop|shell", help="shell: open one in the state of the step that failed.")
]
Pull = Annotated[bool, typer.Option("--pull", help="Ask the registries for base images, whoever else has them.")]
Push = Annotated[bool, typer.Option("--push", help="Give the image to the registries that its names (-t) say.")]
MetadataFile = Annotated[
    str, typer.Option("--metadata-file", metavar="FILE", help="Write what was made there, as buildx's JSON.")
]
IdFile = Annotated[str, typer.Option("--iidfile", metavar="FILE", help="Write the image's id there.")]
Result = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR|FILE.tar|-|type=...",
        help="The root file system: DIR/rootfs and config.json, or a tar. Or docker's type=local|tar|docker|oci|image|registry.",
    ),
]


def emulate(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    build_context: Contexts = None,
    network: Network = "default",
    add_host: AddHosts = None,
    ulimit: Limits = None,
    shm_size: SharedMemory = "",
    allow: Allow = None,
    secret: Secrets = None,
    ssh: Agents = None,
    no_cache: NoCache = False,
    no_cache_filter: NoCacheFilter = None,
    pull: Pull = False,
    no_pull: NoPull = False,
    bootstrap: Bootstrap = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
    progress: Progress = "auto",
    quiet: Quiet = False,
    tag: Tags = None,
    iidfile: IdFile = "",
    metadata_file: MetadataFile = "",
    sandbox: Place = "namespaces",
    privileged: Privileged = False,
    kernel: Kernel = "",
    on_failure: OnFailure = "stop",
    lock: LockMode = "",
    lock_file: LockFile = "",
    snapshot: Snapshot = "",
    vendor: Vendor = "",
    output: Result = None,
    push: Push = False,
) -> None:
    """Build by running the script in a sandbox: what `docker build` does, without docker.

    \b
    dock2sh emulate -t app .                                 then: dock2sh run app
    dock2sh emulate -f Dockerfile.prod --target app --build-arg V=2 .
    dock2sh emulate --base debian:12=rootfs.tar -o out .     writes out/rootfs and out/config.json
    dock2sh emulate -t registry.example:5000/app --push .

    It takes the flags of `docker build`; those that mean nothing here are told, or refused with what to do instead.

    An ordinary user builds in a user namespace of his own.

    --sandbox namespaces is the default: nothing to install, a layer and a place in the cache for each step. docker and podman run
    the whole script in a container of the base image, as a person would, vm in a QEMU guest: one layer, no cache.

    Exit status: 0; 1 a step failed, or the Dockerfile is refused; 2 usage; 3 something is missing here.
    """
    end_in_order()
    from dock2sh.sandbox.choice import NAMES
    from dock2sh.sandbox.choice import choose as find_sandbox

    choose("--sandbox", sandbox, NAMES)
    choose("--on-failure", on_failure, ("stop", "shell"))
    progress = progress or "auto"
    choose("--progress", progress, ("auto", "plain", "tty", "json", "rawjson", "quiet", "none"))
    if quiet and progress == "rawjson":
        usage("progress=rawjson and quiet cannot be used together")
    quiet = quiet or progress == "quiet"
    if pull and no_pull:
        usage("--pull and --no-pull exclude each other")
    if "," in platform:
        usage(f"--platform {platform}: one at a time. Build each with a name of its own, and push them")
    wanted = outputs(output or (), push)
    check_folder(f"--iidfile {iidfile}", iidfile)
    check_folder(f"--metadata-file {metadata_file}", metadata_file)
    names = [*(tag or ()), *(name for one in wanted for name in one.names)]
    _check_names(names)
    if not names and any(one.push for one in wanted):
        usage("tag is needed when pushing to registry: add -t REGISTRY/NAME")
    from dock2sh.emulator import Bases, Order, StepFailed, emulate
    from dock2sh.images import ImageError
    from dock2sh.sandbox import SandboxError
    from dock2sh.sandbox.rootless import become_root

    try:
        if limits := become_root():
            note(limits)
        bases = Bases(
            pairs("--base", base),
            base_wish(quiet or progress == "none", no_pull, bootstrap, insecure, mirror, pull),
            build_contexts(build_context),
        )
        plan, project, dockerfile = planned(
            target, file, build_arg, stage, platform, label, base, build_context, False, secret, find=bases.find,
            network=network, add_host=add_host, allow=allow or [], ulimit=ulimit, shm_size=shm_size,
        )  # fmt: skip
        plan, carried = locked(plan, project, target, file, lock, lock_file, snapshot)
        given = {"--secret": checked_secrets(secret), "--ssh": checked_agents(ssh)}
        check_there(*given.values())
        if vendor and not carried:
            usage("--vendor: there is no lock, so nothing says which files are meant")
        given["--vendor"] = [os.path.realpath(vendor)] if vendor else []
        order = Order(
            bases=bases,
            options=[word for flag, values in given.items() for value in values or () for word in (flag, value)],
            no_cache=frozenset(["*"]) if no_cache else _built_anew(no_cache_filter or (), plan),
            escape=dockerfile.escape,
            lock=carried,
            sandbox=find_sandbox(sandbox, privileged, kernel),
            on_failure=_shell if on_failure == "shell" else lambda failed, work: None,
            mounted=any(one.files for one in wanted),
        )
        silent = quiet or progress == "none"
        with Complaints(project), shown(plan, progress, silent) as tell, emulate(plan, project, order, tell) as done:
            image = _result(done, wanted, names, silent)
        if image and any(one.push for one in wanted):
            push_image(names, insecure or (), silent)
    except StepFailed as failed:
        note_lines(draw(diagnosis(failed, sandbox == "namespaces"), project.name, project.text, colour(sys.stderr)))
        raise typer.Exit(REFUSED) from failed
    except (SandboxError, ImageError) as error:
        note(str(error))
        raise typer.Exit(UNABLE) from error
    if image and iidfile:
        Path(iidfile).write_text(image.id)
    if image and metadata_file:
        write_metadata(metadata_file, image, names)
    if image and quiet:
        print(image.id)


emulate.kind = AsBuild  # type: ignore[attr-defined]


def _built_anew(filters: Sequence[str], plan: "Plan") -> frozenset[str]:
    """The stages of --no-cache-filter, as docker reads it: in capitals or not, several with commas between."""
    names = frozenset(name for words in filters for name in words.lower().split(",") if name)
    known = {name for stage in plan.stages for name in (stage.name, str(stage.index))}
    for name in sorted(names - known):
        note(f"--no-cache-filter {name}: no stage of that name is built")
    return names


def _check_names(names: Sequence[str]) -> None:
    """Before anything is built."""
    from dock2sh.images.reference import InvalidReference, parse_reference

    for name in names:
        try:
            if parse_reference(name).digest:
                usage(f"-t {name}: a name with a digest is given by what an image is")
        except InvalidReference as error:
            usage(f"-t {name}: {error}")


def _result(done: "Emulated", wanted: Sequence[Output], names: list[str], quiet: bool) -> "Stored | None":
    """Write what was asked for; the image that is kept, None if it is only written out."""
    from dock2sh.emulator import image_config, inspected, write_directory, write_tar

    for one in wanted:
        if one.kind == "tar":
            write_tar(done.root, one.place)
        elif one.kind == "local":
            write_directory(done.root, one.place, inspected(image_config(done.plan, done.stages), names))
    if wanted and not names and all(one.files or one.kind == "cacheonly" for one in wanted):
        return None
    image = done.keep(names)
    for one in wanted:
        if one.place and not one.files:
            write_image(one, image, names)
    if not quiet:
        note(f"kept as {', '.join([image.id, *names])}")
    return image


@contextmanager
def shown(plan: "Plan", progress: str, quiet: bool) -> "Iterator[Callable[[Event], None]]":
    """What shows the work as it goes."""
    from dock2sh.emulator.progress import Plain, RawJson, Titles, as_json

    if quiet:
        yield lambda event: None
    elif progress == "json":
        titles = Titles(plan)
        yield lambda event: note_lines(as_json(event, titles))
    elif progress == "rawjson":
        raw = RawJson(plan)
        yield lambda event: note_lines(raw.line(event))
    elif progress == "tty" or (progress == "auto" and sys.stderr.isatty()):
        from dock2sh.cli.live import LiveView

        with LiveView(plan, colour(sys.stderr)) as view:
            yield view
    else:
        plain = Plain(plan)
        yield lambda event: note_lines(*plain.lines(event))


def _shell(failed: "StepFailed", work: str) -> None:
    from dock2sh.running import failed_shell

    note(f"a shell where step {failed.event.number} failed; what is changed there is not kept, `exit` ends it")
    failed_shell(failed, work)


def diagnosis(failed: "StepFailed", kept: bool = True) -> Diagnostic:
    """The step that failed, in docker's words where it is a command. `kept`: the steps before it are in the cache."""
    from dock2sh.emulator.progress import reason

    why = reason(failed.event)
    hint = "the steps before it are kept: the same command goes on from here" if kept else ""
    return Diagnostic("step-failed", why, (failed.event.steps[0].span,), failed.hint or _cure(why) or hint)


def _cure(reason: str) -> str:
    """chown(2) fails for an id that a user namespace has not: EINVAL. (The script says what it tried, or tar's last words.)"""
    from dock2sh.sandbox.rootless import wanting

    return wanting() if reason.startswith("chown ") or reason.endswith("Invalid argument") else ""
