"""Repositories over ssh, from a real sshd on a loopback address of its own: docker fetches them with the agent of
`--ssh default`, and with nothing else. The `.git` that --keep-git-dir leaves is docker's too, but for what the installed git puts
into each new one.
"""

import os
import pwd
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from building import dock2sh

from dock2sh.verify.snapshot import Tree, snapshot

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.ssh, pytest.mark.slow]

HOST = "127.0.0.9"  # a sshd of the machine's would be on another
CONFIG = """\
Port 22
ListenAddress {host}
HostKey {home}/host
PidFile none
AuthorizedKeysFile {home}/user.pub
StrictModes no
UsePAM no
MaxStartups 100
"""
HISTORY = """\
git init -q -b main {more} && git config user.name ann && git config user.email ann@localhost
echo {salt} >a && git add a && git commit -qm 1 && git tag -a v1 -m first
mkdir d && echo 2 >d/b && git add d && git commit -qm 2 && git tag light
git checkout -q -b side/x && echo 3 >c && git add c && git commit -qm 3 && git checkout -q main
"""
# what each version of git writes in its own way, the order of a configuration of SHA-256 names (/zl) among it
TEMPLATES = re.compile(r"/z[^/]*/\.git/(branches|hooks/[^/]+\.sample|index)|/zl/\.git/config")
OLDER, TIP, TAG = "main~1", "main", "v1"  # asked for by their hashes


class Server(NamedTuple):
    home: Path
    agent: str
    """The agent's socket."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where others may read: sshd is the user when it looks for his key."""
    with tempfile.TemporaryDirectory(prefix="over-ssh-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    (home / "config").write_text(CONFIG.format(host=HOST, home=home))
    os.makedirs("/run/sshd", 0o755, exist_ok=True)
    made = _git_user()
    daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", home / "config"], stderr=(home / "log").open("wb"))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", home / "agent"], stdout=subprocess.DEVNULL)
    try:
        _until((home / "agent").exists)
        _until(lambda: b"Server listening" in (home / "log").read_bytes())
        subprocess.run(["ssh-add", "-q", home / "user"], env={**os.environ, "SSH_AUTH_SOCK": str(home / "agent")}, check=True)
        yield Server(home, str(home / "agent"))
    finally:
        for process in (daemon, agent):
            process.terminate()
            process.wait()
        if made:
            subprocess.run(["userdel", "git"], check=True, capture_output=True)


def _git_user() -> bool:
    """The only user that docker takes for a named context; whether he was made here."""
    with suppress(KeyError):
        return not pwd.getpwnam("git")
    subprocess.run(["useradd", "-M", "-d", "/", "-s", "/bin/sh", "-p", "*", "git"], check=True)
    return True


def _until(ready: Callable[[], bool]) -> None:
    for _ in range(100):
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError("it did not start")


def repository(server: Server, more: str = "") -> Path:
    """A repository that docker has not seen: it knows commits again, wherever they come from. `more` is an option of git init."""
    place = Path(tempfile.mkdtemp(dir=server.home))
    subprocess.run(["sh", "-ec", HISTORY.format(salt=place.name, more=more)], cwd=place, check=True, capture_output=True)
    subprocess.run(["chown", "-R", "git", place], check=True)
    return place


