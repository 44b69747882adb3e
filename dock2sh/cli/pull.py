"""`dock2sh pull`: an image from a registry."""

from typing import Annotated

import typer

from dock2sh.cli.flags import PlatformOption
from dock2sh.cli.progress import watching
from dock2sh.cli.say import note, write
from dock2sh.cli.store import Insecure, Mirrors, failing, opened


def pull(
    name: Annotated[str, typer.Argument(metavar="NAME[:TAG|@DIGEST]", help="As in FROM.")],
    platform: PlatformOption = "",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No word on how far it is.")] = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
) -> None:
    """Get an image from its registry into the store. Prints its whole name.

    \b
    dock2sh pull debian:12
    dock2sh pull --platform linux/arm64 debian:12
    dock2sh pull registry.example:5000/team/app@sha256:...

    The login is docker's (`docker login`). What broke off goes on where it was with the next pull.
    Exit status: 0; 1 it could not be had.
    """
    with failing(), watching(quiet) as moved:
        from dock2sh.images.connections import Ways
        from dock2sh.images.reference import parse_reference
        from dock2sh.images.transfer import Watch, pull

        say = (lambda text: None) if quiet else note
        image = pull(opened(), name, platform, Ways(insecure or (), mirror or ()), Watch(say, moved))
        whole = parse_reference(name)
    if not quiet:
        digests = [one.partition("@")[2] for one in image.digests if one.startswith(f"{whole.domain}/{whole.path}@")]
        note(f"Digest: {digests[-1] if digests else image.manifest}")
    write(f"{whole}\n", "")
