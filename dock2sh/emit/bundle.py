"""Bundle the shell library: the functions of runtime/ that a script uses, and only those.

A runtime file holds functions and comments, nothing else: each function begins with `name() {` and ends with `}`, both in
column 0, and the comment right above it belongs to it. A file in runtime/programs/ is a whole program (sh, awk, Python); it
becomes a function that prints it, `program_NAME`. What uses what is read out of the text, so there is no list to keep.
"""

import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

RUNTIME = os.path.dirname(os.path.dirname(__file__)) + "/runtime"

_COMMENTS = re.compile(r"^[ \t]*#.*\n", re.MULTILINE)
_TO_WORDS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_BEFORE_A_COMMAND = "then|do|else|if|elif|while|until|eval|trap|command"
_COMMAND = re.compile(
    rf"(?:^[ \t]*|[;&|(!{{`] *|\b(?:{_BEFORE_A_COMMAND})(?: -v)? [\"']?)(?!(?:{_BEFORE_A_COMMAND})\b)([a-z]+)\b", re.MULTILINE
)


class Function(NamedTuple):
    """A function of the library: its text with the comment above it, and its text without comments. Of one that prints a program
    the path: few scripts have use for one, and there are many."""

    text: str
    code: str
    program: str = ""


@cache
def library(kind: str = "") -> dict[str, Function]:
    """Name -> function, in the order of the files. `kind` names folders of runtime/: their functions stand beside the others,
    and instead of those of the same name."""
    found: dict[str, Function] = {}
    for folder in (RUNTIME, *(f"{RUNTIME}/{name}" for name in kind.split())):
        for name in sorted(os.listdir(folder)):
            if name.endswith(".sh"):
                found |= _functions(_read(f"{folder}/{name}"))
    for name in sorted(os.listdir(f"{RUNTIME}/programs")):
        if name == "__pycache__":  # a Python program may have been compiled with the package
            continue
        found["program_" + name.partition(".")[0]] = Function("", "", f"{RUNTIME}/programs/{name}")
    return found


def _text(name: str, function: Function) -> str:
    if not function.program:
        return function.text
    return f"{name}() {{\n    cat <<'PROGRAM'\n{_read(function.program)}PROGRAM\n}}\n"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _functions(text: str) -> dict[str, Function]:
    """The functions of a file. Without its comments a file has the same functions in the same order."""
    found = {}
    for piece, code in zip(text.split("\n}\n")[:-1], _COMMENTS.sub("", text).split("\n}\n"), strict=False):
        head, _, body = piece.partition("() {\n")
        comment, _, name = head.rpartition("\n")
        found[name] = Function(f"{_last_block(comment)}{name}() {{\n{body}\n}}\n", code)
    return found


def _last_block(comment: str) -> str:
    """The comment lines right above a function; a file's own comment stands apart, behind a blank line."""
    block = comment.rpartition("\n\n")[2].lstrip("\n")
    return block + "\n" if block else ""


def bundle(words: Iterable[str], kind: str = "") -> str:
    """The text of every library function that one of `words` names, directly or through another; `main` always among them."""
    return _bundled(frozenset(words), kind)


@cache
def _bundled(words: frozenset[str], kind: str) -> str:
    functions = library(kind)
    wanted, queue = set[str](), [*words, "main"]
    while queue:
        name = queue.pop()
        if name in functions and name not in wanted:
            wanted.add(name)
            # the names without an underscore are looked at last: that takes longest, and most are known by then
            mentioned = _mentioned(functions[name].code, kind) - wanted
            queue += [other for other in mentioned if "_" in other or other in _commands(functions[name].code)]
    return "\n".join(_text(name, function) for name, function in functions.items() if name in wanted)


@cache
def _mentioned(code: str, kind: str) -> frozenset[str]:
    """The library's functions whose names are words of a shell text."""
    return frozenset(library(kind).keys() & code.translate(_TO_WORDS).split())


@cache
def _commands(code: str) -> frozenset[str]:
    """The words without an underscore that stand where a command stands: `copy` in a message is no call."""
    return frozenset(_COMMAND.findall(code))


def words_of(top: str, kind: str = "") -> set[str]:
    """What a hand-written top half uses."""
    code = _COMMENTS.sub("", top)
    return {name for name in _mentioned(code, kind) if "_" in name or name in _commands(code)}


if __name__ == "__main__":
    top_text = _read(sys.argv[1])
    sys.stdout.write(f'{top_text}\n{bundle(words_of(top_text))}\nmain "$@"\n')
