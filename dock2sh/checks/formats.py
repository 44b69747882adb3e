"""Diagnostics for programs: JSON, and GitHub's annotations; sarif.py is beside it. Pure functions from diagnostics to text.

The JSON is a list of objects that all have the same keys, in this order; none will be renamed or change its meaning:

    code      the name of a rule of BuildKit (`StageNameCasing`), ours (`D2S101`), or our word for an error (`unknown-flag`)
    severity  "error": docker refuses the Dockerfile, or its build fails; "warning"; "info": a note
    message   one line, in BuildKit's words
    file      the Dockerfile's path, seen from the current directory if it is below it
    lines     [[first, last], …], counted from 1; empty where the complaint has no place
    line      the line to point at, or null
    column    the character in that line, counted from 1, or null
    hint      the cure; may be empty
    url       where the rule is documented; may be empty
    also      the names that other tools have for it, a list
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from dock2sh.source import Diagnostic, Span, place


def as_json(diagnostics: Sequence[Diagnostic], name: str, text: str) -> str:
    """A JSON list, one object a diagnostic."""
    lines = text.split("\n")
    return dump([_object(diagnostic, name, lines) for diagnostic in diagnostics])


def _object(diagnostic: Diagnostic, name: str, lines: list[str]) -> dict[str, Any]:
    pointed = place(diagnostic, lines)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": name,
        "lines": [[max(span.first, 1), max(span.last, 1)] for span in diagnostic.spans],
        "line": pointed.line if pointed else None,
        "column": pointed.column if pointed else None,
        "hint": diagnostic.hint,
        "url": diagnostic.url,
        "also": list(diagnostic.also),
    }


def as_github(diagnostics: Sequence[Diagnostic], name: str, text: str) -> str:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    lines, out = text.split("\n"), list[str]()
    for diagnostic in diagnostics:
        pointed, span = place(diagnostic, lines), diagnostic.spans[0] if diagnostic.spans else Span(1, 1)
        span = Span(diagnostic.at.line, diagnostic.at.line) if diagnostic.at else span
        where = f"file={_property(name)},line={max(span.first, 1)},endLine={max(span.last, span.first, 1)}"
        where += f",col={pointed.column}" if pointed and pointed.line == span.first else ""
        message = f"{diagnostic.message}\nhelp: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
        title = _property(", ".join((diagnostic.code, *diagnostic.also)))
        level = "notice" if diagnostic.severity == "info" else diagnostic.severity
        out.append(f"::{level} {where},title={title}::{_data(message)}")
    return "".join(f"{line}\n" for line in out)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def dump(value: object) -> str:
    """JSON text; bytes that were no UTF-8 become U+FFFD, for a lone surrogate is not JSON that every reader takes."""
    return re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
