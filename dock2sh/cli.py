"""The command line: flags to one API call, its answer printed, an exit status. The only module that prints or exits.

`dock2sh FILE` is the main job and the fast one: only the command that is called is put together, and nothing is imported that
it does not need.
"""

import gc

gc.disable()  # a short life needs no collector; before the imports, of which it costs a twentieth, and on 100,000 lines a third

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from dock2sh.source import Diagnostic, Refused, draw

if TYPE_CHECKING:
    from dock2sh.dockerfile.syntax import Dockerfile
    from dock2sh.model import Plan
    from dock2sh.plan.context import Project

OK, REFUSED, USAGE = 0, 1, 2

# ---- options, once -------------------------------------------------------------------------------------------------------

Target = Annotated[str, typer.Argument(metavar="FILE|DIR|-", help="A Dockerfile, a build context, or - for standard input.")]
File = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="The Dockerfile, where DIR is the build context.")]
BuildArgs = Annotated[
    list[str] | None,
    typer.Option("--build-arg", metavar="NAME[=VALUE]", help="A build argument; without VALUE the environment's."),
]
Stage = Annotated[str, typer.Option("--target", metavar="STAGE", help="The stage to build (default: the last).")]
PlatformOption = Annotated[str, typer.Option("--platform", metavar="OS/ARCH", help="The platform to build for.")]
Labels = Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label for the image.")]
Bases = Annotated[
    list[str] | None,
    typer.Option("--base", metavar="NAME=SOURCE", help="A base image: a tar, a directory, an OCI layout, docker-image://REF."),
]
Contexts = Annotated[
    list[str] | None, typer.Option("--build-context", metavar="NAME=SOURCE", help="A named build context, as docker's.")
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", metavar="id=ID,src=FILE", help="Accepted as docker's; the script takes it when it runs, and holds none."
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no engine for base images: assume docker's defaults.")]
Output = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="Write there (only when all went well) instead of to stdout.")
]
Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="How to print it.")]


# ---- commands ------------------------------------------------------------------------------------------------------------


def script(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    build_context: Contexts = None,
    secret: Secrets = None,
    offline: Offline = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Put the files of the context that are needed into the script.")
    ] = False,
    style: Annotated[
        str, typer.Option("--style", metavar="script|manual", help="manual: what one would type in a container.")
    ] = "script",
    output: Output = "",
) -> None:
    """Write the shell script that does what `docker build` does.

    \b
    dock2sh Dockerfile > setup.sh          the context is the Dockerfile's directory
    dock2sh . -o setup.sh                  DIR/Dockerfile, DIR is the context
    dock2sh --bundle . -o setup.sh         one file that needs no context
    dock2sh --style manual Dockerfile      what you would type into `docker run -it IMAGE bash`
    curl -s URL | dock2sh -                from standard input

    Exit status: 0; 1 the Dockerfile is refused; 2 usage.
    """
    _choose("--style", style, ("script", "manual"))
    plan, project, dockerfile = _planned(target, file, build_arg, stage, platform, label, base, build_context, offline, secret)
    with _Complaints(project):
        if style == "manual":
            from dock2sh.emit.manual import manual

            text = manual(plan, project.name, project.text, dockerfile.escape)
        else:
            import dock2sh

            text = dock2sh.script(plan, project, dockerfile.escape, bundle, _destination(output))
    _write(text, output)


def plan(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    build_context: Contexts = None,
    secret: Secrets = None,
    offline: Offline = False,
    format: Format = "text",
    output: Output = "",
) -> None:
    """Print the evaluated plan: stages, steps, the image config.

    \b
    dock2sh plan .                         to read
    dock2sh plan --format json Dockerfile  the documented schema (docs/plan.md)
    """
    _choose("--format", format, ("text", "json"))
    plan, project, _ = _planned(target, file, build_arg, stage, platform, label, base, build_context, offline, secret, format)
    if format == "json":
        from dock2sh.emit.plan_json import plan_object

        _write(_json(plan_object(plan)), output)
    else:
        from dock2sh.emit.plan_text import plan_text

        _write(plan_text(plan, project.name), output)


def parse(target: Target = ".", file: File = "", format: Format = "text", output: Output = "") -> None:
    """Print the syntax tree, as BuildKit's parser has it.

    \b
    dock2sh parse Dockerfile               one instruction a line, as s-expressions
    dock2sh parse --format json Dockerfile
    """
    _choose("--format", format, ("text", "json"))
    _, dockerfile = _parsed(target, file, format)
    if format == "json":
        from dock2sh.emit.syntax_json import syntax_object

        _write(_json(syntax_object(dockerfile)), output)
    else:
        from dock2sh.emit.syntax_json import syntax_text

        _write(syntax_text(dockerfile), output)


