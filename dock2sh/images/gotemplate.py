"""The part of Go's text/template that people write into docker's --format: fields, variables, pipelines, functions, blocks.

    render('{{.Id}} {{range .Config.Env}}{{println .}}{{end}}', value)  ->  text

Values are what JSON has. A key that a map has not is `<no value>` when printed and empty for `if`; a field that an object has
not is a mistake. {{define}} and {{template}} are not known: a template here is a line.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias

from .gofunctions import FUNCTIONS, LAZY, go_json
from .govalues import Nil, Raw, TemplateError, Typed, text_of

__all__ = ["Nil", "TemplateError", "Typed", "Unreadable", "go_json", "render", "text_of"]

_ACTION = re.compile(
    r"\{\{(?P<left>- )?\s*(?P<text>(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^}`\"]|\}(?!\}))*?)\s*(?P<right> -)?\}\}", re.DOTALL
)
_WORD = re.compile(
    r"\s*(?:(?P<string>\"(?:\\.|[^\"\\\n])*\")|(?P<raw>`[^`]*`)|(?P<char>'(?:\\.|[^'\\])[^']*')"
    r"|(?P<number>[-+]?(?:0[xXbBoO][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?))"
    r"|(?P<field>\$\w*(?:\.\w+)*|(?:\.\w+)+|\.)|(?P<name>\w+)|(?P<mark>[|()]))"
)
_DECLARED = re.compile(r"(?:\$(\w+)\s*,\s*)?\$(\w+)\s*(:?=)\s*(.*)", re.DOTALL)
_CONSTANTS = {"true": True, "false": False, "nil": None}
_BLOCKS = ("if", "range", "with")
_NOT_HERE = ("define", "template", "block")
_ANY_NUMBER = 4  # inspect.CO_VARARGS; the module takes long to import

Known: TypeAlias = "dict[str, list[Any]]"
"""Variables: each in a list of one, which an assignment in an inner block changes, too. "" is the whole value, `$`."""
Words: TypeAlias = "list[tuple[str, str]]"
"""Kind and text of each word of an action."""


class Unreadable(TemplateError):
    """A template that cannot be read, whatever it is applied to."""


class _Left(TemplateError):
    """{{break}} or {{continue}}, on its way to the range that it is in."""


class Block(NamedTuple):
    """`if`, `range` or `with`: its pipeline, what is inside, what is after `else`."""

    keyword: str
    pipeline: str
    inside: "Nodes"
    otherwise: "Nodes"


Node: TypeAlias = "str | tuple[str] | Block"  # text, a pipeline to print, a block
Nodes: TypeAlias = Sequence[Node]


def render(template: str, value: Any) -> str:
    """The template applied to `value`. Raises TemplateError, Unreadable before anything is looked up."""
    nodes, rest = _parse(_tokens(template), False)
    if rest:
        raise Unreadable(f"unexpected {{{{{rest}}}}}")
    try:
        return "".join(_shown(nodes, value, {"": [value]}))
    except _Left as left:
        raise Unreadable(f"{{{{{left}}}}} outside {{{{range}}}}") from None


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
        raise Unreadable("unclosed action")
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
        if keyword in _NOT_HERE:
            raise Unreadable(f"{{{{{keyword}}}}} is not known here")
        if keyword in _BLOCKS:
            nodes.append(_block(keyword, pipeline, tokens))
        else:
            _check(token[0], "command")
            nodes.append(token)
    if inner:
        raise Unreadable("unexpected EOF: an {{end}} is missing")
    return nodes, ""


def _check(pipeline: str, keyword: str) -> None:
    """Whether it can be read, and each function is one."""
    declared = _DECLARED.fullmatch(pipeline)
    words = _words(declared[4] if declared else pipeline)
    if not words:
        raise Unreadable(f"missing value for {keyword}")
    for kind, text in words:
        known = text in FUNCTIONS or text in LAZY or text in _CONSTANTS or pipeline in ("break", "continue")
        if kind == "name" and not known:
            raise Unreadable(f'function "{text}" not defined; there are {", ".join(sorted({*FUNCTIONS, *LAZY}))}')


def _block(keyword: str, pipeline: str, tokens: Iterator[str | tuple[str]]) -> Block:
    _check(pipeline, keyword)
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
        elif node[0] in ("break", "continue"):
            raise _Left(node[0])
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
        raise Unreadable(f'undefined variable "${name}"')


def _block_shown(block: Block, dot: Any, known: Known) -> Iterator[str]:
    declared = _DECLARED.fullmatch(block.pipeline)
    value = _value(declared[4] if declared else block.pipeline, dot, known)
    if declared and block.keyword != "range":
        _declare(declared, value, known)
    if not value:
        yield from _shown(block.otherwise, dot, known)
    elif block.keyword == "range":
        yield from _each(block, value, declared, known)
    else:
        yield from _shown(block.inside, value if block.keyword == "with" else dot, known)


def _each(block: Block, value: Any, declared: re.Match[str] | None, known: Known) -> Iterator[str]:
    for key, one in _pairs(value):
        named = {declared[1]: [key], declared[2]: [one]} if declared else {}
        try:
            yield from _shown(block.inside, one, {**known, **named})
        except _Left as left:
            if str(left) == "break":
                return


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    match value:
        case Typed() | str() | float() | bool():
            raise TemplateError(f"range can't iterate over {text_of(value)}")
        case dict():
            return iter(sorted(value.items()))
        case int():
            return iter([(number, number) for number in range(value)])
        case _:
            return enumerate(value)


def _value(pipeline: str, dot: Any, known: Known) -> Any:
    words = _words(pipeline)
    value = _pipeline(words, dot, known)
    if words:
        raise TemplateError(f"unexpected {words[0][1]!r} in {{{{{pipeline}}}}}")
    return value


def _words(text: str) -> Words:
    """Kind and text of each word, the first one first."""
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if not match or not match.lastgroup:
            raise Unreadable(f"unexpected {text[at:].strip()[:1]!r} in {{{{{text}}}}}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _pipeline(words: Words, dot: Any, known: Known) -> Any:
    """`a | b | c`: what comes out of one is the last argument of the next."""
    if words[:1] == [("name", "nil")]:
        raise TemplateError("nil is not a command")
    value = _command(words, dot, known, [])
    while words and words[0] == ("mark", "|"):
        words.pop(0)
        value = _command(words, dot, known, [value])
    return value


def _command(words: Words, dot: Any, known: Known, last: list[Any]) -> Any:
    if not words or words[0][0] != "name" or words[0][1] in _CONSTANTS:
        return _operand(words, dot, known)
    name, parts = words.pop(0)[1], list(_parts(words))
    arguments = chain((_operand(part, dot, known) for part in parts), last)
    if name in LAZY:
        return LAZY[name](arguments)
    values = list(arguments)
    _counted(name, len(values))
    try:
        return FUNCTIONS[name](*values)
    except (TemplateError, TypeError, IndexError, KeyError, AttributeError, OverflowError) as error:
        raise TemplateError(f"error calling {name}: {error}") from error


def _parts(words: Words) -> Iterator[Words]:
    """The words of each operand, which are taken away: one, or all up to the end of a parenthesis and its fields."""
    while words and words[0] not in (("mark", "|"), ("mark", ")")):
        at, depth = 0, 0
        while at < len(words):
            depth += {"(": 1, ")": -1}.get(words[at][1], 0) if words[at][0] == "mark" else 0
            at += 1
            if not depth:
                break
        at += at > 1 and _is_chained(words[at : at + 1])
        yield words[:at]
        del words[:at]


def _is_chained(words: Words) -> bool:
    """Whether a field of what stands before it comes: (.Config).User"""
    return bool(words) and words[0][0] == "field" and words[0][1].startswith(".") and words[0][1] != "."


def _counted(name: str, given: int) -> None:
    code = FUNCTIONS[name].__code__ if isinstance(FUNCTIONS[name], FunctionType) else None
    if code and not code.co_flags & _ANY_NUMBER and name != "json" and code.co_argcount != given:
        raise TemplateError(f"wrong number of args for {name}: want {code.co_argcount} got {given}")


def _operand(words: Words, dot: Any, known: Known) -> Any:
    if not words:
        raise TemplateError("missing value for command")
    kind, text = words.pop(0)
    if kind == "field":
        return _field(text, dot, known)
    if (kind, text) != ("mark", "("):
        return _literal(kind, text)
    value = _pipeline(words, dot, known)
    if not words or words.pop(0) != ("mark", ")"):
        raise Unreadable("unclosed left paren")
    if _is_chained(words):
        return _field(words.pop(0)[1], value, known)
    return value


def _field(text: str, dot: Any, known: Known) -> Any:
    variable, *names = text.split(".")
    if variable and variable[1:] not in known:
        raise Unreadable(f'undefined variable "{variable}"')
    value = known[variable[1:]][0] if variable else dot
    for name in filter(None, names):
        value = _member(value, name, value is known[""][0])
    return value


def _member(value: Any, name: str, whole: bool) -> Any:
    """A field of an object, which has it, or a key of a map, where it may only be not there."""
    if isinstance(value, dict):
        if (whole or isinstance(value, Typed | Raw)) and name not in value:
            raise TemplateError(
                f"there is no field {name!r}; there are {', '.join(sorted({*value, *getattr(value, 'zero', ())}))}"
            )
        return value.get(name)
    if value is None or (isinstance(value, Nil) and value.shown.startswith("map")):
        return None
    raise TemplateError(f"can't evaluate field {name} in {text_of(value)}")


def _literal(kind: str, text: str) -> Any:
    match kind:
        case "string" | "char":
            value = _unquoted(text)
            return value if kind == "string" else ord(value)
        case "raw":
            return text[1:-1]
        case "number":
            return int(text, 0) if re.fullmatch(r"[-+]?(0[xXbBoO]\w+|[1-9][\d_]*|0)", text) else float(text)
        case "name" if text in _CONSTANTS:
            return _CONSTANTS[text]
        case "name":
            raise TemplateError(f"function {text!r} is given as an argument: put it and its arguments in parentheses")
        case _:
            raise Unreadable(f"unexpected {text!r}")


def _unquoted(text: str) -> str:
    """A text with Go's escapes, which are Python's, too."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = ast.literal_eval(text)
    except (SyntaxError, ValueError, Warning):
        raise Unreadable(f"bad escape in {text}") from None
    if text[:1] == "'" and len(value) != 1:
        raise Unreadable(f"malformed character constant: {text}")
    return str(value)
