"""The ignore file: which files of the build context exist for a build (semantics.md 1.7)."""

import re
from typing import NamedTuple

from dock2sh.dockerfile.gotext import SPACE
from dock2sh.plan.paths import clean
from dock2sh.plan.patterns import exclude_regex
from dock2sh.source import refuse


class Rule(NamedTuple):
    """One line: what was written, whether `!` stood before it, and the regular expression of the rest."""

    pattern: str
    included: bool
    regex: str


class Ignore(NamedTuple):
    """The rules of an ignore file, in order: the last that matches a path (or a parent of it) wins."""

    name: str
    rules: tuple[Rule, ...]

    def matches(self, path: str) -> bool:
        """Whether `path` (relative to the context, no leading slash) is excluded."""
        excluded = False
        for rule in self.rules:
            if rule.included == excluded and re.search(rule.regex, path, re.S):
                excluded = not rule.included
        return excluded

    @property
    def has_exceptions(self) -> bool:
        """Whether a line begins with `!`."""
        return any(rule.included for rule in self.rules)

    @property
    def excludes_everything(self) -> bool:
        """Whether a line excludes all entries of the root."""
        return any(rule.pattern in ("*", "**", "**/*") and not rule.included for rule in self.rules)


def parse_ignore(name: str, text: str) -> Ignore:
    """The rules of an ignore file's text. Raises Refused for a bad pattern, in BuildKit's words."""
    rules = list[Rule]()
    for line in text.removeprefix("\ufeff").split("\n"):
        if line.startswith("#") or not line.strip(SPACE):
            continue
        pattern = line.strip(SPACE)
        included = pattern.startswith("!")
        pattern = pattern[included:].strip(SPACE)
        if not pattern:
            raise refuse("ignore", 'illegal exclusion pattern: "!"', hint=f"a pattern follows the `!` ({name})", near="!")
        pattern = clean(pattern)
        if len(pattern) > 1 and pattern.startswith("/"):
            pattern = pattern[1:]
        rules.append(Rule(pattern, included, exclude_regex(pattern)))
    return Ignore(name, tuple(rules))
