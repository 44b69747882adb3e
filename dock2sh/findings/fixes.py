"""Cures that leave no choice, as edits of the file's lines. What is not plain text on one line is left to a person."""

import re
from collections.abc import Callable
from difflib import unified_diff

from dock2sh.source import Diagnostic

Fix = Callable[[str, Diagnostic], "str | None"]


def fixed(text: str, found: tuple[Diagnostic, ...]) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text with all safe cures, and the findings that they cure. Lines stay lines, so that places stay true."""
    lines, cured = text.split("\n"), list[Diagnostic]()
    for diagnostic in found:
        fix = FIXES.get(diagnostic.code)
        span = diagnostic.spans[0] if diagnostic.spans else None
        if fix is None or span is None:
            continue
        for number in range(span.first - 1, min(span.last, len(lines))):
            changed = fix(lines[number], diagnostic)
            if changed is not None and changed != lines[number]:
                lines[number] = changed
                cured.append(diagnostic)
                break
    return "\n".join(lines), tuple(cured)


def diff(before: str, after: str, name: str) -> str:
    """A unified diff, as `patch` takes it."""
    return "".join(unified_diff(before.splitlines(True), after.splitlines(True), f"a/{name}", f"b/{name}"))


def _answer(line: str, diagnostic: Diagnostic) -> str | None:
    """D2S111: the option behind the subcommand that asks."""
    option = re.search(r"`(.+) (-\S+)`", diagnostic.hint)
    if option is None or line.lstrip().startswith("#"):
        return None
    tool, _, verb = option[1].partition(" ")
    pattern = rf"(\b{re.escape(tool)}\b(?:\s+-\S+)*\s+{re.escape(verb)})(?=\s|$)" if verb else rf"(\b{re.escape(tool)})(?=\s)"
    for match in re.finditer(pattern, line):
        rest = re.split(r"&&|\|\||;|\|", line[match.end() :])[0]
        if not re.search(r"(?:^|\s)(?:-[a-zA-Z]*y|--yes|--assume-yes)", match[0] + rest):
            return f"{line[: match.end()]} {option[2]}{line[match.end() :]}"
    return None


def _apt_get(line: str, diagnostic: Diagnostic) -> str | None:
    """D2S112: apt-get has these subcommands, too."""
    verbs = "install|update|upgrade|full-upgrade|remove|purge|autoremove|clean"
    return re.sub(rf"(?<![\w/.-])apt(?=(?:\s+-\S+)*\s+(?:{verbs})\b)", "apt-get", line)


def _maintainer(line: str, diagnostic: Diagnostic) -> str | None:
    match = re.fullmatch(r"(?i)\s*MAINTAINER\s+(.*?)\s*", line)
    if match is None or any(char in match[1] for char in '"\\$`'):
        return None
    keyword = "LABEL" if "MAINTAINER" in line else "label"
    return f'{keyword} org.opencontainers.image.authors="{match[1]}"'


def _legacy(line: str, diagnostic: Diagnostic) -> str | None:
    match = re.fullmatch(r"(?i)(\s*(?:ENV|LABEL)\s+)([\w.-]+)\s+(\S(?:.*\S)?)\s*", line)
    if match is None or "=" in match[2] or match[3].endswith("\\") or any(char in match[3] for char in "\"'\\"):
        return None
    value = match[3] if re.fullmatch(r"[^\s]+", match[3]) else f'"{match[3]}"'
    return f"{match[1]}{match[2]}={value}"


def _as_casing(line: str, diagnostic: Diagnostic) -> str | None:
    match = re.match(r"(\s*)(from)(\s.*\s)(as)(\s+\S+\s*)$", line, re.IGNORECASE)
    if match is None:
        return None
    word = "AS" if match[2].isupper() else "as" if match[2].islower() else match[4]
    return f"{match[1]}{match[2]}{match[3]}{word}{match[5]}"


def _protocol(line: str, diagnostic: Diagnostic) -> str | None:
    return re.sub(r"(?<=\d)/(TCP|UDP|SCTP)\b", lambda match: match[0].lower(), line, flags=re.IGNORECASE)


FIXES: dict[str, Fix] = {
    "D2S111": _answer,
    "D2S112": _apt_get,
    "MaintainerDeprecated": _maintainer,
    "LegacyKeyValueFormat": _legacy,
    "FromAsCasing": _as_casing,
    "ExposeProtoCasing": _protocol,
}
"""By the code of what they cure."""
