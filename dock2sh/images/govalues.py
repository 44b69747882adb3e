"""Values of Go's as its fmt prints them: what a template's {{.X}}, print and printf show."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dock2sh.goquote import quoted

NO_VALUE = "<no value>"


class TemplateError(ValueError):
    """A template that cannot be applied; the text says what is wrong."""


class Nil:
    """A list, map or pointer of Go's that has nothing: null in JSON, printed as `shown`."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Typed(dict[str, Any]):
    """An object of Go's: its fields are those of `zero`, in this order, with what they are where JSON leaves them out."""

    def __init__(self, value: Mapping[str, Any], zero: Mapping[str, Any]) -> None:
        super().__init__(value)
        self.zero = zero

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.zero

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, self.zero.get(key, default))


class Image(Typed):
    """Go's object of an image: a template calls ID what JSON calls Id."""

    def __contains__(self, key: object) -> bool:
        return key != "Id" and super().__contains__("Id" if key == "ID" else key)

    def get(self, key: str, default: Any = None) -> Any:
        return super().get("Id" if key == "ID" else key, default)


class Raw(dict[str, Any]):
    """An object of which only its JSON is known: its keys are in order, and one that it has not is a mistake."""


class RawList(list[Any]):
    """A list of that kind: what is in it may be anything."""


class RawNumber(int):
    """A number of that kind, which is a text to Go."""


def raw(value: Any) -> Any:
    """A value of JSON's as one of these kinds."""
    match value:
        case dict():
            return Raw({key: raw(value[key]) for key in sorted(value)})
        case list() | tuple():
            return RawList(map(raw, value))
        case bool():
            return value
        case int():
            return RawNumber(value)
        case _:
            return value


class Line(dict[str, Any]):
    """A line of a table: as JSON its keys are in order, and < > & are escaped."""


class Heading(str):
    """What stands above a column: the functions of a template leave it as it is (docker's HeaderFunctions)."""

    __slots__ = ()


class Duration(int):
    """Nanoseconds, of which whole seconds are known."""

    def __str__(self) -> str:
        minutes, seconds = divmod(int(self) / 1e9, 60)
        hours, minutes = divmod(int(minutes), 60)
        return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds:g}s"


def text_of(value: Any) -> str:
    """How Go prints a value: lists in brackets, maps as map[k:v], booleans in lower case."""
    match value:
        case None:
            return NO_VALUE
        case Nil():
            return value.shown
        case bool():
            return "true" if value else "false"
        case Typed():
            fields = dict.fromkeys((*value.zero, *value))
            return "{" + " ".join(text_of(value.get(key)) for key in fields) + "}"
        case dict():
            return "map[" + " ".join(f"{key}:{_within(value[key])}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(map(_within, value)) + "]"
        case float():
            return str(value).removesuffix(".0")
        case _:
            return str(value)


def _within(value: Any) -> str:
    """What is in a map or a list."""
    return "<nil>" if value is None else text_of(value)


def sprint(*values: Any) -> str:
    """fmt.Sprint: a blank between two of which neither is a text."""
    found = ""
    for number, value in enumerate(values):
        blank = number and not isinstance(value, str) and not isinstance(values[number - 1], str)
        found += (" " if blank else "") + _within(value)
    return found


_VERB = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:(\.)(\*|\d+)?)?(.)?", re.DOTALL)


def sprintf(form: str, *values: Any) -> str:
    """fmt.Sprintf, with its words for values that are missing, too many, or of another type than the verb asks for."""
    left = list(values)

    def one(match: re.Match[str]) -> str:
        flags, width, point, precision, verb = match.groups()
        if verb == "%":
            return "%"
        width, precision = (str(left.pop(0)) if text == "*" and left else text for text in (width, precision))
        if not verb:
            return "%!(NOVERB)"
        if not left:
            return f"%!{verb}(MISSING)"
        return _formatted(verb, left.pop(0), flags, int(width or 0), int(precision or 0) if point else None)

    text = _VERB.sub(one, form)
    return text + (f"%!(EXTRA {', '.join(f'{type_of(one)}={text_of(one)}' for one in left)})" if left else "")


def _formatted(verb: str, value: Any, flags: str, width: int, precision: int | None) -> str:
    if isinstance(value, (list, tuple, Nil)) and verb in "sqdxX":
        return "[" + " ".join(_formatted(verb, one, flags, width, precision) for one in value) + "]"
    countable = isinstance(value, (int, float)) and not isinstance(value, (bool, RawNumber))
    if countable and (number := _number(verb, value, flags, width, precision)):
        return number
    text = _worded(verb, value, precision)
    if text is None:
        return f"%!{verb}(<nil>)" if value is None else f"%!{verb}({type_of(value)}={text_of(value)})"
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _number(verb: str, value: float, flags: str, width: int, precision: int | None) -> str:
    """A number, "" for a verb that is not for it."""
    padded = flags + (str(width) if width else "")
    if isinstance(value, float):
        if verb not in "efgEFG":
            return ""
        shortest = precision is None and verb in "gG"
        return f"%{padded}s" % text_of(value) if shortest else f"%{padded}.{6 if precision is None else precision}{verb}" % value
    if verb == "q":
        return f"%{padded}s" % f"'{quoted(chr(value))[1:-1]}'"
    if verb in "bc":
        return f"%{padded.replace('0', '', 1) if verb == 'c' else padded}s" % (chr(value) if verb == "c" else f"{value:b}")
    return f"%{padded}{verb}" % value if verb in "dxXo" else ""


def _worded(verb: str, value: Any, precision: int | None) -> str | None:
    """A value that is no number; None where the verb is not for it."""
    match verb, value:
        case "T", _:
            return type_of(value)
        case "v", _:
            return text_of(value) if value is not None else "<nil>"
        case "t", bool():
            return text_of(value)
        case "s", str() | RawNumber():
            return str(value)[:precision]
        case "s", dict():
            return text_of(value)
        case "q", str():
            return quoted(value[:precision])
        case (("x" | "X"), str()):
            digits = value.encode("utf-8", "surrogateescape").hex()
            return digits if verb == "x" else digits.upper()
        case _:
            return None


def type_of(value: Any) -> str:
    """Go's name for its type."""
    names = {
        bool: "bool", int: "int", Duration: "time.Duration", float: "float64", str: "string", dict: "map[string]string",
        Raw: "map[string]interface {}", RawList: "[]interface {}", RawNumber: "json.Number",
    }  # fmt: skip
    return names.get(type(value), "[]string" if isinstance(value, Sequence) else "<nil>" if value is None else "struct")
