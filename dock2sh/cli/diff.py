"""`dock2sh diff`: what each step of an image changed."""

from typing import Annotated

import typer

from dock2sh.cli.calls import choose
from dock2sh.cli.flags import Format
from dock2sh.cli.say import json_text, write
from dock2sh.cli.store import Image, failing, image_called, opened_to_read

Everything = Annotated[bool, typer.Option("-a", "--all", help="The base image's layers too.")]

_BUILDKIT = "buildkit.dockerfile.v0"


def diff(image: Image, all: Everything = False, format: Format = "text") -> None:
    """Show what each step of an image added (A), changed (C) and deleted (D), as `docker diff` does for a container.

    \b
    dock2sh diff app
    dock2sh diff --format json app
    """
    choose("--format", format, ("text", "json"))
    from dock2sh.images.changes import steps

    with failing():
        store = opened_to_read()
        found = image_called(store, image)
        with store.busy():
            made = list(steps(found, store))
    history = [entry for entry in found.config.get("history") or () if not entry.get("empty_layer")]
    own = sum(entry.get("comment") == _BUILDKIT for entry in history)
    shown = made if all or not own else made[-own:]
    if format == "json":
        whole = [{"created_by": step.created_by, "changes": [change._asdict() for change in step.changes]} for step in shown]
        write(json_text(whole), "")
        return
    for step in shown:
        lines = [f"{change.kind} {_printable(change.path)}" for change in step.changes]
        write("\n".join([f"# {_printable(step.created_by)}", *lines]) + "\n\n", "")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
