"""Which words of a line name here-documents (semantics.md 1.5)."""

import re

from dock2sh.dockerfile.syntax import Heredoc
from dock2sh.dockerfile.words import split
from dock2sh.source import Refused

_HEREDOC = r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z"


def named_in(line: str) -> list[Heredoc]:
    """The here-documents of a joined line, without content. A line that the shell lexer cannot read has none.

    Raises Refused for a name that it cannot read: a modifier's word is parted at its blanks, quoted or not (`${a:-b <<'c d'}`).
    """
    try:
        words = split(line, _unset, raw=True)
    except Refused:
        return []
    return [heredoc for word in words if (heredoc := _named(word))]


def heredoc_of(word: str) -> Heredoc | None:
    """The here-document that `word` names (`<<EOF`, `<<-"EOF"`, `3<<EOF`), or None. Its name loses its quotes;
    a `$` in it is one."""
    try:
        return _named(word)
    except Refused:
        return None


def _named(word: str) -> Heredoc | None:
    match = re.match(_HEREDOC, word)
    if not match or not match[3]:
        return None
    names = split(match[3], _unset, keep_unset=True)
    if len(names) != 1:
        return None
    quoted = any(quote in match[3] for quote in "'\"") and _quotes(match[3]) != _quotes(names[0])
    return Heredoc(names[0], not quoted, match[2] == "-", _descriptor(match[1]), "")


def _descriptor(digits: str) -> int:
    """What is too great for 64 bits is the greatest number that is not."""
    return min(int(digits.lstrip("0")[:21] or 0), 2**64 - 1)


def chomped(content: str) -> str:
    """`content` without the leading tabs of each line: what `<<-` does."""
    return re.sub(r"(?m)^\t+", "", content)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


def _unset(name: str) -> str | None:
    return None
