"""A shell text with all its commands understood, those of shells within it too."""

from typing import NamedTuple

from dock2sh.commands.matching import Known, understand
from dock2sh.shell import Command, Script, Word, read

MOST_SCRIPTS = 4
"""Shells in shells (`sh -c 'sh -c …'`) that are taken apart."""


class Understood(NamedTuple):
    """A command of a shell text, and what is known of it. `errexit`: a failure of it ends the text."""

    text: str
    command: Command
    known: Known | None
    level: int
    errexit: bool


class Apart(NamedTuple):
    """A shell text taken apart. `shell` is the reading, `found` its commands with those of shells within."""

    shell: Script
    found: tuple[Understood, ...]


def take_apart(text: str, level: int = 0) -> Apart:
    """The commands of a shell text, and of the texts in it that are for a shell of their own."""
    script = read(text)
    found, errexit = list[Understood](), False
    for command in script.commands:
        known = understand(command.words) if command.words else None
        found.append(Understood(text, command, known, level + len(levels(command)), errexit))
        if known:
            errexit = _errexit(known, errexit)
            found += _scripts(known, level + len(levels(command)))
    return Apart(script, tuple(found))


def _scripts(known: Known, level: int) -> list[Understood]:
    """The commands of `sh -c TEXT`."""
    texts = [word.value for inner in known.chain() for word in inner.scripts if not word.dynamic]
    return [each for text in texts for each in take_apart(text, level + 1).found] if level < MOST_SCRIPTS else []


def _errexit(known: Known, before: bool) -> bool:
    """Whether `set -e` holds after this command."""
    if known.title != "set":
        return before
    for part in known.parts:
        if part.text in ("-e", "-o errexit") or (part.kind == "value" and part.value == "errexit"):
            before = True
        elif part.text == "+e":
            before = False
    return before


def levels(command: Command) -> list[str]:
    """What it stands in, as far as that is a level deeper."""
    return [name for name in command.inside if name not in ("{}", "!")]


def exec_apart(argv: tuple[str, ...]) -> Apart:
    """A command without a shell, whose words are as they stand. `argv` is not empty."""
    text, at, words = " ".join(argv), 0, list[Word]()
    for word in argv:
        words.append(Word(at, at + len(word), word, word))
        at += len(word) + 1
    command = Command(0, len(text), (), tuple(words))
    known = understand(tuple(words))
    found = (Understood(text, command, known, 0, False), *_scripts(known, 0))
    return Apart(Script(text, (command,), (), ()), found)
