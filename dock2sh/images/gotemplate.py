"""The part of Go's text/template that people write into docker's --format: fields, pipelines, functions, if, range, with.

    render('{{.Id}} {{range .Config.Env}}{{println .}}{{end}}', value)  ->  text

Values are what JSON has. A key that is not there is `<no value>` when printed and empty for `if`.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

_ACTION = re.compile(
    r"\{\{(?P<left>- )?\s*(?P<text>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^}`\"]|\}(?!\}))*?)\s*(?P<right> -)?\}\}", re.DOTALL
)
_WORD = re.compile(
    r"\s*(?:(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<raw>`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<field>\$?(?:\.[\w]+)+|\$|\.)|(?P<name>\w+)|(?P<mark>[|()]))"
)
NO_VALUE = "<no value>"


class TemplateError(ValueError):
    """A template that cannot be read or applied; the text says what is wrong."""


class Block(NamedTuple):
    """`if`, `range` or `with`: its pipeline, what is inside, what is after `else`."""

    keyword: str
    pipeline: str
    inside: "Nodes"
    otherwise: "Nodes"


Node: TypeAlias = "str | tuple[str] | Block"  # text, a pipeline to print, a block
Nodes: TypeAlias = Sequence[Node]


def render(template: str, value: Any) -> str:
    """The template applied to `value`. Raises TemplateError."""
    nodes, rest = _parse(_tokens(template), False)
    if rest:
        raise TemplateError(f"unexpected {{{{{rest}}}}}")
    return "".join(_shown(nodes, value, value))


def _tokens(template: str) -> Iterator[str | tuple[str]]:
    """Texts, and actions as a tuple of one; `{{- ` and ` -}}` take the blanks beside them away."""
    at, trim = 0, False
    for match in _ACTION.finditer(template):
        text = template[at : match.start()]
        text = text.lstrip() if trim else text
        yield text.rstrip() if match["left"] else text
        if not match["text"].startswith("/*"):
            yield (match["text"],)
        at, trim = match.end(), bool(match["right"])
    rest = template[at:]
    if "{{" in rest:
        raise TemplateError("unclosed action {{")
    yield rest.lstrip() if trim else rest


def _parse(tokens: Iterator[str | tuple[str]], inner: bool) -> tuple[list[Node], str]:
    """Nodes up to the `end` or `else` that ends them, which comes second ("": the end of the template)."""
    nodes: list[Node] = []
    for token in tokens:
        if isinstance(token, str):
            nodes.append(token)
            continue
        keyword, _, pipeline = token[0].partition(" ")
        if keyword in ("end", "else"):
            return nodes, token[0]
        nodes.append(_block(keyword, pipeline, tokens) if keyword in ("if", "range", "with") else token)
    if inner:
        raise TemplateError("unexpected end of the template: an {{end}} is missing")
    return nodes, ""


def _block(keyword: str, pipeline: str, tokens: Iterator[str | tuple[str]]) -> Block:
    inside, ended = _parse(tokens, True)
    if ended.startswith("else "):
        again, _, condition = ended.removeprefix("else ").strip().partition(" ")
        return Block(keyword, pipeline, inside, [_block(again, condition, tokens)])
    otherwise: Nodes = []
    if ended == "else":
        otherwise, ended = _parse(tokens, True)
    return Block(keyword, pipeline, inside, otherwise)


def _shown(nodes: Nodes, dot: Any, root: Any) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Block):
            yield from _block_shown(node, dot, root)
        else:
            yield text_of(_value(node[0], dot, root))


def _block_shown(block: Block, dot: Any, root: Any) -> Iterator[str]:
    value = _value(block.pipeline, dot, root)
    if not value:
        yield from _shown(block.otherwise, dot, root)
    elif block.keyword == "range":
        for one in [value[key] for key in sorted(value)] if isinstance(value, dict) else value:
            yield from _shown(block.inside, one, root)
    else:
        yield from _shown(block.inside, value if block.keyword == "with" else dot, root)


def text_of(value: Any) -> str:
    """How Go prints a value: lists in brackets, maps as map[k:v], booleans in lower case."""
    match value:
        case None:
            return NO_VALUE
        case bool():
            return "true" if value else "false"
        case dict():
            return "map[" + " ".join(f"{key}:{text_of(value[key])}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(map(text_of, value)) + "]"
        case _:
            return str(value)


def _value(pipeline: str, dot: Any, root: Any) -> Any:
    words = _words(pipeline)
    value = _pipeline(words, dot, root)
    if words:
        raise TemplateError(f"unexpected {words[0][1]!r} in {{{{{pipeline}}}}}")
    return value


def _words(text: str) -> list[tuple[str, str]]:
    """Kind and text of each word, the first one first."""
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if not match or not match.lastgroup:
            raise TemplateError(f"unexpected {text[at:].strip()[:1]!r} in {{{{{text}}}}}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _pipeline(words: list[tuple[str, str]], dot: Any, root: Any) -> Any:
    """`a | b | c`: what comes out of one is the last argument of the next."""
    value = _command(words, dot, root, [])
    while words and words[0] == ("mark", "|"):
        words.pop(0)
        value = _command(words, dot, root, [value])
    return value


def _command(words: list[tuple[str, str]], dot: Any, root: Any, last: list[Any]) -> Any:
    if words and words[0][0] == "name" and words[0][1] in FUNCTIONS:
        name = words.pop(0)[1]
        arguments = []
        while (words and words[0][0] != "mark") or words[:1] == [("mark", "(")]:
            arguments.append(_operand(words, dot, root))
        try:
            return FUNCTIONS[name](*arguments, *last)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise TemplateError(f"error calling {name}: {error}") from error
    return _operand(words, dot, root)


def _operand(words: list[tuple[str, str]], dot: Any, root: Any) -> Any:
    if not words:
        raise TemplateError("missing value for command")
    kind, text = words.pop(0)
    if kind == "field":
        return _field(text, root if text.startswith("$") else dot, root)
    if (kind, text) == ("mark", "("):
        value = _pipeline(words, dot, root)
        if not words or words.pop(0) != ("mark", ")"):
            raise TemplateError("unclosed left paren")
        return value
    return _literal(kind, text)


def _field(text: str, value: Any, root: Any) -> Any:
    """What the whole thing has no field for is a mistake; deeper down, where keys are data, it is only not there."""
    for name in filter(None, text.lstrip("$").split(".")):
        if value is root and isinstance(value, dict) and name not in value:
            raise TemplateError(f"there is no field {name!r}; there are {', '.join(sorted(value))}")
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _literal(kind: str, text: str) -> Any:
    match kind:
        case "string":
            return json.loads(text, strict=False)
        case "raw":
            return text[1:-1]
        case "number":
            return float(text) if "." in text else int(text)
        case "name" if text in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[text]
        case "name":
            raise TemplateError(f"function {text!r} not defined; there are {', '.join(sorted(FUNCTIONS))}")
        case _:
            raise TemplateError(f"unexpected {text!r}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else value[key]
    return value


def go_json(value: Any, indent: int | None = None) -> str:
    """JSON as Go writes it by default: < > & escaped. (docker's templates switch that off.)"""
    text = _json(value, indent)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, separators=(",", ": ") if indent else (",", ":"), ensure_ascii=False)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "index": _index,
    "len": len,
    "join": lambda values, between: between.join(map(text_of, values)),
    "split": lambda text, between: text.split(between),
    "upper": lambda text: text.upper(),
    "lower": lambda text: text.lower(),
    "title": lambda text: text.title(),
    "pad": lambda text, before, after: " " * before + text + " " * after if text else text,
    "truncate": lambda text, length: text[:length],
    "print": lambda *values: "".join(map(text_of, values)),
    "println": lambda *values: " ".join(map(text_of, values)) + "\n",
    "printf": lambda format, *values: re.sub("%[vqd]", "%s", format) % tuple(map(text_of, values)),
    "eq": lambda one, *others: one in others,
    "ne": lambda one, other: one != other,
    "lt": lambda one, other: one < other,
    "gt": lambda one, other: one > other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "slice": lambda value, *bounds: value[slice(*bounds)] if len(bounds) > 1 else value[bounds[0] :],
}
