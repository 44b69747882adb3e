"""How two workers (pytest -n 2) share the tests: by folders, in two halves that have been seen not to meet.

Tests of engines, machines and root share names, images and mounts with one another. All of a half stay on one worker, in order;
the files of the other folders are for whoever has time. (xdist's own groups are none under pytest 9: it writes to a field of the
test's that is not read any more.)
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_BUILDERS = {"cli", "emulator", "images", "lock", "provision"}
_JUDGES = {
    "conformance",
    "runtime",
    "sandbox",
    "verify",
    "measuring",
    "explain",
    "findings",
    "fuzzing",
    "test_samples.py",
    "test_readme.py",
}


def half(nodeid: str) -> str:
    """The name of what a test is done together with."""
    path = nodeid.partition("::")[0].removeprefix("tests/")
    top = path.partition("/")[0]
    return "builders" if top in _BUILDERS else "judges" if top in _JUDGES else path


class Halves(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types of its own
    """xdist's scheduler for scopes, with ours."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        self.log("halves of the tests")

    def _split_scope(self, nodeid: str) -> str:
        return half(nodeid)
