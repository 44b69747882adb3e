"""THE quoting function: any string as one word of POSIX sh, in the form that reads best and that shellcheck accepts.

Bare where it can be; single quotes; double quotes where single ones would look like a forgotten expansion (shellcheck SC2016),
hold a quote, or hold what is not ASCII (to shellcheck a typographic quote is a slip in quotes of its own kind: SC1111, SC1112).
"""

import re

from dock2sh.dockerfile.deferred import Deferred, shell_text
from dock2sh.source import refuse

_BARE = re.compile(r"[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*\Z")
_SINGLE = re.compile(r"[ -#%-&(-\[\]-_a-}~\n]*\Z")  # ASCII less $ ' \ and backtick
_CURLY = r"(?s)(?=.*[“”])[^$'\\`‘’\0]*\Z"  # compiled when a word has one: few have


def quote(word: str) -> str:
    """`word` as one shell word that expands to exactly it. A Deferred expands to what the running script knows.

    Raises Refused for a NUL, which no shell word can hold.
    """
    if _BARE.match(word) and not isinstance(word, Deferred):
        return word
    if isinstance(word, Deferred):
        return f'"{word.shell}"'
    if "\0" in word:
        raise refuse("nul", "a NUL byte cannot be part of a shell word", hint="remove it from the Dockerfile")
    if word.startswith("~"):  # SC2088: a quoted tilde looks like a slip
        return "\\~" + (quote(word[1:]) if len(word) > 1 else "")
    if _SINGLE.match(word) or (not word.isascii() and re.match(_CURLY, word)):
        return f"'{word}'"
    return f'"{shell_text(word)}"'


def assignment(name: str, value: str) -> str:
    """`NAME=VALUE` as one word: the name bare where it is a shell name."""
    if isinstance(name, Deferred) or not (name.isascii() and name.isidentifier()):
        return f'"{shell_text(name)}={shell_text(value)}"'
    return f"{name}={quote(value) if value else ''}"
