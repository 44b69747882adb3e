"""Findings about labels: their names, and what the configuration asks for."""

import re
from collections.abc import Iterator, Mapping

from dock2sh.findings.rule import Finding
from dock2sh.findings.settings import Settings
from dock2sh.findings.walk import Seen
from dock2sh.model import Configure, Plan

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?\Z"
)
_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z"
)
_LICENCE = re.compile(r"\(?[A-Za-z0-9.+-]+(:[A-Za-z0-9.-]+)?\)?( (AND|OR|WITH) \(?[A-Za-z0-9.+-]+(:[A-Za-z0-9.-]+)?\)?)*\Z")
_RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")
KINDS: Mapping[str, tuple[str, re.Pattern[str], str]] = {
    "text": ("a text that is not empty", re.compile(r".", re.DOTALL), "DL3051"),
    "url": ("a URL", re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/]+\S*\Z"), "DL3052"),
    "rfc3339": ("a time such as 2026-01-31T12:00:00Z", _TIME, "DL3053"),
    "spdx": ("a licence's SPDX identifier", _LICENCE, "DL3054"),
    "hash": ("a git commit's hash", re.compile(r"(?:[0-9a-f]{7}|[0-9a-f]{40}|[0-9a-f]{64})\Z"), "DL3055"),
    "semver": ("a semantic version", _SEMVER, "DL3056"),
    "email": ("an email address", re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z"), "DL3058"),
}
"""What a label may be asked to hold: in words, by form, and hadolint's number."""


def find(plan: Plan, did: list[Seen], settings: Settings) -> Iterator[Finding]:
    labels = [one for one in did if isinstance(one.step, Configure) and one.step.keyword == "LABEL"]
    for one in labels:
        assert isinstance(one.step, Configure)
        for name, value in one.step.pairs:
            yield from _label(one, name, value or "", settings)
    present = plan.config.get("Labels") or {}
    for name in settings.labels:
        if name not in present:
            yield Finding("D2S502", plan.stages[-1].span, (("label", name),), "", ("DL3049",))


def _label(one: Seen, name: str, value: str, settings: Settings) -> Iterator[Finding]:
    span = one.step.span
    if reason := _odd(name):
        yield Finding("D2S501", span, (("label", name), ("reason", reason)), name, ("DL3048",))
    kind = settings.labels.get(name)
    if kind is None:
        if settings.strict_labels:
            yield Finding("D2S503", span, (("label", name),), name, ("DL3050",))
        return
    words, form, also = KINDS[kind]
    if not value:
        yield Finding("D2S504", span, (("label", name), ("kind", KINDS["text"][0]), ("value", "")), name, ("DL3051",))
    elif not form.match(value):
        yield Finding("D2S504", span, (("label", name), ("kind", words), ("value", value)), name, (also,))


def _odd(name: str) -> str:
    if name.startswith(_RESERVED):
        return "docker keeps this beginning for itself"
    if re.search(r"[^a-z0-9._/-]", name):
        return "it has other characters than small letters, digits, `.`, `-`, `_`, `/`"
    if not re.match(r"[a-z](?:.*[a-z0-9])?\Z", name):
        return "it begins or ends with another character"
    return "it has two separators in a row" if ".." in name or "--" in name else ""
