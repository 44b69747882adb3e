"""The configuration: dock2sh.toml beside the Dockerfile, or [tool.dock2sh] in pyproject.toml there.

ignore = ["DL3008", "D2S104"]               findings not to hear of
allowed-registries = ["docker.io", "*.example.com"]
strict-labels = true                        no labels but these
[labels]                                    ([tool.dock2sh.labels] in pyproject.toml)
"org.opencontainers.image.licenses" = "spdx"

hadolint's .hadolint.yaml there counts, too (hadolint.py); where both say something, ours does.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dock2sh.dockerfile.gotext import did_you_mean
from dock2sh.source import Refused, refuse


class Settings(NamedTuple):
    """What a configuration says. `labels`: name -> what it holds (a key of labels.KINDS).

    `severities` by a finding's name, ours or hadolint's; `told` is what there is to say of hadolint's file.
    """

    ignore: frozenset[str] = frozenset()
    registries: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    strict_labels: bool = False
    severities: Mapping[str, str] = {}
    told: str = ""

    def severity(self, names: Iterable[str]) -> str:
        """How bad a finding of these names is; empty where nothing is said of it."""
        return next((self.severities[name] for name in names if name in self.severities), "")


_KEYS = ["ignore", "allowed-registries", "labels", "strict-labels"]
_EXAMPLE = 'ignore = ["D2S101", "DL3008"]'


def configured(directory: Path | None) -> Settings:
    """The configuration beside the Dockerfile. Raises Refused if it cannot be read, or is not understood."""
    from dock2sh.findings.hadolint import hadolints

    own, theirs = _own(directory), hadolints(directory)
    return own._replace(
        ignore=own.ignore | theirs.ignored,
        registries=(*own.registries, *theirs.registries),
        labels={**theirs.labels, **own.labels},
        strict_labels=own.strict_labels or theirs.strict_labels,
        severities=theirs.severities,
        told=theirs.told(),
    )


def _own(directory: Path | None) -> Settings:
    import tomllib

    for name in ("dock2sh.toml", "pyproject.toml"):
        path = directory / name if directory else None
        if path is None or not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise refuse("configuration", f"{name}: {error}", hint=_EXAMPLE) from None
        if name == "pyproject.toml":
            tools = table.get("tool", {})
            table = tools.get("dock2sh", {}) if isinstance(tools, dict) else {}
        if table:
            return _settings(name, table)
    return Settings()


def _settings(name: str, table: Any) -> Settings:
    if not isinstance(table, dict):
        raise _wrong(name, "`tool.dock2sh` is no table")
    for key in table:
        if key not in _KEYS:
            raise _wrong(name, f"there is no setting `{key}`{did_you_mean(key, _KEYS)}", f"settings: {', '.join(_KEYS)}")
    labels, strict = table.get("labels", {}), table.get("strict-labels", False)
    if not isinstance(strict, bool):
        raise _wrong(name, "`strict-labels` is true or false", "strict-labels = true")
    return Settings(
        frozenset(_names(name, table, "ignore")), tuple(_names(name, table, "allowed-registries")), _labels(name, labels), strict
    )


def _names(name: str, table: Mapping[str, Any], key: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, f"`{key}` is no list of names", _EXAMPLE if key == "ignore" else 'allowed-registries = ["docker.io"]')
    return value


def _labels(name: str, value: Any) -> Mapping[str, str]:
    from dock2sh.findings.labels import KINDS

    kinds = list(KINDS)
    if not isinstance(value, dict):
        raise _wrong(name, "`labels` is no table", '[labels]\n"org.opencontainers.image.licenses" = "spdx"')
    for label, kind in value.items():
        if kind not in kinds:
            meant = did_you_mean(kind, kinds) if isinstance(kind, str) else ""
            raise _wrong(name, f"`labels`: {label} cannot be {kind!r}{meant}", f"one of {', '.join(kinds)}")
    return value


def _wrong(name: str, message: str, hint: str = _EXAMPLE) -> Refused:
    return refuse("configuration", f"{name}: {message}", hint=hint)
