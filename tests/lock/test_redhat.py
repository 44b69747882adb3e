"""rpms, by the real dnf (Debian has it), over two states of a repository."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import redhat
from weeks import Place

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="session")
def _packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of both weeks."""
    folder = tmp_path_factory.mktemp("rpms")
    for week in ("1.1", "1.2"):
        redhat.package(folder, "demo", week, f"demolib = {week}")
        redhat.package(folder, "demolib", week)
    redhat.package(folder, "steady", "1.0")
    return folder / "noarch"


class Dnf:
    """A repository, and the lines of a Dockerfile that asks it."""

    def __init__(self, place: Place, base: str, packages: Path) -> None:
        self.place, self.packages = place, packages
        self.there = place.world.www / "rpms"
        source = f"[r]\\nname=r\\ngpgcheck=0\\nbaseurl={place.world.url}/rpms\\n"
        self.begin = [f"FROM {base}", f"RUN mkdir -p /etc/yum.repos.d && printf '{source}' >/etc/yum.repos.d/r.repo"]

    def week(self, *versions: str) -> None:
        """Only these versions are in the repository."""
        shutil.rmtree(self.there, ignore_errors=True)
        self.there.mkdir()
        for path in self.packages.iterdir():
            if any(f"-{version}-" in path.name for version in (*versions, "1.0")):
                shutil.copy(path, self.there)
        redhat.index(self.there)

    def steps(self, *lines: str) -> None:
        self.place.write(*self.begin, *lines)


@pytest.fixture
def dnf(needs: Callable[[str], None], _built: Callable[[str, str], str], place: Place, request: pytest.FixtureRequest) -> Dnf:
    needs("rpmbuild")
    needs("createrepo_c")
    install = "apt-get update && apt-get install -y --no-install-recommends dnf rpm && rm -rf /var/lib/apt/lists/*"
    made = Dnf(place, _built("lock-dnf:1", f"FROM debian:12\nRUN {install}\n"), request.getfixturevalue("_packages"))
    made.week("1.1")
    return made


def test_packages_of_dnf(dnf: Dnf) -> None:
    """A repository that has both versions: dnf takes the locked one. One that has lost it: strict stops, prefer goes on."""
    place = dnf.place
    dnf.steps("RUN dnf -q -y install demo", "RUN dnf -y upgrade && dnf install -y steady")
    said = place.locks()
    assert "4 deb" not in said
    text = place.lock.read_text()
    assert 'name = "demolib", version = "1.1-1", arch = "noarch", sha256 = "' in text
    assert "unlocked" not in text
    dnf.week("1.1", "1.2")
    root = place.builds("strict", "second")
    assert (root / "usr/share/demolib/version").read_text() == "1.1\n"
    assert (place.builds("off", "third") / "usr/share/demolib/version").read_text() == "1.2\n"
    assert (place.builds("prefer", "fourth") / "usr/share/demo/version").read_text() == "1.1\n"
    dnf.week("1.2")
    said = place.fails("strict")
    assert "dnf cannot have demo-0:1.1-1.noarch demolib-0:1.1-1.noarch: locked, but gone from its repositories" in said
    assert "dock2sh.lock is strict" in said
    root = place.builds("prefer", "fifth")
    assert (root / "usr/share/demo/version").read_text() == "1.2\n"
    assert "the package demo is 1.2-1, locked is 1.1-1 (dock2sh.lock is only preferred)" in place.said
    done = place.call("lock", "--diff")
    assert done.returncode == 1
    assert "~ rpm demo:noarch 1.1-1" in done.stdout
    assert "steady" not in done.stdout


def test_what_the_step_brings_by_other_ways(dnf: Dnf) -> None:
    """rpm itself is not asked for exactly that: the step stops when it has ended."""
    place = dnf.place
    shutil.copy(dnf.there / "demo-1.1-1.noarch.rpm", place.folder / "demo.rpm")
    dnf.steps("COPY demo.rpm /", "RUN rpm -i --nodeps /demo.rpm")
    place.locks()
    place.builds("strict", "second")
    shutil.copy(dnf.packages / "demo-1.2-1.noarch.rpm", place.folder / "demo.rpm")
    assert "the package demo is 1.2-1, locked is 1.1-1" in place.fails("strict")


def test_a_package_of_the_same_version_with_other_content(dnf: Dnf, tmp_path: Path) -> None:
    place = dnf.place
    dnf.steps("RUN dnf -y install steady")
    place.locks()
    redhat.package(tmp_path / "other", "steady", "1.0", content="other")
    shutil.copy(tmp_path / "other/noarch/steady-1.0-1.noarch.rpm", dnf.there)
    redhat.index(dnf.there)
    assert "the package steady has another checksum than locked" in place.fails("strict")


def test_only_one_name_moves(dnf: Dnf) -> None:
    place = dnf.place
    dnf.steps("RUN dnf -y install demo steady")
    place.locks()
    dnf.week("1.2")
    place.locks("--update", "demo", "--update", "demolib")
    assert 'name = "demo", version = "1.2-1"' in place.lock.read_text()
    assert place.call("lock", "--diff").returncode == 0


def test_what_asking_does_not_change(dnf: Dnf) -> None:
    """The root's own rpm tells what is there, and leaves its database as the step has."""
    place = dnf.place
    dnf.steps("RUN dnf -y install demo && rm -f /root/.rpmdb/*-wal /root/.rpmdb/*-shm")
    place.locks()
    names = {path.name for path in (place.builds("strict", "second") / "root/.rpmdb").iterdir()}
    assert names == {"rpmdb.sqlite", ".rpm.lock"}


def test_a_root_of_its_own_is_said(dnf: Dnf) -> None:
    dnf.steps("RUN dnf -y install --installroot /new --releasever 1 steady; true")
    assert "dnf -y install --installroot /new" in dnf.place.locks()


def test_tools_for_a_build_that_go_again(dnf: Dnf) -> None:
    """They are asked for as they were locked, and need not be there when the step has ended."""
    place = dnf.place
    dnf.steps("RUN dnf -y install demo && cp /usr/share/demo/version /built && dnf -y remove demo demolib")
    place.locks()
    assert 'name = "demo", version = "1.1-1"' in place.lock.read_text()
    assert place.lock.read_text().count('gone = "yes"') == 2
    dnf.week("1.1", "1.2")
    assert (place.builds("strict", "second") / "built").read_text() == "1.1\n"
    dnf.week("1.2")
    assert "dnf cannot have demo-0:1.1-1.noarch" in place.fails("strict")
