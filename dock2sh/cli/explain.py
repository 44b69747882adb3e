"""`dock2sh explain`: what a Dockerfile does, for one who learns and one who must decide."""

import re
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dock2sh.cli.calls import choose, evaluation_options, finder, parsed
from dock2sh.cli.flags import Bases, BuildArgs, Contexts, File, Format, Offline, Output, PlatformOption, Secrets, Stage, Target
from dock2sh.cli.say import REFUSED, Complaints, colour, json_text, note, usage, write
from dock2sh.cli.store import Bootstrap, Insecure, Mirrors, NoPull, base_wish

Agents = Annotated[list[str] | None, typer.Option("--ssh", metavar="default[=SOCKET]", help="An agent for RUN --mount=type=ssh.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Run every step.")]

if TYPE_CHECKING:
    from dock2sh.explain.tree import Explanation


def explain(
    target: Target = ".",
    file: File = "",
    build_arg: BuildArgs = None,
    stage: Stage = "",
    platform: PlatformOption = "",
    base: Bases = None,
    build_context: Contexts = None,
    offline: Offline = False,
    format: Format = "text",
    graph: Annotated[str, typer.Option("--graph", metavar="dot|mermaid|svg", help="Only the picture, in this form.")] = "",
    line: Annotated[str, typer.Option("--line", metavar="N[:M]", help="Only the instructions on these lines.")] = "",
    lang: Annotated[str, typer.Option("--lang", metavar="LANGUAGE", help="The language to explain in.")] = "en",
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="What a finding means: D2S104, DL3008.")] = "",
    measured: Annotated[bool, typer.Option("--measured", help="Build it in the emulator, and say what each step did.")] = False,
    secret: Secrets = None,
    ssh: Agents = None,
    no_cache: NoCache = False,
    no_pull: NoPull = False,
    bootstrap: Bootstrap = False,
    insecure: Insecure = None,
    mirror: Mirrors = None,
    width: Annotated[int, typer.Option("--width", metavar="N", help="Columns of the text (default: the terminal's).")] = 0,
    output: Output = "",
) -> None:
    """Say what a Dockerfile does: line by line, each RUN taken apart, how a container starts, what is left in the image.

    \b
    dock2sh explain .
    dock2sh explain --format html -o page.html Dockerfile    one file, to open in a browser
    dock2sh explain --format md Dockerfile                   for a pull request
    dock2sh explain --line 12 Dockerfile                     that instruction alone
    dock2sh explain --code D2S104                            what a finding means, and its cure
    dock2sh explain --graph svg -o picture.svg .             stages, images, what is copied
    dock2sh explain --measured .                             files, sizes, packages and seconds of each step

    Nothing is built, run or downloaded, but with --measured, which does what `dock2sh emulate` does; --secret, --ssh, --no-cache,
    --no-pull, --bootstrap, --insecure and --mirror belong to that. A step that fails is shown where it stands.

    Formats: text, md, html, json (docs/explain.md). Exit status: 0; 1 the Dockerfile is refused, or a step failed; 2 usage;
    3 with --measured something is missing here.
    """
    from dock2sh.explain.language import languages, speak

    choose("--format", format, ("text", "md", "html", "json"))
    choose("--graph", graph, ("", "dot", "mermaid", "svg"))
    choose("--lang", lang, tuple(languages()))
    only = _lines(line)
    speak(lang)
    if code:
        write(_about(code), output)
        return
    project, dockerfile = parsed(target, file, format)
    options = evaluation_options(build_arg, stage, platform, None, build_context=build_context)
    build = None
    if measured:
        from dock2sh.cli.measure import Build

        options = options._replace(allowed=())  # who does not know yet what a step does gives it no rights
        build = Build(base, build_context, secret, ssh, no_cache, base_wish(False, no_pull, bootstrap, insecure, mirror))
    find = build.bases.find if build else _bases(base, build_context, offline)
    with Complaints(project, format):
        import dock2sh
        from dock2sh.explain import explain as explained
        from dock2sh.explain import opening

        plan = dock2sh.evaluate(dockerfile, options, find)
        begun = format == "text" and not graph and not output and not only
        if begun:
            print(opening(plan, dockerfile, project.name), flush=True)
        from dock2sh.checks import check
        from dock2sh.findings import find as find_more
        from dock2sh.findings.settings import configured
        from dock2sh.findings.silence import spoken
        from dock2sh.plan.context import glimpse

        settings = configured(project.context)
        if settings.told:
            note(settings.told)
        checked = spoken(check(dockerfile, options, find, project.ignore), dockerfile, settings)
        found = find_more(plan, dockerfile, settings)
        seen = build.measured(plan, project, dockerfile.escape) if build else None
        tree = glimpse(project, plan.sources())
        explanation = explained(plan, dockerfile, project.name, options.build_args, checked, found, seen, tree)
        title = "" if begun or only else opening(plan, dockerfile, project.name) + "\n"
    write(_written(explanation, format, graph, lang, (width, only, title, output)), output, project)
    if seen and any(step.failed for step in seen.steps):
        raise typer.Exit(REFUSED)


def _bases(base: list[str] | None, build_context: list[str] | None, offline: bool) -> Any:
    """Answers for base images. What nobody was asked for stays unknown: what a script may assume, an explanation must not say."""
    if offline and not base and not build_context:
        from dock2sh.bases import unknown

        return unknown
    return finder(base, build_context, offline, quiet=True)


def _about(code: str) -> str:
    """The page of a rule."""
    from dock2sh.explain.remarks import about

    page = about(code)
    if not page:
        usage(f"--code {code}: there is no such finding")
    return page


def _lines(text: str) -> tuple[int, int] | None:
    """`N` or `N:M`, counted from 1."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+)(?:[:-](\d+))?", text)
    if not match or int(match[2] or match[1]) < int(match[1]):
        usage(f"--line {text}: write N or N:M")
    return int(match[1]), int(match[2] or match[1])


def _written(explanation: "Explanation", format: str, graph: str, language: str, text: Any) -> str:
    """The explanation, or its picture, in the form that is asked for."""
    if graph:
        from dock2sh.explain import drawing

        drawn: str = getattr(drawing, graph)(explanation.graph)
        return drawn
    if format == "html":
        from dock2sh.explain.page import page

        return page(explanation, language)
    if format == "md":
        from dock2sh.explain.markdown import markdown

        return markdown(explanation)
    if format == "json":
        from dock2sh.explain.as_json import explanation_object

        return json_text(explanation_object(explanation))
    return _text(explanation, *text)


def _text(explanation: "Explanation", width: int, only: tuple[int, int] | None, title: str, output: str) -> str:
    from dock2sh.explain.terminal import Style, lines

    coloured = not output and colour(sys.stdout)
    style = Style(width or shutil.get_terminal_size((80, 24)).columns, coloured)
    text = "\n".join(lines(explanation, style, only)).rstrip("\n") + "\n"
    if only and not text.strip():
        usage(f"--line {only[0]}: there is no instruction on that line")
    return title + text
