"""A value with a part that only the running script knows: what the environment of a base image that is not at hand decides."""

from typing import Self

from dock2sh.source import refuse

_IN_DOUBLE_QUOTES = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "`": "\\`"})


class Deferred(str):
    """A value with a part that only the running script knows.

    `shell` is its text between double quotes; `name` the base image's variable if it is nothing but a reference to one, and
    `unset` whether that may be unset altogether.
    """

    shell: str
    name: str
    unset: bool

    def __new__(cls, text: str, shell: str, name: str = "", unset: bool = False) -> Self:
        self = super().__new__(cls, text)
        self.shell, self.name, self.unset = shell, name, unset
        return self

    def assigned(self) -> "Deferred":
        """The same as another variable's value, which is set, be it empty."""
        return Deferred(self, self.shell, self.name)


def deferred_variable(name: str, default: str | None = None) -> Deferred:
    """The variable `name` of a base image whose environment is not known: `${BASE_name-}` in the script, or its `default`.

    Raises Refused for a name that no shell variable can have.
    """
    if not name.isascii():
        message = f"{name} may be a variable of the base image, which is not at hand, and a shell has no such names"
        raise refuse("deferred-name", message, near=name, hint="give the image with --base NAME=SOURCE")
    if default is None:
        return Deferred(f"${{{name}}}", f"${{BASE_{name}-}}", name, True)
    return Deferred(f"${{{name}-{default}}}", f"${{BASE_{name}-{operand(default)}}}")


def shell_text(value: str) -> str:
    """`value` as it stands between double quotes in a script."""
    return value.shell if isinstance(value, Deferred) else value.translate(_IN_DOUBLE_QUOTES)


def concat(pieces: list[str]) -> str:
    """The pieces as one value: a Deferred if one of them is."""
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(pieces)
    if any(isinstance(piece, Deferred) for piece in pieces):
        return Deferred(text, "".join(map(shell_text, pieces)))
    return text


def operand(word: str) -> str:
    """A word behind a modifier, between double quotes in a script."""
    return shell_text(word).replace("}", "\\}") if not isinstance(word, Deferred) else word.shell
