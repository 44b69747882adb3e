"""`dock2sh verify`: a real build and our script, compared."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dock2sh.cli.calls import build_contexts, choose, evaluation_options, finder, service, with_contexts, with_machine
from dock2sh.cli.flags import (
    AddHosts,
    Allow,
    Bases,
    BuildArgs,
    Contexts,
    File,
    Format,
    Labels,
    Limits,
    Network,
    Output,
    PlatformOption,
    Secrets,
    SharedMemory,
    Stage,
    Target,
)
from dock2sh.cli.foreign import AsBuild
from dock2sh.cli.many import all_of
from dock2sh.cli.say import REFUSED, UNABLE, USAGE, colour, end_in_order, note, stop, usage, write
from dock2sh.cli.secrets import checked_agents, checked_secrets
from dock2sh.source import Refused

if TYPE_CHECKING:
    from dock2sh.plan.context import Project
    from dock2sh.proof import Wish
    from dock2sh.verify import How, Verdict

Flags = dict[str, list[str] | None]
FORMATS = ("text", "json", "junit", "html")
Builder = Annotated[
    str,
    typer.Option(
        "--builder", metavar="docker|classic|podman|buildah", help="Who builds the reference (classic: docker's old builder)."
    ),
]
Shell = Annotated[
    str, typer.Option("--shell", metavar="dash|bash|busybox", help="The shell that runs the script (with namespaces and none).")
]
Place = Annotated[
    str,
    typer.Option(
        "--sandbox", metavar="namespaces|docker|podman|vm|none", help="Where our side is built; none: sh setup.sh --root."
    ),
]
Agents = Annotated[list[str] | None, typer.Option("--ssh", metavar="default[=SOCKET]", help="As docker's, for both sides.")]


def verify(
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
    builder: Builder = "docker",
    against: Annotated[
        str,
        typer.Option(
            "--against", metavar="FILE|IMAGE", help="Instead of a build: a record, or an image, also docker-image://NAME."
        ),
    ] = "",
    record: Annotated[
        str, typer.Option("--record", metavar="FILE", help="Write what the builder makes there, for --against.")
    ] = "",
    calibrate: Annotated[
        int,
        typer.Option("--calibrate", metavar="N", help="Build the reference N times; excuse only where it differs from itself."),
    ] = 0,
    each_step: Annotated[bool, typer.Option("--each-step", help="Compare after every instruction.")] = False,
    behaviour: Annotated[bool, typer.Option("--behaviour", help="Run both, too: the default command.")] = False,
    run: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="'ARG...'", help="Run both with these arguments, as `docker run IMAGE ARG...`."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="When to end a run that goes on.")] = 10.0,
    sandbox: Place = "namespaces",
    shell: Shell = "dash",
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="DIR|ssh://[USER@]HOST",
            help="Instead of building: a machine that setup.sh has set up.",
        ),
    ] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="With --host: of the service, as with provision.")] = "",
    every: Annotated[str, typer.Option("--all", metavar="DIR", help="Every Dockerfile below DIR; see docs/verify.md.")] = "",
    results: Annotated[
        str,
        typer.Option("--results", metavar="FILE", help="With --all: kept here as they come; what is in it is not done again."),
    ] = "",
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", help="With --all: so many at a time (default: one for two processors).")
    ] = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="HOST:PORT", help="With --all: over the workers of a Dask scheduler.")
    ] = "",
    format: Format = "text",
    output: Output = "",
) -> None:
    """Build with docker, emulate the Dockerfile, and compare the results file by file.

    \b
    dock2sh verify .
    dock2sh verify --format html -o report.html .
    dock2sh verify --each-step .                 which instruction is the first to differ
    dock2sh verify --calibrate 2 .               excuse only what docker does not reproduce itself
    dock2sh verify --run '--version' .           ...and what both do when they are run
    dock2sh verify --builder podman .
    dock2sh verify --sandbox vm .                our side in a virtual machine; none: sh setup.sh --root DIR, here
    dock2sh verify --record made.json .          then, where no docker is:  dock2sh verify --against made.json .
    dock2sh verify --against my-image:latest .   an image that is there
    dock2sh verify --host ssh://root@web1 .      a machine that `dock2sh provision` has set up
    dock2sh verify --all samples --results done.jsonl

    Needs root and a builder. Exit status: 0 identical, or equivalent (the same but for named noise); 1 different; 2 usage;
    3 a side did not build; 4 inconclusive. Where both sides refuse the Dockerfile they agree.
    """
    from dock2sh.plan.context import locate
    from dock2sh.proof import NONE
    from dock2sh.sandbox.choice import NAMES
    from dock2sh.verify import BUILDERS, SHELLS, How, Result
    from dock2sh.verify.farm import Farm

    choose("--format", format, FORMATS)
    choose("--shell", shell, tuple(SHELLS))
    choose("--builder", builder, BUILDERS)
    choose("--sandbox", sandbox, (*NAMES, NONE))
    if shell != "dash" and sandbox not in ("namespaces", NONE):
        usage(f"--shell {shell}: with --sandbox {sandbox} the shell is that of the image")
    if os.geteuid() != 0:
        usage("verify needs root: the script builds a root file system. Try `sudo dock2sh verify ...`.")
    end_in_order()
    looks = each_step or behaviour or bool(run)
    _agree(host, name, calibrate, {"--record": record, "--against": against, "--all": every}, looks, (sandbox, shell))
    docker = {"--build-arg": build_arg, "--label": label, "--secret": secret, "--ssh": ssh, "--build-context": build_context,
              "--target": [stage] if stage else None, "--platform": [platform] if platform else None,
              "--network": [network] if network != "default" else None, "--add-host": add_host,
              "--ulimit": ulimit, "--shm-size": [shm_size] if shm_size else None,
              "--allow": allow if builder == "docker" else None}  # fmt: skip
    if every:
        if target != "." or file:
            usage("--all DIR is what is verified: no other context and no --file goes with it")
        each = {"--builder": [builder], "--sandbox": [sandbox], "--shell": [shell], "--base": base, **docker, "--allow": allow,
                "--run": run,
                "--seconds": [str(seconds)] if behaviour or run else None,
                "--calibrate": [str(calibrate)] if calibrate else None}  # fmt: skip
        options = (*_words(each), *(["--each-step"] if each_step else []), *(["--behaviour"] if behaviour else []))
        _at_hand(scheduler, each)
        all_of(Farm(every, options, results, jobs if jobs > 0 else max(1, (os.cpu_count() or 2) // 2), scheduler), format, output)
    if "-" in (target, file):
        usage("verify needs a build context and a Dockerfile that can be read twice: standard input is neither")
    how = How(shell, _against(against), calibrate, each_step, _runs(behaviour, run, seconds))
    if isinstance(how.against, Result) and (calibrate or looks or host):
        usage("--against: a record is no image: --each-step, --calibrate, --behaviour, --run and --host have nothing to look at")
    to_script = {
        "--secret": checked_secrets(secret),
        "--base": base,
        "--ssh": checked_agents(ssh),
        "--build-context": _absolute(build_context),
    }
    wish = _wish(docker, to_script, builder, build_context, how)._replace(sandbox=sandbox)
    options = evaluation_options(build_arg, stage, platform, label, "host" if host else "container", build_context)
    options = with_machine(options, network, add_host, allow or [], ulimit, shm_size)
    find = finder(base, build_context, False)
    try:
        project = with_contexts(locate(target, file), build_context)
        assert project.context
        path = file or (target if Path(target).is_file() else str(project.context / project.name))
        machine = (host, service(name, project)) if host else None
        answer = _asked(project, options, find, path, wish, record, machine)
    except Refused as refused:
        answer = _not_located(refused, target, file, wish, bool(record))
        path = file or target
    write(_shown(answer._replace(name=path), format, output), output)
    raise typer.Exit(answer.status)


verify.kind = AsBuild  # type: ignore[attr-defined]


def _agree(host: str, name: str, calibrate: int, files: dict[str, str], looks: bool, ours: tuple[str, str]) -> None:
    """Flags that exclude each other end the process. `looks`: more than the files in the end are looked at; `ours` is how our
    side is built."""
    if files["--record"] and files["--against"]:
        usage("--record and --against exclude each other: one writes a reference, the other reads one")
    if files["--all"] and (files["--record"] or files["--against"]):
        usage("--all DIR is what is verified: no --record and no --against goes with it")
    if host and (files["--record"] or files["--all"] or looks):
        usage("--host compares the files of a machine: --record, --all, --each-step, --behaviour and --run are other questions")
    if host and ours != ("namespaces", "dash"):
        usage("--host: the machine is our side, and nothing is built for it: --sandbox and --shell have nothing to say")
    if name and not host:
        usage("--name says which service of a machine is meant: it goes with --host")
    if calibrate < 0 or calibrate == 1:
        usage(f"--calibrate {calibrate}: one build shows nothing against itself; 2 or more")


def _at_hand(scheduler: str, given: Flags) -> None:
    """What names something of this machine is nothing to workers elsewhere."""
    if scheduler and (found := [flag for flag in ("--base", "--build-context", "--secret", "--ssh") if given[flag]]):
        usage(f"{found[0]} names something of this machine, which the workers of --scheduler do not have")


def _not_located(refused: "Refused", target: str, file: str, wish: "Wish", record: bool) -> "Verdict":
    """A wrong ignore file is a reason for docker, too; all else is the command line's fault."""
    from dock2sh.proof import refused as judged

    if refused.diagnostic.code not in ("ignore", "pattern") or record or wish.how.against:
        stop(refused.diagnostic, None, USAGE, "text")
    context = target if os.path.isdir(target) else os.path.dirname(target) or "."
    place = file or (target if context != target else os.path.join(context, "Dockerfile"))
    return judged(refused.diagnostic, context, place, wish)


