"""`dock2sh check`: what is wrong with a Dockerfile."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dock2sh.cli.calls import choose, evaluation_options, finder, parsed
from dock2sh.cli.flags import Bases, BuildArgs, Contexts, File, Format, Offline, Output, PlatformOption, Stage, Target
from dock2sh.cli.say import OK, REFUSED, Complaints, drawn, note, usage, write
from dock2sh.source import Diagnostic, Refused

if TYPE_CHECKING:
    from dock2sh.dockerfile.syntax import Dockerfile
    from dock2sh.findings import Settings
    from dock2sh.plan.context import Project

_LEVELS = ("error", "warning", "info")


def check(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    base: Bases = None,
    build_context: Contexts = None,
    offline: Offline = False,
    level: Annotated[str, typer.Option("--level", metavar="error|warning|info", help="How bad it must be.")] = "warning",
    host: Annotated[bool, typer.Option("--host", help="Also what matters on a machine that is no container.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Show a diff of the cures that leave no choice.")] = False,
    in_place: Annotated[bool, typer.Option("--in-place", help="With --fix: change the file.")] = False,
    format: Format = "text",
    output: Output = "",
) -> None:
    """Say what is wrong with a Dockerfile: what docker refuses, BuildKit's checks, and more.

    \b
    dock2sh check .
    dock2sh check --level info .                        notes, too; shellcheck's where it is installed
    dock2sh check --host Dockerfile                     before its script runs on a machine
    dock2sh check --fix Dockerfile                      a diff; --in-place makes the change
    dock2sh check --format sarif -o checks.sarif .      also json, github
    dock2sh explain --code D2S104                       what a finding means

    A comment above an instruction silences a finding: # dock2sh ignore=D2S104, # hadolint ignore=DL3008, # check=skip=NAME.

    Exit status: 0 nothing, or warnings only; 1 docker would refuse it, or its build would fail; 2 usage.
    """
    choose("--format", format, ("text", "json", "sarif", "github"))
    choose("--level", level, _LEVELS)
    from dock2sh.checks import check as all_checks

    project, dockerfile = parsed(target, file, format)
    options = evaluation_options(build_arg, stage, platform, None, build_context=build_context)
    find = finder(base, build_context, offline, quiet=True)
    complaints = all_checks(dockerfile, options, find, project.ignore)
    with Complaints(project, format):
        from dock2sh.findings.settings import configured
        from dock2sh.findings.silence import spoken

        settings = configured(project.context)
        if settings.told:
            note(settings.told)
        theirs = spoken(complaints, dockerfile, settings)
        complaints = merged(theirs, ours(settings, dockerfile, options, find, host, level == "info"))
    if fix:
        _fix(project, file or target, complaints, in_place, output)
        return
    shown = tuple(each for each in complaints if _LEVELS.index(each.severity) <= _LEVELS.index(level))
    write(drawn(shown, project, format), output, project)
    raise typer.Exit(REFUSED if any(complaint.severity == "error" for complaint in complaints) else OK)


def ours(
    settings: "Settings", dockerfile: "Dockerfile", options: Any, find: Any, host: bool = False, shellcheck: bool = False
) -> tuple[Diagnostic, ...]:
    """Our findings; none where docker refuses the file, which is complaint enough."""
    import dock2sh
    from dock2sh.findings import find as found

    try:
        plan = dock2sh.evaluate(dockerfile, options, find)
    except Refused:
        return ()
    return tuple(each.diagnostic() for each in found(plan, dockerfile, settings, host, shellcheck))


def merged(theirs: tuple[Diagnostic, ...], ours: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """All in the order of the file, the refusal last."""
    warnings = [each for each in theirs if each.severity != "error"]
    refusal = [each for each in theirs if each.severity == "error"]
    return (*sorted([*warnings, *ours], key=lambda each: each.spans[:1]), *refusal)


def _fix(project: "Project", path: str, complaints: tuple[Diagnostic, ...], in_place: bool, output: str) -> None:
    """The diff on stdout; with --in-place the file changed."""
    from dock2sh.findings.fixes import diff, fixed

    text, cured = fixed(project.text, complaints)
    note(f"{len(cured)} of {len(complaints)} findings have a cure that leaves no choice" if cured else "nothing to cure here")
    write(diff(project.text, text, project.name), output, project)
    if in_place and cured:
        place = Path(path) if Path(path).is_file() else project.context and project.context / project.name
        if not place:
            usage("--in-place: there is no file to change, the Dockerfile comes from standard input")
        write(text, str(place))
