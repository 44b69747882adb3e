"""`dock2sh run`: start an image's command, as `docker run` does."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dock2sh.cli import processes
from dock2sh.cli.flags import Bases, Limits, PlatformOption, SharedMemory
from dock2sh.cli.foreign import RUN, AsBuild
from dock2sh.cli.processes import UNABLE, refuse
from dock2sh.cli.say import REFUSED, USAGE, end_in_order, note
from dock2sh.cli.store import base_wish

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
    list[str] | None,
    typer.Option(
        "-v", "--volume", metavar="PATH|NAME:TARGET[:ro]", help="A path of this machine in it, or a volume that is kept."
    ),
]
Mounts = Annotated[
    list[str] | None, typer.Option("--mount", metavar="type=bind|volume|tmpfs,...", help="The same, as docker's --mount says it.")
]
Tmpfs = Annotated[list[str] | None, typer.Option("--tmpfs", metavar="TARGET[:OPTIONS]", help="An empty directory in memory.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Its root file system cannot be written to.")]
Init = Annotated[bool, typer.Option("--init", help="A first process that reaps others and passes signals on.")]
Hosts = Annotated[list[str] | None, typer.Option("--add-host", metavar="NAME:ADDRESS", help="A line more in its /etc/hosts.")]
AddRights = Annotated[list[str] | None, typer.Option("--cap-add", metavar="CAPABILITY|ALL", help="A right more.")]
DropRights = Annotated[list[str] | None, typer.Option("--cap-drop", metavar="CAPABILITY|ALL", help="A right less.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Accepted as docker's: nothing asks for it.")]
MetaData = Annotated[list[str] | None, typer.Option("-l", "--label", metavar="NAME=VALUE", help="Accepted as docker's.")]
Security = Annotated[
    list[str] | None,
    typer.Option("--security-opt", metavar="no-new-privileges|seccomp=unconfined", help="No more rights, or no filter of calls."),
]
Groups = Annotated[list[str] | None, typer.Option("--group-add", metavar="GROUP", help="A group more for its user.")]
Servers = Annotated[list[str] | None, typer.Option("--dns", metavar="ADDRESS", help="Its name server, not this machine's.")]
Searched = Annotated[list[str] | None, typer.Option("--dns-search", metavar="DOMAIN", help="Where it looks for short names.")]
Asked = Annotated[list[str] | None, typer.Option("--dns-option", metavar="OPTION", help="An option of its resolv.conf.")]
Pull = Annotated[str, typer.Option("--pull", metavar="always|missing|never", help="When a registry is asked for the image.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No word on how far a pull is.")]
Hostname = Annotated[str, typer.Option("-h", "--hostname", metavar="NAME", help="Its host name.")]
Network = Annotated[str, typer.Option("--network", "--net", metavar="host|none", help="This machine's network, or none.")]
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
    mount: Mounts = None,
    tmpfs: Tmpfs = None,
    read_only: ReadOnly = False,
    hostname: Hostname = "",
    add_host: Hosts = None,
    network: Network = "host",
    init: Init = False,
    rm: Remove = False,
    name: Name = "",
    label: MetaData = None,
    privileged: Privileged = False,
    cap_add: AddRights = None,
    cap_drop: DropRights = None,
    security_opt: Security = None,
    group_add: Groups = None,
    dns: Servers = None,
    dns_search: Searched = None,
    dns_option: Asked = None,
    pull: Pull = "missing",
    quiet: Quiet = False,
    ulimit: Limits = None,
    shm_size: SharedMemory = "",
    platform: PlatformOption = "",
    base: Bases = None,
) -> None:
    """Start what an image starts, in a sandbox, and wait for it. What it writes is gone afterwards.

        \b
        dock2sh run sleeper 10                 ENTRYPOINT stays, CMD is replaced
        dock2sh run -it debian:12 bash
        dock2sh run --entrypoint env -e A=1 app
        dock2sh run -v "$PWD:/src:ro" -v cache:/var/cache -w /src app make

    It has this machine's network and ports; there is no -p, and no -d: put it behind `&` instead. Other flags of docker run that
    are not here are refused with what to do instead.

        Exit status: the command's; 125 dock2sh could not start it (1 without IMAGE), 126 and 127 as docker has them.
    """
    from dock2sh.images import ImageError, InvalidReference
    from dock2sh.running import Wanted, start
    from dock2sh.sandbox import SandboxError

    end_in_order()
    if pull not in ("always", "missing", "never"):
        refuse(f"--pull {pull}: invalid pull option: one of always, missing, never")
    if tty and interactive and not sys.stdin.isatty():
        note("the input device is not a TTY: leave -t out, or run it in a terminal")
        raise typer.Exit(REFUSED)
    wanted = Wanted(
        image=image,
        words=_started(env_file, env, user, workdir, entrypoint, words),
        sources=dict(_pair(text) for text in base or ()),
        platform=platform,
        volumes=processes.volumes(volume, mount, tmpfs),
        hosts=[processes.host(text) for text in add_host or ()],
        hostname=hostname,
        groups=group_add or (),
        resolver=processes.resolver(dns or (), dns_search or (), dns_option or ()),
        wish=base_wish(quiet, pull == "never", fresh=pull == "always")._replace(say=lambda text: None),
        terminal=tty,
        interactive=interactive,
        more={
            "network": _network(network),
            "insecure": privileged,
            "read_only": read_only,
            "init": init,
            "capabilities": processes.capabilities(cap_add, cap_drop),
            **processes.security(security_opt),
            **_limited(ulimit, shm_size),
        },
    )
    try:
        status = start(wanted, note)
    except (SandboxError, ImageError, InvalidReference) as error:
        note(str(error))
        raise typer.Exit(UNABLE) from error
    except OSError as error:  # a place that may not be made or written
        refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    raise typer.Exit(status)


class AsRun(AsBuild):
    """A command line that is not understood ends as docker's."""

    foreign = RUN
    end = staticmethod(refuse)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What the words mean; a usage error has docker's status (its class is in no public module of typer's): 125, but 1 for a
        missing IMAGE."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "exit_code") and error.exit_code == USAGE:
                error.exit_code = REFUSED if isinstance(error, typer.BadParameter) else UNABLE
            raise


