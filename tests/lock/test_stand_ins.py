"""The programs that stand before curl, wget and git in a step's PATH, in each shell, before the real tools: what they note, what
they refuse, and that the real one behaves as without them."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dock2sh.emit.bundle import RUNTIME

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "ash"]}
FILES = {"one.txt": b"one\n", "two.txt": b"two\n"}
SUM = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}


class Step:
    """A step's /dev/dock2sh, somewhere else, and a directory to work in."""

    def __init__(self, home: Path, shell: str, url: str) -> None:
        self.home, self.url = home / "lock", url
        self.shell = [shutil.which(SHELLS[shell][0]) or "", *SHELLS[shell][1:]]
        self.work = home / "work"
        for folder in (self.home / "step/bin", self.work):
            folder.mkdir(parents=True)
        for program in Path(RUNTIME, "programs").glob("lock_*.sh"):
            text = program.read_text().replace("/dev/dock2sh", str(self.home))
            text = text.replace("#!/bin/sh\n", f"#!/usr/bin/env -S {' '.join(self.shell)}\n")
            (self.home / program.stem.removeprefix("lock_")).write_text(text)
            (self.home / program.stem.removeprefix("lock_")).chmod(0o755)
        for name in ("curl", "wget", "git", "go"):
            (self.home / f"step/bin/{name}").symlink_to(self.home / {"go": "noted"}.get(name, name))
        self.holds(mode="strict", records="yes")

    def holds(self, *lines: str, mode: str = "strict", records: str = "") -> None:
        (self.home / "settings").write_text(f"lock_mode={mode}\nlock_records={records}\n")
        (self.home / "lock").write_text("".join(line.replace("URL", self.url) + "\n" for line in lines))
        for name in ("records", "refused"):
            (self.home / "step" / name).write_text("")

    def run(self, command: str, behind: str = "") -> "subprocess.CompletedProcess[str]":
        path = f"{self.home}/step/bin:{behind}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "no_proxy": "127.0.0.1", "http_proxy": ""}
        # the step's own shell is any: busybox's, which may take its own wget before PATH, would say nothing of the stand-in
        words = ["sh", "-c", command.replace("URL", self.url)]
        return subprocess.run(words, cwd=self.work, env=environment, capture_output=True, text=True, check=False)

    @property
    def noted(self) -> list[str]:
        return (self.home / "step/records").read_text().replace(self.url, "URL").splitlines()

    @property
    def refused(self) -> str:
        return (self.home / "step/refused").read_text().replace(self.url, "URL")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = FILES.get(self.path.strip("/").partition("?")[0].rpartition("/")[2])
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=SHELLS)
def step(request: pytest.FixtureRequest, tmp_path: Path, url: str) -> Step:
    for program in (SHELLS[request.param][0], "curl", "wget", "git"):
        assert shutil.which(program), f"{program} is missing: ./dev pytest installs it"
    return Step(tmp_path, request.param, url)


ONE = f"url URL/one.txt {SUM['one.txt']} 4"


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("curl -fsSL URL/one.txt", ""),
        ("curl -fsSL URL/one.txt -o x/y --create-dirs", "x/y"),
        ("curl -fsSLo f URL/one.txt", "f"),
        ("curl -sof URL/one.txt", "f"),
        ("curl --silent --output f --retry 3 -H 'X: http://elsewhere' -A curl --url URL/one.txt", "f"),
        ("curl -sSLO URL/one.txt", "one.txt"),
        ("curl -s --remote-name URL/one.txt", "one.txt"),
        ("curl -s -x '' -e http://referer/x --connect-timeout 5 URL/one.txt -o f", "f"),
        ("curl -s -o - URL/one.txt", ""),
        ("wget -q URL/one.txt", "one.txt"),
        ("wget -qO f URL/one.txt", "f"),
        ("wget -q -O - URL/one.txt", ""),
        ("wget -qO- URL/one.txt", ""),
        ("wget -nv --output-document=f URL/one.txt", "f"),
        ("wget -q -P d URL/one.txt", "d/one.txt"),
        ("wget -q --header 'X: http://elsewhere' --tries=2 -T 5 --directory-prefix d URL/one.txt", "d/one.txt"),
    ],
)
def test_a_download_is_noted(step: Step, command: str, file: str) -> None:
    done = step.run(command)
    assert done.returncode == 0, done.stderr
    assert (step.work / file).read_text() == "one\n" if file else done.stdout == "one\n"
    assert step.noted == [ONE]
    assert step.refused == ""