def check(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    base: Bases = None,
    build_context: Contexts = None,
    offline: Offline = False,
    format: Format = "text",
    output: Output = "",
) -> None:
    """Say what is wrong with a Dockerfile, and what BuildKit's checks say of it.

    \b
    dock2sh check .
    dock2sh check --format json Dockerfile
    dock2sh check --format sarif -o checks.sarif .

    Exit status: 0 nothing, or warnings only; 1 docker would refuse it; 2 usage.
    """
    _choose("--format", format, ("text", "json", "sarif"))
    from dock2sh.checks import check as all_checks

    project, dockerfile = _parsed(target, file, format)
    options = _options(build_arg, stage, platform, None)
    find = _finder(base, build_context, offline, quiet=True)
    complaints = all_checks(dockerfile, options, find, project.ignore)
    _write(_diagnostics(complaints, project, format), output)
    raise typer.Exit(REFUSED if any(complaint.severity == "error" for complaint in complaints) else OK)


def verify(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    label: Labels = None,
    base: Bases = None,
    secret: Secrets = None,
    shell: Annotated[str, typer.Option("--shell", metavar="dash|bash|busybox", help="The shell that runs the script.")] = "dash",
    against: Annotated[str, typer.Option("--against", metavar="FILE", help="A recorded result instead of a docker build.")] = "",
    format: Format = "text",
    output: Output = "",
) -> None:
    """Build with docker, run the script, and compare the results file by file.

    \b
    dock2sh verify .
    dock2sh verify --format json Dockerfile
    dock2sh verify --shell busybox .

    Needs root and docker. Exit status: 0 identical, or equivalent (the same but for named noise); 1 different; 2 usage;
    3 a side did not build; 4 inconclusive.
    """
    from dock2sh.verify import SHELLS, NoReference
    from dock2sh.verify.report import as_json
    from dock2sh.verify.report import text as as_text

    _choose("--format", format, ("text", "json"))
    _choose("--shell", shell, tuple(SHELLS))
    if os.geteuid() != 0:
        _usage("verify needs root: the script builds a root file system. Try `sudo dock2sh verify ...`.")
    plan, project, dockerfile = _planned(target, file, build_arg, stage, platform, label, base, None, False, secret, format)
    if project.context is None:
        _usage("verify needs a build context, which standard input has not: give a directory or a Dockerfile")
    from dock2sh.proof import Wish, prove

    given = {"--build-arg": build_arg, "--label": label, "--secret": secret}
    typed = [word for flag, values in given.items() for value in values or () for word in (flag, value)]
    typed += [word for flag, value in (("--target", stage), ("--platform", platform)) if value for word in (flag, value)]
    to_script = [
        word for flag, values in (("--secret", secret), ("--base", base)) for value in values or () for word in (flag, value)
    ]
    path = file or (target if Path(target).is_file() else str(project.context / project.name))
    with _Complaints(project, format):
        import dock2sh

        text = dock2sh.script(plan, project, dockerfile.escape)
    try:
        verdict = prove(plan, project, path, text, Wish(typed, to_script, shell), _recorded(against) if against else None)
    except NoReference as error:
        _usage(str(error))
    _write(as_json(verdict) if format == "json" else as_text(verdict, _colour(sys.stdout)), output)
    raise typer.Exit(verdict.status)


def _recorded(path: str) -> Any:
    from dock2sh.verify.record import NotARecord, load

    try:
        return load(Path(path).read_text())
    except NotARecord as error:
        _usage(f"{path}: {error}")


COMMANDS: dict[str, Callable[..., None]] = {"script": script, "plan": plan, "parse": parse, "check": check, "verify": verify}


# ---- from flags to calls -------------------------------------------------------------------------------------------------


def _parsed(target: str, file: str, format: str = "text") -> "tuple[Project, Dockerfile]":
    from dock2sh.dockerfile.lines import parse
    from dock2sh.plan.context import locate

    try:
        project = locate(target, file)
    except Refused as refused:
        _stop(refused.diagnostic, None, USAGE, format)
    try:
        return project, parse(project.text)
    except Refused as refused:
        _stop(refused.diagnostic, project, REFUSED, format)


