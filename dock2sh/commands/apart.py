"""A shell text with all its commands understood, those of shells within it too."""

from functools import cache
from typing import NamedTuple

from dock2sh.commands.matching import Known, understand
from dock2sh.shell import Command, Script, Word, read

MOST_SCRIPTS = 4
"""Shells in shells (`sh -c 'sh -c …'`) that are taken apart."""


class Understood(NamedTuple):
    """A command of a shell text, and what is known of it. `errexit`: `set -e` holds where it stands.

    `overlooks`: what is before it is a list with `&&`, or turned round by `!`, of which `set -e` sees less than all.
    """

    text: str
    command: Command
    known: Known | None
    level: int
    errexit: bool
    overlooks: str = ""


class Apart(NamedTuple):
    """A shell text taken apart. `shell` is the reading, `found` its commands with those of shells within."""

    shell: Script
    found: tuple[Understood, ...]


@cache
def take_apart(text: str, level: int = 0, errexit: bool = False) -> Apart:
    """The commands of a shell text, and of the texts in it that are for a shell of their own. `errexit`: it is begun with -e."""
    script = read(text)
    found = list[Understood]()
    lists = dict[tuple[str, ...], str]()
    for command in script.commands:
        known = understand(command.words) if command.words else None
        place = tuple(name for name in command.inside if name != "!")
        before = lists.get(place, "")
        overlooks = "" if command.before in ("&&", "||", "|", "|&", "") else before
        found.append(Understood(text, command, known, level + len(levels(command)), errexit, overlooks))
        if not {"if", "while", "$()"} & set(place):  # what decides, and what becomes a word, does not end a list
            lists |= dict.fromkeys((place[:depth] for depth in range(len(place) + 1)), _overlooked(command, before))
        if known:
            errexit = _errexit(known, errexit) if known.title == "set" else errexit
            found += _scripts(known, level + len(levels(command)))
    return Apart(script, tuple(found))


def _overlooked(command: Command, before: str) -> str:
    """What `set -e` overlooks in the list that ends with this command: `&&` all but the last, `!` everything (POSIX, set)."""
    if "!" in command.inside:
        return "!"
    if command.before == "&&":
        return "&&"
    return before if command.before in ("||", "|", "|&") else ""


def begins_with_errexit(shell: tuple[str, ...]) -> bool:
    """Whether SHELL's own words say `set -e`: `["/bin/bash", "-euxo", "pipefail", "-c"]`."""
    options = [word for word in shell[1:] if word[:1] == "-" and word[:2] != "--"]
    return any("e" in word[1:] for word in options) or "errexit" in shell


def _scripts(known: Known, level: int) -> list[Understood]:
    """The commands of `sh -c TEXT`."""
    if level >= MOST_SCRIPTS:
        return []
    texts = [(word.value, _errexit(inner, False)) for inner in known.chain() for word in inner.scripts if not word.dynamic]
    return [each for text, errexit in texts for each in take_apart(text, level + 1, errexit).found]


def _errexit(known: Known, before: bool) -> bool:
    """Whether `set -e` holds after this command, or in the shell that it starts."""
    if known.title not in _SET:
        return before
    for part in known.parts:
        if part.text in ("-e", "-o errexit") or (part.kind == "value" and part.value == "errexit"):
            before = True
        elif part.text == "+e":
            before = False
    return before


_SET = ("set", "sh", "bash", "dash", "ash", "zsh")


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
