"""hadolint's configuration, .hadolint.yaml, for those who come from there: what is ignored, how bad it is, what is trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dock2sh.source import Refused, refuse

NAMES = (".hadolint.yaml", ".hadolint.yml")
_SEVERITY = {"error": "error", "warning": "warning", "info": "info", "style": "info"}
_ELSEWHERE = ("failure-threshold", "format", "no-color", "no-fail", "disable-ignore-pragma")
"""Settings that are about how hadolint is called; dock2sh has flags."""
_KNOWN = ("ignored", "override", "trustedRegistries", "label-schema", "strict-labels", *_ELSEWHERE)
_KINDS = {kind: kind for kind in ("text", "url", "rfc3339", "spdx", "hash", "semver", "email")} | {"rawText": "text"}


class Hadolint(NamedTuple):
    """What such a file says. `severities` are by hadolint's numbers; `unused` are settings that have no meaning here."""

    name: str = ""
    ignored: frozenset[str] = frozenset()
    severities: Mapping[str, str] = {}
    registries: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    strict_labels: bool = False
    unused: tuple[str, ...] = ()

    def told(self) -> str:
        """What of it counts, for people; empty if there is no such file."""
        said = [f"ignores {', '.join(sorted(self.ignored))}"] if self.ignored else []
        said += [f"{code} is {severity}" for code, severity in sorted(self.severities.items())]
        said += [f"images only from {', '.join(self.registries)}"] if self.registries else []
        said += [f"labels {', '.join(self.labels)}"] if self.labels else []
        flags = [key for key in self.unused if key in _ELSEWHERE]
        odd = [key for key in self.unused if key not in _ELSEWHERE]
        said += [f"{', '.join(flags)} not heeded: use flags" if flags else "", f"{', '.join(odd)} not known" if odd else ""]
        return f"{self.name} is read: {'; '.join(filter(None, said)) or 'it says nothing'}" if self.name else ""


def hadolints(directory: Path | None) -> Hadolint:
    """The file beside the Dockerfile, empty if there is none. Raises Refused if it cannot be read, or is not understood."""
    path = next((directory / name for name in NAMES if directory and (directory / name).is_file()), None)
    if path is None:
        return Hadolint()
    import yaml

    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise refuse("configuration", f"{path.name}: {' '.join(str(error).split())}", hint="ignored: [DL3008]") from None
    if table is None:
        return Hadolint(path.name)
    if not isinstance(table, dict):
        raise _wrong(path.name, "it is no mapping")
    return _read(path.name, table)


def _read(name: str, table: dict[Any, Any]) -> Hadolint:
    labels, strict = table.get("label-schema") or {}, table.get("strict-labels", False)
    if not isinstance(labels, dict) or not all(isinstance(kind, str) and kind in _KINDS for kind in labels.values()):
        raise _wrong(name, f"`label-schema` names labels and what they hold: {', '.join(dict.fromkeys(_KINDS))}")
    if not isinstance(strict, bool):
        raise _wrong(name, "`strict-labels` is true or false")
    return Hadolint(
        name,
        frozenset(word.upper() for word in _words(name, table, "ignored")),
        _severities(name, table),
        tuple(_words(name, table, "trustedRegistries")),
        {str(label): _KINDS[kind] for label, kind in labels.items()},
        strict,
        tuple(str(key) for key in table if key not in _KNOWN or key in _ELSEWHERE),
    )


def _severities(name: str, table: dict[Any, Any]) -> dict[str, str]:
    override = table.get("override") or {}
    if not isinstance(override, dict) or not set(override) <= set(_SEVERITY):
        raise _wrong(name, f"`override` has lists named {', '.join(_SEVERITY)}")
    return {word.upper(): severity for key, severity in _SEVERITY.items() for word in _words(name, override, key)}


def _words(name: str, table: dict[Any, Any], key: str) -> list[str]:
    value = table.get(key)
    value = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _wrong(name, f"`{key}` is no list of names")
    if odd := next((word for word in value if key != "trustedRegistries" and not word.isalnum()), None):
        raise _wrong(name, f"`{key}`: `{odd}` is no name of a rule")
    return value


def _wrong(name: str, message: str) -> Refused:
    return refuse("configuration", f"{name}: {message}", hint="ignored: [DL3008, DL3018]")
