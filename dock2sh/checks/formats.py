"""Diagnostics for programs: JSON, and SARIF 2.1.0 for code hosts. Pure functions from diagnostics to text.

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
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dock2sh import __version__
from dock2sh.checks.rules import RULES
from dock2sh.source import Diagnostic, Span, place

REFERENCE = "https://docs.docker.com/reference/dockerfile/"
SHELLCHECK = "https://www.shellcheck.net/wiki/"
CHECKS = "https://docs.docker.com/reference/build-checks/"


def as_json(diagnostics: Sequence[Diagnostic], name: str, text: str) -> str:
    """A JSON list, one object a diagnostic."""
    lines = text.split("\n")
    return _dump([_object(diagnostic, name, lines) for diagnostic in diagnostics])


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


def as_sarif(
    diagnostics: Sequence[Diagnostic], name: str, text: str, titles: Mapping[str, str] = {}, whys: Mapping[str, str] = {}
) -> str:
    """A SARIF log with one run. The rules are those that were found; columns count characters.

    `titles` say what rules are about that are not BuildKit's, `whys` why they are.
    """
    lines = text.split("\n")
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in diagnostics))
    severity = {diagnostic.code: diagnostic.severity for diagnostic in diagnostics}
    driver = {
        "name": "dock2sh",
        "version": __version__,
        "rules": [_rule(code, severity[code], titles.get(code, ""), whys.get(code, "")) for code in codes],
    }
    results = [_result(diagnostic, codes.index(diagnostic.code), name, lines) for diagnostic in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _dump({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _rule(code: str, severity: str, title: str, why: str) -> dict[str, Any]:
    """A rule of ours has its reason with it, the others a page."""
    rule = RULES.get(code)
    about = rule.about if rule else title or "docker build refuses this Dockerfile"
    page = (rule.url or CHECKS) if rule else f"{SHELLCHECK}{code}" if code.startswith("SC") else REFERENCE
    return {
        "id": code,
        "shortDescription": {"text": about},
        **({"help": {"text": why}} if why else {"helpUri": page}),
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(diagnostic: Diagnostic, index: int, name: str, lines: list[str]) -> dict[str, Any]:
    """A result stands somewhere: a complaint without a place at the file's first line."""
    message = f"{diagnostic.message}\nhelp: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": message},
        "locations": [_location(name, _region(diagnostic, lines))],
    }
    if len(diagnostic.spans) > 1:
        result["relatedLocations"] = [_location(name, _lines(span)) for span in diagnostic.spans[1:]]
    return result


def _location(name: str, region: dict[str, int]) -> dict[str, Any]:
    uri = quote(name.encode("utf-8", "surrogateescape"))
    uri = "file://" + uri if name.startswith("/") else uri
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _region(diagnostic: Diagnostic, lines: list[str]) -> dict[str, int]:
    """The text that is pointed at, or all lines of the first span."""
    pointed = place(diagnostic, lines)
    if pointed is None or not diagnostic.near:
        return _lines(diagnostic.spans[0] if diagnostic.spans else Span(1, 1))
    return {"startLine": pointed.line, "startColumn": pointed.column, "endColumn": pointed.column + pointed.length}


def _lines(span: Span) -> dict[str, int]:
    return {"startLine": max(span.first, 1), "endLine": max(span.last, span.first, 1)}


_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


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


def _dump(value: object) -> str:
    """JSON text; bytes that were no UTF-8 become U+FFFD, for a lone surrogate is not JSON that every reader takes."""
    return re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
