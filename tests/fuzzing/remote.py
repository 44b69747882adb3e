"""What ADD fetches: files, archives and git repositories of a server on this machine. What a path means stands in the path
itself, so that a Dockerfile says all of a case."""

import http.server
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Lock, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.fuzzing.contexts import archive
from tests.fuzzing.dice import Dice

CONTENT = b"fetched\n"
DATED = "Wed, 21 Oct 2015 07:28:00 GMT"
# what a repository has: a branch, a branch beside it, a tag object, a name for a commit, and directories to be asked for
REFERENCES = ("main", "side", "v1", "light", "refs/heads/side", "refs/tags/v1")
DIRECTORIES = ("sub", "sub/in", "/sub", "sub/")
_IDENTITY = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_DATES = {f"GIT_{who}_DATE": "2015-10-21T07:28:00Z" for who in ("AUTHOR", "COMMITTER")}
_ALONE = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
# SEED decides on names and modes; git knows no more of a mode than whether a file is executable
_MAKE = r"""
git init -q -b main .
mkdir -p sub/in; echo {seed} >sub/in/f; echo x >x; chmod {mode} x; ln -s {target} l; echo "$(printf 'a\303\251')" >"{name}"
git add -A; git commit -qm one; git tag light; git tag -a -m tag v1
git checkout -q -b side; echo side >>x; rm l; mkdir l; echo in >l/in; git add -A; git commit -qm two
git checkout -q main; printf 'a\r\n' >sub/t.txt; echo '*.txt text eol=lf' >.gitattributes; git add -A; git commit -qm three
git clone -q --bare . "$1"; git -C "$1" update-server-info
"""


class Answer(NamedTuple):
    """A status, its headers, a body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = CONTENT


def answer(path: str) -> Answer:
    """What the server says of a path: /TOKEN/KIND/..., where a kind that it does not know is a file without a date."""
    token, _, rest = path.lstrip("/").partition("/")
    kind, _, name = rest.partition("?")[0].partition("/")
    if kind == "dated":
        return Answer(200, (("Last-Modified", DATED),))
    if kind == "moved":
        return Answer(302, (("Location", f"/{token}/dated/{name}"),), b"")
    if kind == "gone":
        return Answer(404)
    if kind == "archive":
        seed = name.partition("/")[0]
        return Answer(200, body=archive(Dice(Random(int(seed) if seed.isdecimal() else 0))))
    return Answer(200)


class Remote:
    """The server, as long as it is open; `address` is HOST:PORT. Repositories are /TOKEN/git/SEED/NAME.git, and below `files`,
    where the server knows nothing of git."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._making, self._made = Lock(), dict[str, Path]()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"remote": self}))
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def repository(self, seed: str) -> Path:
        """The bare repository of a seed: the same one each time, commits and all."""
        with self._making:
            if seed not in self._made:
                self._made[seed] = self._make(seed)
            return self._made[seed]

    def commit(self, seed: str, reference: str) -> str:
        """The commit that a reference of a repository means."""
        where = ["-C", str(self.repository(seed)), "rev-parse", f"{reference}^{{commit}}"]
        return subprocess.run(["git", *where], capture_output=True, text=True, check=True).stdout.strip()

    def _make(self, seed: str) -> Path:
        dice = Dice(Random(int(seed)))
        words = {
            "seed": seed,
            "mode": dice.pick(("644", "755", "600", "4755")),
            "target": dice.pick(("x", "/etc/passwd", "nope", "sub")),
            "name": dice.pick(("y", "two words", "é", "-n", "[q]")),
        }
        place, work = self.home / f"repository-{seed}", self.home / f"work-{seed}"
        work.mkdir()
        command = ["sh", "-eu", "-c", _MAKE.format(**words), "sh", str(place)]
        subprocess.run(command, cwd=work, env={**os.environ, **_IDENTITY, **_DATES, **_ALONE}, check=True, capture_output=True)
        shutil.rmtree(work)
        return place


class _Handler(http.server.BaseHTTPRequestHandler):
    remote: Remote

    def do_GET(self) -> None:
        kind, seed, inside = _of_git(self.path)
        if kind == "git":
            self._by_git(seed, inside)
        elif kind == "files":
            self._say(self._file(seed, inside))
        else:
            self._say(answer(self.path))

    def do_POST(self) -> None:
        self.do_GET()

    def _file(self, seed: str, inside: str) -> Answer:
        place = self.remote.repository(seed) / inside.lstrip("/")
        return Answer(200, body=place.read_bytes()) if place.is_file() and ".." not in inside else Answer(404)

    def _by_git(self, seed: str, inside: str) -> None:
        """git's own CGI program answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.remote.repository(seed)),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": inside,
            "QUERY_STRING": urlsplit(self.path).query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            **_ALONE,
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200").split()[0])
        self._say(Answer(status, tuple(headers.items()), rest))

    def _say(self, said: Answer) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(said.status)
            for name, value in (*said.headers, ("Content-Length", str(len(said.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

    def log_message(self, *_: object) -> None:
        pass


def _of_git(path: str) -> tuple[str, str, str]:
    """The kind of a path, and of a repository its seed and what is asked for of it."""
    parts = urlsplit(path).path.split("/", 5)
    if len(parts) < 5 or parts[2] not in ("git", "files") or not parts[3].isdecimal() or not parts[4].endswith(".git"):
        return "", "", ""
    return parts[2], parts[3], f"/{parts[5]}" if len(parts) > 5 else "/"
