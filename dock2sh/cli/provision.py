"""`dock2sh provision`: what a host needs that has no containers."""

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dock2sh.cli.calls import build_contexts, choose, finder, locked, pairs, planned, service
from dock2sh.cli.flags import (
    Bases,
    BuildArgs,
    Contexts,
    File,
    Labels,
    LockFile,
    LockMode,
    Offline,
    PlatformOption,
    Secrets,
    Snapshot,
    Stage,
    Target,
)
from dock2sh.cli.say import UNABLE, Complaints, note, usage
from dock2sh.cli.store import Bootstrap, Insecure, Mirrors, NoPull, base_wish

if TYPE_CHECKING:
    from dock2sh.emulator import Bases as Brought
    from dock2sh.model import Plan
    from dock2sh.provision import Bundle, Vendored

USER_DATA = 16 << 10
"""Bytes of user-data that every cloud takes."""

Directory = Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="The bundle: a directory, which is made.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the service; default: the context's directory.")]

Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="Where setup.sh will be: cloud-init.yaml fetches it, and has its digest.")
]


VendorBase = Annotated[
    bool,
    typer.Option("--vendor-base", help="Put the base images into setup.sh, for machines that reach no registry and no mirror."),
]


With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="lima|vagrant|packer", help="A file for that tool, too; may be given several times."),
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
    lock: LockMode = "",
    lock_file: LockFile = "",
    snapshot: Snapshot = "",
    vendor_base: VendorBase = False,
    no_pull: NoPull = False,
    bootstrap: Bootstrap = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
    name: Name = "",
    url: Url = "",
    tools: With = None,
    output: Directory = "",
) -> None:
    """Write what sets a machine up as the Dockerfile says, without containers, and starts it as a service.

    \b
    dock2sh provision . -o bundle              bundle/README.md says how to go on
    dock2sh provision . -o bundle --name web   the service is called web
    dock2sh provision . -o b --lock prefer     what dock2sh.lock has, where it can be had (strict: exactly that, or stop)
    dock2sh provision . -o b --vendor-base     setup.sh has the base images in it: no registry is asked on the machine
    dock2sh provision . -o b --with vagrant    and a Vagrantfile; lima, packer
    scp bundle/setup.sh HOST: && ssh HOST sudo sh setup.sh --yes

    --no-pull, --bootstrap, --insecure and --mirror say where --vendor-base gets an image that nobody here has.

    Exit status: 0; 1 the Dockerfile is refused; 2 usage; 3 a base image cannot be had.
    """
    from tempfile import TemporaryDirectory

    from dock2sh.provision import Service, Wish, bundle

    if not output:
        usage("provision writes several files: -o DIR says where to")
    if url and not re.fullmatch(r"https?://[^\s\x00-\x1f]+", url):
        usage(f"--url {url}: an address that begins with https:// or http://")
    for tool in tools or ():
        choose("--with", tool, ("lima", "vagrant", "packer"))
    bases = None
    if vendor_base:
        from dock2sh.emulator import Bases as Brought

        way = base_wish(False, no_pull, bootstrap, insecure, mirror)
        bases = Brought(pairs("--base", base), way, build_contexts(build_context))
    plan, project, dockerfile = planned(
        target,
        file,
        build_arg,
        stage,
        platform,
        label,
        base,
        build_context,
        offline,
        secret,
        find=bases.find if bases else finder(base, build_context, offline, host=True),
        where="host",
    )
    wish = service(name, project)
    plan, carried = locked(plan, project, target, file, lock, lock_file, snapshot)
    with TemporaryDirectory(prefix="dock2sh-") as folder, Complaints(project):
        images = packed(plan, bases, folder) if bases else ()
        made = bundle(
            plan, project, dockerfile.escape, Service(wish), Wish(url, carried, images, tuple(dict.fromkeys(tools or ())))
        )
        write_bundle(made, Path(output))
    if "/" in (plan.config.get("Volumes") or ()):
        note("VOLUME /: docker starts no such image; the service gets no volume there")
    tell(made, Path(output))


def packed(plan: "Plan", bases: "Brought", folder: str) -> "tuple[Vendored, ...]":
    """The base images as files in `folder`; one that nobody has ends the process."""
    from dock2sh.images import ImageError
    from dock2sh.packing import vendored
    from dock2sh.provision.readme import megabytes

    try:
        found = vendored(plan, bases, folder)
    except ImageError as error:
        note(str(error))
        raise SystemExit(UNABLE) from None
    for image in found:
        note(f"setup.sh has {image.image} in it: {megabytes(image.size)}")
    if not found:
        note("--vendor-base: there is no base image (FROM scratch), so setup.sh needs none")
    return found


def tell(made: "Bundle", directory: Path) -> None:
    """How to go on, and what of the bundle is not for everybody."""
    sizes = {file.path: (directory / file.path).stat().st_size for file in made.files}
    size = sizes.get("cloud-init.yaml")
    if size is None:
        note("no cloud-init.yaml and no lima.yaml: there is no room for base images. With --url they fetch setup.sh")
    elif size > USER_DATA:
        note(f"cloud-init.yaml has {size / 1024:.0f} KiB; Amazon EC2 takes 16, OpenStack 64. With --url it fetches setup.sh")
    note(f"{directory}/README.md says how to go on")


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
                for more in file.behind:
                    with open(more, "rb") as source:
                        shutil.copyfileobj(source, out, 1 << 20)
                os.fchmod(out.fileno(), file.mode)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
