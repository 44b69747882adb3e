"""`dock2sh verify --all`: many Dockerfiles, one table or page."""

import os
from typing import TYPE_CHECKING, Any

import typer

from dock2sh.cli.say import json_text, note, usage, write

if TYPE_CHECKING:
    from dock2sh.verify.farm import Farm


def all_of(farm: "Farm", format: str, output: str) -> None:
    """Every Dockerfile below a directory; ends the process."""
    from dock2sh.verify import farm as many

    if not os.path.isdir(farm.folder):
        usage(f"--all {farm.folder}: there is no such directory")

    def tell(row: "dict[str, Any]") -> None:
        note(f"{row['verdict']:12} {row['name']} ({row['seconds']:.1f} s)")

    try:
        rows = many.run(farm, tell)
    except ImportError:
        usage("--scheduler needs Dask, here and on the workers: pip install distributed")
    except (TimeoutError, ConnectionError) as error:
        usage(f"--scheduler {farm.scheduler}: {error}")
    if format == "text":
        write(many.table(rows), output)
    elif format == "html":
        from dock2sh.verify.page import index

        write(index(rows, os.path.basename(os.path.abspath(farm.folder))), output)
    elif format == "junit":
        from dock2sh.verify import Verdict
        from dock2sh.verify.junit import junit

        answers = [Verdict(row["verdict"], files=row["files"], notes=(row["text"],), name=row["name"]) for row in rows]
        write(junit(answers), output)
    else:
        write(json_text(rows), output)
    raise typer.Exit(many.status(rows))
