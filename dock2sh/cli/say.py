"""Printing and ending: stdout for data, stderr for talk, an exit status. Nothing else in dock2sh prints."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dock2sh.source import WIDE, Diagnostic, Refused, draw

if TYPE_CHECKING:
    from dock2sh.plan.context import Project

OK, REFUSED, USAGE, UNABLE = 0, 1, 2, 3


class Complaints:
    """Turns a Refused into a drawn diagnostic and exit status 1; 3 for an image that cannot be had."""

    def __init__(self, project: "Project", format: str = "text") -> None:
        self.project, self.format = project, format

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Refused):
            status = UNABLE if error.diagnostic.code == "image-missing" else REFUSED
            stop(error.diagnostic, self.project, status, self.format)


def stop(diagnostic: Diagnostic, project: "Project | None", status: int, format: str) -> NoReturn:
    """Say what is wrong, on stderr (as JSON on stdout where JSON was asked for), and end."""
    name, text = (project.name, project.text) if project else ("dock2sh", "")
    print(draw(diagnostic, name, text, colour(sys.stderr)), file=sys.stderr)
    if format in ("json", "sarif", "github") and project:
        write(drawn((diagnostic,), project, format), "")
    raise SystemExit(status)


def drawn(complaints: "tuple[Diagnostic, ...]", project: "Project", format: str) -> str:
    if format == "text":
        width = shutil.get_terminal_size((WIDE, 24)).columns if sys.stdout.isatty() else WIDE
        drawn = [draw(complaint, project.name, project.text, colour(sys.stdout), width) for complaint in complaints]
        return "\n\n".join(drawn) + "\n" if drawn else ""
    from dock2sh.checks.formats import as_github, as_json

    if format == "sarif":
        from dock2sh.checks.sarif import as_sarif
        from dock2sh.findings import rules

        titles = {code: rule.title for code, rule in rules().items()}
        titles |= {each.code: "what shellcheck says" for each in complaints if each.code.startswith("SC")}
        whys = {code: rule.why for code, rule in rules().items()}
        return as_sarif(list(complaints), _path(project), project.text, titles, whys)
    writer = {"json": as_json, "github": as_github}[format]
    return writer(list(complaints), _path(project), project.text)


def _path(project: "Project") -> str:
    """Where programs find the Dockerfile: seen from the current directory if it is below it."""
    if project.path is None:
        return project.name
    here = Path.cwd()
    return str(project.path.relative_to(here) if project.path.is_relative_to(here) else project.path)


def json_text(value: object) -> str:
    import json

    from dock2sh.dockerfile.gotext import mended

    text = json.dumps(value, indent=2)
    if "\\udc" in text:  # maybe bytes that are no UTF-8, which JSON cannot hold
        text = json.dumps(json.loads(mended(json.dumps(value, ensure_ascii=False))), indent=2)
    return text + "\n"


def colour(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def note(text: str) -> None:
    print(f"dock2sh: {text}", file=sys.stderr)


def end_in_order() -> None:
    """From here on being told to end (SIGTERM, SIGHUP) is as Ctrl-C: what was begun is taken back. nohup is heeded."""
    import signal

    def end(kind: int, frame: object) -> NoReturn:
        raise SystemExit(128 + kind)

    for kind in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(kind) is not signal.SIG_IGN:
            signal.signal(kind, end)


def note_lines(*lines: str) -> None:
    """Talk that stands for itself."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def usage(text: str) -> NoReturn:
    print(f"dock2sh: {text}\nTry `dock2sh --help`.", file=sys.stderr)
    raise SystemExit(USAGE)


def destination(output: str) -> str:
    """The real path of the file that the output goes to; empty for a pipe or a terminal (stdout may be redirected to a file)."""
    try:
        return os.path.realpath(output) if output else os.readlink("/proc/self/fd/1")
    except OSError:
        return ""


def write(text: str, output: str, project: "Project | None" = None) -> None:
    """To stdout, or to a file that is there whole or not at all; never to the Dockerfile of `project` that it was made from."""
    data = text.encode("utf-8", "surrogateescape")
    if not output or output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if project and project.path and path.exists() and path.samefile(project.path):
        usage(f"-o {output}: this is the Dockerfile that is read; it stays as it is")
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
