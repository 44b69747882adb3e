"""Where a word's value says it better than the knowledge base's one text: what awk does once, whom chown leaves alone."""

import re
from collections.abc import Callable

from dock2sh.explain.language import Text, say


def instead(says: str, value: str) -> Text:
    """What takes the place of a text of the knowledge base, where the value asks for it; else nothing."""
    better = _BETTER.get(says)
    return better(value) if better else ()


_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_BLANK = re.compile(r"\s+")
_APART = re.compile(r"(?:\A|(?<=[;}])) ?(BEGIN|END|func(?:tion)? \w+ ?\([^()]*\)) ?\{")
"""A block that is not for each line: where it begins."""


def _awk(program: str) -> Text:
    """Blocks behind BEGIN and END are done once; the rest is for each line (awk(1), "Program structure")."""
    blanks = _BLANK.sub(lambda found: ";" if "\n" in found[0] else " ", _STRING.sub('""', program))
    names, rest = _apart(blanks.lstrip(";"))
    begin, end = "BEGIN" in names, "END" in names
    if rest:
        return _for_each(begin, end)
    if begin and end:
        return say("what is done, once before the first line and once after the last")
    return say("what is done, once after the last line") if end else say("what is done, once") if begin else ()


def _for_each(begin: bool, end: bool) -> Text:
    if begin and end:
        return say("what is done with each line; behind `BEGIN` once before the first, behind `END` once after the last")
    if begin:
        return say("what is done with each line; behind `BEGIN` once, before the first")
    return say("what is done with each line; behind `END` once, after the last") if end else ()


def _apart(program: str) -> tuple[set[str], str]:
    """The names of its blocks that are not for each line, and what is left without them."""
    names, rest, at = set[str](), list[str](), 0
    while match := _APART.search(program, at):
        names.add(match[1])
        rest.append(program[at : match.start()])
        at = _closed(program, match.end())
    return names, "".join((*rest, program[at:])).strip("; ")


def _closed(text: str, at: int) -> int:
    """Where the block whose brace is before `at` ends."""
    depth = 1
    while at < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


_OWNER = re.compile(r"(?P<user>[^:.]*)(?P<colon>:?)(?P<group>[^:.]*)")


def _owner(value: str) -> Text:
    """OWNER[:[GROUP]] (chown(1)); a variable alone may hold both."""
    match = _OWNER.fullmatch(value)
    if match is None or (match["user"] and match["group"]) or not (match["user"] or match["group"]):
        return ()
    if match["group"]:
        return say("the group; the user stays as it is")
    if match["colon"]:
        return say("the user, and the group that it logs in with")
    return () if "$" in value or "`" in value else say("the user; the group stays as it is")


_BETTER: dict[str, Callable[[str], Text]] = {"what is done with each line": _awk, "the user and group": _owner}