@pytest.mark.parametrize(
    "command",
    [
        "curl -s URL/one.txt URL/two.txt",
        "curl -sI URL/one.txt",
        "curl -s 'URL/{one,two}.txt'",
        "curl -s -d a=b URL/one.txt",
        "curl -s -r 0-1 URL/one.txt",
        "wget -q URL/one.txt URL/two.txt",
        "wget -q --spider URL/one.txt",
        "wget -q -c URL/one.txt",
        "go build ./...",
    ],
)
def test_what_is_no_plain_download_is_noted_as_it_is(step: Step, command: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/go").write_text("#!/bin/sh\n")
    (tmp_path / "bin/go").chmod(0o755)
    step.run(command, behind=f"{tmp_path}/bin:")
    assert len(step.noted) == 1
    assert step.noted[0].startswith("unlocked " + command.split()[0])


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("curl -fsS URL/none", 22),
        ("wget -q URL/none", 8),
        ("curl --version", 0),
        ("curl -so /dev/null URL/one.txt", 0),
        ("wget -V", 0),
    ],
)
def test_statuses_are_the_tools_own(step: Step, command: str, status: int) -> None:
    assert step.run(command).returncode == status
    assert step.noted == []


def test_no_secret_is_noted(step: Step) -> None:
    secret = step.url.replace("http://", "http://user:hunter2@")
    for query in ("?access_token=hunter2", "?X-Amz-Signature=hunter2", "?apikey=hunter2", "?x=1#hunter2"):
        assert step.run(f"curl -fsS '{secret}/one.txt{query}'").stdout == "one\n"
    step.run(f"curl -fsS -I '{secret}/one.txt?token=hunter2'")
    assert "hunter2" not in "\n".join(step.noted)
    assert step.noted[:4] == [ONE, ONE, ONE, ONE.replace("one.txt", "one.txt?x=1")]


@pytest.mark.parametrize(
    "command", ["curl -fsS URL/one.txt -o f", "curl -fsS URL/one.txt >f", "wget -q -O f URL/one.txt", "wget -qO- URL/one.txt >f"]
)
def test_other_content_is_not_taken(step: Step, command: str) -> None:
    step.holds(f"url URL/one.txt {SUM['two.txt']} 4")
    done = step.run(f"{command} && echo used")
    assert (done.returncode == 0, done.stdout) == (False, "")
    assert not (step.work / "f").exists() or (step.work / "f").read_text() == ""
    assert f"URL/one.txt has other content than was locked (sha256 {SUM['one.txt']}" in step.refused
    step.holds(f"url URL/one.txt {SUM['two.txt']} 4", mode="prefer")
    assert step.run(command).returncode == 0
    assert (step.work / "f").read_text() == "one\n"
    assert "has other content" in step.refused


def test_what_is_not_locked_is_not_taken(step: Step) -> None:
    step.holds(f"url URL/two.txt {SUM['two.txt']} 4")
    assert step.run("curl -fsS URL/one.txt").returncode == 22
    assert "URL/one.txt is fetched, but not locked" in step.refused
    step.holds("deb curl amd64 1.0 -")  # a step that fetched nothing when it was locked has no word on it
    assert step.run("curl -fsS URL/one.txt").stdout == "one\n"