def reference(repository: Path, wish: str) -> str:
    if wish not in (OLDER, TIP, TAG):
        return wish
    ask = ["git", "-c", f"safe.directory={repository}", "rev-parse", wish]
    return "#" + subprocess.run(ask, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()


Both = Callable[..., tuple["subprocess.CompletedProcess[str]", "subprocess.CompletedProcess[str]"]]


@pytest.fixture
def both(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Both:
    """Builds a Dockerfile with docker and with us, into `docker` and `ours`."""
    monkeypatch.setenv("SSH_AUTH_SOCK", server.agent)
    folder = tmp_path / tmp_path.name
    folder.mkdir()

    def build(dockerfile: str, *options: str) -> "tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]":
        (folder / "Dockerfile").write_text(dockerfile)
        command = ["docker", "build", "-q", "--no-cache", *options, "-o", tmp_path / "docker", folder]
        theirs = subprocess.run(command, capture_output=True, text=True, check=False)
        return theirs, dock2sh("emulate", "-q", *options, "-o", tmp_path / "ours", folder)

    return build


def tree(root: Path) -> Tree:
    """Without times, which are those of the checkout, and the directory that docker's client makes as it likes."""
    kept = {path: entry for path, entry in snapshot(str(root)).items() if path != "/" and not TEMPLATES.fullmatch(path)}
    return {path: entry._replace(mtime=0) for path, entry in kept.items()}


REFERENCES = [
    "",
    "#main",
    "#v1",
    "#light",
    "#side/x",
    "#refs/heads/main",
    "#heads/main",
    "#refs/tags/v1",
    "#tags/v1",
    OLDER,
    TIP,
    TAG,
]


@pytest.mark.parametrize("keep", ["--keep-git-dir ", ""])
def test_the_same_checkouts(both: Both, tmp_path: Path, server: Server, keep: str) -> None:
    """Of a repository each, since docker keeps what it has fetched of one, and a kept .git then shows that."""
    dockerfile = "FROM scratch\n"
    for number, wish in enumerate(REFERENCES):
        place = repository(server)
        dockerfile += f"ADD {keep}git@{HOST}:{place}{reference(place, wish)} /z{number}\n"
    dockerfile += f"ADD {keep}git@{HOST}:{repository(server, '--object-format=sha256')} /zl\n"
    theirs, ours = both(dockerfile, "--ssh=default")
    assert (theirs.returncode, ours.returncode) == (0, 0), theirs.stderr + ours.stderr
    assert tree(tmp_path / "ours/rootfs") == tree(tmp_path / "docker")


@pytest.mark.parametrize("address", ["git@{host}:{path}", "ssh://git@{host}/{path}#main:d", "ssh://git@{host}:22/{path}?ref=v1"])
def test_other_addresses_and_a_cache(both: Both, tmp_path: Path, server: Server, address: str) -> None:
    dockerfile = f"FROM scratch\nADD {address.format(host=HOST, path=repository(server))} /z/\n"
    theirs, ours = both(dockerfile, "--ssh=default")
    assert (theirs.returncode, ours.returncode) == (0, 0), theirs.stderr + ours.stderr
    assert tree(tmp_path / "ours/rootfs") == tree(tmp_path / "docker")
    again = dock2sh("emulate", "--progress=plain", "--ssh=default", tmp_path / tmp_path.name)
    assert "CACHED" in again.stderr
    assert not (Path.home() / ".ssh/known_hosts").exists() or HOST not in (Path.home() / ".ssh/known_hosts").read_text()


@pytest.mark.parametrize("where", ["ADD {url} /z", "COPY --from=x a /z"])
@pytest.mark.parametrize("options", [["--ssh=other={agent}"], []])
def test_without_the_default_agent_nobody_fetches_it(both: Both, server: Server, where: str, options: list[str]) -> None:
    url = f"git@{HOST}:{repository(server)}"
    more = [option.format(agent=server.agent) for option in options]
    theirs, ours = both(f"FROM scratch\n{where.format(url=url)}\n", *more, f"--build-context=x={url}")
    assert (theirs.returncode, ours.returncode) == (1, 1), theirs.stderr + ours.stderr
    assert "needs --ssh default" in ours.stderr


@pytest.mark.parametrize("more", ["", "#v1", "#main:d"])
def test_a_named_context(both: Both, tmp_path: Path, server: Server, more: str) -> None:
    context = f"--build-context=x=git@{HOST}:{repository(server)}{more}"
    theirs, ours = both("FROM scratch\nCOPY --from=x . /z\n", "--ssh=default", context)
    assert (theirs.returncode, ours.returncode) == (0, 0), theirs.stderr + ours.stderr
    assert tree(tmp_path / "ours/rootfs") == tree(tmp_path / "docker")


def test_what_is_not_there(both: Both, server: Server) -> None:
    for url, said in (
        (f"git@{HOST}:{repository(server)}#nope", "does not contain ref nope"),
        (f"git@{HOST}:/nope", "does not appear to be"),
    ):
        theirs, ours = both(f"FROM scratch\nADD {url} /z\n", "--ssh=default")
        assert (theirs.returncode, ours.returncode) == (1, 1)
        assert said in ours.stderr
        assert "\r" not in ours.stderr
