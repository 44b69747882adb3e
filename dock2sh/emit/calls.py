"""Which functions of the shell library call which:  ./dev python -m dock2sh.emit.calls

It is read out of their texts, and written down in runtime/calls.txt (`FOLDER/NAME: NAME …`): to read it anew for each script
would be a tenth of the time that a script takes. tests/runtime/test_calls.py asks whether what is written down is still so.
"""

import os
import re
from collections.abc import Iterator, Set

from dock2sh.emit.bundle import CALLS, RUNTIME, library

_COMMENTS = re.compile(r"^[ \t]*#.*\n", re.MULTILINE)
_TO_WORDS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_BEFORE_A_COMMAND = re.compile(
    r"(?:^[ \t]*|[;&|(!{`] *|\b(?:then|do|else|if|elif|while|until|eval|trap|command)(?: -v)? [\"']?)$", re.MULTILINE
)


def called(text: str, known: Set[str]) -> set[str]:
    """Those of the functions `known` that a shell text calls.

    A word with an underscore is a call wherever it stands; `copy` in a message is none.
    """
    code = _COMMENTS.sub("", text)
    mentioned = known & set(code.translate(_TO_WORDS).split())
    return {name for name in mentioned if "_" in name or _is_command(name, code)}


def _is_command(name: str, code: str) -> bool:
    """Whether a word of `code` stands where a command stands."""
    at = code.find(name)
    while at >= 0:
        behind = code[at + len(name) : at + len(name) + 1]
        if not (behind.isalnum() or behind == "_") and _BEFORE_A_COMMAND.search(code, code.rfind("\n", 0, at) + 1, at):
            return True
        at = code.find(name, at + 1)
    return False


def table() -> str:
    """The text of runtime/calls.txt."""
    kinds = ["", *sorted(each.name for each in os.scandir(RUNTIME) if each.is_dir() and each.name != "programs")]
    known = frozenset().union(*(library(kind) for kind in kinds))
    return "".join(row for kind in kinds for row in _rows(kind, known))


def _rows(kind: str, known: Set[str]) -> Iterator[str]:
    """A row for each function of a folder of runtime/ that calls others, or stands for one that does."""
    common = library() if kind else {}
    for name, function in library(kind).items():
        if function == common.get(name):
            continue
        calls = called(function.text, known - {name})
        if calls or name in common:
            yield " ".join((f"{kind}/{name}:".removeprefix("/"), *sorted(calls))) + "\n"


if __name__ == "__main__":
    with open(CALLS, "w", encoding="ascii") as file:
        file.write(table())
