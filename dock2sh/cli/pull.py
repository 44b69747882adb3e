"""`dock2sh pull`: an image from a registry."""

from typing import Annotated

import typer

from dock2sh.cli.flags import PlatformOption
from dock2sh.cli.foreign import Trusting
from dock2sh.cli.progress import watching
from dock2sh.cli.say import note, write
from dock2sh.cli.store import Insecure, Mirrors, failing, known_platform, opened


def pull(
    name: Annotated[str, typer.Argument(metavar="NAME[:TAG|@DIGEST]", help="As in FROM.")],
    platform: PlatformOption = "",
    all_tags: Annotated[bool, typer.Option("-a", "--all-tags", help="Every tag that the registry has of NAME.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No word on how far it is.")] = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
) -> None:
    """Get an image from its registry into the store. Prints its whole name.

    \b
    dock2sh pull debian:12
    dock2sh pull --platform linux/arm64 debian:12
    dock2sh pull registry.example:5000/team/app@sha256:...
    dock2sh pull --all-tags registry.example:5000/team/app

    The login is docker's (`docker login`). What broke off goes on where it was with the next pull.
    Exit status: 0; 1 it could not be had.
    """
    with failing(), watching(quiet) as moved:
        from dock2sh.images.connections import Ways
        from dock2sh.images.index import fits, platform_of, text_of
        from dock2sh.images.pulling import pull, pull_all
        from dock2sh.images.reference import parse_reference
        from dock2sh.images.transfer import Watch

        say = (lambda text: None) if quiet else note
        store, whole, wanted = opened(), parse_reference(name), known_platform(platform)
        terms = (wanted, Ways(insecure or (), mirror or ()), Watch(say, moved))
        for tag, image in pull_all(store, name, *terms) if all_tags else [(whole.tag, pull(store, name, *terms))]:
            digests = [one.partition("@")[2] for one in image.digests if one.startswith(f"{whole.domain}/{whole.path}@")]
            say(f"{f'{tag}: ' if all_tags else ''}Digest: {digests[-1] if digests else image.manifest}")
            if wanted and not fits({"platform": platform_of(image.config)}, wanted):
                note(f"{name} is there for {text_of(platform_of(image.config))} only, not for {wanted}")
    write(f"{whole.domain}/{whole.path}\n" if all_tags else f"{whole}\n", "")


pull.kind = Trusting  # type: ignore[attr-defined]
