"""Classes of characters as extended regular expressions for tools that read bytes: see the notes in patterns.py."""

_LITERAL = str.maketrans({**{char: f"[{char}]" for char in ".+*?()|{}$"}, **{char: f"\\{char}" for char in "^\\[]"}})
_LAST = 0x10FFFF
NOTHING = "[^/][/]"
"""No path has it: a slash stands between two names."""

Ranges = list[tuple[int, int]]
"""Code points, first and last of each range."""

_DIGIT: Ranges = [(48, 57)]
_UPPER: Ranges = [(65, 90)]
_LOWER: Ranges = [(97, 122)]
_SPACE: Ranges = [(9, 10), (12, 13), (32, 32)]
PERL = {"d": _DIGIT, "s": _SPACE, "w": [*_DIGIT, *_UPPER, *_LOWER, (95, 95)]}
"""Go's \\d, \\s, \\w; capitals mean all others."""

POSIX = {
    "alnum": [*_DIGIT, *_UPPER, *_LOWER], "alpha": [*_UPPER, *_LOWER], "ascii": [(0, 127)], "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)], "digit": _DIGIT, "graph": [(33, 126)], "lower": _LOWER, "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)], "space": [(9, 13), (32, 32)], "upper": _UPPER, "word": PERL["w"],
    "xdigit": [*_DIGIT, (65, 70), (97, 102)],
}  # fmt: skip


def others(ranges: Ranges) -> Ranges:
    """All characters that are in none of the ranges."""
    out, start = Ranges(), 1
    for low, high in sorted(ranges):
        if start < low:
            out.append((start, low - 1))
        start = max(start, high + 1)
    return [*out, (start, _LAST)] if start <= _LAST else out


def one_of(ranges: Ranges) -> str:
    """One character in one of the ranges."""
    few = sorted({code for low, high in ranges for code in range(max(low, 1), min(high, 127) + 1)})
    many = sorted((max(low, 128), high) for low, high in ranges if high > 127)
    parts = _ascii(few) if few else []
    if many == [(128, _LAST)]:
        parts.append("(?+)")
    else:
        parts += [piece for low, high in many for piece in ([chr(low)] if low == high else _utf8(low, high))]
    return parts[0] if len(parts) == 1 else "(" + "|".join(parts) + ")" if parts else NOTHING


def _ascii(codes: list[int]) -> list[str]:
    """The alternatives for some ASCII characters; most of them are written as those that are not among them."""
    others = sorted(set(range(1, 128)) - set(codes))
    if len(codes) > 64:
        return [f"[^{_bracket(others, '(?!)')}]"]
    body = _bracket(codes)
    if len(codes) == 1 or body[0] in "^[":
        return [literal(chr(code)) for code in codes]
    return [f"[{body}]"]


def _bracket(codes: list[int], more: str = "") -> str:
    """What stands in brackets: `]` is itself in front, `-` at the end, `^` not in front; `\\\\` is one in awk and Python, and the
    same set for a library that takes it for two."""
    plain = [code for code in codes if chr(code) not in "]^\\[-"]
    back = "".join(text for code, text in ((94, "^"), (92, "\\\\"), (91, "[")) if code in codes)
    return ("]" if 93 in codes else "") + "".join(_runs(plain)) + back + more + ("-" if 45 in codes else "")


def _runs(codes: list[int]) -> list[str]:
    """`a-z` for four and more in a row."""
    out, start = list[str](), 0
    for end in range(1, len(codes) + 1):
        if end == len(codes) or codes[end] != codes[end - 1] + 1:
            first, last = chr(codes[start]), chr(codes[end - 1])
            out.append(f"{first}-{last}" if end - start > 3 else "".join(map(chr, codes[start:end])))
            start = end
    return out


def _utf8(low: int, high: int) -> list[str]:
    """A range of characters that are not ASCII, as sequences of byte ranges."""
    for most in (0x7FF, 0xFFFF):  # where an encoding gets longer
        if low <= most < high:
            return [*_utf8(low, most), *_utf8(most + 1, high)]
    for bits in (6, 12, 18):  # all but the first byte of each end have to be the lowest and the highest one
        mask = (1 << bits) - 1
        if low >> bits != high >> bits:
            if low & mask:
                return [*_utf8(low, low | mask), *_utf8((low | mask) + 1, high)]
            if high & mask != mask:
                return [*_utf8(low, (high & ~mask) - 1), *_utf8(high & ~mask, high)]
    first, last = (chr(code).encode("utf-8", "surrogatepass") for code in (low, high))
    return ["".join(f"(?{one}-{other})" for one, other in zip(first, last, strict=True))]


def literal(text: str) -> str:
    return text.translate(_LITERAL)
