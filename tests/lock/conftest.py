"""A world that changes from week to week, and a root to build in that fetches from it alone."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
from building import dock2sh
from mirror import World
from weeks import Place, environment


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """In its first week."""
    made = World(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of these tests keep images and layers: debian:12 is brought once."""
    return tmp_path_factory.mktemp("locked") / "data"


@pytest.fixture(scope="session")
def _built(store: Path) -> Callable[[str, str], str]:
    """Builds an image once, by name; from Debian's own archive."""
    known: dict[str, str] = {}

    def build(name: str, dockerfile: str) -> str:
        if name not in known:
            done = dock2sh("emulate", "-q", "-t", name, "-", input=dockerfile, env=environment(store), timeout=600)
            assert done.returncode == 0, done.stderr
            known[name] = name
        return name

    return build


@pytest.fixture
def plain(_built: Callable[[str, str], str]) -> str:
    """debian:12 that knows no archive yet."""
    return _built("lock-plain:1", "FROM debian:12\nRUN rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*\n")


@pytest.fixture
def tools(_built: Callable[[str, str], str]) -> str:
    """The same with curl, wget, git and pip, from Debian's archive."""
    install = "apt-get update && apt-get install -y --no-install-recommends curl wget git python3-pip"
    text = f"FROM debian:12\nRUN {install} && rm -rf /var/lib/apt/lists/* /etc/apt/sources.list /etc/apt/sources.list.d/*\n"
    return _built("lock-tools:1", text)


@pytest.fixture
def place(tmp_path: Path, store: Path, world: World) -> Place:
    folder = tmp_path / "context"
    folder.mkdir()
    return Place(folder, store, world)