def _planned(
    target: str,
    file: str,
    build_arg: list[str] | None,
    stage: str,
    platform: str,
    label: list[str] | None,
    base: list[str] | None,
    build_context: list[str] | None,
    offline: bool,
    secret: list[str] | None,
    format: str = "text",
) -> "tuple[Plan, Project, Dockerfile]":
    from dock2sh.plan.evaluate import evaluate

    project, dockerfile = _parsed(target, file, format)
    options = _options(build_arg, stage, platform, label)
    with _Complaints(project, format):
        return evaluate(dockerfile, options, _finder(base, build_context, offline), None, project.ignore), project, dockerfile


def _options(build_arg: list[str] | None, stage: str, platform: str, label: list[str] | None) -> Any:
    from dock2sh.plan.evaluate import Options

    arguments = _pairs("--build-arg", build_arg, from_environment=True)
    return Options(arguments, stage, platform, _pairs("--label", label, bare=True))


def _pairs(flag: str, values: list[str] | None, from_environment: bool = False, bare: bool = False) -> dict[str, str]:
    """NAME=VALUE arguments. Docker takes a --build-arg without VALUE from the environment, a --label without one as empty."""
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not name or not (equals or from_environment or bare):
            _usage(f"{flag} {text}: write NAME=VALUE")
        if equals or bare:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def _finder(base: list[str] | None, build_context: list[str] | None, offline: bool, quiet: bool = False) -> Any:
    from dock2sh.bases import finder

    sources = _pairs("--base", base) | _pairs("--build-context", build_context)
    return finder(sources, offline, (lambda text: None) if quiet else _note)


def _choose(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        _usage(f"{flag} {value}: one of {', '.join(choices)}")


# ---- printing and ending -------------------------------------------------------------------------------------------------


class _Complaints:
    """Turns a Refused into a drawn diagnostic and exit status 1."""

    def __init__(self, project: "Project", format: str = "text") -> None:
        self.project, self.format = project, format

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Refused):
            _stop(error.diagnostic, self.project, REFUSED, self.format)


def _stop(diagnostic: Diagnostic, project: "Project | None", status: int, format: str) -> NoReturn:
    """Say what is wrong, on stderr (as JSON on stdout where JSON was asked for), and end."""
    name, text = (project.name, project.text) if project else ("dock2sh", "")
    print(draw(diagnostic, name, text, _colour(sys.stderr)), file=sys.stderr)
    if format in ("json", "sarif") and project:
        _write(_diagnostics((diagnostic,), project, format), "")
    raise SystemExit(status)


def _diagnostics(complaints: "tuple[Diagnostic, ...]", project: "Project", format: str) -> str:
    if format == "text":
        drawn = [draw(complaint, project.name, project.text, _colour(sys.stdout)) for complaint in complaints]
        return "\n\n".join(drawn) + "\n" if drawn else ""
    from dock2sh.checks.formats import as_json, as_sarif

    return (as_json if format == "json" else as_sarif)(list(complaints), project.name, project.text)


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"


def _colour(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _note(text: str) -> None:
    print(f"dock2sh: {text}", file=sys.stderr)


def _usage(text: str) -> NoReturn:
    print(f"dock2sh: {text}\nTry `dock2sh --help`.", file=sys.stderr)
    raise SystemExit(USAGE)


def _destination(output: str) -> str:
    """The real path of the file that the output goes to; empty for a pipe or a terminal (stdout may be redirected to a file)."""
    try:
        return os.path.realpath(output) if output else os.readlink("/proc/self/fd/1")
    except OSError:
        return ""


def _write(text: str, output: str) -> None:
    """To stdout, or to a file that is there whole or not at all."""
    data = text.encode("utf-8", "surrogateescape")
    if not output or output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file():  # a device, a pipe: nothing to replace
            path.write_bytes(data)
            return
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, output) from None
    finally:
        temporary.unlink(missing_ok=True)


# ---- entry ---------------------------------------------------------------------------------------------------------------


def main() -> NoReturn:
    """The entry point. Exit status 1 for a full disk or a reader that went away, 130 for Ctrl-C; never a traceback."""
    status = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or REFUSED
    # the process ends here: Python's taking apart of all that was imported would be a tenth of the whole time
    os._exit(status)


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
    app.command(name)(COMMANDS[name])
    if first in COMMANDS:
        sys.argv[:2] = [f"{sys.argv[0]} {first}"]
    return app


_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _whole() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS)
    for name, command in COMMANDS.items():
        app.command(name)(command)

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
