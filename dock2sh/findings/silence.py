"""Findings that somebody has looked at and wants to hear of no more: comments, and configuration.

    # hadolint ignore=DL3008,D2S104          the instruction below it
    # dock2sh ignore=D2S104                  the same; also `# dock2sh: ignore=`
    # check=skip=D2S104                      the same, in BuildKit's words
    # hadolint global ignore=DL3008          the whole file (also `# dock2sh global ignore=`, `# check=skip=` in the head)

    [tool.dock2sh]                           in pyproject.toml, or at the top level of dock2sh.toml, beside the Dockerfile
    ignore = ["DL3008", "D2S104"]

A name is ours or another tool's.
"""

import re
from collections.abc import Callable
from pathlib import Path

from dock2sh.dockerfile.syntax import Dockerfile
from dock2sh.findings.rule import Finding
from dock2sh.source import refuse

_IGNORE = re.compile(r"(?:hadolint\s|dock2sh[\s:])\s*(global\s+)?ignore\s*=\s*([A-Za-z0-9,\s]+)")
_SKIP = re.compile(r"check\s*=\s*(?:.*;)?\s*skip\s*=\s*([A-Za-z0-9,\s]+)")


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().upper() for name in text.split(",") if name.strip())


def _of_comment(comment: str) -> tuple[bool, frozenset[str]]:
    """Whether it is about the whole file, and which rules it silences."""
    if match := _IGNORE.match(comment.strip()):
        return bool(match[1]), _names(match[2])
    match = _SKIP.match(comment.strip())
    return False, _names(match[1]) if match else frozenset()


def silenced(dockerfile: Dockerfile, ignored: frozenset[str]) -> Callable[[Finding], bool]:
    """Tells whether a finding is silenced."""
    everywhere = {name.upper() for name in ignored}
    here: dict[int, frozenset[str]] = {}
    for line in dockerfile.text.split("\n"):
        whole, names = _of_comment(line.lstrip().removeprefix("#")) if line.lstrip().startswith("#") else (False, frozenset())
        everywhere |= names if whole else set()
    if match := re.search(r"skip\s*=\s*([A-Za-z0-9,\s]+)", dockerfile.directives.get("check", "")):
        everywhere |= _names(match[1])
    for node in dockerfile.nodes:
        found = frozenset(name for comment in node.comments for name in _of_comment(comment)[1])
        if found:
            here[node.span.first] = found

    def quiet(finding: Finding) -> bool:
        names = {finding.name.upper(), finding.code, *finding.also}
        wanted = everywhere | here.get(finding.span.first, frozenset())
        return "ALL" in wanted or bool(names & wanted)

    return quiet


def configured(directory: Path | None) -> frozenset[str]:
    """The names that the configuration beside the Dockerfile ignores. Raises Refused if it cannot be read."""
    import tomllib

    for name in ("dock2sh.toml", "pyproject.toml"):
        path = directory / name if directory else None
        if path is None or not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise refuse("configuration", f"{name}: {error}", hint='ignore = ["D2S101", "DL3008"]') from None
        table = table if name == "dock2sh.toml" else table.get("tool", {}).get("dock2sh", {})
        names = table.get("ignore", []) if isinstance(table, dict) else None
        if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
            raise refuse("configuration", f"{name}: `ignore` is no list of names", hint='ignore = ["D2S101", "DL3008"]')
        if names:
            return frozenset(names)
    return frozenset()
