"""Diagnostics as SARIF 2.1.0, for code hosts. A pure function from diagnostics to text.

Beyond the schema it has what GitHub's code scanning asks for: of each rule a short and a full description and a help text, of
each result its rule by number, one place at least and a fingerprint, paths seen from the directory where dock2sh was called (the
repository's root, %SRCROOT%), and an `automationDetails.id` by which runs of several Dockerfiles do not replace one another.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dock2sh import __version__
from dock2sh.checks.fingerprints import fingerprints
from dock2sh.checks.formats import dump
from dock2sh.checks.rules import RULES
from dock2sh.source import Diagnostic, Span, place

REFERENCE = "https://docs.docker.com/reference/dockerfile/"
SHELLCHECK = "https://www.shellcheck.net/wiki/"
CHECKS = "https://docs.docker.com/reference/build-checks/"
_ROOT = "%SRCROOT%"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def as_sarif(
    diagnostics: Sequence[Diagnostic], name: str, text: str, titles: Mapping[str, str] = {}, whys: Mapping[str, str] = {}
) -> str:
    """A SARIF log with one run. The rules are those that were found; columns count characters.

    `titles` say what rules are about that are not BuildKit's, `whys` why they are.
    """
    lines, prints = text.split("\n"), fingerprints(text)
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in diagnostics))
    severity = {diagnostic.code: diagnostic.severity for diagnostic in diagnostics}
    driver = {
        "name": "dock2sh",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, severity[code], titles.get(code, ""), whys.get(code, "")) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        **({} if name.startswith("/") else _seen_from_here(name)),
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code), name, lines, prints) for diagnostic in diagnostics],
    }
    return dump({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _seen_from_here(name: str) -> dict[str, Any]:
    """What relative paths are relative to, and which analysis of the repository this is: that of one Dockerfile."""
    root = {_ROOT: {"description": {"text": "The directory where dock2sh was called: the repository's root."}}}
    return {"automationDetails": {"id": f"dock2sh/{quote(_bytes(name))}/"}, "originalUriBaseIds": root}


def _rule(code: str, severity: str, title: str, why: str) -> dict[str, Any]:
    """A rule of ours has its reason with it, the others a page."""
    rule = RULES.get(code)
    about = rule.about if rule else title or "docker build refuses this Dockerfile"
    page = (rule.url or CHECKS) if rule else f"{SHELLCHECK}{code}" if code.startswith("SC") else REFERENCE
    return {
        "id": code,
        "shortDescription": {"text": about},
        "fullDescription": {"text": why or about},
        "help": {"text": why or f"{about}: {page}"},
        **({} if why else {"helpUri": page}),
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(diagnostic: Diagnostic, index: int, name: str, lines: list[str], prints: list[str]) -> dict[str, Any]:
    """A result stands somewhere: a complaint without a place at the file's first line."""
    message = f"{diagnostic.message}\nhelp: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    region = _region(diagnostic, lines)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": message},
        "locations": [_location(name, region)],
    }
    if region["startLine"] <= len(prints):
        result["partialFingerprints"] = {"primaryLocationLineHash": prints[region["startLine"] - 1]}
    if len(diagnostic.spans) > 1:
        result["relatedLocations"] = [_location(name, _lines(span, len(lines))) for span in diagnostic.spans[1:]]
    return result


def _location(name: str, region: dict[str, int]) -> dict[str, Any]:
    uri = quote(_bytes(name))
    artifact = {"uri": "file://" + uri} if name.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _region(diagnostic: Diagnostic, lines: list[str]) -> dict[str, int]:
    """The text that is pointed at, or all lines of the first span."""
    pointed = place(diagnostic, lines)
    if pointed is None or not (diagnostic.near or diagnostic.at):
        return _lines(diagnostic.spans[0] if diagnostic.spans else Span(1, 1), len(lines))
    return {"startLine": pointed.line, "startColumn": pointed.column, "endColumn": pointed.column + pointed.length}


def _lines(span: Span, last: int) -> dict[str, int]:
    """From 1 on, and none that the file has not."""
    first = min(max(span.first, 1), last)
    return {"startLine": first, "endLine": min(max(span.last, first), last)}