def _asked(
    project: "Project", options: Any, find: Any, path: str, wish: "Wish", record: str, host: tuple[str, str] | None
) -> "Verdict":
    """The verdict; where a record is wanted it is written, and that is all."""
    from dock2sh.rivals import judged

    return judged(project, path, lambda project, path: _verdict(project, options, find, path, wish, record, host))


def _verdict(
    project: "Project", options: Any, find: Any, path: str, wish: "Wish", record: str, host: tuple[str, str] | None
) -> "Verdict":
    import dock2sh
    from dock2sh.plan.evaluate import evaluate
    from dock2sh.proof import prove, recorded, refused
    from dock2sh.sandbox import SandboxError
    from dock2sh.verify import NoReference, NotBuilt

    def script(plan: Any) -> str:
        return dock2sh.script(plan, project, dockerfile.escape)

    try:
        dockerfile = dock2sh.parse(project.text)
        plan = evaluate(dockerfile, options, find, None, project.ignore)
        if host:
            from dock2sh.hosted import prove_host

            return prove_host(plan, project, path, wish, *host)
        if not record:
            return prove(plan, project, path, script, wish._replace(escape=dockerfile.escape))
        write(recorded(plan, project, path, script, wish), record)
        note(f"recorded in {record}. Compare with it: dock2sh verify --against {record} ...")
        raise typer.Exit(0)
    except Refused as error:
        if record or wish.how.against:
            stop(error.diagnostic, project, REFUSED, "text")
        return refused(error.diagnostic, str(project.context), path, wish)
    except SandboxError as error:
        note(str(error))
        raise typer.Exit(UNABLE) from error
    except NoReference as error:
        usage(str(error))
    except NotBuilt as error:
        note(f"{wish.builder} does not build it: {error}")
        raise typer.Exit(3) from None


