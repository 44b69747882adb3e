"""`dock2sh history`: what made each layer of an image."""

from typing import Annotated

import typer

from dock2sh.cli.flags import PlatformOption
from dock2sh.cli.say import write
from dock2sh.cli.store import Image, NoTrunc, Quiet, Template, failing, image_called, opened_to_read, show


def history(
    image: Image,
    quiet: Quiet = False,
    no_trunc: NoTrunc = False,
    human: Annotated[bool, typer.Option("-H/ ", "--human/--no-human", help="Sizes and times for people.")] = True,
    platform: PlatformOption = "",
    format: Template = "",
) -> None:
    """Show the steps that made an image and the size of each layer, as `docker history` does.

    \b
    dock2sh history app
    dock2sh history --no-trunc --format '{{.Size}}\t{{.CreatedBy}}' app
    """
    from datetime import UTC, datetime

    from dock2sh.images.listing import history_rows

    with failing():
        store = opened_to_read()
        found = image_called(store, image, platform)
        rows = history_rows(found, lambda layer: store.content_size(layer), datetime.now(UTC), no_trunc, human)
    if quiet:
        write("".join(row["ID"] + "\n" for row in rows), "")
        return
    columns = {
        "IMAGE": "ID",
        "CREATED" if human else "CREATED AT": "CreatedSince",
        "CREATED BY": "CreatedBy",
        "SIZE": "Size",
        "COMMENT": "Comment",
    }
    show(rows, columns, format)
