"""`dock2sh rmi`: remove images."""

from typing import Annotated

import typer

from dock2sh.cli.say import note, write
from dock2sh.cli.store import Images, each, opened_to_remove


def rmi(
    images: Images,
    force: Annotated[bool, typer.Option("-f", "--force", help="By id, although it has names in several repositories.")] = False,
) -> None:
    """Remove images, as `docker rmi` does: by name only that name, as long as the image has others.

    \b
    dock2sh rmi app:1.2
    dock2sh rmi -f 0f1e2d3c4b5a

    Layers that no other image and no cached step needs go with it. Exit status: 0; 1 one could not be removed.
    """
    from dock2sh.images.listing import familiar

    store = opened_to_remove()

    def remove(reference: str) -> None:
        if force and store.find(reference) is None:
            note(f"no such image: {reference}")  # as docker: forced, that is no error
            return
        removed = store.remove(reference, force)
        lines = [f"Untagged: {familiar(name)}" for name in removed.untagged] + [f"Deleted: {one}" for one in removed.deleted]
        write("".join(line + "\n" for line in lines), "")

    each(images, remove)
