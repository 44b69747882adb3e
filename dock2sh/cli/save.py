"""`dock2sh save`: images as one tar."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from dock2sh.cli.calls import choose
from dock2sh.cli.flags import Output, PlatformOption
from dock2sh.cli.say import end_in_order, usage
from dock2sh.cli.store import Images, failing, opened_to_read

if TYPE_CHECKING:
    from dock2sh.images.store import Store, Stored


def save(
    images: Images,
    output: Output = "",
    format: Annotated[
        str, typer.Option("--format", metavar="docker-archive|oci-archive", help="One tar is both.")
    ] = "docker-archive",
    platform: PlatformOption = "",
) -> None:
    """Write images to a tar that docker, podman and skopeo take.

    \b
    dock2sh save -o app.tar app:1.2            docker load -i app.tar
    dock2sh save app | gzip > app.tar.gz       skopeo copy docker-archive:app.tar.gz docker://...
    dock2sh save app | tar -xC layout          skopeo copy oci:layout:TAG docker://...
    """
    end_in_order()
    from dock2sh.images import exchange

    choose("--format", format, exchange.FORMATS)
    if not output and sys.stdout.isatty():
        usage("a tar is nothing for a terminal: use -o FILE, or redirect")
    with failing():
        store = opened_to_read()
        chosen = exchange.chosen(store, images, platform)
        save_to(output or "-", store, chosen)


def save_to(place: str, store: "Store", chosen: "Sequence[tuple[Stored, tuple[str, ...]]]") -> None:
    """The archive, at a path or (`-`) on standard output."""
    from dock2sh.images import exchange

    if place == "-":
        exchange.save(store, chosen, cast(BinaryIO, sys.stdout.buffer))
    else:
        _whole(Path(place), lambda file: exchange.save(store, chosen, file))


def _whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """The file is there whole or not at all."""
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            write(file)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
        os.replace(temporary, path)
    except OSError as error:
        # the store may have troubles of its own
        about = path if error.filename in (None, str(temporary)) else error.filename
        raise OSError(error.errno, error.strerror or str(error), str(about)) from None
    finally:
        temporary.unlink(missing_ok=True)
