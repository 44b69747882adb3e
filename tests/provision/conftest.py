"""The machines that tests are given: made, booted, switched off and deleted."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chroot import Chroot
from nspawn import Machine

_MAKE = Path(__file__).parent / "machine.sh"


@pytest.fixture(scope="session")
def base() -> Path:
    """The files that a new machine has: made once, and kept in the user's cache."""
    return _base("dock2sh-machine", "bookworm")


@pytest.fixture(scope="session")
def trixie_base() -> Path:
    """The same of Debian 13."""
    return _base("dock2sh-machine-trixie", "trixie")


def _base(name: str, suite: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name
    done = subprocess.run([_MAKE, home, suite], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home / "root"


@pytest.fixture(scope="module")
def new_machine(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Machine]]:
    """Makes and boots machines; they are switched off and deleted at the end."""
    made: list[Machine] = []

    def new(*options: str) -> Machine:
        # not a plain folder of pytest's, which it keeps for three runs: half a gigabyte each
        made.append(Machine(base, tmp_path_factory.mktemp("machine") / "root"))
        made[-1].boot(*options)
        return made[-1]

    yield new
    for machine in made:
        machine.halt()
        shutil.rmtree(machine.root, ignore_errors=True)


@pytest.fixture(scope="module")
def _machine(new_machine: Callable[[], Machine]) -> Machine:
    return new_machine()


@pytest.fixture
def machine(_machine: Machine) -> Iterator[Machine]:
    """One for all tests of a module: each of them leaves it as it was, also one that fails."""
    yield _machine
    _machine.call("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes", "--purge")
    _machine.call("rm", "-rf", "/var/lib/dock2sh", "/srv/app", "/srv/count", "/srv/wanted", "/srv/tiny")


@pytest.fixture(scope="module")
def _chroot(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    place = Chroot(base, tmp_path_factory.mktemp("chroot") / "root")
    yield place
    shutil.rmtree(place.root, ignore_errors=True)


@pytest.fixture
def chroot(_chroot: Chroot) -> Iterator[Chroot]:
    """One for all tests of a module, without systemd; each of them leaves it as it was."""
    yield _chroot
    _chroot.take_back()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context whose name no other test has: BuildKit tells them apart by it."""
    folder = tmp_path / f"d2s-host-{tmp_path.parent.name.replace('_', '-')}-{tmp_path.name.replace('_', '-').lower()}"
    folder.mkdir()
    (folder / "note").write_text("note\n")
    return folder
