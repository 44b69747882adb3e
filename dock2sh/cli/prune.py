"""`dock2sh prune`: remove what nobody needs."""

import sys
from collections.abc import Collection
from typing import Annotated

import typer

from dock2sh.cli.say import note, usage, write
from dock2sh.cli.store import failing, opened_to_remove


def prune(
    all: Annotated[bool, typer.Option("-a", "--all", help="All images, not only those without a name.")] = False,
    cache: Annotated[bool, typer.Option("--build-cache", help="Also the steps that builds remember, and cache mounts.")] = False,
    force: Annotated[bool, typer.Option("-f", "--force", help="Do not ask.")] = False,
    filter: Annotated[
        list[str] | None, typer.Option("--filter", metavar="NAME=VALUE", help="Only these images: until=24h, label=KEY[=VALUE].")
    ] = None,
) -> None:
    """Remove images without a name, copies of base images, and layers that nothing needs, as `docker image prune` does.

    \b
    dock2sh prune
    dock2sh prune -f --all --filter until=240h
    dock2sh prune --build-cache
    """
    from datetime import UTC, datetime

    from dock2sh.images.listing import familiar, human, wanted

    if not force:
        _ask(all, cache)
    with failing():
        store, now = opened_to_remove(), datetime.now(UTC)
        left = {image.id for image in wanted(filter or (), store.all(), now)}
        removed = store.prune(lambda image: image.id in left and (all or not image.names), cache)
    freed = removed.freed + (_clear_cache(store.adopted()) if cache else 0)
    lines = [f"untagged: {familiar(name)}" for name in removed.untagged] + [f"deleted: {one}" for one in removed.deleted]
    write("".join(line + "\n" for line in [*(["Deleted Images:", *lines, ""] if lines else [])]), "")
    write(f"Total reclaimed space: {human(freed)}\n", "")


def _clear_cache(kept: Collection[str]) -> int:
    """The steps that the emulator remembers, and the directories of RUN --mount=type=cache."""
    from dock2sh.emulator.places import clear, home
    from dock2sh.sandbox.rootless import become_root

    become_root()  # an ordinary user's layers have files of other owners
    freed = clear(home(), kept)
    if freed is None:
        note("a build is at work: its steps are kept")
    return freed or 0


def _ask(all: bool, cache: bool) -> None:
    """As docker asks; without anybody to ask nothing is removed."""
    what = "all images" if all else "all images without a name"
    if not sys.stdin.isatty():
        usage("prune asks before it removes anything, and there is no terminal: use -f")
    print(f"WARNING! This will remove {what}{' and all cached steps' if cache else ''}.", file=sys.stderr)
    print("Are you sure you want to continue? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Exit(0)
