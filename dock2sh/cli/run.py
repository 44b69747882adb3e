"""`dock2sh run`: start an image's command, as `docker run` does."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dock2sh.cli.flags import Bases, PlatformOption
from dock2sh.cli.say import note, usage

UNABLE = 125
"""docker run's own status for an error of its own."""

Image = Annotated[str, typer.Argument(metavar="IMAGE", help="An image of the store, of docker or podman, or of --base.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="[COMMAND] [ARG...]", help="Instead of the image's CMD.")]
Interactive = Annotated[bool, typer.Option("-i", "--interactive", help="The command reads our standard input.")]
Terminal = Annotated[bool, typer.Option("-t", "--tty", help="The command gets a terminal.")]
Variables = Annotated[
    list[str] | None, typer.Option("-e", "--env", metavar="NAME[=VALUE]", help="A variable of its environment.")
]
VariableFiles = Annotated[list[str] | None, typer.Option("--env-file", metavar="FILE", help="Variables, one a line.")]
Entrypoint = Annotated[str | None, typer.Option("--entrypoint", metavar="PROGRAM", help="Instead of the image's ENTRYPOINT.")]
Directory = Annotated[str, typer.Option("-w", "--workdir", metavar="DIR", help="The directory it starts in.")]
User = Annotated[str, typer.Option("-u", "--user", metavar="USER[:GROUP]", help="As whom it runs.")]
Volumes = Annotated[
    list[str] | None, typer.Option("-v", "--volume", metavar="PATH:TARGET[:ro]", help="A path of this machine in it.")
]
Hostname = Annotated[str, typer.Option("-h", "--hostname", metavar="NAME", help="Its host name.")]
Network = Annotated[str, typer.Option("--network", metavar="host|none", help="This machine's network, or none.")]
Remove = Annotated[bool, typer.Option("--rm", help="Accepted as docker's: nothing of a run is ever kept.")]
Privileged = Annotated[bool, typer.Option("--privileged", help="Every capability, nothing covered.")]


def run(
    image: Image,
    words: Words = None,
    interactive: Interactive = False,
    tty: Terminal = False,
    env: Variables = None,
    env_file: VariableFiles = None,
    entrypoint: Entrypoint = None,
    workdir: Directory = "",
    user: User = "",
    volume: Volumes = None,
    hostname: Hostname = "",
    network: Network = "host",
    rm: Remove = False,
    privileged: Privileged = False,
    platform: PlatformOption = "",
    base: Bases = None,
) -> None:
    """Start what an image starts, in a sandbox, and wait for it. What it writes is gone afterwards.

    \b
    dock2sh run sleeper 10                 ENTRYPOINT stays, CMD is replaced
    dock2sh run -it debian:12 bash
    dock2sh run --entrypoint env -e A=1 app

    Exit status: the command's; 125 dock2sh could not start it, 126 and 127 as docker has them.
    """
    from dock2sh.images import ImageError, InvalidReference
    from dock2sh.running import Wanted, start
    from dock2sh.sandbox import SandboxError

    if tty and interactive and not sys.stdin.isatty():
        usage("run -t: the input is not a terminal")
    started = [*_options("-e", [*_from_files(env_file), *(env or ())]), *_options("-u", [user]), *_options("-w", [workdir])]
    started += ["--entrypoint", entrypoint] if entrypoint is not None else []
    wanted = Wanted(
        image=image,
        words=[*started, "--", *(words or ())],
        sources=dict(_pair(text) for text in base or ()),
        platform=platform,
        volumes=[_volume(text) for text in volume or ()],
        hostname=hostname,
        terminal=tty,
        interactive=interactive,
        network=_network(network),
        insecure=privileged,
    )
    try:
        status = start(wanted, note)
    except (SandboxError, ImageError, InvalidReference) as error:
        note(str(error))
        raise typer.Exit(UNABLE) from error
    raise typer.Exit(status)


run.settings = {"allow_interspersed_args": False}  # type: ignore[attr-defined]  # what follows IMAGE is the command's


def _options(flag: str, values: list[str]) -> list[str]:
    return [word for value in values if value for word in (flag, value)]


def _from_files(files: list[str] | None) -> list[str]:
    """docker's format: NAME=VALUE or NAME a line, `#` begins a comment line."""
    lines = [line.strip() for file in files or () for line in Path(file).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _pair(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    return (name, source) if equals else usage(f"--base {text}: write NAME=SOURCE")


def _volume(text: str) -> tuple[str, str, bool]:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not target.startswith("/") or mode not in ("", "ro", "rw"):
        usage(f"-v {text}: write PATH:/TARGET, or PATH:/TARGET:ro")
    place = Path(source).absolute()
    if not place.exists():
        usage(f"-v {text}: {source} does not exist here")
    return str(place), target, mode == "ro"


def _network(name: str) -> bool:
    if name not in ("host", "none", "default", "bridge"):
        usage(f"--network {name}: host or none")
    return name != "none"
