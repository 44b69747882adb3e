"""`dock2sh inspect`: all that an image says of itself."""

from typing import Annotated

import typer

from dock2sh.cli.flags import PlatformOption
from dock2sh.cli.foreign import Inspecting
from dock2sh.cli.say import REFUSED, note, write
from dock2sh.cli.store import Images, filled, image_called, opened_to_read

_UNREADABLE = 64
"""docker inspect's status for a template that is none."""


def inspect(
    images: Images,
    format: Annotated[str, typer.Option("-f", "--format", metavar="json|TEMPLATE", help="A Go template, as docker's.")] = "",
    platform: PlatformOption = "",
    type: Annotated[str, typer.Option("--type", metavar="image", help="Accepted as docker's: there are images only.")] = "image",
) -> None:
    """Print images as JSON, as `docker inspect` does.

    \b
    dock2sh inspect app
    dock2sh inspect -f '{{json .Config.Env}}' app
    dock2sh inspect -f '{{range .RootFS.Layers}}{{println .}}{{end}}' app

    Exit status: 0; 1 an image is not there (the others are printed), or the template asks for what is not; 64 it cannot be read.
    """
    from dock2sh.images import ImageError
    from dock2sh.images.gotemplate import go_json
    from dock2sh.images.listing import as_docker_prints, for_templates, inspected, untyped

    if type not in ("", "image"):
        write("\n" if format else "[]\n", "")
        note(f"--type {type}: there are images only")
        raise typer.Exit(REFUSED)
    store, found, failed = opened_to_read(), [], False
    for reference in images:
        try:
            image = image_called(store, reference, platform)
            size = sum(store.content_size(layer) for layer in image.layers)
            found.append(inspected(image, size, store.folder.place("layers")))
        except ImageError as error:
            note(str(error))
            failed = True
    if format in ("", "json"):
        write(go_json([as_docker_prints(one) for one in found], None if format else 4) + "\n", "")
    else:
        write("".join(filled(format, for_templates(one), _UNREADABLE, "\n", untyped(one)) + "\n" for one in found), "")
    raise typer.Exit(int(failed))


inspect.kind = Inspecting  # type: ignore[attr-defined]
