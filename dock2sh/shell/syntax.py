"""What shell text is read into. Everything has its place: `text[start:end]` is the slice that it stands for."""

from typing import NamedTuple


class Word(NamedTuple):
    """A word as written (`raw`), without its quotes (`value`), and the variables in it, which `value` still shows as `$X`.

    `dynamic` if only a running shell knows what it comes to; `glob` if a bare `*`, `?` or `[` in it stands for file names.
    """

    start: int
    end: int
    raw: str
    value: str
    variables: tuple[str, ...] = ()
    dynamic: bool = False
    glob: bool = False


class Redirect(NamedTuple):
    """`2>&1`, `> FILE`, `<<EOF`: `body` is a here-document's text with the line that ends it, else None; it stands at `at`."""

    start: int
    end: int
    descriptor: str
    operator: str
    target: str
    body: str | None = None
    at: int = -1


class Command(NamedTuple):
    """A simple command. `before` is what joins it to the one before (`&&`, `|`, …; empty at a beginning).

    `inside` names what it stands in, from the outside in: `if`, `then`, `else`, `for`, `while`, `until`, `case PATTERN`, `$()`,
    `<()`, `>()`, `()`, `{}`, `function NAME`, `!`. `background` if `&` ends it. The words of `[[ ]]`, `(( ))` begin with these.
    """

    start: int
    end: int
    assignments: tuple[Word, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()
    before: str = ""
    inside: tuple[str, ...] = ()
    background: bool = False


SUBSTITUTIONS = frozenset(("$()", "<()", ">()"))


def substituted(inside: tuple[str, ...]) -> bool:
    """Whether what stands there is part of a word: `$(…)`, or the file `<(…)`."""
    return not SUBSTITUTIONS.isdisjoint(inside)


class Symbol(NamedTuple):
    """An operator, a reserved word, or an expression that is no command: `&&`, `then`, `esac`, `[[ … ]]`, `(( … ))`."""

    start: int
    end: int
    kind: str
    text: str
    inside: tuple[str, ...] = ()


class Opaque(NamedTuple):
    """A part that could not be read, and why."""

    start: int
    end: int
    why: str


class Script(NamedTuple):
    """A shell text and all that was found in it, in the order of the text (an assignment's substitution before its command)."""

    text: str
    commands: tuple[Command, ...]
    symbols: tuple[Symbol, ...]
    opaque: tuple[Opaque, ...]
    functions: tuple[str, ...] = ()
