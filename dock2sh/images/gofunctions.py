"""The functions of docker's templates: Go's own, and those that docker adds."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .govalues import Heading, Line, Nil, Raw, RawList, TemplateError, Typed, sprint, sprintf, text_of, type_of


def go_json(value: Any, indent: int | None = None) -> str:
    """JSON as Go writes it by default: < > & escaped. (docker's templates switch that off.)"""
    text = _json(value, indent)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _json(value: Any, indent: int | None = None) -> str:
    if isinstance(value, Heading):
        return value
    if isinstance(value, Line):
        return go_json(dict(sorted(value.items())))
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, default=lambda nil: None)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise TemplateError(f"value has type {type_of(key)}; should be string")
            value = value.get(key, _zero(value))
        elif isinstance(value, Nil) and value.shown.startswith("map"):
            value = ""
        else:
            value = _at(value, key)
    return value


def _zero(value: dict[str, Any]) -> Any:
    """What a map has for a key that is not there: nothing of the kind of the others."""
    if isinstance(value, Raw):
        return None
    kinds = {type(one) for one in value.values()}
    return Typed({}, {}) if kinds == {Typed} else "" if kinds <= {str} else None


def _at(value: Any, key: Any) -> Any:
    if not isinstance(value, (list, tuple, str, Nil)):
        raise TemplateError(f"can't index item of type {type_of(value)}")
    if not isinstance(key, int) or isinstance(key, bool):
        raise TemplateError(f"cannot index slice/array with type {type_of(key)}")
    if not 0 <= key < len(value):
        raise TemplateError(f"index out of range: {key}")
    assert not isinstance(value, Nil)
    return ord(value[key]) if isinstance(value, str) else value[key]


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, (list, tuple, str)):
        raise TemplateError(f"can't slice item of type {type_of(value)}")
    low, high = (*bounds, *(0, len(value))[len(bounds) :])[:2]
    for bound in (low, high):
        if not isinstance(bound, int) or not 0 <= bound <= len(value):
            raise TemplateError(f"index out of range: {text_of(bound)}")
    if low > high:
        raise TemplateError(f"invalid slice index: {low} > {high}")
    return value[low:high]


def _len(value: Any) -> int:
    if not isinstance(value, (str, list, tuple, dict, Nil)) or isinstance(value, Typed):
        raise TemplateError(f"len of type {type_of(value)}")
    return len(value)


def _eq(one: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_comparable(one, other) and one == other for other in others)


def _comparable(one: Any, other: Any) -> bool:
    if isinstance(one, (list, dict)) or isinstance(other, (list, dict)):
        raise TemplateError("non-comparable type")
    if None not in (one, other) and type_of(one) != type_of(other):
        raise TemplateError(f"incompatible types for comparison: {type_of(one)} and {type_of(other)}")
    return True


def _less(one: Any, other: Any) -> bool:
    _comparable(one, other)
    if not isinstance(one, (int, float, str)) or isinstance(one, bool):
        raise TemplateError(f"invalid type for comparison: {type_of(one)}")
    return bool(one < other)


def _join(values: Any, between: str) -> str:
    none = isinstance(values, Nil) and values.shown == "[]"
    if not none and (isinstance(values, RawList) or not isinstance(values, (list, tuple))):
        raise TemplateError(f"wrong type for value; expected []string; got {type_of(values)}")
    return between.join(map(text_of, values))


def _title(text: str) -> str:
    return re.sub(r"\b\w", lambda match: match[0].upper(), text)


def _until(values: Iterator[Any], wanted: bool) -> Any:
    """The first that is true or is not, as wanted; else the last one. The others are not looked at, which may be wrong."""
    value: Any = _NOTHING
    for value in values:
        if bool(value) == wanted:
            break
    if value is _NOTHING:
        raise TemplateError("wrong number of args: want at least 1 got 0")
    return value


_NOTHING = object()


LAZY: dict[str, Callable[[Iterator[Any]], Any]] = {
    "and": lambda values: _until(values, False),
    "or": lambda values: _until(values, True),
}
"""Functions that do not look at all their arguments."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "index": _index,
    "len": _len,
    "slice": _slice,
    "join": _join,
    "split": lambda text, between: text.split(between) if between else list(text),
    "upper": lambda text: text if isinstance(text, Heading) else text.upper(),
    "lower": lambda text: text if isinstance(text, Heading) else text.lower(),
    "title": lambda text: text if isinstance(text, Heading) else _title(text),
    "pad": lambda text, before, after: " " * before + text + " " * after if text else text,
    "truncate": lambda text, length: text if isinstance(text, Heading) else text[:length],
    "print": sprint,
    "println": lambda *values: " ".join(map(text_of, values)) + "\n",
    "printf": sprintf,
    "html": lambda *values: _html(sprint(*values)),
    "urlquery": lambda *values: _query(sprint(*values)),
    "eq": _eq,
    "ne": lambda one, other: not _eq(one, other),
    "lt": _less,
    "gt": lambda one, other: not _less(one, other) and one != other,
    "le": lambda one, other: _less(one, other) or one == other,
    "ge": lambda one, other: not _less(one, other),
    "not": lambda value: not value,
}


def _html(text: str) -> str:
    for char, word in (("&", "&amp;"), ('"', "&#34;"), ("'", "&#39;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, word)
    return text


def _query(text: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text)
