"""The ignore file: which files of the build context exist for a build (semantics.md 1.7)."""

from typing import NamedTuple

from dock2sh.dockerfile.gotext import SPACE
from dock2sh.plan.exclusions import exclude_regex
from dock2sh.plan.paths import clean
from dock2sh.plan.patterns import search
from dock2sh.source import refuse


class Rule(NamedTuple):
    """One line: what was written, whether `!` stood before it, and the regular expression of the rest."""

    pattern: str
    included: bool
    regex: str


class Verdict(NamedTuple):
    """What the rules say of a path: is it excluded, and which of them hold for all that is below it."""

    excluded: bool
    hits: tuple[bool, ...]


class Ignore(NamedTuple):
    """The rules of an ignore file, in order: the last that matches a path (or a parent of it) wins."""

    name: str
    rules: tuple[Rule, ...]

    def matches(self, path: str) -> bool:
        """Whether `path` (relative to the context, no leading slash) is excluded."""
        verdict = None
        for at, char in enumerate(path):
            if char == "/":
                verdict = self.judge(path[:at], verdict)
        return self.judge(path, verdict).excluded

    def judge(self, path: str, parent: Verdict | None) -> Verdict:
        """A path, its parent having been judged (None at the root).

        A rule that says what is the case already is not looked at (MatchesUsingParentResults of moby's patternmatcher), so that
        `!dir` does not hold for what is in a dir that was not excluded: it does not take back what `dir/x` excludes.
        """
        excluded, hits = False, []
        for number, rule in enumerate(self.rules):
            hit = parent is not None and parent.hits[number]
            if not hit and rule.included == excluded:
                hit = search(rule.regex, path)
            hits.append(hit)
            if hit:
                excluded = not rule.included
        return Verdict(excluded, tuple(hits))

    @property
    def has_exceptions(self) -> bool:
        """Whether a line begins with `!`."""
        return any(rule.included for rule in self.rules)

    @property
    def excludes_everything(self) -> bool:
        """Whether a line excludes all entries of the root."""
        return any(rule.pattern in ("*", "**", "**/*") and not rule.included for rule in self.rules)


class Named(NamedTuple):
    """The ignore file of a named context, and the SHA-256 of its text."""

    ignore: Ignore
    digest: str


def parse_ignore(name: str, text: str) -> Ignore:
    """The rules of an ignore file's text. Raises Refused for a bad pattern, in BuildKit's words.

    A line is cleaned where the file is read, and is read once more where it is matched: `./!x` takes back x.
    """
    lines = (line for line in text.removeprefix("\ufeff").split("\n") if not line.startswith("#") and line.strip(SPACE))
    patterns = (clean(pattern) for pattern in (_as_read(line).strip(SPACE) for line in lines) if pattern)
    return Ignore(name, tuple(_rule(pattern, name) for pattern in patterns))


def _as_read(line: str) -> str:
    """What moby's ignorefile.ReadAll makes of a line."""
    pattern = line.strip(SPACE)
    sign = "!" if pattern.startswith("!") else ""
    pattern = pattern.removeprefix(sign).strip(SPACE)
    cleaned = clean(pattern) if pattern else ""
    return sign + (cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned)


def _rule(pattern: str, name: str) -> Rule:
    """What moby's patternmatcher.New makes of that."""
    if pattern == "!":
        raise refuse("ignore", 'illegal exclusion pattern: "!"', hint=f"a pattern follows the `!` ({name})", near="!")
    included = pattern.startswith("!")
    pattern = pattern[included:]
    return Rule(pattern, included, exclude_regex(pattern))
