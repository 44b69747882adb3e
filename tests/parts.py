"""How two workers (pytest -n 2) share the tests: by folders, in parts that have been seen not to meet.

Tests of engines, machines and root share names, images and mounts with one another. All of a part stay on one worker, in order;
whoever is done with one takes the next, and the files of the other folders last. (xdist's own groups are none under pytest 9: it
writes to a field of the test's that is not read any more.)
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_PARTS = {
    "judges": "conformance runtime sandbox verify measuring explain findings fuzzing test_samples.py test_readme.py",
    "builders": "cli emulator",
    "machines": "images provision",
    "lock": "lock",
}
_PART_OF = {top: part for part, tops in _PARTS.items() for top in tops.split()}


def part(nodeid: str) -> str:
    """The name of what a test is done together with."""
    path = nodeid.partition("::")[0].removeprefix("tests/")
    return _PART_OF.get(path.partition("/")[0], path)


class Parts(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types of its own
    """xdist's scheduler for scopes, with ours."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        self.log("parts of the tests")

    def _split_scope(self, nodeid: str) -> str:
        return part(nodeid)
