"""The JSON form of an instruction's arguments, as Go's encoding/json has it (semantics.md 1.0)."""

import re

from dock2sh.dockerfile.gotext import REPLACEMENT, mended
from dock2sh.source import refuse

_SIMPLE_JSON = re.compile(r'\[[ \t]*(?:"[^"\\\x00-\x1f]*"[ \t]*(?:,[ \t]*"[^"\\\x00-\x1f]*"[ \t]*)*)?\]\Z')


def json_array(text: str) -> tuple[str, ...] | None:
    """`text` as a JSON array of strings; None if it is no JSON array (the shell form, then).

    Raises Refused if it is an array of other than strings: BuildKit decodes with Go's encoding/json, the WHOLE text.
    """
    if _SIMPLE_JSON.match(text):
        return tuple(mended(text).split('"')[1::2])
    import json

    try:
        array = json.loads(mended(text), parse_constant=_no_constant, parse_float=_number, parse_int=_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(array, list):
        return None
    if not all(isinstance(item, str) for item in array):
        message = "when using JSON array syntax, arrays must be comprised of strings only"
        raise refuse("json-strings", message, hint='quote every element: ["a", "1"]', near=text)
    return tuple("".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in item) for item in array)


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)  # out of range to Go, and so no JSON
    return number


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON in Go
