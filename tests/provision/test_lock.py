"""A bundle that carries a lock: a machine gets what was locked, or nothing. The world that it fetches from is on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nspawn import Machine, differences

sys.path.insert(0, str(Path(__file__).parents[1] / "lock"))
sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
from building import dock2sh
from mirror import World
from weeks import environment

pytestmark = [pytest.mark.machine, pytest.mark.root, pytest.mark.slow]

APT = "RUN apt-get update && apt-get install -y demo && rm -rf /var/lib/apt/lists/*"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


class Bundler:
    """Locks a Dockerfile in week 1, and puts bundles of it on the machine."""

    def __init__(self, machine: Machine, base: Path, folder: Path, world: World, store: Path) -> None:
        self.machine, self.base, self.folder, self.world, self.store = machine, base, folder, world, store

    def locks(self, *lines: str) -> None:
        source = f"deb [trusted=yes] {self.world.url}/debian stable main"
        sources = f"RUN rm -rf /etc/apt/sources.list.d/* && echo '{source}' >/etc/apt/sources.list"
        (self.folder / "Dockerfile").write_text("\n".join(["FROM debian:12", sources, *lines]) + "\n")
        self.world.turn(1)
        self.call("lock", "--progress=plain", "--vendor", self.machine.root / "srv/kept")
        self.world.turn(2)

    def call(self, command: str, *options: object) -> str:
        words = [command, "--snapshot", self.world.snapshot, "--base", f"debian:12={self.base}", *options, self.folder]
        done = dock2sh(*words, env=environment(self.store), timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def setup(self, *options: str) -> str:
        self.call("provision", "-o", self.machine.root / "srv/bundle", "--name", "demo", *options)
        return "/srv/bundle/setup.sh"


@pytest.fixture
def bundler(machine: Machine, base: Path, tmp_path: Path, world: World, store: Path) -> Iterator[Bundler]:
    yield Bundler(machine, base, tmp_path, world, store)
    machine.call("rm", "-rf", "/srv/kept", "/srv/bundle")


def changed(before: dict[str, str], machine: Machine) -> list[str]:
    """What is otherwise, but our own."""
    return [path for path in differences(before, machine.snapshot()) if not path.startswith("var/lib/dock2sh")]


def version(machine: Machine, name: str, root: str = "/") -> str:
    return machine.said("cat", f"{root}/usr/share/{name}/version").strip()


def test_a_machine_gets_what_was_locked(bundler: Bundler, machine: Machine, world: World) -> None:
    bundler.locks(APT, f"RUN curl -fsS -o /srv/steady {world.url}/steady.txt", f"ADD {world.url}/steady.txt /srv/added")
    setup = bundler.setup()
    before = machine.snapshot()
    done = machine.call("sh", setup, "--yes")
    assert done.returncode == 0, done.stderr
    assert (version(machine, "demo"), version(machine, "libdemo")) == ("1.1", "1.1")
    assert "always the same" in machine.said("cat", "/srv/steady", "/srv/added")
    assert machine.call("ls", "/dev/dock2sh").returncode == 2
    assert machine.call("ls", "/etc/apt/sources.list.d/zz-dock2sh-lock.list").returncode == 2
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert changed(before, machine) == []


def test_what_is_not_as_it_was_locked_stops_the_step_and_nothing_of_it_is_in_place(
    bundler: Bundler, machine: Machine, world: World
) -> None:
    bundler.locks(f"RUN echo begun >/srv/begun && curl -fsS -o /srv/tool {world.url}/tool.sh")
    setup = bundler.setup()
    done = machine.call("sh", setup, "--yes")
    assert done.returncode == 1
    assert "tool.sh has other content than was locked" in done.stderr
    assert "failed: step 2 of 2" in done.stderr
    assert machine.call("ls", "/srv/begun", "/srv/tool").returncode == 2
    bundler.setup("--lock", "prefer")
    preferred = machine.call("sh", setup, "--yes")
    assert (preferred.returncode, "tool.sh has other content than was locked" in preferred.stderr) == (0, True)
    assert "tool 1.2" in machine.said("cat", "/srv/tool")
    bundler.setup("--lock", "off")
    assert "locked" not in machine.said("sed", "/^}/q", setup)  # the steps; what takes it all back knows another kind of lock


def test_a_machine_that_has_newer_packages(bundler: Bundler, machine: Machine, world: World) -> None:
    """It is said before anything is done; a tree of its own needs none of them."""
    bundler.locks(APT)
    setup = bundler.setup()
    subprocess.run(["cp", *sorted((world.www / "debian/pool").glob("*demo_*.deb")), machine.root / "srv"], check=True)
    machine.said("sh", "-c", "dpkg -i /srv/*.deb && rm /srv/*.deb")
    before = machine.snapshot()
    done = machine.call("sh", setup, "--yes")
    assert (done.returncode, differences(before, machine.snapshot())) == (3, [])
    assert "newer here than locked, and apt takes none back: demo 1.2 (locked 1.1), libdemo 1.2 (locked 1.1)" in done.stderr

    subprocess.run(["tar", "-cf", machine.root / "srv/base.tar", "-C", bundler.base, "."], check=True)
    machine.said("sh", setup, "--yes", "--way", "root", "--base", "debian:12=/srv/base.tar")
    tree = "/var/lib/dock2sh/demo/rootfs"
    assert (version(machine, "demo", tree), version(machine, "demo")) == ("1.1", "1.2")
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")

    machine.said("sh", "-c", "cd /srv && mkdir base && tar -xf base.tar -C base && rm base.tar")
    with (machine.root / "srv/base/var/lib/dpkg/status").open("a") as status:
        status.write("\nPackage: more\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n")
    other = machine.call("sh", setup, "--yes", "--way", "root", "--base", "debian:12=/srv/base")
    assert (other.returncode, "the packages of debian:12 here are not those that were locked" in other.stderr) == (1, True)
    machine.said("rm", "-r", "/srv/base")
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")

    bundler.setup("--lock", "prefer")
    preferred = machine.call("sh", setup, "--yes")
    assert (preferred.returncode, "newer here than locked, and left as it is: demo 1.2" in preferred.stderr) == (0, True)
    assert version(machine, "demo") == "1.2"
    machine.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    machine.said("dpkg", "--purge", "demo", "libdemo")


def test_kept_files_need_nobody(bundler: Bundler, machine: Machine, tmp_path: Path) -> None:
    bundler.world = World(tmp_path / "gone")
    bundler.locks(APT, f"RUN curl -fsS -o /srv/tool {bundler.world.url}/tool.sh", f"ADD {bundler.world.url}/tool.sh /srv/added")
    setup = bundler.setup()
    bundler.world.close()
    done = machine.call("sh", setup, "--yes", "--vendor", "/srv/kept")
    assert done.returncode == 0, done.stderr
    assert version(machine, "demo") == "1.1"
    assert machine.said("cat", "/srv/tool", "/srv/added").count("tool 1.1") == 2


def test_the_lock_of_a_step_is_part_of_it(bundler: Bundler, machine: Machine, world: World) -> None:
    """Another lock: the step is done again, and those before it are not."""
    bundler.locks(APT)
    setup = bundler.setup()
    machine.said("sh", setup, "--yes")
    bundler.setup("--lock", "prefer")
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    bundler.call("lock", "--progress=plain")
    bundler.setup()
    assert machine.call("sh", setup, "--status").stdout.splitlines()[:2] == ["[1] done", "[2] to be done"]
    assert machine.said("sh", setup, "--yes").endswith("changed=1\n")
    assert version(machine, "demo") == "1.2"


def test_a_named_context_that_is_a_repository(bundler: Bundler, machine: Machine, world: World) -> None:
    """Without git on the machine nothing is begun; with it the commit is fetched that was locked, and another lock counts."""
    given = ("--build-context", f"lib={world.git}/tool")
    world.turn(1)
    (bundler.folder / "Dockerfile").write_text("FROM debian:12\nCOPY --from=lib version /srv/app/\n")
    bundler.call("lock", "--progress=plain", *given)
    world.turn(2)
    setup = bundler.setup(*given)
    before = machine.snapshot()
    lacking = machine.call("sh", setup, "--yes")
    assert (lacking.returncode, "not here: the tool git" in lacking.stderr) == (3, True), lacking.stderr
    assert differences(before, machine.snapshot()) == []
    machine.said("sh", "-c", "apt-get -qq update && apt-get -qq install -y --no-install-recommends git")
    machine.said("sh", setup, "--yes")
    assert machine.said("cat", "/srv/app/version") == "1.1\n"
    bundler.call("lock", "--progress=plain", *given)
    bundler.setup(*given)
    assert machine.said("sh", setup, "--yes").endswith("changed=1\n")
    assert machine.said("cat", "/srv/app/version") == "1.2\n"
