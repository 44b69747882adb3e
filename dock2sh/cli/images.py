"""`dock2sh images`: what is in the store."""

from typing import Annotated

import typer

from dock2sh.cli.foreign import Listing
from dock2sh.cli.say import write
from dock2sh.cli.store import Filters, NoTrunc, Quiet, Template, failing, opened_to_read, show


def images(
    repository: Annotated[str, typer.Argument(metavar="[REPOSITORY[:TAG]]", help="Only these; * and ? are wildcards.")] = "",
    all: Annotated[bool, typer.Option("-a", "--all", help="Also the copies of base images that docker or a file gave.")] = False,
    quiet: Quiet = False,
    no_trunc: NoTrunc = False,
    digests: Annotated[bool, typer.Option("--digests", help="Show the digests that registries know.")] = False,
    filter: Filters = None,
    format: Template = "",
) -> None:
    """List the images of the store, as `docker images` does.

    \b
    dock2sh images
    dock2sh images -q --filter dangling=true
    dock2sh images --format '{{.ID}} {{.Repository}}:{{.Tag}}'

    Filters: dangling=true|false, label=KEY[=VALUE], before=IMAGE, since=IMAGE, until=24h, reference=PATTERN.
    """
    from datetime import UTC, datetime

    from dock2sh.images.listing import image_rows, patterns, wanted

    now = datetime.now(UTC)
    with failing():
        store = opened_to_read()
        filters = [*(filter or ()), *([f"reference={repository}"] if repository else [])]
        chosen = wanted(filters, store.all(copies=all), now)
        rows = image_rows(
            chosen, lambda image: sum(store.content_size(layer) for layer in image.layers), now, no_trunc, patterns(filters)
        )
    if quiet:
        write("".join(row["ID"] + "\n" for row in rows), "")
        return
    columns = {"REPOSITORY": "Repository", "TAG": "Tag"} | ({"DIGEST": "Digest"} if digests else {})
    show(rows, columns | {"IMAGE ID": "ID", "CREATED": "CreatedSince", "SIZE": "Size"}, format)


images.kind = Listing  # type: ignore[attr-defined]