def test_what_was_kept_is_served_from_there(step: Step) -> None:
    (step.home / "vendor/files").mkdir(parents=True)
    (step.home / f"vendor/files/{SUM['two.txt']}").write_text("two\n")
    step.holds(f"url http://127.0.0.1:1/gone {SUM['two.txt']} 4")
    assert step.run("curl -fsS http://127.0.0.1:1/gone").stdout == "two\n"
    assert step.run("wget -q -P d http://127.0.0.1:1/gone; cat d/gone").stdout == "two\n"
    (step.home / f"vendor/files/{SUM['two.txt']}").write_text("not two\n")
    assert step.run("curl -fsS http://127.0.0.1:1/gone").returncode == 7


def test_a_tool_that_is_not_there(step: Step) -> None:
    done = step.run("PATH=$PWD:${PATH%%:*} curl -s x")
    assert (done.returncode, done.stderr) == (127, "curl: not found\n")


def repository(place: Path) -> None:
    settings = ("user.email e", "user.name n", "uploadpack.allowAnySHA1InWant true")
    commands = " && ".join(["git init -q -b main .", *(f"git config {setting}" for setting in settings)])
    commit = "echo {0} >f && git add f && git commit -q -m {0}"
    place.mkdir()
    text = " && ".join([commands, commit.format(1), "git tag v1", commit.format(2)])
    subprocess.run(["sh", "-c", text], cwd=place, check=True, env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null"})


def head(place: Path, of: str = "HEAD") -> str:
    return subprocess.run(["git", "rev-parse", of], cwd=place, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("command", "label", "content"),
    [
        ("git clone -q --depth 1 file://REPO x", "clone:HEAD", "1\n"),
        ("git clone -q -b main file://REPO x", "clone:main", "1\n"),
        ("git clone -q file://REPO x && git -C x checkout -q main", "clone:HEAD", "1\n"),
        ("mkdir y && cd y && git clone -q file://REPO && mv repo ../x", "clone:HEAD", "1\n"),
        ("git -c x.y=z clone -q --recurse-submodules file://REPO x", "clone:HEAD", "1\n"),
    ],
)
def test_a_clone_is_set_to_the_commit_that_was_locked(step: Step, tmp_path: Path, command: str, label: str, content: str) -> None:
    repo = tmp_path / "repo"
    repository(repo)
    command = command.replace("REPO", str(repo))
    done = step.run(command)
    assert done.returncode == 0, done.stderr
    assert f"git file://{repo} {label} {head(repo)}" in step.noted
    shutil.rmtree(step.work / "x")
    shutil.rmtree(step.work / "y", ignore_errors=True)
    first = head(repo, "v1")
    step.holds(f"git file://{repo} {label} {first}", f"git file://{repo} checkout:main {first}")
    done = step.run(command)
    assert done.returncode == 0, done.stderr
    assert (step.work / "x/f").read_text() == content
    assert head(step.work / "x") == first
    assert step.refused == ""


def test_a_commit_that_is_gone(step: Step, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repository(repo)
    gone = "ab" * 20
    step.holds(f"git file://{repo} clone:HEAD {gone}")
    assert step.run(f"git clone -q file://{repo} x").returncode == 128
    assert not (step.work / "x").exists()
    assert f"file://{repo} does not have the commit {gone} any more, which is locked" in step.refused
    step.holds(f"git file://{repo} clone:other {gone}")
    assert step.run(f"git clone -q file://{repo} x").returncode == 128
    assert "at HEAD is fetched, but not locked" in step.refused


def test_stand_ins_are_there_for_tools_that_are(step: Step, tmp_path: Path) -> None:
    for link in (step.home / "step/bin").iterdir():
        link.unlink()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "ln", "rm"):
        (tools / name).symlink_to(shutil.which(name) or "")
    (tools / "curl").write_text("#!/bin/sh\n")
    (tools / "curl").chmod(0o755)
    environment = {"PATH": f"{step.home}/step/bin:{tools}"}

    def refreshed() -> set[str]:
        subprocess.run([*step.shell, step.home / "shims"], check=True, env=environment)
        return {link.name for link in (step.home / "step/bin").iterdir()}

    assert refreshed() == {"curl"}
    (tools / "curl").rename(tools / "wget")
    assert refreshed() == {"wget"}
