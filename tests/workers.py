"""Notes that the workers of a run (pytest -n) leave for the process that began it; one that runs alone leaves them for itself.

They are lines in files of one folder, which the environment names: so they are there even if a worker is killed.
"""

import os
import shutil
import tempfile
from pathlib import Path

_PLACE = "DOCK2SH_TESTS_NOTES"


def begin() -> bool:
    """A folder for the notes; False in a worker, whose beginner has made it."""
    if os.environ.get(_PLACE):
        return False
    os.environ[_PLACE] = tempfile.mkdtemp(prefix="dock2sh-tests-")
    return True


def note(kind: str, text: str) -> None:
    """Leave a line."""
    with (Path(os.environ[_PLACE]) / kind).open("a") as file:
        file.write(f"{text}\n")


def notes(kind: str) -> list[str]:
    """All lines of one kind, whoever left them."""
    file = Path(os.environ[_PLACE]) / kind
    return file.read_text().splitlines() if file.exists() else []


def end() -> None:
    """Nothing is left of them."""
    shutil.rmtree(os.environ.pop(_PLACE), ignore_errors=True)
