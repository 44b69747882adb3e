"""A RUN's text as its author wrote it: the same lines, ready to stand in a here-document; and any instruction's, cut short.

The script's `run` joins lines that end in a backslash and drops lines that begin with `#`; `joined` is that rule here, and no
text is shown in a form that does not give exactly docker's argument back.
"""

from dock2sh.dockerfile.gotext import SPACE

_BLANKS = " \t"


def joined(shown: str) -> str:
    """What `run` makes of its standard input (less the last newline)."""
    out, lines = list[str](), shown.split("\n")
    for line in lines:
        if line.lstrip(_BLANKS).startswith("#"):
            continue
        out.append(line[:-1] if line.endswith("\\") else line + "\n")
    text = "".join(out)
    return text[:-1] if text.endswith("\n") else text


def as_written(text: str, lines: list[str], escape: str) -> str | None:
    """`text`, the joined words of a RUN, broken into the physical `lines` that it came from, comments kept.

    None if there is no such form that gives `text` back.
    """
    if len(lines) == 1:
        return text if joined(text) == text else None
    shown = _broken(text, lines, escape)
    return shown if shown is not None and joined(shown) == text else None


def _broken(text: str, lines: list[str], escape: str) -> str | None:
    """Walk the physical lines backwards from the end of `text`: each gave a piece of it."""
    pieces, rest = list[str](), text
    last = True
    for line in reversed(lines):
        bare = line.rstrip("\r")
        content = bare.strip(SPACE)
        if content.startswith("#") and line is not lines[0]:
            pieces.append(bare.rstrip(SPACE))
            continue
        if not content:
            continue
        cut = bare.rstrip(_BLANKS)
        if cut.endswith(escape) and not cut.endswith(escape * 2):
            cut = cut[:-1]
        else:
            cut = bare
        cut = cut.rstrip(SPACE) if last else cut
        piece = rest if len(cut) >= len(rest) or line is lines[0] else cut
        if not rest.endswith(piece):
            return None
        rest = rest[: len(rest) - len(piece)]
        pieces.append(piece if last else piece + "\\")
        last = False
        if not rest:
            break
    return "\n".join(reversed(pieces)) if not rest else None


def delimiter(content: str, wish: str) -> str:
    """A here-document delimiter that no line of `content` begins with: to shellcheck `RUN x` looks like a mistaken `RUN`."""
    name, lines = wish, [line.lstrip() for line in content.split("\n")]
    while any(line.startswith(name) for line in lines):
        name += "_"
    return name


def short(text: str, width: int = 70) -> str:
    """An instruction on one line, cut at `width`."""
    flat = " ".join(text[: width * 3].split())
    if not flat.isprintable():
        flat = "".join(char if char.isprintable() else "?" for char in flat)
    return flat if len(flat) <= width else flat[: width - 3].rstrip() + "..."
