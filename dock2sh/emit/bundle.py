"""Bundle the shell library: the functions of runtime/ that a script uses, and only those.

A runtime file holds functions and comments, nothing else: each function begins with `name() {` and ends with `}`, both in
column 0, and the comment right above it belongs to it. A file in runtime/programs/ is a whole program (sh, awk, Perl, Python); it
becomes a function that prints it, `program_NAME`. What uses what stands in CALLS, which emit/calls.py reads out of the text.
"""

import os
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

RUNTIME = os.path.dirname(os.path.dirname(__file__)) + "/runtime"
CALLS = f"{RUNTIME}/calls.txt"


class Function(NamedTuple):
    """A function of the library: its text with the comment above it. Of one that prints a program the path: few scripts have use
    for one, and there are many."""

    text: str
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
        found["program_" + name.partition(".")[0]] = Function("", f"{RUNTIME}/programs/{name}")
    return found


def _text(name: str, function: Function) -> str:
    if not function.program:
        return function.text
    return f"{name}() {{\n    cat <<'PROGRAM'\n{_read(function.program)}PROGRAM\n}}\n"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _functions(text: str) -> dict[str, Function]:
    found = {}
    for piece in text.split("\n}\n")[:-1]:
        head, _, body = piece.partition("() {\n")
        comment, _, name = head.rpartition("\n")
        found[name] = Function(f"{_last_block(comment)}{name}() {{\n{body}\n}}\n")
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
    functions, calls = library(kind), _calls(kind)
    wanted, queue = set[str](), [*words, "main"]
    while queue:
        name = queue.pop()
        if name in functions and name not in wanted:
            wanted.add(name)
            queue += calls.get(name, ())
    return "\n".join(_text(name, function) for name, function in functions.items() if name in wanted)


def _calls(kind: str) -> dict[str, list[str]]:
    """Name -> what the function of that name calls, of the library and of other kinds' libraries."""
    found = dict[str, list[str]]()
    rows = [line.partition(":") for line in _read(CALLS).splitlines()]
    for folder in ("", *(f"{name}/" for name in kind.split())):
        for name, _, called in rows:
            if name.startswith(folder) and "/" not in name[len(folder) :]:
                found[name[len(folder) :]] = called.split()
    return found
