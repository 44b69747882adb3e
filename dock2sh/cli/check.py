"""`dock2sh check`: what is wrong with a Dockerfile."""

import typer

from dock2sh.cli.calls import choose, evaluation_options, finder, parsed
from dock2sh.cli.flags import Bases, BuildArgs, Contexts, File, Format, Offline, Output, PlatformOption, Stage, Target
from dock2sh.cli.say import OK, REFUSED, drawn, write


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
    choose("--format", format, ("text", "json", "sarif"))
    from dock2sh.checks import check as all_checks

    project, dockerfile = parsed(target, file, format)
    options = evaluation_options(build_arg, stage, platform, None)
    find = finder(base, build_context, offline, quiet=True)
    complaints = all_checks(dockerfile, options, find, project.ignore)
    write(drawn(complaints, project, format), output)
    raise typer.Exit(REFUSED if any(complaint.severity == "error" for complaint in complaints) else OK)
