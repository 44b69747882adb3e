"""The part of Go's text/template that people write into docker's --format: fields, variables, pipelines, functions, blocks.

    render('{{.Id}} {{range .Config.Env}}{{println .}}{{end}}', value)  ->  text

Values are what JSON has. A key that is not there is `<no value>` when printed and empty for `if`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias

_ACTION = re.compile(
    r"\{\{(?P<left>- )?\s*(?P<text>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^}`\"]|\}(?!\}))*?)\s*(?P<right> -)?\}\}", re.DOTALL
)
_WORD = re.compile(
    r"\s*(?:(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<raw>`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<field>\$\w*(?:\.\w+)*|(?:\.\w+)+|\.)|(?P<name>\w+)|(?P<mark>[|()]))"
)
_DECLARED = re.compile(r"(?:\$(\w+)\s*,\s*)?\$(\w+)\s*(:?=)\s*(.*)", re.DOTALL)
NO_VALUE = "<no value>"
_ANY_NUMBER = 4  # inspect.CO_VARARGS; the module takes long to import

Known: TypeAlias = "dict[str, list[Any]]"
"""Variables: each in a list of one, which an assignment in an inner block changes, too. "" is the whole value, `$`."""


class Nil:
    """A list, map or pointer of Go's that has nothing: null in JSON, printed as `shown`."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Typed(dict[str, Any]):
    """An object of Go's with `zero` for the fields that it has, too, and JSON leaves out."""

    def __init__(self, value: Mapping[str, Any], zero: Mapping[str, Any]) -> None:
        super().__init__(value)
        self.zero = zero

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.zero

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, self.zero.get(key, default))


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
    return "".join(_shown(nodes, value, {"": [value]}))


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


def _shown(nodes: Nodes, dot: Any, known: Known) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Block):
            yield from _block_shown(node, dot, {**known})
        elif declared := _DECLARED.fullmatch(node[0]):
            _declare(declared, _value(declared[4], dot, known), known)
        else:
            yield text_of(_value(node[0], dot, known))


def _declare(declared: re.Match[str], value: Any, known: Known) -> None:
    """`$x := ...` makes a variable of this block, `$x = ...` changes the one that there is."""
    name = declared[2]
    if declared[3] == ":=":
        known[name] = [value]
    elif name in known:
        known[name][0] = value
    else:
        raise TemplateError(f'undefined variable "${name}"')


def _block_shown(block: Block, dot: Any, known: Known) -> Iterator[str]:
    declared = _DECLARED.fullmatch(block.pipeline)
    value = _value(declared[4] if declared else block.pipeline, dot, known)
    if declared and block.keyword != "range":
        _declare(declared, value, known)
    if not value:
        yield from _shown(block.otherwise, dot, known)
    elif block.keyword == "range":
        for key, one in sorted(value.items()) if isinstance(value, dict) else enumerate(value):
            named = {declared[1]: [key], declared[2]: [one]} if declared else {}
            yield from _shown(block.inside, one, {**known, **named})
    else:
        yield from _shown(block.inside, value if block.keyword == "with" else dot, known)


def text_of(value: Any) -> str:
    """How Go prints a value: lists in brackets, maps as map[k:v], booleans in lower case."""
    match value:
        case None:
            return NO_VALUE
        case Nil():
            return value.shown
        case bool():
            return "true" if value else "false"
        case dict():
            return "map[" + " ".join(f"{key}:{text_of(value[key])}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(map(text_of, value)) + "]"
        case _:
            return str(value)


def _value(pipeline: str, dot: Any, known: Known) -> Any:
    words = _words(pipeline)
    value = _pipeline(words, dot, known)
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


def _pipeline(words: list[tuple[str, str]], dot: Any, known: Known) -> Any:
    """`a | b | c`: what comes out of one is the last argument of the next."""
    value = _command(words, dot, known, [])
    while words and words[0] == ("mark", "|"):
        words.pop(0)
        value = _command(words, dot, known, [value])
    return value


def _command(words: list[tuple[str, str]], dot: Any, known: Known, last: list[Any]) -> Any:
    if words and words[0][0] == "name" and words[0][1] in FUNCTIONS:
        name = words.pop(0)[1]
        arguments = []
        while (words and words[0][0] != "mark") or words[:1] == [("mark", "(")]:
            arguments.append(_operand(words, dot, known))
        _counted(name, len(arguments) + len(last))
        try:
            return FUNCTIONS[name](*arguments, *last)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise TemplateError(f"error calling {name}: {error}") from error
    return _operand(words, dot, known)


def _counted(name: str, given: int) -> None:
    code = FUNCTIONS[name].__code__ if isinstance(FUNCTIONS[name], FunctionType) else None
    if code and not code.co_flags & _ANY_NUMBER and name != "json" and code.co_argcount != given:
        raise TemplateError(f"wrong number of args for {name}: want {code.co_argcount} got {given}")


def _operand(words: list[tuple[str, str]], dot: Any, known: Known) -> Any:
    if not words:
        raise TemplateError("missing value for command")
    kind, text = words.pop(0)
    if kind == "field":
        return _field(text, dot, known)
    if (kind, text) == ("mark", "("):
        value = _pipeline(words, dot, known)
        if not words or words.pop(0) != ("mark", ")"):
            raise TemplateError("unclosed left paren")
        return value
    return _literal(kind, text)


def _field(text: str, dot: Any, known: Known) -> Any:
    """What the whole thing has no field for is a mistake; deeper down, where keys are data, it is only not there."""
    variable, *names = text.split(".")
    if variable and variable[1:] not in known:
        raise TemplateError(f'undefined variable "{variable}"')
    value = known[variable[1:]][0] if variable else dot
    for name in filter(None, names):
        if value is known[""][0] and isinstance(value, dict) and name not in value:
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
        if isinstance(value, dict):
            value = value.get(key, "" if all(isinstance(one, str) for one in value.values()) else None)
        else:
            value = value[key]
    return value


def go_json(value: Any, indent: int | None = None) -> str:
    """JSON as Go writes it by default: < > & escaped. (docker's templates switch that off.)"""
    text = _json(value, indent)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _json(value: Any, indent: int | None = None) -> str:
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, default=lambda nil: None)


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
    "le": lambda one, other: one <= other,
    "ge": lambda one, other: one >= other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "slice": lambda value, *bounds: value[slice(*bounds)] if len(bounds) > 1 else value[bounds[0] :],
}
