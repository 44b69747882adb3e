"""How Go quotes a text: strconv.Quote, and %q of its printf."""

_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", '"': '\\"', "\\": "\\\\"}


def quoted(text: str) -> str:
    """`text` as Go's %q prints it."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _hex(c)) for c in text) + '"'


def _hex(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
