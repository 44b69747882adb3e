"""FROM: `FROM [--platform=P] IMAGE [AS name]` (semantics.md 1.2)."""

import re

from dock2sh.dockerfile.flags import check
from dock2sh.dockerfile.gotext import quoted
from dock2sh.dockerfile.syntax import Node
from dock2sh.source import refuse

_NAME = re.compile(r"[a-z][a-z0-9-_.]*\Z")


def parse_from(node: Node) -> tuple[str, str]:
    """The stage's name in lower case (empty for none) and its --platform (unexpanded). Raises Refused."""
    name = ""
    args = node.args
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _NAME.match(name):
            message = f"invalid name for build stage: {quoted(args[2])}, name can't start with a number or contain symbols"
            raise refuse("stage-name", message, near=args[2], hint="a letter, then letters, digits, `-`, `_`, `.`")
    elif len(args) != 1:
        hint = "FROM IMAGE, or FROM IMAGE AS NAME; a comment needs a line of its own"
        raise refuse("arity", "FROM requires either one or three arguments", hint=hint, near=args[1] if args[1:] else "")
    return name, str(check(node.flags, {"platform": str}).get("platform", "")) if node.flags else ""
