"""`dock2sh push`: an image to a registry."""

from typing import Annotated

import typer

from dock2sh.cli.foreign import Trusting
from dock2sh.cli.progress import watching
from dock2sh.cli.say import note, write
from dock2sh.cli.store import Insecure, failing, opened_to_read


def push(
    name: Annotated[str, typer.Argument(metavar="NAME[:TAG]", help="A name of an image of the store; it says which registry.")],
    all_tags: Annotated[bool, typer.Option("-a", "--all-tags", help="Push every tag of the repository NAME.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No word on how far it is.")] = False,
    insecure: Insecure = None,
) -> None:
    """Give an image to the registry that its name says. Prints the name with the digest that it has there; with
    -q the name, as docker does.

    \b
    dock2sh tag app registry.example:5000/team/app:1.2
    dock2sh push registry.example:5000/team/app:1.2
    dock2sh push --all-tags registry.example:5000/team/app

    The login is docker's (`docker login`). Layers are gzipped on the way. Exit status: 0; 1 it could not be pushed.
    """
    with failing(), watching(quiet) as moved:
        from dock2sh.images.connections import Ways
        from dock2sh.images.listing import familiar
        from dock2sh.images.pushing import push, push_all
        from dock2sh.images.reference import parse_reference
        from dock2sh.images.transfer import Watch

        whole = parse_reference(name)
        ways, watch = Ways(insecure or ()), Watch((lambda text: None) if quiet else note, moved)
        store = opened_to_read()
        for tag, pushed in push_all(store, name, ways, watch) if all_tags else [(whole.tag, push(store, name, ways, watch))]:
            if not quiet:
                note(f"{tag}: digest: {pushed.digest} size: {pushed.size}")
                write(f"{familiar(f'{whole.domain}/{whole.path}@{pushed.digest}')}\n", "")
    if quiet:
        write((familiar(str(whole)).removesuffix(f":{whole.tag}") if all_tags else familiar(str(whole))) + "\n", "")


push.kind = Trusting  # type: ignore[attr-defined]
