"""What the commands about images share: the store, an image by its name, errors as one line, rows as docker prints them."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dock2sh.cli.say import REFUSED, note, usage, write

if TYPE_CHECKING:
    from dock2sh.images.bring import Wish
    from dock2sh.images.listing import Row
    from dock2sh.images.store import Store, Stored

Image = Annotated[str, typer.Argument(metavar="IMAGE", help="A name, an id, or the beginning of an id.")]
Images = Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Names, ids, or beginnings of ids.")]
NoTrunc = Annotated[bool, typer.Option("--no-trunc", help="Cut nothing.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only ids.")]
Filters = Annotated[
    list[str] | None, typer.Option("-f", "--filter", metavar="NAME=VALUE", help="Only these: see `images --help`.")
]
Insecure = Annotated[
    list[str] | None,
    typer.Option("--insecure", metavar="HOST[:PORT]", help="A registry that may go without TLS; this machine's own always may."),
]
Template = Annotated[str, typer.Option("--format", metavar="table|json|TEMPLATE", help="A Go template, as docker's.")]


NoPull = Annotated[bool, typer.Option("--no-pull", help="Ask no registry for base images that nobody here has.")]
Bootstrap = Annotated[bool, typer.Option("--bootstrap", help="Make debian:* and ubuntu:* from packages if nobody has them.")]
Mirrors = Annotated[
    list[str] | None, typer.Option("--mirror", metavar="HOST|URL", help="Asked before Docker Hub; docker's own mirrors are, too.")
]


def base_wish(
    quiet: bool,
    no_pull: bool = False,
    bootstrap: bool = False,
    insecure: list[str] | None = None,
    mirror: list[str] | None = None,
    fresh: bool = False,
) -> "Wish":
    """How far base images may be fetched: from registries as `docker build` does, unless that is forbidden."""
    from dock2sh.images.bring import Wish

    def pull(reference: str, platform: str, store: "Store") -> "Stored":
        from dock2sh.cli.progress import watching
        from dock2sh.images.connections import Ways
        from dock2sh.images.pulling import pull
        from dock2sh.images.transfer import Watch

        with watching(quiet) as moved:
            return pull(store, reference, platform, Ways(insecure or (), mirror or ()), Watch(say, moved))

    say = (lambda text: None) if quiet else note
    return Wish(say, pull=None if no_pull else pull, bootstrap=bootstrap, fresh=fresh)


def known_platform(text: str) -> str:
    """OS[/ARCHITECTURE[/VARIANT]] or an architecture alone, which is Linux's, whole. Raises ImageError for what is none."""
    from dock2sh.images import ImageError
    from dock2sh.images.index import this_architecture

    system, _, machine = text.lower().partition("/")
    if not text or (system in ("linux", "windows", "darwin", "freebsd") and re.fullmatch(r"[a-z0-9]+(/[a-z0-9.]+)?", machine)):
        return text.lower()
    if system in ("linux", "windows") and not machine:
        return f"{system}/{this_architecture()}"
    if not machine and system in _MACHINES:
        return f"linux/{_MACHINES.get(system) or system}"
    raise ImageError(f'"{text}": unknown operating system or architecture; write linux/arm64 or the like')


_MACHINES = {
    "x86_64": "amd64", "aarch64": "arm64", **dict.fromkeys(("amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"), ""),
}  # fmt: skip
"""What is an architecture alone, and what it is called."""


@contextmanager
def failing() -> Iterator[None]:
    """An ImageError or an impossible name becomes one line on stderr and exit status 1."""
    from dock2sh.images import ImageError, InvalidReference

    try:
        yield
    except (ImageError, InvalidReference) as error:
        note(str(error))
        raise SystemExit(REFUSED) from None


def opened() -> "Store":
    from dock2sh.images.store import open_store

    return open_store()


