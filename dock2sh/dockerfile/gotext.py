"""Small rules of Go's standard library that BuildKit's messages and history show."""

import re

from dock2sh.goquote import quoted as quoted

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters of Go's unicode.IsSpace (Python's str.isspace has four more)."""

ASCII_SPACE = SPACE[:6]
"""Those of them that a text in ASCII may have."""

REPLACEMENT = "\ufffd"
_BROKEN = "[\udc80-\udcff]"  # what a byte that was not UTF-8 is decoded to (surrogateescape); few files have one


def broken(text: str) -> bool:
    """Whether there are bytes in it that are no UTF-8."""
    return not text.isascii() and re.search(_BROKEN, text) is not None


def mended(text: str) -> str:
    """`text` with U+FFFD for each byte that is no UTF-8, as Go's scanners and its JSON have it."""
    return text if text.isascii() else re.sub(_BROKEN, REPLACEMENT, text)


def scanned(text: str) -> str:
    """`text` as Go's text/scanner reads it out: `mended`, and without a byte order mark at its start."""
    return text if text.isascii() else mended(text).removeprefix("\ufeff")


def lower(text: str) -> str:
    """strings.ToLower: a character becomes one character, and bytes that are no UTF-8 are mended."""
    return text.lower() if text.isascii() else "".join("i" if char == "İ" else char.lower() for char in mended(text))


def upper(text: str) -> str:
    """strings.ToUpper; what has no capital of one character stays."""
    return text.upper() if text.isascii() else "".join(up if len(up := char.upper()) == 1 else char for char in mended(text))


TRUE, FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")
"""What strconv.ParseBool takes."""


def atoi(text: str) -> int | None:
    """strconv.Atoi, of any length: None for what is no number of 64 bits."""
    digits = text[text[:1] in ("+", "-") :]
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > 19:
        return None
    number = int(digits.lstrip("0") or 0) * (-1 if text[0] == "-" else 1)
    return number if -(2**63) <= number < 2**63 else None


def suggestion(word: str, options: list[str], ignore_case: bool = False) -> str:
    """The option nearest to `word` by Levenshtein distance below 3; empty if none or if it is there.

    With `ignore_case` it is in lower case, or in upper case if `word` is.
    """
    best, nearest = 3, ""
    key = lower(word) if ignore_case else word
    for option in options:
        candidate = lower(option) if ignore_case else option
        if candidate == key:
            return ""
        if abs(len(key) - len(candidate)) >= best or len({*key} ^ {*candidate}) > 2 * (best - 1):
            continue  # an edit changes the length by one, the letters used by two: this is too far, and cheap to see
        distance = _distance(key, candidate)
        if distance < best:
            best, nearest = distance, candidate
    return nearest.upper() if ignore_case and word == upper(word) != lower(word) else nearest


def _distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def did_you_mean(word: str, options: list[str], ignore_case: bool = False) -> str:
    """` (did you mean X?)`, or nothing."""
    nearest = suggestion(word, options, ignore_case)
    return f" (did you mean {nearest}?)" if nearest else ""


def in_bytes(value: str) -> int | None:
    """Docker's RAMInBytes: a number as ParseFloat takes it, with an optional binary unit. None for what is none."""
    last = max(value.rfind(char) for char in "0123456789. ")
    number, unit = value[: last + (value[last : last + 1] != " ")], value[last + 1 :]
    match = re.fullmatch(r"(?:b|([kmgtp])(?:i?b)?)?", unit.lower())
    if not match or not re.fullmatch(r"[0-9._eE+-]+", number):
        return None
    try:
        size = float(number)
    except ValueError:
        return None
    return int(size * 1024 ** ("kmgtp".index(match[1]) + 1 if match[1] else 0)) if 0 <= size < float("inf") else None
