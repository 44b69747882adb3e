"""`dock2sh verify`: docker builds it, the script builds it, the results are compared."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dock2sh.cli.calls import choose, planned
from dock2sh.cli.flags import Bases, BuildArgs, File, Format, Labels, Output, PlatformOption, Secrets, Stage, Target
from dock2sh.cli.say import Complaints, colour, usage, write


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

    choose("--format", format, ("text", "json"))
    choose("--shell", shell, tuple(SHELLS))
    if os.geteuid() != 0:
        usage("verify needs root: the script builds a root file system. Try `sudo dock2sh verify ...`.")
    plan, project, dockerfile = planned(target, file, build_arg, stage, platform, label, base, None, False, secret, format)
    if project.context is None:
        usage("verify needs a build context, which standard input has not: give a directory or a Dockerfile")
    from dock2sh.proof import Wish, prove

    given = {"--build-arg": build_arg, "--label": label, "--secret": secret}
    typed = [word for flag, values in given.items() for value in values or () for word in (flag, value)]
    typed += [word for flag, value in (("--target", stage), ("--platform", platform)) if value for word in (flag, value)]
    to_script = [
        word for flag, values in (("--secret", secret), ("--base", base)) for value in values or () for word in (flag, value)
    ]
    path = file or (target if Path(target).is_file() else str(project.context / project.name))
    with Complaints(project, format):
        import dock2sh

        text = dock2sh.script(plan, project, dockerfile.escape)
    try:
        verdict = prove(plan, project, path, text, Wish(typed, to_script, shell), _recorded(against) if against else None)
    except NoReference as error:
        usage(str(error))
    write(as_json(verdict) if format == "json" else as_text(verdict, colour(sys.stdout)), output)
    raise typer.Exit(verdict.status)


def _recorded(path: str) -> Any:
    from dock2sh.verify.record import NotARecord, load

    try:
        return load(Path(path).read_text())
    except NotARecord as error:
        usage(f"{path}: {error}")
