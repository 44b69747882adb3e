"""What stands behind a name in `${name…}`: defaults, alternatives, demands, trimming and replacing (semantics.md 1.1)."""

import re

from dock2sh.dockerfile.deferred import Deferred, operand


class Fault(Exception):
    """A message without its word."""


def default(value: str | None, word: str, null: bool) -> str:
    """`${v-w}`, `${v:-w}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        return Deferred(f"${{{value.name}{':' * null}-{word}}}", f"${{BASE_{value.name}{':' * null}-{operand(word)}}}")
    return word if value is None or (null and value == "") else value


def alternative(value: str | None, word: str, null: bool) -> str:
    """`${v+w}`, `${v:+w}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        return Deferred(f"${{{value.name}{':' * null}+{word}}}", f"${{BASE_{value.name}{':' * null}+{operand(word)}}}")
    return "" if value is None or (null and value == "") else word


def required(name: str, value: str | None, word: str, null: bool) -> str:
    """`${v?message}`, `${v:?message}`."""
    if isinstance(value, Deferred) and value.name and (null or value.unset):
        message = operand(word or "is not allowed to be unset")
        return Deferred(f"${{{value.name}{':' * null}?{word}}}", f"${{BASE_{value.name}{':' * null}?{message}}}")
    if value is None:
        raise Fault(f"{name}: {word or 'is not allowed to be unset'}")
    if null and value == "":
        raise Fault(f"{name}: {word or 'is not allowed to be empty'}")
    return value


def trimmed(value: str, pattern: str, operator: str) -> str:
    """`${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`: p has `*` and `?`, no brackets."""
    greedy = pattern.startswith(operator)
    pattern = pattern[1:] if greedy else pattern
    if isinstance(value, Deferred) or isinstance(pattern, Deferred):
        return _deferred_trim(value, pattern, operator * (1 + greedy))
    if operator == "#":
        match = re.match(_regex(pattern, greedy), value)
        return value[match.end() :] if match else value
    # the shortest match at the end is the shortest at the start of both reversed (BuildKit does the same)
    match = re.match(_regex(_reversed_pattern(pattern), greedy), value[::-1])
    return value[: len(value) - match.end()] if match else value


def _deferred_trim(value: str, pattern: str, operator: str) -> str:
    name = value.name if isinstance(value, Deferred) else ""
    if not name or isinstance(pattern, Deferred):
        raise Fault("this needs the base image's environment, which is not at hand")
    _regex(pattern, True)  # a bad pattern is bad here too
    shell = re.sub(r"\\.|[^A-Za-z0-9_*?./:=@%+,-]", lambda m: m[0] if m[0][0] == "\\" else "\\" + m[0], pattern)
    return Deferred(f"${{{name}{operator}{pattern}}}", f"${{BASE_{name}{operator}{shell}}}")


def replaced(value: str, pattern: str, new: str, every: bool) -> str:
    """`${v/p/r}`, `${v//p/r}`: p unanchored and greedy; for `//` r is a template of Go's regexp."""
    if any(isinstance(part, Deferred) for part in (value, pattern, new)):
        raise Fault("this needs the base image's environment, which is not at hand")
    regex = re.compile(_regex(pattern, True))
    if not every:
        return regex.sub(lambda _: new, value, count=1)
    return _every(regex, value, new)


def _every(regex: re.Pattern[str], value: str, new: str) -> str:
    """Go's ReplaceAllString: an empty match right behind another match is none (`${v//*/x}` is one x)."""
    pieces, end = list[str](), 0
    for match in regex.finditer(value):
        pieces.append(value[end : match.start()])
        if match.end() > end or match.start() == 0:
            pieces.append(_template(new, match))
        end = match.end()
    return "".join([*pieces, value[end:]])


def _template(template: str, match: re.Match[str]) -> str:
    """Go's Regexp.Expand: `$0` is the match, any other name is empty, `$$` a dollar."""

    def reference(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return "$" if found[0] == "$$" else match[0] if name == "0" else ""

    return re.sub(r"\$\$|\$(\w+)|\$\{(\w+)\}", reference, template)


def _regex(pattern: str, greedy: bool) -> str:
    """A pattern of `*`, `?` and `\\*` `\\?` `\\\\` as a regular expression; another escape is an error."""
    out, chars = list[str](), iter(range(len(pattern)))
    for i in chars:
        char = pattern[i]
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        elif char == "\\":
            following = pattern[i + 1 : i + 2]
            if following and following in "}/":  # escaped only for ${}
                continue
            if not following or following not in "*?\\":
                raise Fault(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{following or chr(0xFFFD)}'")
            out.append("\\" + following)
            next(chars)
        else:
            out.append(re.escape(char))
    return "".join(out)


def _reversed_pattern(pattern: str) -> str:
    return "".join(reversed(re.findall(r"\\.|.", pattern, re.DOTALL)))
