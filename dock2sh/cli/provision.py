"""`dock2sh provision`: what a host needs that has no containers."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dock2sh.cli.calls import planned, service
from dock2sh.cli.flags import Bases, BuildArgs, Contexts, File, Labels, Offline, PlatformOption, Secrets, Stage, Target
from dock2sh.cli.say import Complaints, note, usage

if TYPE_CHECKING:
    from dock2sh.provision import Bundle

Directory = Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="The bundle: a directory, which is made.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the service; default: the context's directory.")]

Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="Where setup.sh will be: cloud-init.yaml fetches it, and has its digest.")
]


def provision(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    build_context: Contexts = None,
    secret: Secrets = None,
    offline: Offline = False,
    name: Name = "",
    url: Url = "",
    output: Directory = "",
) -> None:
    """Write what sets a machine up as the Dockerfile says, without containers, and starts it as a service.

    \b
    dock2sh provision . -o bundle              bundle/README.md says how to go on
    dock2sh provision . -o bundle --name web   the service is called web
    scp bundle/setup.sh HOST: && ssh HOST sudo sh setup.sh --yes

    Exit status: 0; 1 the Dockerfile is refused; 2 usage.
    """
    from dock2sh.provision import Service, bundle

    if not output:
        usage("provision writes several files: -o DIR says where to")
    plan, project, dockerfile = planned(
        target, file, build_arg, stage, platform, label, base, build_context, offline, secret, where="host"
    )
    wish = service(name, project)
    if url and not re.fullmatch(r"https?://[^\s\x00-\x1f]+", url):
        usage(f"--url {url}: an address that begins with https:// or http://")
    with Complaints(project):
        made = bundle(plan, project, dockerfile.escape, Service(wish), url)
    write_bundle(made, Path(output))
    note(f"{output}/README.md says how to go on")


def write_bundle(made: "Bundle", directory: Path) -> None:
    """Each file whole or not at all; what else is in the directory stays."""
    for file in made.files:
        path = directory / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
            with os.fdopen(descriptor, "wb") as out:
                out.write(file.data)
                os.fchmod(out.fileno(), file.mode)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
