"""Go's time.ParseDuration: `1h30m`, `500ms`, `1.5s`, `0`."""

import re
from decimal import Decimal

from dock2sh.dockerfile.gotext import quoted

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")


def nanoseconds(text: str) -> int:
    """The duration in nanoseconds. Raises ValueError in Go's words."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text[text[:1] == "+" :])
    if rest == "0":
        return 0
    total = Decimal(0)
    if not rest:
        raise ValueError(f"time: invalid duration {quoted(text)}")
    while rest:
        match = _PART.match(rest)
        if not match or not (match[1] or match[2]):
            raise ValueError(f"time: invalid duration {quoted(text)}")
        if not match[3]:
            raise ValueError(f"time: missing unit in duration {quoted(text)}")
        if match[3] not in _UNITS:
            raise ValueError(f"time: unknown unit {quoted(match[3])} in duration {quoted(text)}")
        total += int(match[1] or 0) * _UNITS[match[3]] + int(Decimal("0." + (match[2] or "0")) * _UNITS[match[3]])
        rest = rest[match.end() :]
    if total >= 2**63:
        raise ValueError(f"time: invalid duration {quoted(text)}")
    return sign * int(total)
