"""Files that a recording build has kept, as a directory that later builds take them from (`--vendor DIR`):

    files/SHA256       what ADD, curl and wget fetched
    debs/SHA256.deb    packages of Debian's, and debs/Packages, apt's list of them
    pip/FILE           what pip fetched

A step is a stranger: what it has kept counts only where its name is its digest, and the lock's is compared again at each use.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from dock2sh.lock.held import Lock, LockError, Pip, fits

_KEPT = {"files": re.compile("(?P<digest>[0-9a-f]{64})"), "debs": re.compile(r"(?P<digest>[0-9a-f]{64})\.deb")}
_TIMEOUT = 60


def keep(kept: str, links: Iterable[str], lock: Lock, place: str) -> int:
    """Put what is in `kept`, and what pip fetched from `links` (lines `fetched FILE SHA256 URL`), into `place`: how many files it
    has now. Raises LockError."""
    for name, form in _KEPT.items():
        os.makedirs(f"{place}/{name}", exist_ok=True)
        for file in sorted(os.listdir(f"{kept}/{name}")) if os.path.isdir(f"{kept}/{name}") else ():
            match = form.fullmatch(file)
            if match and _digest(f"{kept}/{name}/{file}") == match["digest"]:
                shutil.copy2(f"{kept}/{name}/{file}", f"{place}/{name}/{file}")
    _list_packages(kept, place)
    wanted = {thing.file: thing.sha256 for _, thing in lock.things() if isinstance(thing, Pip) and thing.sha256 != "-"}
    for line in links:
        match line.split(" "):
            case ["fetched", file, digest, url] if wanted.get(file) == digest and fits("file", file):
                _fetch(url, f"{place}/pip/{file}", digest)
    return sum(len(files) for _, _, files in os.walk(place))


def _list_packages(kept: str, place: str) -> None:
    """apt's list, each package once, the same for the same packages."""
    path = Path(kept, "debs/Packages")
    text = path.read_text(errors="replace") if path.exists() else ""
    paragraphs = {paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()}
    there = [one for one in paragraphs if (match := re.search(r"^Filename: \./(\w+\.deb)$", one, re.MULTILINE))
             and os.path.exists(f"{place}/debs/{match[1]}")]  # fmt: skip
    if there:
        Path(place, "debs/Packages").write_text("".join(f"{one}\n\n" for one in sorted(there)))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(url: str, path: str, digest: str) -> None:
    """From the same index once more; nothing stays that is another file."""
    from urllib.request import urlopen

    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path) and _digest(path) == digest:
        return
    if not url.startswith(("http://", "https://")):
        raise LockError(f"{os.path.basename(path)} cannot be kept: it came from {url}")
    try:
        with urlopen(url, timeout=_TIMEOUT) as answer, open(f"{path}.new", "wb") as file:
            shutil.copyfileobj(answer, file)
    except OSError as error:
        raise LockError(f"{url} cannot be fetched to be kept: {error}") from None
    if _digest(f"{path}.new") != digest:
        os.unlink(f"{path}.new")
        raise LockError(f"{url} is another file now than a moment ago: lock again")
    os.rename(f"{path}.new", path)
