"""An ordinary user, with subordinate ids and without: the same results but what the kernel forbids."""

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

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
def become(user: str) -> list[str]:
    """What begins a command that is the user's."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"]


@pytest.fixture
def as_user(user: str, become: list[str], anybodys_python: list[str]) -> AsUser:
    """dock2sh as that user types it."""

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        command = [*become, *anybodys_python, "-m", "dock2sh", *map(str, words)]
        return subprocess.run(command, cwd=f"/home/{user}", capture_output=True, text=True, check=False)

    return run


@contextmanager
def ranges(*extents: str) -> Iterator[None]:
    """The user has these subordinate ids, FIRST:COUNT, and no others."""
    before = {name: Path(name).read_text() for name in ("/etc/subuid", "/etc/subgid")}
    try:
        for name, text in before.items():
            rows = [row for row in text.splitlines() if not row.startswith(f"{USER}:")]
            Path(name).write_text("".join(f"{row}\n" for row in [*rows, *(f"{USER}:{extent}" for extent in extents)]))
        yield
    finally:
        for name, text in before.items():
            Path(name).write_text(text)


@pytest.fixture(params=["ranges", "alone"])
def ids(request: pytest.FixtureRequest, user: str) -> Iterator[str]:
    """With subordinate ids and without."""
    with ranges() if request.param == "alone" else nullcontext():
        yield request.param


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
    with ranges():
        done = as_user("emulate", f"--base=busybox={image}", "--progress=plain", place / "project")
        other = as_user("run", f"--base=busybox={image}", "-u", "4:5", "busybox", "id")
    assert "there is one user in this sandbox" in done.stderr
    assert "#1 DONE" in done.stderr
    assert done.returncode == 1
    assert "chown" in done.stderr
    assert other.returncode != 0
    assert "user 4:5: this sandbox has no such user" in other.stderr


OWNED = """\
FROM busybox
RUN mkdir -m 700 /shut && echo x >/shut/f && mkdir /open && echo y >/open/g && chown -R 33:34 /shut && chmod 4711 /open/g
RUN rm -r /open && mkdir /open && ln /shut/f /hard && mkfifo /fifo
VOLUME /kept
CMD ["cat", "/shut/f"]
"""


def well(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(as_user: AsUser, place: Path, image: Path, ids: str, *names: str) -> None:
    (place / "project/Dockerfile").write_text(OWNED if ids == "ranges" else OWNED.replace("33:34", "0:0"))
    well(as_user("emulate", "-q", f"--base=busybox={image}", *(f"--tag={name}" for name in names), place / "project"))


def left(place: Path) -> list[str]:
    """What lies in the store and the cache that is no image's."""
    data = place / ".local/share/dock2sh"
    return [
        str(one) for name in ("layers", "work", "build", "images/layers", "images/temporary") for one in (data / name).iterdir()
    ]


def test_what_one_does_with_an_image(as_user: AsUser, place: Path, image: Path, ids: str) -> None:
    """Layers lie in the store as directories with owners that only the user's namespace knows."""
    built(as_user, place, image, ids, "one", "two:2")
    assert well(as_user("images", "--format={{.Repository}}:{{.Tag}}")).split() == ["one:latest", "two:2"]
    assert well(as_user("history", "--no-human", "--format={{.Size}}", "one")).split()[:4] == ["0", "0", "2", "4"]
    assert json.loads(well(as_user("inspect", "one")))[0]["RepoTags"] == ["one:latest", "two:2"]
    assert "\nA /shut\nA /shut/f\n" in well(as_user("diff", "one"))
    well(as_user("save", "-o", "one.tar", "one"))
    well(as_user("save", "--format=oci-archive", "-o", "both.tar", "one", "two:2"))
    assert well(as_user("run", "one")) == "x\n"
    assert well(as_user("run", "--volume=data:/kept", "one", "sh", "-c", "cat /shut/f >/kept/x")) == ""
    assert well(as_user("run", "--volume=data:/kept", "one", "cat", "/kept/x")) == "x\n"
    well(as_user("tag", "one", "third"))
    for name in ("one", "two:2", "third"):
        well(as_user("rmi", name))
    well(as_user("prune", "-f", "--build-cache"))
    assert left(place) == []
    assert well(as_user("load", "-i", "one.tar")) == "Loaded image: one:latest\n"
    owner = {"ranges": "33:34", "alone": "0:0"}[ids]
    assert well(as_user("run", "one", "stat", "-c", "%u:%g %a", "/shut", "/hard")) == f"{owner} 700\n{owner} 644\n"
    well(as_user("save", "-o", "again.tar", "one"))
    assert (place / "again.tar").read_bytes() == (place / "one.tar").read_bytes()
    well(as_user("load", "-i", "both.tar"))
    well(as_user("prune", "-f", "-a", "--build-cache"))
    assert left(place) == []


def test_to_a_registry_and_back(as_user: AsUser, place: Path, image: Path, ids: str, start_registry: Any) -> None:
    name = f"{start_registry().host}/team/app:{ids}"
    built(as_user, place, image, ids, name)
    digest = well(as_user("push", name))
    command = ["skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}", f"docker://{name}"]
    assert digest == f"{name.rpartition(':')[0]}@{subprocess.run(command, capture_output=True, text=True, check=True).stdout}"
    well(as_user("rmi", name))
    well(as_user("prune", "-f", "--build-cache"))
    well(as_user("pull", "-q", name))
    owner = {"ranges": "33:34", "alone": "0:0"}[ids]
    assert well(as_user("run", name, "stat", "-c", "%u:%g", "/shut/f")) == f"{owner}\n"
    again = as_user("push", name)
    assert (well(again), "Pushed" in again.stderr) == (digest, False)


