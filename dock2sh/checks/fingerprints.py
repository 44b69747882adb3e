"""What a line is recognised by when lines above it come and go: a number of the hundred characters that follow.

Code hosts know a finding again by `primaryLocationLineHash`. GitHub's upload action makes it where it is missing, and complains
of one that is another than its own; so this is the same number. Blanks and tabs do not count, an end of a line is a newline.
"""

import re

_WINDOW = 100
"""Characters, the line's own and those behind it."""
_BASE, _MODULUS = 37, 1 << 64
_FIRST, _BACK = pow(_BASE, _WINDOW - 1, _MODULUS), pow(_BASE, -1, _MODULUS)
_END = 0xFFFF
"""What stands behind the last character."""


def fingerprints(text: str) -> list[str]:
    """For each line `HASH:COUNT`, the hash in hexadecimal digits; the count tells lines of the same hash apart."""
    units, starts = _units(text)
    hashes, number, begins = list[int](), 0, set(starts)
    for at in range(len(units) - 1, -1, -1):  # the window moves from the end to the beginning
        leaves = units[at + _WINDOW] if at + _WINDOW < len(units) else 0
        number = (units[at] * _FIRST + (number - leaves) * _BACK) % _MODULUS
        if at in begins:
            hashes.append(number)
    counts, found = dict[int, int](), list[str]()
    for number in reversed(hashes):
        counts[number] = counts.get(number, 0) + 1
        found.append(f"{number:x}:{counts[number]}")
    return found


def _units(text: str) -> tuple[list[int], list[int]]:
    """The UTF-16 units that count, and where among them each line begins."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    clean = re.sub(r"\r\n?", "\n", clean).replace(" ", "").replace("\t", "")
    raw = clean.encode("utf-16-le")
    units = [raw[at] | raw[at + 1] << 8 for at in range(0, len(raw), 2)]
    starts = [0, *(at + 1 for at, unit in enumerate(units) if unit == 10)]
    return [*units, _END], starts
