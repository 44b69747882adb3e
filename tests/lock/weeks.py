"""The command line, in a world that changes from week to week."""

import os
import subprocess
from pathlib import Path

from building import dock2sh
from mirror import World


def environment(store: Path) -> dict[str, str]:
    return os.environ | {"XDG_DATA_HOME": str(store)}


class Place:
    """A build context and what one does with it."""

    def __init__(self, folder: Path, store: Path, world: World) -> None:
        self.folder, self.world = folder, world
        self.environment = environment(store)
        self.lock = folder / "dock2sh.lock"

    def write(self, *lines: str) -> None:
        (self.folder / "Dockerfile").write_text("\n".join(lines) + "\n")

    def call(self, command: str, *options: object) -> "subprocess.CompletedProcess[str]":
        shown = [] if command == "script" else ["--progress=plain"]
        words = [command, *shown, "--snapshot", self.world.snapshot, *options, self.folder]
        return dock2sh(*words, env=self.environment, timeout=300)

    def locks(self, *options: object) -> str:
        """`dock2sh lock`, which goes well: what it says."""
        done = self.call("lock", *options)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def builds(self, mode: str, name: str, *options: object) -> Path:
        """`dock2sh emulate --lock MODE`, which goes well: the root."""
        done = self.call("emulate", "--no-cache", "--lock", mode, "-o", self.folder.parent / name, *options)
        assert done.returncode == 0, done.stderr
        self.said = done.stderr
        return self.folder.parent / name / "rootfs"

    def fails(self, mode: str, *options: object) -> str:
        """`dock2sh emulate --lock MODE`, which does not: what it says."""
        done = self.call("emulate", "--no-cache", "--lock", mode, *options)
        assert done.returncode == 1, done.stderr
        return done.stderr
