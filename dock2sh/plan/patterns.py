"""Go's wildcards as extended regular expressions, for awk in a script and for Python's re here: one translation for both.

Two languages: filepath.Match (sources of COPY and ADD) and moby's patternmatcher (.dockerignore, --exclude). Both are applied to
paths without a leading slash. Only what POSIX ERE and Python's re read alike is emitted.
"""

from dock2sh.source import Refused, refuse

_ANY = "([ -.0-~]|[^ -~][^ -~]?[^ -~]?[^ -~]?)"
"""One character but `/`. awk reads bytes: what is not ASCII is up to four of them (a run of such may count as one)."""

_SPECIAL = set(".+*?()|{}[]^$\\")


def has_wildcard(path: str) -> bool:
    """Whether BuildKit takes `path` for a wildcard: an unescaped `*`, `?` or `[`."""
    skip = False
    for char in path:
        if skip:
            skip = False
        elif char in "*?[":
            return True
        else:
            skip = char == "\\"
    return False


def glob_regex(pattern: str) -> str:
    """filepath.Match as an ERE for whole paths. `*` and `?` do not cross `/`. Raises Refused for a malformed pattern."""
    out, at = ["^"], 0
    while at < len(pattern):
        piece, at = _glob_piece(pattern, at)
        out.append(piece)
    return "".join(out) + "$"


def exclude_regex(pattern: str) -> str:
    """A pattern of .dockerignore or --exclude (cleaned, without `!`) as an ERE for whole paths, without those below a match.

    moby's patternmatcher takes three short ways that its regular expression does not have: `x/**` is a prefix, `**x` a suffix.
    """
    check_pattern(pattern)
    plain = not any(char in "*?[]\\" for char in pattern.removesuffix("**").removeprefix("**"))
    if plain and pattern.startswith("**"):
        rest = pattern[2:]
        if rest.startswith("/"):
            return f"(^|/){_literal(rest[1:])}$"
        return f"{_literal(rest)}$" if rest and not rest.endswith("**") else "^"
    if plain and pattern.endswith("**"):
        return "^" + _literal(pattern[:-2])
    return _with_stars(pattern) + "$"


def check_pattern(pattern: str) -> None:
    """What filepath.Match calls a bad pattern. Raises Refused."""
    at = 0
    while at < len(pattern):
        _, at = _glob_piece(pattern, at)


def _with_stars(pattern: str) -> str:
    """A pattern in which `**` crosses directories, from the start of a path, without its end."""
    out, at = ["^"], 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 2
            at += pattern.startswith("/", at)
            out.append("(.*/)?" if at < len(pattern) else ".*")
        else:
            piece, at = _glob_piece(pattern, at)
            out.append(piece)
    return "".join(out)


def _glob_piece(pattern: str, at: int) -> tuple[str, int]:
    """One element of a pattern and where the next begins."""
    char = pattern[at]
    if char == "*":
        while pattern.startswith("*", at):  # filepath.Match: `**` is `*`
            at += 1
        return "[^/]*", at
    if char == "?":
        return _ANY, at + 1
    if char == "[":
        return _brackets(pattern, at + 1)
    if char == "\\":
        if at + 1 == len(pattern):
            raise _bad(pattern)
        return _literal(pattern[at + 1]), at + 2
    return _literal(char), at + 1


def _brackets(pattern: str, at: int) -> tuple[str, int]:
    """A class `[a-z]`, `[^a]`, with `\\` as escape; it never matches `/`."""
    negated = pattern.startswith("^", at)
    at += negated
    members, first = list[tuple[str, str]](), True
    while first or not pattern.startswith("]", at):
        low, at = _member(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _member(pattern, at + 1)
        members.append((low, high))
        first = False
    return _class(members, negated), at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at : at + 1]
    if not char or char in "-]":
        raise _bad(pattern)
    if char != "\\":
        return char, at + 1
    if at + 1 >= len(pattern):
        raise _bad(pattern)
    return pattern[at + 1], at + 2


def _class(members: list[tuple[str, str]], negated: bool) -> str:
    """A bracket expression that ERE and re read alike; special members stand outside as alternatives."""
    if negated:
        body = "".join(low if low == high else f"{low}-{high}" for low, high in sorted(members, key=_awkward))
        return f"[^/{_in_class(body)}]"
    inside = "".join(
        low if low == high else f"{low}-{high}" for low, high in members if low <= high and not _awkward((low, high))
    )
    outside = [_literal(low) for low, high in members if _awkward((low, high)) and low == high]
    parts = ([f"[{inside}]"] if inside else []) + outside
    return parts[0] if len(parts) == 1 else "(" + "|".join(parts) + ")" if parts else "[^/][/]"  # the last matches nothing


def _awkward(member: tuple[str, str]) -> bool:
    return member[0] == member[1] and member[0] in "]^-[\\"


def _in_class(body: str) -> str:
    """Members of a negated class; `]`, `^`, `-`, `[` and `\\` have no form that both dialects share."""
    if any(char in body for char in "][\\^"):
        raise refuse("pattern", f"the wildcard class [^{body}] cannot be expressed in a script", hint="write the names out")
    return body


def _literal(text: str) -> str:
    return "".join(
        f"[{char}]" if char in _SPECIAL and char not in "^\\[]" else "\\" + char if char in _SPECIAL else char for char in text
    )


def _bad(pattern: str) -> Refused:
    return refuse("pattern", "syntax error in pattern", near=pattern, hint="brackets are closed, and `\\` escapes something")
