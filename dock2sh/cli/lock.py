"""`dock2sh lock`: what a build gets today, written down, so that a later one gets the same."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dock2sh.cli.calls import beside, build_contexts, choose, fixed_by_lock, pairs, planned
from dock2sh.cli.flags import (
    Allow,
    Bases,
    BuildArgs,
    Contexts,
    File,
    Format,
    LockFile,
    PlatformOption,
    Secrets,
    Snapshot,
    Stage,
    Target,
)  # fmt: skip
from dock2sh.cli.say import OK, REFUSED, UNABLE, Complaints, colour, end_in_order, json_text, note, note_lines, usage, write
from dock2sh.cli.secrets import checked_secrets
from dock2sh.cli.store import Bootstrap, Insecure, Mirrors, NoPull, base_wish
from dock2sh.source import draw

if TYPE_CHECKING:
    from dock2sh.lock.held import Lock
    from dock2sh.lock.moves import Move

Update = Annotated[
    list[str] | None,
    typer.Option("--update", metavar="NAME", help="Lock again, where only this may move: a package, a source package, a URL."),
]
Diff = Annotated[
    bool, typer.Option("--diff", help="Write nothing; print what a build would get now that is not as it is locked.")
]
Against = Annotated[str, typer.Option("--against", metavar="FILE", help="With --diff: another lock, instead of a build.")]
Check = Annotated[bool, typer.Option("--check", help="Build nothing; does the lock know every step of the Dockerfile?")]
Kept = Annotated[str, typer.Option("--vendor", metavar="DIR", help="Keep the files there, too, for builds without a network.")]
Progress = Annotated[str, typer.Option("--progress", metavar="auto|plain|tty|json", help="How the work is shown, on stderr.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Show nothing of the work.")]
Written = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="The lock, instead of the one beside the Dockerfile.")
]


def lock(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    base: Bases = None,
    build_context: Contexts = None,
    allow: Allow = None,
    secret: Secrets = None,
    update: Update = None,
    diff: Diff = False,
    against: Against = "",
    check: Check = False,
    lock_file: LockFile = "",
    snapshot: Snapshot = "",
    vendor: Kept = "",
    no_pull: NoPull = False,
    bootstrap: Bootstrap = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
    progress: Progress = "auto",
    quiet: Quiet = False,
    format: Format = "text",
    output: Written = "",
) -> None:
    """Build once in the sandbox, and write down what each step got: dock2sh.lock, beside the Dockerfile.

    \b
    dock2sh lock .                         packages with versions and digests, downloads, commits, base images
    dock2sh --lock strict . > setup.sh     a script that asks for exactly that, or stops and says what it cannot have
    dock2sh lock --diff .                  what would move if it were made now; status 1 if something would
    dock2sh lock --diff --against old.lock .    what moved between two locks, without a build
    dock2sh lock --update curl .           only curl (and what is made from its source) moves
    dock2sh lock --vendor kept .           and the files themselves, for builds without a network: --vendor kept
    dock2sh lock --check .                 does the lock know every step? without a build

    What cannot be locked is listed, in the lock and here, with the reason. See docs/lock.md.

    Exit status: 0; 1 a step failed, the lock does not fit, or --diff found something; 2 usage; 3 something is missing here.
    """
    end_in_order()
    choose("--progress", progress, ("auto", "plain", "tty", "json"))
    choose("--format", format, ("text", "json"))
    if sum(map(bool, (update, diff, check))) > 1 or (against and not diff):
        usage("--update, --diff and --check are three things to do (--against goes with --diff): choose one")
    from dock2sh.lock.carry import unknown
    from dock2sh.lock.held import LockError
    from dock2sh.locking import load

    place = lock_file or beside(target, file)
    if not place:
        usage("a Dockerfile from standard input has no lock beside it: name one with --lock-file FILE")
    given = (target, file, build_arg, stage, platform, base, build_context, secret, allow or [])
    try:
        if diff and against:
            _show(load(against), load(place), format)
        if check:
            _check(given, place)
        old = load(place) if diff or update else None
        if old and (strange := unknown(old, update or ())):
            raise LockError(f"--update {strange[0]}: {place} has nothing of that name (a package, a source package, a URL)")
    except LockError as error:
        note(str(error))
        raise typer.Exit(REFUSED) from error
    way = (no_pull, bootstrap, insecure, mirror, progress, quiet, snapshot, vendor)
    new, name = _made(given, way, place, frozenset(update or ()))
    if diff and old:
        _show(old, new, format)
    from dock2sh.lock.text import write as text

    write(text(new, name), output or place)
    _tell(new, output or place, old)


def _made(given: tuple, way: tuple, place: str, moving: frozenset[str]) -> "tuple[Lock, str]":  # type: ignore[type-arg]
    """A new lock, by a build; all that may not move is asked for as it is locked."""
    from dock2sh.cli.emulate import diagnosis, shown
    from dock2sh.emulator import Bases, Order, StepFailed
    from dock2sh.images import ImageError
    from dock2sh.lock.held import LockError
    from dock2sh.locking import record
    from dock2sh.sandbox import SandboxError
    from dock2sh.sandbox.rootless import become_root

    target, file, build_arg, stage, platform, base, build_context, secret, allow = given
    no_pull, bootstrap, insecure, mirror, progress, quiet, snapshot, vendor = way
    try:
        if limits := become_root():
            note(limits)
        bases = Bases(
            pairs("--base", base),
            base_wish(quiet, no_pull, bootstrap, insecure, mirror),
            build_contexts(build_context),
        )
        plan, project, dockerfile = planned(
            target, file, build_arg, stage, platform, None, base, build_context, False, secret, find=bases.find, allow=allow
        )
        carried = None
        if moving:
            plan, carried = fixed_by_lock(plan, project, place, "strict", snapshot, moving)
        options = [word for value in checked_secrets(secret) for word in ("--secret", value)]
        order = Order(bases=bases, options=options, escape=dockerfile.escape, lock=carried)
        with Complaints(project), shown(plan, progress, quiet) as tell:
            return record(plan, project, order, tell, vendor), project.name
    except StepFailed as failed:
        note_lines(draw(diagnosis(failed), project.name, project.text, colour(sys.stderr)))
        raise typer.Exit(REFUSED) from failed
    except (SandboxError, ImageError, LockError) as error:
        note(str(error))
        raise typer.Exit(UNABLE) from error


def _check(given: tuple, place: str) -> None:  # type: ignore[type-arg]
    target, file, build_arg, stage, platform, base, build_context, secret, allow = given
    plan, project, _ = planned(target, file, build_arg, stage, platform, None, base, build_context, False, secret, allow=allow)
    fixed_by_lock(plan, project, place, "strict", "", frozenset())
    note(f"{place} knows every step of {project.name}")
    raise typer.Exit(OK)


def _show(old: "Lock", new: "Lock", format: str) -> None:
    from dock2sh.lock.moves import moves

    found = moves(old, new)
    if format == "json":
        write(json_text([move._asdict() for move in found]), "")
    else:
        write("".join(_line(move) + "\n" for move in found), "")
    raise typer.Exit(REFUSED if found else OK)


def _line(move: "Move") -> str:
    from dock2sh.source import visible

    arrow = " -> ".join(filter(None, (move.old, move.new)))
    return visible(f"{move.sign} {move.kind} {move.name} {arrow}")


def _tell(new: "Lock", place: str, old: "Lock | None") -> None:
    """How much of it is locked, and what is not."""
    from dock2sh.lock.held import kind_of
    from dock2sh.lock.moves import moves
    from dock2sh.source import visible

    count: dict[str, int] = {}
    for _, thing in new.things():
        count[kind_of(thing)] = count.get(kind_of(thing), 0) + 1
    said = ", ".join(f"{number} {kind}" for kind, number in count.items())
    note(f"{place}: {said or 'nothing is fetched'}")
    for move in moves(old, new) if old else ():
        note_lines("  " + _line(move))
    open_ = [(step, one) for step in new.steps for one in step.open]
    if open_:
        note(f"not locked: {len(open_)}")
        note_lines(*(visible(f"  line {step.line}: {one.what}: {one.why}") for step, one in open_))
