"""`dock2sh replay`: the manual steps, typed into a real shell and recorded."""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from dock2sh.cli.calls import choose, planned
from dock2sh.cli.flags import Bases, BuildArgs, Contexts, File, Offline, PlatformOption, Secrets, Stage, Target
from dock2sh.cli.say import REFUSED, Complaints, note, usage

if TYPE_CHECKING:
    from dock2sh.sandbox.cast import Cast, Size

_MISSING = 3


def replay(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    base: Bases = None,
    build_context: Contexts = None,
    secret: Secrets = None,
    offline: Offline = False,
    sandbox: Annotated[
        str, typer.Option("--sandbox", metavar="docker|podman", help="Whose containers (default: docker's, else podman's).")
    ] = "",
    speed: Annotated[float, typer.Option("--speed", metavar="N", help="1 is reading speed, 10 ten times that.")] = 1.0,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long one command may take.")] = 3600.0,
    size: Annotated[str, typer.Option("--size", metavar="COLUMNSxROWS", help="The terminal that is typed into.")] = "80x24",
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Write the recording (asciicast v2) there.")] = "",
) -> None:
    """Type the manual steps into `docker run -it IMAGE bash`, and record it.

    \b
    dock2sh replay .                       watch it being done
    dock2sh replay -o demo.cast .          and keep it: asciinema play demo.cast
    dock2sh replay --speed 50 . > x.cast   quickly, without watching
    dock2sh replay --size 120x30 -o demo.cast .

    It stops at the first command that fails. The recording goes to FILE, or to stdout where that is no terminal.

    Exit status: 0; 1 a typed step failed, or the Dockerfile is refused; 2 usage; 3 something is missing here.
    """
    if sandbox:
        choose("--sandbox", sandbox, ("docker", "podman"))
    if not 0 < speed <= 10_000:
        usage(f"--speed {speed:g}: a number above 0")
    terminal = _size(size)
    plan, project, dockerfile = planned(target, file, build_arg, stage, platform, None, base, build_context, offline, secret)
    from dock2sh.emit.acts import acts
    from dock2sh.plan.context import tree
    from dock2sh.sandbox import SandboxError
    from dock2sh.sandbox.podman import run_words
    from dock2sh.sandbox.replay import Failed, perform
    from dock2sh.sandbox.replay import Stage as Place

    with Complaints(project):
        play = acts(plan, project.name, project.text, dockerfile.escape, tree(project))
    try:
        context = str(project.context.resolve()) if project.context else "/var/empty"
        engine = _engine(sandbox)
        more = tuple(run_words()) if engine == "podman" else ()
        with ExitStack() as files:
            place = Place(engine, context, speed, timeout, more, _secret_files(secret or (), files))
            perform(play, place, _cast(project.name, output, terminal, files))
    except Failed as failed:
        note(f"stopped: {failed.outcome}\n    " + failed.act.text.replace("\n", "\n    "))
        raise typer.Exit(REFUSED) from None
    except SandboxError as error:
        note(str(error))
        raise typer.Exit(_MISSING) from None


def _secret_files(given: Sequence[str], files: ExitStack) -> dict[str, str]:
    """The files of secrets by the variables that the manual has for them; one of the environment is written to one."""
    from dock2sh.emit.mounting import secret_variable

    found = {}
    for words in given:
        fields = dict(word.partition("=")[::2] for word in words.split(","))
        name, source = fields.get("id", ""), fields.get("src") or fields.get("source", "")
        if not source and "env" not in fields and name not in os.environ:
            source = name
        if not source and (text := os.environ.get(fields.get("env") or name)) is not None:
            file = files.enter_context(tempfile.NamedTemporaryFile())  # noqa: SIM115  (ExitStack closes it)
            file.write(os.fsencode(text))
            file.flush()
            source = file.name
        if not os.path.isfile(source):
            usage(f"--secret {words}: there is no such file, and no such variable")
        found[secret_variable(name)] = os.path.abspath(source)
    return found


def _engine(wanted: str) -> str:
    """The engine that was asked for, or the first that answers."""
    from dock2sh.sandbox import SandboxError
    from dock2sh.sandbox.docker import Docker
    from dock2sh.sandbox.podman import Podman

    troubles = {}
    for sandbox in (Docker(), Podman()):
        if wanted in ("", sandbox.command):
            troubles[sandbox.command] = sandbox.trouble()
            if not troubles[sandbox.command]:
                return sandbox.command
    raise SandboxError("; ".join(troubles.values()))


def _size(text: str) -> "Size":
    """COLUMNSxROWS, or a usage error."""
    from dock2sh.sandbox.cast import Size

    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and 20 <= int(columns) <= 1000 and 5 <= int(rows) <= 1000):
        usage(f"--size {text}: columns and rows, as in 100x30")
    return Size(int(columns), int(rows))


def _cast(title: str, output: str, size: "Size", files: ExitStack) -> "Cast":
    """The recording goes to a file, or to stdout; a terminal gets to see what happens."""
    from dock2sh.sandbox.cast import Cast

    terminal = sys.stdout.isatty()
    if output:
        files.enter_context(file := open(output, "w", encoding="utf-8", errors="replace"))  # noqa: SIM115  (ExitStack closes it)
        return Cast(title, file.write, _watch if terminal else None, size)
    if terminal:
        return Cast(title, lambda line: None, _watch, size)
    return Cast(title, sys.stdout.write, None, size)


def _watch(data: bytes) -> None:
    """The other terminal has made CR LF of each line's end; ours would make CR CR LF of that."""
    sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
    sys.stdout.buffer.flush()
