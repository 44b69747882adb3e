"""Bundle the shell library: the functions of runtime/ that a script uses, and only those.

A runtime file holds functions and comments, nothing else: each function begins with `name() {` and ends with `}`, both in
column 0, and the comment right above it belongs to it. A file in runtime/programs/ is a whole program (sh or awk); it becomes a
function that prints it, `program_NAME`. What uses what is read out of the text, so there is no list to keep.
"""

import os
import re
import sys
from collections.abc import Iterable
from functools import cache

RUNTIME = os.path.dirname(os.path.dirname(__file__)) + "/runtime"
_WORD = re.compile(r"[A-Za-z_0-9]+")
_COMMAND = re.compile(r"(?:^\s*|[;&|(!{`]\s*)([a-z]+)\b", re.MULTILINE)
_BEHIND_WORD = re.compile(r"\b(?:then|do|else|if|elif|while|until|eval|trap|command -v)\s+[\"']?([a-z]+)\b")


@cache
def library() -> dict[str, str]:
    """Function name -> its text with the comment above it, in the order of the files."""
    found: dict[str, str] = {}
    for name in sorted(os.listdir(RUNTIME)):
        if name.endswith(".sh"):
            found |= _functions(_read(f"{RUNTIME}/{name}"))
    for name in sorted(os.listdir(f"{RUNTIME}/programs")):
        if name == "__pycache__":  # a Python program may have been compiled with the package
            continue
        function = "program_" + name.partition(".")[0]
        found[function] = f"{function}() {{\n    cat <<'PROGRAM'\n{_read(f'{RUNTIME}/programs/{name}')}PROGRAM\n}}\n"
    return found


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _functions(text: str) -> dict[str, str]:
    found = {}
    for piece in text.split("\n}\n")[:-1]:
        head, _, body = piece.partition("() {\n")
        comment, _, name = head.rpartition("\n")
        found[name] = f"{_last_block(comment)}{name}() {{\n{body}\n}}\n"
    return found


def _last_block(comment: str) -> str:
    """The comment lines right above a function; a file's own comment stands apart, behind a blank line."""
    block = comment.rpartition("\n\n")[2].lstrip("\n")
    return block + "\n" if block else ""


def bundle(words: Iterable[str]) -> str:
    """The text of every library function that one of `words` names, directly or through another; `main` always among them."""
    return _bundled(frozenset(words))


@cache
def _bundled(words: frozenset[str]) -> str:
    wanted, queue = set[str](), [*words, "main"]
    while queue:
        name = queue.pop()
        if name not in wanted and name in library():
            wanted.add(name)
            queue.extend(_uses(name))
    return "\n".join(text for name, text in library().items() if name in wanted)


@cache
def _uses(name: str) -> set[str]:
    return words_of(library()[name])


def words_of(text: str) -> set[str]:
    """The words of a shell text that may be calls: names with an underscore anywhere, others where a command stands.

    (`copy` in a message is no call; `copy_path` in `copy_each=copy_path` is one.) Whole-line comments are left out.
    """
    code = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))
    return {word for word in _WORD.findall(code) if "_" in word} | {*_COMMAND.findall(code), *_BEHIND_WORD.findall(code)}


if __name__ == "__main__":
    top_text = _read(sys.argv[1])
    sys.stdout.write(f'{top_text}\n{bundle(words_of(top_text))}\nmain "$@"\n')
