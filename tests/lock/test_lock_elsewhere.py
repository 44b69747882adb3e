"""A script with a lock where people run it: in an ordinary container (nothing may be mounted there), and into a directory."""

import subprocess
from pathlib import Path

import pytest
from weeks import Place

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]


def script(place: Place, *options: str) -> str:
    """In the second week, from the lock of the first."""
    source = f"deb [trusted=yes] {place.world.url}/debian stable main"
    forget = "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*"
    place.write(
        "FROM debian:12",
        f"RUN {forget} && mkdir -p /etc/apt/sources.list.d && echo '{source}' >/etc/apt/sources.list",
        "RUN apt-get update && apt-get install -y demo && apt-mark showmanual | tail -n 1",
        "RUN touch /end",
    )
    if not place.lock.exists():
        place.locks("-q")
        place.world.turn(2)
    done = place.call("script", *options)
    assert done.returncode == 0, done.stderr
    (place.folder / "setup.sh").write_text(done.stdout)
    return done.stdout


def in_container(place: Place, shell: str, command: str) -> "subprocess.CompletedProcess[str]":
    """The engine may not see our files: the script comes through a pipe."""
    words = ["docker", "run", "--rm", "-i", "--network=host", "debian:12", "sh", "-c"]
    text = (place.folder / "setup.sh").read_text()
    inside = f"cat >/tmp/setup.sh && {shell} /tmp/setup.sh && {command}"
    return subprocess.run([*words, inside], input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_in_an_ordinary_container(place: Place, shell: str) -> None:
    script(place, "--lock=strict")
    look = "cat /usr/share/demo/version && ls -d /dev/dock2sh /etc/apt/sources.list.d/*; ls /end"
    done = in_container(place, shell, look)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["1.1", "/end"]


def test_a_machine_that_is_not_the_base(place: Place) -> None:
    """A package more than the base had when it was locked: strict does not begin, prefer says it."""
    script(place, "--lock=strict")
    more = (
        "printf 'Package: more\\nVersion: 1\\nArchitecture: all\\nStatus: install ok installed\\n\\n' >>/var/lib/dpkg/status; sh"
    )
    done = in_container(place, more, ":")
    assert done.returncode == 1
    assert "the packages of debian:12 here are not those that were locked" in done.stderr
    script(place, "--lock=prefer")
    done = in_container(place, more, "cat /usr/share/demo/version")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1.1"), done.stderr
    assert "warning: the packages of debian:12 here are not those" in done.stderr


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["busybox", "ash"]], ids=" ".join)
def test_into_a_directory(place: Place, tmp_path: Path, shell: list[str]) -> None:
    script(place, "--lock=strict")
    root = tmp_path / "root"
    done = subprocess.run([*shell, "setup.sh", "--root", root], cwd=place.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (root / "usr/share/demo/version").read_text() == "1.1\n"
    assert not list(root.glob("etc/apt/sources.list.d/*"))
    assert not (root / "dev/dock2sh").exists()
