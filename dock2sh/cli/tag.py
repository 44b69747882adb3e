"""`dock2sh tag`: one name more for an image."""

from typing import Annotated

import typer

from dock2sh.cli.store import Image, failing, opened


def tag(image: Image, name: Annotated[str, typer.Argument(metavar="NAME[:TAG]", help="The new name.")]) -> None:
    """Give an image one name more; whichever image had that name loses it.

    \b
    dock2sh tag app registry.example/team/app:1.2
    """
    with failing():
        opened().tag(image, name)
