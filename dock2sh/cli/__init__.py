"""The command line: flags to one API call, its answer printed, an exit status. The only package that prints or exits.

`dock2sh FILE` is the main job and the fast one: only the command that is called is put together, and nothing is imported that
it does not need. A command is a module here with a function of its name; flags.py has what several take, calls.py leads from
flags to API calls, say.py prints and ends.
"""

import gc

gc.disable()  # a short life needs no collector; before the imports, of which it costs a twentieth, and on 100,000 lines a third

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from dock2sh.cli.say import OK, REFUSED
from dock2sh.cli.words import Command

COMMANDS = (
    "script",
    "explain",
    "plan",
    "parse",
    "check",
    "emulate",
    "lock",
    "run",
    "verify",
    "provision",
    "replay",
    "images",
    "history",
    "inspect",
    "diff",
    "tag",
    "rmi",
    "rm",
    "prune",
    "save",
    "load",
    "pull",
    "push",
)


def command(name: str) -> Callable[..., None]:
    """The function of a command, from the module of its name."""
    function: Callable[..., None] = getattr(import_module(f"dock2sh.cli.{name}"), name)
    return function


def main() -> NoReturn:
    """The entry point. Exit status 1 for a full disk or a reader that went away, 130 for Ctrl-C; never a traceback."""
    _open_streams()
    status = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or REFUSED
    # the process ends here: Python's taking apart of all that was imported would be a tenth of the whole time
    os._exit(status)


def _open_streams() -> None:
    """Python has None for a stream that the caller closed. Talk goes nowhere then, and what is to be printed is an error."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")  # a write fails: bad file descriptor
    if isinstance(sys.stdout, io.TextIOWrapper):  # the locale may lack a character; what is written whole is UTF-8, too
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def _run() -> int:
    """The command's exit status."""
    try:
        _application(sys.argv[1:])()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # the reader has enough; what is still in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"dock2sh: {where}{error.strerror}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130
    return OK


def _application(arguments: list[str]) -> typer.Typer:
    """The app for these arguments: one command where it is known which, all of them for --help and completion."""
    first = arguments[0] if arguments else ""
    everything = first in ("", "--help", "-h", "--version", "--install-completion", "--show-completion")
    if everything or any(name.endswith("_COMPLETE") for name in os.environ):
        return _whole()
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_SETTINGS)
    name = first if first in COMMANDS else "script"
    _add(app, name)
    if first in COMMANDS:
        sys.argv[:2] = [f"{sys.argv[0]} {first}"]
    return app


def _add(app: typer.Typer, name: str) -> None:
    """A command; its function may have `settings` of its own for its line, and be of a `kind` of its own."""
    function = command(name)
    settings = {**_SETTINGS, **getattr(function, "settings", {})}
    app.command(name, cls=getattr(function, "kind", Command), context_settings=settings)(function)


_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _whole() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS)
    for name in COMMANDS:
        _add(app, name)

    @app.callback()
    def about(
        version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
    ) -> None:
        """What `docker build` does with a Dockerfile, as a shell script that can be trusted.

        \b
        dock2sh Dockerfile > setup.sh      the same as `dock2sh script Dockerfile`
        """

    return app


def _version(wanted: bool) -> None:
    if wanted:
        from dock2sh import __version__

        print(f"dock2sh {__version__}")
        raise typer.Exit()
