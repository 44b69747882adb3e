"""An ordinary user, with subordinate ids and without: the same results but what the kernel forbids."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dock2sh.verify.snapshot import snapshot

pytestmark = [pytest.mark.root, pytest.mark.slow]

USER = "dock2sh-tester"
AsUser = Callable[..., "subprocess.CompletedProcess[str]"]
FILE = """\
FROM busybox AS a
RUN adduser -D ann && echo one >/one && chmod 4755 /one
USER ann
WORKDIR /home/ann/new
RUN id -u >/home/ann/id; cat /proc/self/status | grep CapBnd >caps; touch -d @1000000000 old
FROM busybox
COPY --from=a --chown=33:33 /one /home /x/
COPY data /data
RUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/c { grep ^Seccomp: /proc/self/status; hostname; id; } >/filtered
RUN <<EOT
#!/bin/sh
id >/by-script
EOT
RUN rm -rf /var/spool && ln /data/f /hard && mkfifo /fifo
"""


@pytest.fixture(scope="module")
def user() -> Iterator[str]:
    """A user of this machine, with ranges in /etc/subuid and /etc/subgid."""
    if not shutil.which("newuidmap"):
        subprocess.run(["apt-get", "-qq", "-y", "install", "uidmap"], check=True, capture_output=True)
    subprocess.run(["useradd", "-m", USER], check=True)
    yield USER
    subprocess.run(["userdel", "-r", USER], check=True, capture_output=True)


@pytest.fixture
def place(user: str) -> Iterator[Path]:
    """A directory of the user's."""
    home = Path(f"/home/{user}")
    (home / "project").mkdir()
    (home / "project/Dockerfile").write_text(FILE)
    (home / "project/data").mkdir()
    (home / "project/data/f").write_text("f")
    subprocess.run(["chown", "-R", user, home], check=True)
    yield home
    for entry in home.iterdir():
        subprocess.run(["rm", "-rf", entry], check=True)


@pytest.fixture
def image(place: Path, archive: Path) -> Path:
    """The base image where the user can read it."""
    return Path(shutil.copy(archive, place / "image.tar"))


@pytest.fixture
def as_user(user: str, anybodys_python: list[str]) -> AsUser:
    """dock2sh as that user types it."""

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"]
        command = [*become, *anybodys_python, "-m", "dock2sh", *map(str, words)]
        return subprocess.run(command, cwd=f"/home/{user}", capture_output=True, text=True, check=False)

    return run


def test_with_subordinate_ids_all_is_the_same(as_user: AsUser, place: Path, image: Path, data: Path, tmp_path: Path) -> None:
    done = as_user("emulate", f"--base=busybox={image}", "-t", "mine", "-o", place / "out.tar", place / "project")
    assert done.returncode == 0, done.stderr
    words = [sys.executable, "-m", "dock2sh", "emulate", f"--base=busybox={image}", "-o", tmp_path / "out", place / "project"]
    subprocess.run(words, check=True, capture_output=True)
    (tmp_path / "theirs").mkdir(mode=0o755)
    subprocess.run(["tar", "--numeric-owner", "-C", tmp_path / "theirs", "-xpf", place / "out.tar"], check=True)
    root, rootless = (
        {path: entry._replace(mtime=0) for path, entry in snapshot(str(tree)).items()}
        for tree in (tmp_path / "out/rootfs", tmp_path / "theirs")
    )
    assert rootless == root
    assert as_user("run", "mine", "cat", "/x/one").stdout == "one\n"
    assert json.loads((tmp_path / "out/config.json").read_text())["Config"]["Env"]


def test_without_them_it_says_what_does_not_work(as_user: AsUser, place: Path, image: Path) -> None:
    (place / "project/Dockerfile").write_text(
        "FROM busybox\nRUN --mount=type=tmpfs,target=/t echo one >/one\nRUN chown 33 /one\n"
    )
    rows = {name: Path(name).read_text() for name in ("/etc/subuid", "/etc/subgid")}
    try:
        for name, text in rows.items():
            Path(name).write_text("".join(row for row in text.splitlines(keepends=True) if not row.startswith(USER)))
        done = as_user("emulate", f"--base=busybox={image}", "--progress=plain", place / "project")
        other = as_user("run", f"--base=busybox={image}", "-u", "4:5", "busybox", "id")
    finally:
        for name, text in rows.items():
            Path(name).write_text(text)
    assert "there is one user in this sandbox" in done.stderr
    assert "#1 DONE" in done.stderr
    assert done.returncode == 1
    assert "chown" in done.stderr
    assert other.returncode != 0
    assert "user 4:5: this sandbox has no such user" in other.stderr