def opened_to_read() -> "Store":
    """The store, by somebody who may read the layers that were built here (see `opened_to_remove`)."""
    store = opened()
    if os.geteuid() != 0 and store.adopted():
        _as_owner("what has other owners in a layer cannot be read")
    return store


def opened_to_remove() -> "Store":
    """The store, by somebody who may delete what is unpacked in it: files of an ordinary user's layers have other owners, which
    only his user namespace knows."""
    store = opened()
    if os.geteuid() != 0 and os.path.isdir(store.folder.place("layers")) and os.listdir(store.folder.place("layers")):
        _as_owner("layers that are unpacked may stay")
    return store


def _as_owner(otherwise: str) -> None:
    from dock2sh.sandbox import SandboxError
    from dock2sh.sandbox.rootless import become_root

    try:
        become_root()
    except SandboxError as error:
        note(f"{error}; {otherwise}")


def image_called(store: "Store", reference: str, platform: str = "") -> "Stored":
    """The image, or an ImageError in docker's words."""
    from dock2sh.images import ImageError

    image = store.find(reference, known_platform(platform))
    if image is None and platform and store.find(reference):
        raise ImageError(
            f"{reference} was found but not for {platform}. `dock2sh pull --platform {platform} {reference}` gets it"
        )
    if image is None:
        raise ImageError(f"no such image: {reference}. `dock2sh images` lists those that are here, `dock2sh pull` gets others")
    return image


def each(references: Sequence[str], do: Callable[[str], None]) -> None:
    """Do it for each, go on after an error, and end with status 1 if there was one: as docker does with several names."""
    from dock2sh.images import ImageError, InvalidReference

    failed = False
    for reference in references:
        try:
            do(reference)
        except (ImageError, InvalidReference) as error:
            note(str(error))
            failed = True
    if failed:
        raise SystemExit(REFUSED)


def show(rows: "list[Row]", columns: dict[str, str], format: str) -> None:
    """Rows as a table of `columns` (heading -> key), as a JSON object a line, or by a Go template."""
    from dock2sh.images.govalues import Heading, Line
    from dock2sh.images.listing import heading, table
    from dock2sh.source import visible

    if format == "raw":
        usage("--format raw: write a template, for example --format '{{.Repository}}: {{.ID}}', or json")
    if format in ("", "table"):
        write(table([{key: visible(cell) for key, cell in row.items()} for row in rows], columns), "")
    elif format.startswith("table"):
        template = format.removeprefix("table").strip(" ").replace("\\t", "\t")
        headings = {key: head for head, key in columns.items()}
        heads: list[Row] = [{key: Heading(headings.get(key) or heading(key)) for key in row} for row in rows[:1]]
        cells = [line.split("\t") for line in (filled(template, Line(row)) for row in (*heads, *rows))]
        rows = [{str(column): visible(cell) for column, cell in enumerate(line)} for line in cells[1:]]
        write(table(rows, {head: str(column) for column, head in enumerate(cells[0])}) if cells else "", "")
    elif format == "json":
        from dock2sh.images.gotemplate import go_json

        write("".join(go_json(dict(sorted(row.items()))) + "\n" for row in rows), "")
    else:
        write("".join(filled(format, Line(row)) + "\n" for row in rows), "")


def filled(template: str, value: Any, unreadable: int = REFUSED, end: str = "", instead: Any = None) -> str:
    """The template applied, to `instead` where it cannot be to `value`; one that cannot be ends as docker's does, with status 1
    (or `unreadable`), and `end` where it could be read."""
    from dock2sh.images.gotemplate import TemplateError, Unreadable, render

    try:
        return render(template, value)
    except TemplateError as error:
        if instead is not None and not isinstance(error, Unreadable):
            return filled(template, instead, unreadable, end)
        readable = not isinstance(error, Unreadable)
        write(end if readable else "", "")
        note(f"template parsing error: {error}")
        raise SystemExit(REFUSED if readable else unreadable) from None
