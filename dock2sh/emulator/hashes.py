"""What the files of a build context were when they were last read, so that a large one need not be read for each build.

A file is what it was as long as its inode, size and both of its times are, as git's index has it; what changed less than two
seconds before it was read may change again without a trace, and is not remembered.
"""

import hashlib
import json
import os
import time
from typing import Any

_RECENT = 2 * 10**9


class Hashes:
    """The digests of the files below `directory`, kept in `home`/hashes. `save` writes down what is new."""

    def __init__(self, home: str, directory: str) -> None:
        name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:32]
        self._directory, self._place = directory, os.path.join(home, "hashes", name)
        self._known = self._read()
        self._used: dict[str, list[Any]] = {}

    def of(self, path: str, about: os.stat_result) -> str:
        """The SHA-256 of the regular file `path` (relative), of which `about` was told."""
        told = [about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]
        known = self._used.get(path) or self._known.get(path)
        digest = str(known[4]) if known and known[:4] == told else read(os.path.join(self._directory, path))
        if max(about.st_mtime_ns, about.st_ctime_ns) < time.time_ns() - _RECENT:
            self._used[path] = [*told, digest]
        return digest

    def save(self) -> None:
        """Keep what was asked for, beside what is known of other files; whole or not at all."""
        whole = {**self._known, **self._used}
        if whole == self._known:
            return
        temporary = f"{self._place}.{os.getpid()}"
        with open(temporary, "w") as file:
            json.dump({path: entry for path, entry in whole.items() if os.path.lexists(f"{self._directory}/{path}")}, file)
        os.replace(temporary, self._place)
        self._known = whole

    def _read(self) -> dict[str, list[Any]]:
        try:
            with open(self._place) as file:
                return dict(json.load(file))
        except (OSError, ValueError):
            return {}


def read(path: str) -> str:
    """The SHA-256 of a file's content. It must not be a link."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
