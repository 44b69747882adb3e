"""`# check=skip=…;error=true;experimental=…`: which rules hold, in the head of a file and above one instruction."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dock2sh.checks.rules import Rule
from dock2sh.dockerfile.gotext import FALSE, SPACE, TRUE, quoted
from dock2sh.source import Refused, refuse

BUILD_ARG = "BUILDKIT_DOCKERFILE_CHECK"

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z")
_HINT = "`# check=skip=RULE,RULE;experimental=RULE;error=true`, where `all` stands for every rule"


class Settings(NamedTuple):
    """Rules that are skipped, experimental ones that are on, and whether a finding refuses the build."""

    skip: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    error: bool = False

    def applies(self, rule: Rule) -> bool:
        if rule.experimental:
            return bool(self.experimental & {rule.name, "all"})
        return not self.skip & {rule.name, "all"}

    def merged(self, comments: tuple[str, ...]) -> "Settings":
        """These for one instruction: the first `check=` in the comments above it adds to them; a bad one does nothing."""
        for comment in comments:
            match = _DIRECTIVE.match(comment.lstrip(SPACE))
            if match and match[1].lower() == "check":
                try:
                    own = parse(match[2].partition(" ")[0])
                except Refused:
                    return self
                return Settings(self.skip | own.skip, self.experimental | own.experimental, self.error)
        return self


def settings_of(text: str, build_args: Mapping[str, str]) -> Settings:
    """The settings of a whole file: the build argument's, else those of its head. Raises Refused for a bad option."""
    if BUILD_ARG in build_args:
        return _prefixed(f"failed to parse build-arg:{BUILD_ARG}", build_args[BUILD_ARG])
    value = next((value for key, value in _head(text) if key == "check"), "")
    return _prefixed("failed to parse check options", value.partition(" ")[0])


def _prefixed(what: str, options: str) -> Settings:
    try:
        return parse(options)
    except Refused as refused:
        raise Refused(refused.diagnostic._replace(message=f"{what}: {refused.diagnostic.message}")) from None


def _head(text: str) -> Iterable[tuple[str, str]]:
    """The directives at the top of a file as BuildKit's linter sees them: a `#!` line may stand before them."""
    lines = iter(text.removeprefix("\ufeff").split("\n"))
    if text.removeprefix("\ufeff").startswith("#!"):
        next(lines)
    seen = set[str]()
    for line in lines:
        match = _DIRECTIVE.match(line.removesuffix("\r")[1:].lstrip(SPACE)) if line.startswith("#") else None
        key = match[1].lower() if match else ""
        if not match or key not in ("syntax", "escape", "check") or key in seen:
            return
        seen.add(key)
        yield key, match[2]


def parse(options: str) -> Settings:
    """`skip=A,B;error=true`. At most three parts: a fourth belongs to the third's value. Raises Refused."""
    settings = Settings()
    for part in options.strip(SPACE).split(";", 2) if options.strip(SPACE) else ():
        key, equals, value = part.partition("=")
        if not equals:
            raise _bad(f"invalid check option {quoted(part)}", part)
        key, value = key.strip(SPACE), value.strip(SPACE)
        if key == "skip":
            settings = settings._replace(skip=_chosen(settings.skip, value))
        elif key == "experimental":
            settings = settings._replace(experimental=_chosen(settings.experimental, value))
        elif key == "error":
            settings = settings._replace(error=_boolean(part, value))
        else:
            raise _bad(f"invalid check option {quoted(key)}", part)
    return settings


def _chosen(before: frozenset[str], value: str) -> frozenset[str]:
    """The rules of one option. A list replaces an earlier list; `all` stands alone, and stays."""
    if value == "all":
        return before | {"all"}
    return frozenset(rule.strip(SPACE) for rule in value.split(",")) - {"all"} | (before & {"all"})


def _boolean(part: str, value: str) -> bool:
    if value not in (*TRUE, *FALSE):
        message = f"failed to parse check option {quoted(part)}: strconv.ParseBool: parsing {quoted(value)}: invalid syntax"
        raise _bad(message, part)
    return value in TRUE


def _bad(message: str, near: str) -> Refused:
    return refuse("check-option", message, hint=_HINT, near=near)
