"""Alpine's packages, by the real apk, in a root of busybox's: a repository that has only the newest, as Alpine's mirrors do.

No apk is in Debian, and none is made by these tests: see alpine.py.
"""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import alpine
import workers
from weeks import Place

pytestmark = [pytest.mark.root, pytest.mark.slow]
ADD = "apk add --allow-untrusted --no-cache"


@pytest.fixture
def apk(request: pytest.FixtureRequest) -> str:
    """Its absence is told, and no failure: it is nowhere but where somebody has built it."""
    if not alpine.apk():
        workers.note("unchecked", f"apk\t{request.node.nodeid}")
        pytest.skip("no apk here")
    return alpine.apk()


class Alpine:
    """A context whose base has apk, and the repository that it asks."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.packages = place, folder / "packages"
        self.root = folder / "root"
        self.week("1.1")
        alpine.root(self.root, f"{place.world.url}/alpine")
        self.base = ("--base", f"alpine:3={self.root}")

    def week(self, version: str, *also: str) -> None:
        """Only these versions are in the repository."""
        there = self.place.world.www / "alpine/x86_64"
        shutil.rmtree(there, ignore_errors=True)
        for one in (version, *also):
            alpine.package(there, "demo", f"{one}-r0", f"demolib={one}-r0", f"#!/bin/sh\necho ran {one} >>/ran\n")
            alpine.package(there, "demolib", f"{one}-r0")
        alpine.package(there, "steady", "1.0-r0")
        alpine.index(there)


@pytest.fixture
def alpine3(apk: str, place: Place, tmp_path: Path) -> Alpine:
    return Alpine(place, tmp_path)


def test_packages_of_apk(alpine3: Alpine) -> None:
    """The same state: the lock is honoured. Another: strict stops before anything of it has run, prefer goes on and says so."""
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN {ADD} -q demo", f"RUN echo begins && {ADD} steady")
    place.locks(*alpine3.base)
    text = place.lock.read_text()
    assert 'name = "demolib", version = "1.1-r0", arch = "x86_64", checksum = "Q1' in text
    assert "unlocked" not in text
    assert (place.builds("strict", "first", *alpine3.base) / "usr/share/demolib/version").read_text() == "1.1-r0\n"
    alpine3.week("1.2")
    said = place.fails("strict", *alpine3.base)
    assert "apk takes demo 1.2-r0; locked is 1.1-r0, which its repositories do not have any more" in said
    assert "apk takes demolib 1.2-r0; locked is" in said
    assert "dock2sh.lock is strict" in said
    assert "post-install" not in said
    root = place.builds("prefer", "second", *alpine3.base)
    assert (root / "ran").read_text() == "ran 1.2\n"
    assert "the package demo is 1.2-r0, locked is 1.1-r0 (dock2sh.lock is only preferred)" in place.said
    done = place.call("lock", "--diff", *alpine3.base)
    assert done.returncode == 1
    assert "~ apk demo:x86_64 1.1-r0 Q1" in done.stdout
    assert "steady" not in done.stdout


def test_virtual_packages_are_none(alpine3: Alpine) -> None:
    """Their version is the time. One that stays, one that goes again, and apk's other spelling."""
    place = alpine3.place
    place.write(
        "FROM alpine:3",
        f"RUN {ADD} -t .tools steady",
        f"RUN {ADD} --virtual=.build demo && apk del .build",
        f"RUN {ADD} --virtual more demo",
    )
    place.locks(*alpine3.base)
    assert ".tools" not in place.lock.read_text().replace("-t .tools", "")
    assert place.lock.read_text().count('gone = "yes"') == 2  # demo and demolib, which are asked for all the same
    root = place.builds("strict", "first", *alpine3.base)
    assert (root / "usr/share/demo/version").read_text() == "1.1-r0\n"


def test_an_upgrade_that_found_nothing(alpine3: Alpine) -> None:
    """In the first week; in the second it would bring what is not locked."""
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN {ADD} demo", "RUN apk upgrade --allow-untrusted --no-cache")
    place.locks(*alpine3.base)
    alpine3.week("1.2", "1.1")
    said = place.fails("strict", *alpine3.base)
    assert "apk takes demo 1.2-r0; locked is 1.1-r0" in said
    place.write(
        "FROM alpine:3",
        f"RUN {ADD} 'demo<1.2'",
        "RUN sed -i s/demo.*/demo/ /etc/apk/world",
        "RUN apk upgrade -U --allow-untrusted",
    )
    alpine3.week("1.1")
    place.locks(*alpine3.base)
    alpine3.week("1.2", "1.1")
    said = place.fails("strict", *alpine3.base)
    assert "apk takes demo 1.2-r0, which is not locked" in said
    assert "Dockerfile:4" in said


def test_a_package_of_the_same_version_with_other_content(alpine3: Alpine) -> None:
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN {ADD} steady")
    place.locks(*alpine3.base)
    there = place.world.www / "alpine/x86_64"
    alpine.package(there, "steady", "1.0-r0", script="#!/bin/sh\n")
    alpine.index(there)
    assert "the package steady has another checksum than locked" in place.fails("strict", *alpine3.base)


def test_only_one_name_moves(alpine3: Alpine) -> None:
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN {ADD} demo steady")
    place.locks(*alpine3.base)
    alpine3.week("1.2")
    failed = place.call("lock", "--update", "demo", *alpine3.base)
    assert failed.returncode == 1
    assert "apk takes demolib 1.2-r0; locked is 1.1-r0" in failed.stderr
    place.locks("--update", "demo", "--update", "demolib", *alpine3.base)
    assert 'name = "demo", version = "1.2-r0"' in place.lock.read_text()
    assert place.call("lock", "--diff", *alpine3.base).returncode == 0


def test_a_base_that_has_other_packages(alpine3: Alpine) -> None:
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN {ADD} demo")
    place.locks(*alpine3.base)
    (alpine3.root / "lib/apk/db/installed").write_text("C:Q1o=\nP:other\nV:1-r0\nA:x86_64\n\n")
    assert "the packages of alpine:3 here are not those that were locked" in place.fails("strict", *alpine3.base)


def test_a_root_of_its_own_is_said(alpine3: Alpine) -> None:
    place = alpine3.place
    place.write("FROM alpine:3", f"RUN mkdir -p /new && cp -r /etc/apk /new/ && {ADD} --root /new --initdb steady; true")
    said = place.locks(*alpine3.base)
    assert "apk add --allow-untrusted --no-cache --root /new" in said
