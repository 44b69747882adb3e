"""A shell text with all its commands understood, those of shells within it too."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import NamedTuple

from dock2sh.commands import fed
from dock2sh.commands.known import Known
from dock2sh.commands.matching import understand
from dock2sh.shell import Command, Redirect, Script, Word, read, substituted

MOST_SCRIPTS = 4
"""Shells in shells (`sh -c 'sh -c …'`) that are taken apart."""


class Understood(NamedTuple):
    """A command of a shell text, and what is known of it. `errexit`: `set -e` holds where it stands.

    `overlooks`: what is before it is a list with `&&`, or turned round by `!`, of which `set -e` sees less than all. `where` are
    the places of its text's characters in the outermost text; None where it does not stand there as it is.
    """

    text: str
    command: Command
    known: Known | None
    level: int
    errexit: bool
    overlooks: str = ""
    where: Sequence[int] | None = None


class Inner(NamedTuple):
    """The text of a shell within, as that shell reads it. `literal`: nothing is put into it before; `shell` is its name."""

    text: str
    where: Sequence[int] | None
    shell: str
    literal: bool


class Apart(NamedTuple):
    """A shell text taken apart. `shell` is the reading, `found` its commands with those of shells within.

    `unread` are parts that could not be read, each with the reason; `documents` the here-documents that shells within read.
    """

    shell: Script
    found: tuple[Understood, ...]
    unread: tuple[tuple[str, str], ...] = ()
    documents: tuple[Inner, ...] = ()


@cache
def take_apart(text: str, level: int = 0, errexit: bool = False) -> Apart:
    """The commands of a shell text, and of the texts in it that are for a shell of their own. `errexit`: it is begun with -e."""
    return _Taker(read(text), level, errexit).apart()


class _Taker:
    """One text, from its first command to its last."""

    def __init__(self, script: Script, level: int, errexit: bool) -> None:
        text = script.text
        self.script, self.text, self.level, self.errexit = script, text, level, errexit
        self.found = list[Understood]()
        self.unread = [(text[part.start : part.end], part.why) for part in script.opaque]
        self.documents = list[Inner]()
        self.lists = dict[tuple[str, ...], str]()
        self.entered = dict[tuple[str, ...], str]()
        self.openings = [symbol for symbol in reversed(script.symbols) if set(symbol.text.split(None, 1)[:1]) & _OPEN]
        self.piped: Redirect | None = None
        self.whole = range(len(text))
        self.bodies = list[tuple[int, int]]()

    def apart(self) -> Apart:
        for command in self.script.commands:
            self.command(command)
        found = [each for each in self.found if not self.is_told_twice(each)]
        return Apart(self.script, tuple(found), tuple(self.unread), tuple(self.documents))

    def command(self, command: Command) -> None:
        known = understand(command.words) if command.words else None
        place = _bare(command.inside)
        before = self.lists.get(place, "")
        overlooks = "" if command.before in ("&&", "||", "|", "|&", "") else before
        level = self.level + len(levels(command))
        self.found.append(Understood(self.text, command, known, level, self.errexit, overlooks, self.whole))
        if not substituted(place):  # what becomes a word ends no list
            self.lists[place] = _overlooked(command, before)
            self.around(command, place)
        if known:
            self.errexit = _errexit(known, self.errexit) if known.title == "set" else self.errexit
            self.scripts(known, level)
        self.fed(command, known, level)

    def around(self, command: Command, place: tuple[str, ...]) -> None:
        """What a command in a group does to the lists that the group stands in.

        `A && { B; C; }` stays a list with `&&`. What `set -e` overlooks in `{ }` it overlooks outside, too; in `( )` it does
        not: that is one command, which has failed (seen in dash and bash).
        """
        begun = list[tuple[str, ...]]()
        while self.openings and self.openings[-1].start <= command.start:
            begun.append(_bare(self.openings.pop().inside))
        for depth in range(len(place), 0, -1):
            outer, group = place[: depth - 1], place[depth - 1]
            if outer in begun:
                self.entered[outer] = _overlooked(command, self.lists.get(outer, ""))
            decides = group in ("()", "if", "while", "until")  # that is overlooked anyhow
            own = "" if decides else self.lists.get(place[:depth], "")
            self.lists[outer] = own or self.entered.get(outer, "")

    def scripts(self, known: Known, level: int) -> None:
        """The commands of `sh -c TEXT`."""
        for inner in known.chain():
            for word in inner.scripts:
                if not word.dynamic:
                    at = word.raw.find(word.value)
                    where = range(word.start + at, word.start + at + len(word.value)) if at >= 0 else None
                    self.within(Inner(word.value, where, inner.title, True), level, _errexit(inner, False))

    def fed(self, command: Command, known: Known | None, level: int) -> None:
        """The commands of `sh <<EOF`."""
        handed = fed.document(command, self.piped if command.before in ("|", "|&") else None)
        self.piped = handed if fed.hands_on(known) else None
        shell = fed.reader(known) if handed else None
        if handed is None or shell is None:
            return
        text, where, literal = fed.text_of(handed)
        self.bodies.append((handed.at, handed.at + len(handed.body or "")))
        inner = Inner(text, where, shell.title, literal)
        if self.within(inner, level, _errexit(shell, False)):
            self.documents.append(inner)

    def within(self, inner: Inner, level: int, errexit: bool) -> bool:
        """Take a text for a shell of its own apart, unless that would go too deep."""
        if level >= MOST_SCRIPTS:
            return False
        apart, places = take_apart(inner.text, level + 1, errexit), dict[int, Sequence[int] | None]()

        def moved(where: Sequence[int] | None) -> Sequence[int] | None:
            if id(where) not in places:  # the commands of a text share its places
                places[id(where)] = _through(inner.where, where)
            return places[id(where)]

        self.found += (each._replace(where=moved(each.where)) for each in apart.found)
        self.documents += (each._replace(where=moved(each.where)) for each in apart.documents)
        self.unread += apart.unread
        return True

    def is_told_twice(self, each: Understood) -> bool:
        """Whether a substitution in a here-document is told among the commands of the shell that reads it, too."""
        if not substituted(each.command.inside) or each.text is not self.text:
            return False
        at = bisect_right(self.bodies, (each.command.start, len(self.text)))
        return at > 0 and each.command.start < self.bodies[at - 1][1]


def _through(outer: Sequence[int] | None, inner: Sequence[int] | None) -> Sequence[int] | None:
    """Places in a text that itself stands in another, there."""
    return None if outer is None or inner is None else tuple(outer[at] for at in inner)


_OPEN = frozenset(("(", "{", "if", "for", "while", "until", "case"))
"""How a group or a construct begins."""


def _bare(inside: tuple[str, ...]) -> tuple[str, ...]:
    """What a command stands in, without the `!`s."""
    return tuple(name for name in inside if name != "!")


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


_SET = ("set", *fed.SHELLS)


def levels(command: Command) -> list[str]:
    """What it stands in, as far as that is a level deeper."""
    return [name for name in command.inside if name not in ("{}", "!")]


def exec_apart(argv: tuple[str, ...]) -> Apart:
    """A command without a shell, whose words are as they stand. `argv` is not empty."""
    text, at, words = " ".join(argv), 0, list[Word]()
    for word in argv:
        words.append(Word(at, at + len(word), word, word))
        at += len(word) + 1
    return _Taker(Script(text, (Command(0, len(text), (), tuple(words)),), (), ()), 0, False).apart()


_OTHER_LANGUAGES = ("python", "python3", "perl", "ruby", "node", "php", "pwsh", "powershell", "cmd")
"""Programs that SHELL may name and that read another language than a shell's."""


def run_apart(shell: tuple[str, ...], text: str, program: bool) -> Apart | None:
    """What a RUN hands to the shell that SHELL names; None where it is another language than a shell's.

    `program`: the text is one that begins with `#!`, which the shell only starts.
    """
    if program:
        words = interpreter(text)
        return take_apart(text, errexit=begins_with_errexit(words)) if shell_named(words) else None
    if PurePosixPath(shell[0].replace("\\", "/").lower()).stem in _OTHER_LANGUAGES:
        return None
    return take_apart(text, errexit=begins_with_errexit(shell))


def interpreter(program: str) -> tuple[str, ...]:
    """The words of `#!/bin/bash -e`; of `#!/usr/bin/env bash` what env starts."""
    words = program.partition("\n")[0].removeprefix("#!").split()
    if words and words[0].rpartition("/")[2] == "env":
        words = [word for index, word in enumerate(words) if index and not (word[0] == "-" and index == 1) and "=" not in word]
    return tuple(words)


def shell_named(words: tuple[str, ...]) -> str:
    """The shell among the words of an interpreter (`/command/with-contenv bash`), or nothing."""
    return next((name for word in words if (name := word.rpartition("/")[2]) in fed.SHELLS), "")
