"""`dock2sh load`: images out of a tar."""

import shutil
import sys
import tempfile
from typing import Annotated

import typer

from dock2sh.cli.flags import PlatformOption
from dock2sh.cli.say import usage, write
from dock2sh.cli.store import failing, opened


def load(
    input: Annotated[str, typer.Option("-i", "--input", metavar="FILE|DIR", help="The archive or layout; default: stdin.")] = "",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Accepted as docker's: nothing more is printed anyhow.")] = False,
    platform: PlatformOption = "",
) -> None:
    """Put the images of a `docker save`, podman, skopeo or OCI archive (or an OCI layout) into the store.

    \b
    docker save app | dock2sh load
    dock2sh load -i app.tar.gz
    """
    from dock2sh.images import exchange
    from dock2sh.images.listing import familiar

    if not input and sys.stdin.isatty():
        usage("there is nothing to load on a terminal: use -i FILE, or redirect")
    with failing(), tempfile.NamedTemporaryFile() as spool:
        if not input:  # an archive is read here and there, which a pipe cannot
            shutil.copyfileobj(sys.stdin.buffer, spool, 1 << 20)
            spool.flush()
        for image, names in exchange.load(opened(), input or spool.name, platform):
            lines = [f"Loaded image: {familiar(name)}" for name in names] or [f"Loaded image ID: {image.id}"]
            write("".join(line + "\n" for line in lines), "")
