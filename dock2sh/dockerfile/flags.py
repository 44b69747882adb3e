"""`--name=value` words: cut off the line, and checked against what the instruction takes (semantics.md 1.0)."""

from dock2sh.dockerfile.gotext import SPACE, did_you_mean
from dock2sh.source import refuse

Flags = dict[str, str | bool | list[str]]


def extract(rest: str, escape: str) -> tuple[tuple[str, ...], str]:
    """The leading `--` words of `rest`, quotes and escapes processed, and what follows them.

    BuildKit walks bytes here, so that a non-ASCII value is taken byte by byte as Latin-1; so do we.
    """
    if not rest.isascii():
        flags, tail = extract_bytes(rest.encode("utf-8", "surrogateescape").decode("latin-1"), escape)
        return flags, tail.encode("latin-1").decode("utf-8", "surrogateescape").strip(SPACE)
    flags, tail = extract_bytes(rest, escape)
    return flags, tail.strip(SPACE)


def extract_bytes(line: str, escape: str) -> tuple[tuple[str, ...], str]:
    words, at, end = list[str](), 0, len(line)
    while True:
        while at < end and line[at] in SPACE:
            at += 1
        if not line.startswith("--", at):
            return tuple(words), line[at:]
        word, at = _word(line, at, escape)
        if word == "--":
            return tuple(words), line[at:]
        if word:
            words.append(word)


def _word(line: str, at: int, escape: str) -> tuple[str, int]:
    """The word at `at`, its quotes gone and its escapes resolved, and where it ends."""
    out, quote, end = list[str](), "", len(line)
    while at < end:
        char = line[at]
        if quote and char == quote:
            quote = ""
        elif not quote and char in SPACE:
            break
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            at += 1
            if at < end:
                out.append(line[at])
        else:
            out.append(char)
        at += 1
    return "".join(out), at


def check(words: tuple[str, ...], known: dict[str, type]) -> Flags:
    """The flags by name: str, bool, or a list of str for what may be repeated. Raises Refused, in BuildKit's words."""
    flags: Flags = {}
    for word in words:
        name, equals, value = word.partition("=")
        kind = known.get(name[2:])
        if kind is None:
            meant = did_you_mean(name[2:], list(known))
            takes = "it takes " + ", ".join("--" + flag for flag in known) if known else "it takes no flags"
            raise refuse("unknown-flag", f"unknown flag: {name}{meant}", hint=takes, near=name)
        if name[2:] in flags and kind is not list:
            raise refuse("duplicate-flag", f"duplicate flag specified: {name}", near=name, hint="give it once")
        if kind is bool:
            flags[name[2:]] = _boolean(name, bool(equals), value)
        elif not equals:
            raise refuse("flag-value", f"missing a value on flag: {name}", near=name, hint=f"write {name}=VALUE")
        elif kind is list:
            many = flags.setdefault(name[2:], [])
            assert isinstance(many, list)
            many.append(value)
        else:
            flags[name[2:]] = value
    return flags


def _boolean(name: str, given: bool, value: str) -> bool:
    if given and not value:
        raise refuse("flag-value", f"missing a value on flag: {name}", near=name, hint=f"write {name}, or {name}=true")
    if value.lower() not in ("", "true", "false"):
        message = f"expecting boolean value for flag {name}, not: {value}"
        raise refuse("flag-boolean", message, near=value, hint="true or false")
    return value.lower() != "false"
