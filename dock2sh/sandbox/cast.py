"""Recordings of a terminal: asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/)."""

import codecs
import json
import time
from collections.abc import Callable
from typing import NamedTuple

_IDLE_SECONDS = 2.0


class Size(NamedTuple):
    """A terminal's, in characters."""

    columns: int = 80
    rows: int = 24


class Cast:
    """Takes what a terminal of `size` shows, and hands on the recording, line by line (`write`), and the bytes (`watch`)."""

    def __init__(
        self,
        title: str,
        write: Callable[[str], object],
        watch: Callable[[bytes], None] | None = None,
        size: Size = Size(),  # noqa: B008  (frozen)
    ) -> None:
        self.size = size
        self._write, self._watch, self._began = write, watch, time.monotonic()
        self._text = codecs.getincrementaldecoder("utf-8")("replace")  # a character may come in two pieces
        head = {"version": 2, "width": size.columns, "height": size.rows, "title": title, "idle_time_limit": _IDLE_SECONDS}
        write(json.dumps({**head, "env": {"TERM": "xterm", "SHELL": "/bin/sh"}}) + "\n")

    def show(self, data: bytes) -> None:
        """Something appears, now."""
        if self._watch:
            self._watch(data)
        if text := self._text.decode(data):
            self._write(json.dumps([round(time.monotonic() - self._began, 6), "o", text], ensure_ascii=False) + "\n")
