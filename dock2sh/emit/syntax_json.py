"""The syntax tree as JSON: `dock2sh parse --format json`, with BuildKit's names for what a node holds."""

from typing import Any

from dock2sh.dockerfile.gotext import quoted
from dock2sh.dockerfile.syntax import Dockerfile, Node


def syntax_object(dockerfile: Dockerfile) -> dict[str, Any]:
    """The escape character, the directives and the instructions, each with its lines."""
    return {
        "escape": dockerfile.escape,
        "directives": dockerfile.directives,
        "ast": [_node(node) for node in dockerfile.nodes],
    }


def _node(node: Node) -> dict[str, Any]:
    known: dict[str, Any] = {"value": node.keyword, "start": node.span.first, "end": node.span.last, "original": node.original}
    optional: dict[str, Any] = {
        "args": list(node.args),
        "flags": list(node.flags),
        "json": node.json,
        "comments": list(node.comments),
        "sub": _node(node.child) if node.child else None,
        "heredocs": [
            {
                "Name": doc.name,
                "FileDescriptor": doc.descriptor,
                "Expand": doc.expand,
                "Chomp": doc.chomp,
                "Content": doc.content,
            }
            for doc in node.heredocs
        ],
    }
    return known | {key: value for key, value in optional.items() if value}


def syntax_text(dockerfile: Dockerfile) -> str:
    """One s-expression a line, as BuildKit's parser dumps a tree."""
    return "".join(_expression(node) + "\n" for node in dockerfile.nodes)


def _expression(node: Node) -> str:
    flags = [f"[{' '.join(quoted(flag) for flag in node.flags)}]"] if node.flags else []
    inner = [_expression(node.child)] if node.child else [quoted(arg) for arg in node.args]
    return f"({' '.join([node.keyword.lower(), *flags, *inner])})"
