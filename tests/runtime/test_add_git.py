"""ADD of git repositories. Every expectation was measured on docker's BuildKit. (Over ssh: emulator/test_over_ssh.py.)"""

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from copying import put, refused
from workshop import Workshop

pytestmark = pytest.mark.root


@pytest.fixture
def repository(tmp_path: Path) -> str:
    work = tmp_path / "repo.git"
    work.mkdir()
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {
        "GIT_AUTHOR_DATE": "2015-10-21T07:28:00Z",
        "GIT_COMMITTER_DATE": "2015-10-21T07:28:00Z",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    script = "git init -q -b main; mkdir d; echo x >d/x; chmod 755 d/x; git add .; git commit -qm 1; git tag v1; echo y >y"
    script += "; git add .; git commit -qm 2"
    subprocess.run(["sh", "-ec", script], cwd=work, check=True, env=os.environ | identity | dates)
    return f"file://{work}"


def test_repositories(workshop: Workshop, repository: str) -> None:
    workshop.busybox()
    assert put(workshop, f"add_git {repository} /w") == [". d 755 0:0", "d d 755 0:0", "d/x f 755 0:0", "y f 644 0:0"]


def test_a_callers_repository_is_none_of_ours(workshop: Workshop, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls the script from a hook of git's, or has told his git to go elsewhere, gets what docker gets."""
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(workshop.home / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.file:///nonexistent/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "file://")
    workshop.busybox()
    assert put(workshop, f"add_git {repository} /w") == [". d 755 0:0", "d d 755 0:0", "d/x f 755 0:0", "y f 644 0:0"]
    assert not (workshop.home / "objects").exists()


@pytest.mark.parametrize("part", ["d", "/d/", "d//.", "y/../d"])
def test_a_part_of_a_repository(workshop: Workshop, repository: str, part: str) -> None:
    workshop.busybox()
    words = f"add_git --chown=3:4 --ref=v1 --subdir={part} --mtime=commit {repository} /w"
    assert put(workshop, words) == [". d 755 3:4", "x f 755 3:4 1445412480"]


def test_a_link_of_a_repository_may_lead_nowhere(workshop: Workshop, repository: str) -> None:
    """Of a context with --exclude docker follows the links at its top, of a repository it does not."""
    workshop.busybox()
    work = repository.removeprefix("file://")
    script = "ln -s nope l; git add l; git -c user.name=a -c user.email=a@b commit -qm l"
    subprocess.run(["sh", "-ec", script], cwd=work, check=True)
    assert "l l 777 0:0 -> nope" in put(workshop, f"add_git --exclude=y {repository} /w")


@pytest.mark.parametrize("served", ["file://", "dumb http"])
def test_a_repository_of_the_longer_names(workshop: Workshop, tmp_path: Path, served: str) -> None:
    """`git init --object-format=sha256`: by a tag, by a whole commit, with a checksum; from a server of files only, too."""
    workshop.busybox()
    work = tmp_path / "long"
    script = (
        "git init -q --object-format=sha256 -b main .; git config user.name a; git config user.email a@b; echo 1 >f; git add f;"
    )
    script += "git commit -qm 1; git tag v1; echo 2 >f; git commit -qam 2; git update-server-info; git rev-parse v1"
    work.mkdir()
    told = subprocess.run(["sh", "-ec", script], cwd=work, check=True, capture_output=True, text=True).stdout
    commit = told.strip()
    assert len(commit) == 64
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(work))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/.git" if served == "dumb http" else f"file://{work}"
    try:
        words = [
            f"add_git {url} /w/head",
            f"add_git --ref=v1 --checksum={commit} {url} /w/tag",
            f"add_git --ref={commit} {url} /w/id",
        ]
        put(workshop, *words)
        assert [(workshop.root / "w" / name / "f").read_text() for name in ("head", "tag", "id")] == ["2\n", "1\n", "1\n"]
        assert f"expected checksum to match {commit}" in refused(workshop, f"add_git --checksum={commit} {url} /w")
    finally:
        server.shutdown()


# docker's BuildKit: a directory that ADD of a repository makes is chmod'ed with what is in it, unless a slash stands behind it
NEW = [("w", "=rX", "555 0:0"), ("w/", "=rX", "755 0:0"), ("v/w", "1777", "1777 0:0"), ("v/w", "u+s", "4755 0:0")]


@pytest.mark.parametrize(("where", "mode", "lands"), NEW)
def test_a_repository_in_a_new_directory(workshop: Workshop, repository: str, where: str, mode: str, lands: str) -> None:
    workshop.busybox()
    put(workshop, f"add_git --chmod={mode} {repository} /{where}")
    about = (workshop.root / where).stat()
    assert f"{about.st_mode & 0o7777:o} {about.st_uid}:{about.st_gid}" == lands
    assert (workshop.root / "v").stat().st_mode & 0o7777 == 0o755 if where == "v/w" else True


def test_repositories_that_fail(workshop: Workshop, repository: str) -> None:
    workshop.busybox()
    assert "repository does not contain ref nope" in refused(workshop, f"add_git --ref=nope {repository} /w")
    assert "expected checksum to match 00000" in refused(workshop, f"add_git --checksum=00000 {repository} /w")
    assert "invalid subdir /no" in refused(workshop, f"add_git --subdir=no {repository} /w")


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def of_files(repository: str, tmp_path: Path) -> Iterator[str]:
    """The repository, and one that has it as a submodule, on a server that knows files only: git's "dumb" http."""
    site = tmp_path / "site"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(site))) as httpd:
        address = f"http://127.0.0.1:{httpd.server_port}"
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        script = f"""git clone -q --bare {repository} site/g.git; git -C site/g.git update-server-info
            git clone -q {repository} outer; cd outer
            git -c protocol.file.allow=always submodule --quiet add {repository} sub
            git config -f .gitmodules submodule.sub.url {address}/g.git
            git add .; git -c user.name=a -c user.email=a@b commit -qm 3; cd ..
            git clone -q --bare outer site/outer.git; git -C site/outer.git update-server-info"""
        subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True, env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null"})
        yield address
        httpd.shutdown()


def test_repositories_on_a_server_of_files(workshop: Workshop, of_files: str) -> None:
    workshop.busybox()
    part = f"add_git --ref=v1 --subdir=d --chown=3:4 --mtime=commit {of_files}/g.git /w"
    assert put(workshop, part) == [". d 755 3:4", "x f 755 3:4 1445412480"]
    assert "repository does not contain ref nope" in refused(workshop, f"add_git --ref=nope {of_files}/g.git /v")
    put(workshop, f"add_git {of_files}/outer.git /w")
    assert (workshop.root / "w/sub/y").exists()


def test_a_commit_wherever_its_branch_is_by_now(workshop: Workshop, repository: str) -> None:
    workshop.busybox()
    work = repository.removeprefix("file://")
    first = subprocess.run(["git", "rev-parse", "v1"], cwd=work, capture_output=True, text=True, check=True).stdout.strip()
    asked = f"add_git --ref=main --checksum={first}"
    assert f"expected checksum to match {first}" in refused(workshop, f"{asked} {repository} /w")
    assert put(workshop, f"{asked} --fetch-by-commit {repository} /w") == [". d 755 0:0", "d d 755 0:0", "d/x f 755 0:0"]
