"""The command line as a user types it, for the emulator's tests."""

import subprocess
import sys
from collections.abc import Callable, Sequence

Emulate = Callable[..., "subprocess.CompletedProcess[str]"]


def dock2sh(*words: object, before: Sequence[str] = (), **options: object) -> "subprocess.CompletedProcess[str]":
    """The command line; words `before` it start it."""
    command = [*before, sys.executable, "-m", "dock2sh", *map(str, words)]
    settings = {"capture_output": True, "text": True, "timeout": 120, "check": False} | options
    return subprocess.run(command, **settings)  # type: ignore[call-overload,no-any-return]
