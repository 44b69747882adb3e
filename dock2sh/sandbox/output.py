"""What a script says in a place of its own, and where that ends: a NUL, a token that no step knows, its exit status."""

import os
from collections.abc import Callable

Say = Callable[[bytes], None]
READY = b"ready\n"  # what such a place says first


def listen(stream: int, token: str, say: Say) -> int | None:
    """Pass on what the script says until its end; its exit status, None if the stream ends before."""
    mark = b"\0" + token.encode() + b" "
    waiting = b""
    while block := os.read(stream, 1 << 16):
        said, waiting = _split(waiting + block, mark)
        if said:
            say(said)
        if waiting.startswith(mark) and waiting.endswith(b"\n"):
            return int(waiting[len(mark) :])
    if waiting:
        say(waiting)
    return None


def _split(text: bytes, mark: bytes) -> tuple[bytes, bytes]:
    """What is surely the script's, and what may be the mark or its beginning: it has its only NUL in front."""
    cut = text.find(mark)
    if cut < 0:
        cut = text.rfind(b"\0")
        if cut < 0 or not mark.startswith(text[cut:]):
            cut = len(text)
    return text[:cut], text[cut:]
