"""The fields of a flag that takes several (`--mount=type=bind,"target=/a,b"`): a line of CSV, as go-csvvalue reads it."""


def fields(text: str) -> list[str]:
    """What stands between the commas; a field in double quotes may have some. Raises ValueError in Go's words."""
    if not text:
        raise ValueError("EOF")
    out, at = list[str](), 0
    while at <= len(text):
        field, end = _quoted(text, at) if text.startswith('"', at) else _plain(text, at)
        out.append(field)
        at = end + 1
    return out


def _plain(text: str, at: int) -> tuple[str, int]:
    field = text[at:].partition(",")[0]
    if '"' in field:
        raise _error(text, at + field.index('"'), 'bare " in non-quoted-field')
    return field, at + len(field)


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The field whose first quote stands at `at`, and where it ends. Two quotes in it are one."""
    out, at = "", at + 1
    while True:
        close = text.find('"', at)
        if close < 0 or text[close + 1 : close + 2] not in ("", ",", '"'):
            raise _error(text, at if close < 0 else close, 'extraneous or missing " in quoted-field')
        out += text[at:close]
        if not text.startswith('"', close + 1):
            return out, close + 1
        out, at = out + '"', close + 2


def _error(text: str, at: int, what: str) -> ValueError:
    column = len(text[:at].encode("utf-8", "surrogateescape")) + 1
    return ValueError(f"parse error on line 1, column {column}: {what}")
