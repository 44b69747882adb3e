"""Bundle the shell library: the functions of runtime/ that a script uses, and only those.

A runtime file holds functions and comments, nothing else: each function begins with `name() {` and ends with `}`, both in
column 0, and the comment right above it belongs to it. A file in runtime/programs/ is a whole program (sh or awk); it becomes a
function that prints it, `program_NAME`. What uses what is read out of the text, so there is no list to keep.
"""

import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

RUNTIME = Path(__file__).parent.parent / "runtime"
_FUNCTION = re.compile(r"(?:^#[^\n]*\n)*^([a-z_0-9]+)\(\) \{\n.*?^\}\n", re.M | re.S)
_WORD = re.compile(r"[A-Za-z_0-9]+")
_COMMENT = re.compile(r"^\s*#.*$", re.M)


@cache
def library() -> dict[str, tuple[str, frozenset[str]]]:
    """Function name -> (its text, the words in it), in the order of the files."""
    found = {}
    for path in sorted(RUNTIME.glob("*.sh")):
        for match in _FUNCTION.finditer(path.read_text()):
            found[match[1]] = match[0]
    for path in sorted((RUNTIME / "programs").glob("*")):
        name = "program_" + path.stem
        found[name] = f"{name}() {{\n    cat <<'PROGRAM'\n{path.read_text()}PROGRAM\n}}\n"
    return {name: (text, frozenset(_WORD.findall(_COMMENT.sub("", text)))) for name, text in found.items()}


def bundle(words: Iterable[str]) -> str:
    """The text of every library function that one of `words` names, directly or through another; `main` always among them."""
    functions = library()
    wanted, queue = set[str](), [*words, "main"]
    while queue:
        name = queue.pop()
        if name in functions and name not in wanted:
            wanted.add(name)
            queue.extend(functions[name][1])
    return "\n".join(text for name, (text, _) in functions.items() if name in wanted)


def words_of(top: str) -> list[str]:
    """The words of a hand-written top half, comments left out."""
    return _WORD.findall(_COMMENT.sub("", top))


if __name__ == "__main__":
    top_text = Path(sys.argv[1]).read_text()
    sys.stdout.write(f'{top_text}\n{bundle(words_of(top_text))}\nmain "$@"\n')
