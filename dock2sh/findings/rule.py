"""A finding, and the rules that findings are of: `rules.toml`, read once."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dock2sh.source import Diagnostic, Place, Span

_FIELD = re.compile(r"\{(\w+)\}")


class Rule(NamedTuple):
    """A row of rules.toml. `only` is `host` for what matters on a machine of its own, else empty."""

    code: str
    also: tuple[str, ...]
    severity: str
    title: str
    message: str
    cure: str
    why: str
    only: str = ""


class Finding(NamedTuple):
    """A rule that fired: the fields of its message, where, the text to point at, and which of its other names fit here.

    `code` is the rule's, but for shellcheck's, which have their own. `at` is the exact place, where it is known. `changed` is
    the severity that the configuration gives it.
    """

    code: str
    span: Span
    fields: tuple[tuple[str, str], ...] = ()
    near: str = ""
    also: tuple[str, ...] = ()
    own: str = ""
    at: Place | None = None
    changed: str = ""

    @property
    def rule(self) -> Rule:
        return rules()[self.code]

    @property
    def name(self) -> str:
        return self.own or self.code

    @property
    def severity(self) -> str:
        return self.changed or self.rule.severity

    def filled(self, template: str) -> str:
        """A template of the rule with this finding's fields."""
        fields = dict(self.fields)
        return _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)

    def diagnostic(self) -> Diagnostic:
        rule = self.rule
        message, cure = self.filled(rule.message), self.filled(rule.cure)
        return Diagnostic(self.name, message, (self.span,), cure, self.near, self.severity, "", self.also, self.at)


@cache
def rules() -> dict[str, Rule]:
    """All rules, by code."""
    import tomllib

    with open(Path(__file__).parent / "rules.toml", "rb") as file:
        table = tomllib.load(file)
    return {code: Rule(code, **{**row, "also": tuple(row["also"])}) for code, row in table.items()}


def by_name(name: str) -> Rule | None:
    """The rule of this code, or the first that another tool calls so; None if there is none."""
    wanted = name.upper()
    found = rules().get(wanted)
    return found or next((rule for rule in rules().values() if wanted in rule.also), None)