def _wish(docker: Flags, script: Flags, builder: str, contexts: list[str] | None, how: "How") -> "Wish":
    from dock2sh.proof import Wish

    return Wish(_words(docker), _words(script), builder, build_contexts(contexts), how)


def _absolute(contexts: list[str] | None) -> list[str]:
    """The script runs in another directory than this. Repositories stand in it."""
    from dock2sh.plan.context import is_directory
    from dock2sh.plan.contexts import repository

    given = build_contexts(contexts)
    local = {name: source for name, source in given.items() if not repository(source)}
    return [f"{name}={os.path.realpath(source) if is_directory(source) else source}" for name, source in local.items()]


def _words(flags: Flags) -> list[str]:
    return [word for flag, values in flags.items() for value in values or () for word in (flag, value)]


def _runs(behaviour: bool, given: list[str] | None, seconds: float) -> Any:
    import shlex

    from dock2sh.verify import Run

    try:
        arguments = [tuple(shlex.split(text)) for text in given or ()]
    except ValueError as error:
        usage(f"--run: {error}")
    return tuple(Run(words, seconds) for words in ([()] if behaviour else []) + arguments)


def _against(source: str) -> Any:
    """A record, an image, or nothing."""
    from dock2sh.verify import NoReference, NotARecord, load

    if not source:
        return None
    place = Path(source)
    try:
        if place.is_file() and place.open("rb").read(1) == b"{":
            return load(place.read_text())
        from dock2sh.proof import find_image

        return find_image(source)
    except NotARecord as error:
        usage(f"--against {source}: {error}")
    except NoReference as error:
        usage(str(error))


def _shown(answer: "Verdict", format: str, output: str) -> str:
    if format == "text":
        from dock2sh.verify import text

        return text(answer, colour(sys.stdout) and not output)
    if format == "json":
        from dock2sh.verify import as_json

        return as_json(answer)
    if format == "junit":
        from dock2sh.verify.junit import junit

        return junit([answer])
    from dock2sh.verify.page import page

    return page(answer)