def test_all_ranges_count(as_user: AsUser, place: Path, image: Path) -> None:
    """As many ids as the ranges have together; one more is refused, with the cure."""
    (place / "project/Dockerfile").write_text("FROM busybox\nRUN echo >/f && chown 70000:70001 /f\n")
    with ranges("200000:65536", "900000:65536"):
        well(as_user("emulate", "-q", f"--base=busybox={image}", "--tag=far", place / "project"))
        assert well(as_user("run", "--user=70000", "far", "stat", "-c", "%u:%g", "/f")) == "70000:70001\n"
        well(as_user("save", "-o", "far.tar", "far"))
        well(as_user("prune", "-f", "-a", "--build-cache"))
    with ranges("200000:65536"):
        well(as_user("load", "-i", "far.tar"))
        done = as_user("run", "far", "true")
    assert done.returncode == 125
    assert "f belongs to 70000:70001" in done.stderr
    assert "usermod --add-subuids" in done.stderr


@pytest.mark.parametrize("step", ["COPY --chown=70000 data /data", "ADD --chown=0:70000 data /data", "ADD odd.tar /x/"])
def test_an_owner_that_this_user_cannot_give(as_user: AsUser, place: Path, image: Path, step: str) -> None:
    with tarfile.open(place / "project/odd.tar", "w") as tar:
        member = tarfile.TarInfo("f")
        member.uid = 70000
        tar.addfile(member)
    (place / "project/Dockerfile").write_text(f"FROM busybox\n{step}\n")
    with ranges("200000:65536"):
        done = as_user("emulate", f"--base=busybox={image}", "--progress=plain", place / "project")
    assert done.returncode == 1
    assert "this user has 65537 ids of users and 65537 of groups" in done.stderr
    assert f"{step}" in done.stderr


@pytest.mark.podman
def test_this_users_podman(as_user: AsUser, place: Path, become: list[str]) -> None:
    """It has the base image, and is the sandbox: both see root of the user's own namespace, not of the machine."""
    # /dev/net/tun, which a network of the container's own needs, may be for root alone here
    (place / ".config/containers").mkdir(parents=True)
    settings = '[containers]\nnetns="host"\n[engine]\ncgroup_manager="cgroupfs"\n'
    (place / ".config/containers/containers.conf").write_text(settings)
    made = """mkdir -p root/bin && cp $(command -v busybox) root/bin
        for name in $(busybox --list); do ln -s busybox root/bin/$name; done 2>/dev/null; tar -C root -cf b.tar ."""
    subprocess.run(["sh", "-c", made], cwd=place, check=True)
    subprocess.run(["chown", "-R", USER, place], check=True)
    (place / "project/Dockerfile").write_text(
        "FROM localhost/its:1\nRUN echo one >/one && busybox chown 33:34 /one\nCOPY --chown=5:6 data /data\n"
    )
    try:
        subprocess.run([*become, "podman", "import", "b.tar", "localhost/its:1"], cwd=place, check=True, capture_output=True)
        for sandbox in ("namespaces", "podman"):
            done = as_user("emulate", f"--sandbox={sandbox}", "-t", sandbox, place / "project")
            assert "localhost/its:1 is taken from the local podman" in done.stderr, done.stderr
            well(done)
            told = well(as_user("run", sandbox, "busybox", "stat", "-c", "%n %u:%g", "/one", "/data", "/data/f"))
            assert told == "/one 33:34\n/data 5:6\n/data/f 5:6\n"
        with ranges():
            done = as_user("emulate", "--sandbox=podman", place / "project")
        assert (done.returncode, "podman needs this user's ranges" in done.stderr) == (3, True)
        listed = subprocess.run([*become, "podman", "ps", "-aq"], cwd=place, check=True, capture_output=True, text=True)
        assert listed.stdout == ""
    finally:
        subprocess.run([*become, "podman", "system", "migrate"], cwd=place, check=False, capture_output=True)  # its pause process


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [("emulate", "-o", "out.tar"), ("emulate", "-o", "out"), ("save", "-o", "big.tar", "big")])
def test_an_end_before_the_end(
    words: tuple[str, ...], kind: int, as_user: AsUser, become: list[str], anybodys_python: list[str], place: Path, image: Path
) -> None:
    """Nothing half is left, wherever it comes; three moments of each."""
    (place / "project/Dockerfile").write_text("FROM busybox\nRUN dd if=/dev/urandom of=/big bs=1M count=200\n")
    well(as_user("emulate", "-q", f"--base=busybox={image}", "--tag=big", place / "project"))
    before = sorted(entry.name for entry in place.iterdir())
    more = [f"--base=busybox={image}", str(place / "project")] if words[0] == "emulate" else []
    for moment in (0.3, 0.5, 0.7):
        command = [*become, *anybodys_python, "-m", "dock2sh", *words, *more]
        with subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(moment)
            process.send_signal(kind)
        assert process.returncode in (0, 130, 143, -kind), process.returncode
        after = {entry.name for entry in place.iterdir()} - {Path(words[2]).name}
        assert sorted(after) == before
        if (place / "out").exists():
            assert {entry.name for entry in (place / "out").iterdir()} <= {"rootfs", "config.json"}
            subprocess.run(["rm", "-rf", place / "out"], check=True)
    assert list((place / ".local/share/dock2sh/work").iterdir()) == []