run.kind = AsRun  # type: ignore[attr-defined]
run.settings = {"allow_interspersed_args": False}  # type: ignore[attr-defined]  # what follows IMAGE is the command's


def _limited(ulimit: list[str] | None, shm_size: str) -> dict[str, Any]:
    try:
        size = processes.shared_memory(shm_size)
        return {"limits": processes.limits(ulimit or ()), **({"shm": size} if size else {})}
    except processes.Bad as error:
        refuse(str(error))


def _started(
    env_file: list[str] | None, env: list[str] | None, user: str, workdir: str, entrypoint: str | None, words: list[str] | None
) -> list[str]:
    """The words of a script's `start`."""
    variables = [*_from_files(env_file), *(env or ())]
    for text in variables:
        if not text or text.startswith("=") or "\0" in text:
            refuse(f"invalid environment variable: {text}")
    if workdir and not workdir.startswith("/"):
        refuse(f"the working directory '{workdir}' is invalid, it needs to be an absolute path")
    started = [*_options("-e", variables), *_options("-u", [user]), *_options("-w", [workdir])]
    started += ["--entrypoint", entrypoint] if entrypoint is not None else []
    return [*started, "--", *(words or ())]


def _options(flag: str, values: list[str]) -> list[str]:
    return [word for value in values if value for word in (flag, value)]


def _from_files(files: list[str] | None) -> list[str]:
    """docker's format: NAME=VALUE or NAME a line, blanks before it do not count, `#` begins a comment line."""
    found = []
    for file in files or ():
        try:
            text = Path(file).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"--env-file: {error}")
        lines = (line.removesuffix("\r").lstrip(" \t") for line in text.split("\n"))
        found += [line for line in lines if line and not line.startswith("#")]
        for name in (line.partition("=")[0] for line in found):
            if re.search(r"[ \t\0]", name):
                refuse(f"invalid env file ({file}): variable '{name}' contains whitespaces")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    return (name, source) if equals else refuse(f"--base {text}: write NAME=SOURCE")


def _network(name: str) -> bool:
    if name not in ("host", "none", "default", "bridge"):
        refuse(f"--network {name}: host or none")
    return name != "none"
