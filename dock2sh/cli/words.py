"""Command lines as docker reads them: a flag may have a value (`--human=false`)."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from typer.core import TyperCommand

_YES = ("1", "t", "T", "true", "TRUE", "True")
_NO = ("0", "f", "F", "false", "FALSE", "False")  # Go's strconv.ParseBool


class Command(TyperCommand):
    """A command whose flags take `=true` and `=false`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What the words mean."""
        return super().parse_args(ctx, list(self._plain(args, ctx.allow_interspersed_args)))

    def _plain(self, args: list[str], mixed: bool) -> Iterator[str]:
        """The words without the values of flags. What follows `--`, or an argument that ends the options, stays as it is."""
        options = {name: param for param in self.params for name in (*param.opts, *param.secondary_opts)}
        words = iter(args)
        for word in words:
            name, equals, value = word.partition("=")
            param: Any = options.get(name)
            if equals and param is not None and getattr(param, "is_flag", False) and value in (*_YES, *_NO):
                yield from self._said(param, value in _YES)
                continue
            yield word
            if word == "--" or (not mixed and not word.startswith("-")):
                yield from words
            elif not equals and param is not None and not getattr(param, "is_flag", True):
                yield from islice(words, 1)  # its value, whatever it looks like

    @staticmethod
    def _said(param: Any, wanted: bool) -> list[str]:
        """The flag, the other one, or nothing."""
        return [param.opts[-1]] if wanted else list(param.secondary_opts[:1])
