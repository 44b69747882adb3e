"""A command that was understood, as data."""

from typing import NamedTuple

from dock2sh.shell.syntax import Word


class Part(NamedTuple):
    """A piece of a command in its place. `kind`: command, subcommand, option, value, operand, operator, setting, unknown.

    `says` is a text of the knowledge base; `role` what a value or an operand is.
    """

    start: int
    end: int
    text: str
    kind: str
    says: str = ""
    role: str = ""
    value: str = ""


class Known(NamedTuple):
    """A command that was understood. `title` is the tool with its subcommands; `known` False where no file is about it.

    `within` are commands that it starts (`sudo`, `env`, `find -exec`), `scripts` words of it that are shell text (`sh -c`).
    """

    title: str
    summary: str
    source: str
    parts: tuple[Part, ...]
    known: bool = True
    manager: str = ""
    effects: frozenset[str] = frozenset()
    within: tuple["Known", ...] = ()
    scripts: tuple[Word, ...] = ()

    def all_parts(self) -> tuple[Part, ...]:
        """Its parts and those of the commands within, in order."""
        return tuple(sorted(self.parts + tuple(part for inner in self.within for part in inner.all_parts())))

    def chain(self) -> tuple["Known", ...]:
        """Itself and every command within."""
        return (self, *(known for inner in self.within for known in inner.chain()))

    def words(self, *roles: str) -> tuple[str, ...]:
        """The values of its own parts that have one of these roles."""
        return tuple(part.value for part in self.parts if part.role in roles)
