"""Go's time.ParseDuration: `1h30m`, `500ms`, `1.5s`, `0`."""

from dock2sh.dockerfile.gotext import atoi

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DIGITS = "0123456789"


def nanoseconds(text: str) -> int:
    """The duration in nanoseconds. Raises ValueError in Go's words."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text[text[:1] == "+" :])
    if rest == "0":
        return 0
    total = 0
    if not rest:
        raise ValueError(f"time: invalid duration {_quoted(text)}")
    while rest:
        value, rest = _part(text, rest)
        total += value
        if total > 2**63:
            raise ValueError(f"time: invalid duration {_quoted(text)}")
    if total == 2**63 and sign > 0:
        raise ValueError(f"time: invalid duration {_quoted(text)}")
    return sign * total


def _part(text: str, rest: str) -> tuple[int, str]:
    """A number with its unit at the front of `rest`, in nanoseconds, and what follows."""
    whole, rest = _digits(rest)
    fraction, rest = _digits(rest[1:]) if rest[:1] == "." else ("", rest)
    number, part = atoi(whole or "0"), fraction[:18]  # a finer part makes no nanosecond
    if number is None or not (whole or fraction):
        raise ValueError(f"time: invalid duration {_quoted(text)}")
    length = next((i for i, char in enumerate(rest) if char in _DIGITS + "."), len(rest))
    unit, rest = rest[:length], rest[length:]
    if not unit:
        raise ValueError(f"time: missing unit in duration {_quoted(text)}")
    if unit not in _UNITS:
        raise ValueError(f"time: unknown unit {_quoted(unit)} in duration {_quoted(text)}")
    return number * _UNITS[unit] + int(part or 0) * _UNITS[unit] // 10 ** len(part), rest


def _digits(text: str) -> tuple[str, str]:
    rest = text.lstrip(_DIGITS)
    return text[: len(text) - len(rest)], rest


def _quoted(text: str) -> str:
    """As package time quotes it, byte by byte: otherwise than %q."""
    chars = (f"\\x{byte:02x}" if byte < 0x20 or byte >= 0x80 else chr(byte) for byte in text.encode("utf-8", "surrogateescape"))
    return '"' + "".join("\\" + char if char in ('"', "\\") else char for char in chars) + '"'
