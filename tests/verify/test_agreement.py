"""When neither side builds: agreement only where the Dockerfile is the reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dock2sh.verify import Case, Failure, NoReference, NotBuilt, Step, verify
from dock2sh.verify.agreement import neither, script_failure
from dock2sh.verify.docker import Docker, failure, without_syntax
from dock2sh.verify.engines import NOT_STARTED, Request
from dock2sh.verify.judge import refused

STEPS = (Step(1, 2, "RUN one", "0", 2), Step(2, 5, "RUN two", "0", 3))
SEVEN = Failure("exit code: 7", 5, 7)
REFUSED = Failure("/nope: not found", 3)

# ours, theirs, the verdict, a word of why not
TABLE = [
    (SEVEN, SEVEN, "identical", ""),
    (SEVEN, SEVEN._replace(line=0), "identical", ""),  # podman does not tell the line
    (SEVEN, SEVEN._replace(line=2), "inconclusive", "in line 2"),
    (SEVEN, SEVEN._replace(status=8), "inconclusive", "with 8"),
    (SEVEN._replace(status=127), SEVEN._replace(status=NOT_STARTED), "identical", ""),
    (SEVEN, SEVEN._replace(status=NOT_STARTED), "inconclusive", "exit status"),
    (REFUSED, REFUSED._replace(line=9), "identical", ""),  # who builds side by side comes to another one first
    (REFUSED, SEVEN, "inconclusive", "docker by a command's exit status"),
    (SEVEN, REFUSED, "inconclusive", "ours by a command's exit status"),
    (SEVEN._replace(missing=True), SEVEN, "inconclusive", "on this machine"),
    (SEVEN, SEVEN._replace(output="E: Temporary failure in name resolution"), "inconclusive", "network"),
    (SEVEN._replace(output="curl: (6) Could not resolve host: example.org"), SEVEN, "inconclusive", "network"),
    (SEVEN, SEVEN._replace(output="npm ERR! code SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate"), "inconclusive", "network"),
    (REFUSED, REFUSED._replace(said="dial tcp 10.0.0.1:443: connection refused"), "inconclusive", "network"),
]


RUNC = (
    'runc run failed: unable to start container process: error during container init: error mounting "/b" to rootfs at "/m/n": '
    'create mountpoint for /m/n mount: make mountpoint "/m/n": mkdirat /b/m/n: read-only file system'
)


def test_a_mount_that_cannot_be_made_is_no_command_s_status() -> None:
    theirs = NotBuilt('process "/bin/sh -c true" did not complete successfully: exit code: 1', 3, RUNC).failure
    assert neither(Failure("error: /m/n: a mount point cannot be made", 3), theirs, "ours", "docker").verdict == "identical"


@pytest.mark.parametrize(("ours", "theirs", "verdict", "why"), TABLE)
def test_neither_builds(ours: Failure, theirs: Failure, verdict: str, why: str) -> None:
    answer = neither(ours, theirs, "ours", "docker")
    assert (answer.verdict, answer.files) == (verdict, 0)
    assert why in answer.notes[0]
    assert ours.said in " ".join(answer.notes)
    assert theirs.said in " ".join(answer.notes)


# what engines say of a command that ends with 7, and of one that is not there
ENGINES = [
    ('process "/bin/sh -c exit 7" did not complete successfully: exit code: 7', "", 7),
    ("The command '/bin/sh -c exit 7' returned a non-zero code: 7", "", 7),
    ('Error: building at STEP "RUN exit 7": while running runtime: exit status 7', "", 7),
    (
        'process "nope" did not complete successfully: exit code: 1',
        "runc run failed: unable to start container process",
        NOT_STARTED,
    ),
    ("failed to compute cache key: /nope: not found", "#5 RUN exit status 7", None),
    ("mkdir /r0/e: not a directory", "#7 runc run failed: unable to start container process: error during container init", None),
    ('process "/bin/sh -c true" did not complete successfully: unable to find user nosuch', "", None),
]


@pytest.mark.parametrize(("said", "output", "status"), ENGINES)
def test_an_engines_words(said: str, output: str, status: int | None) -> None:
    assert NotBuilt(said, 3, output).failure[1:3] == (3, status)


BUILDX = """ERROR: BuildKit is enabled but the buildx component is missing or broken.
       Install the buildx component to build images with BuildKit:
       https://docs.docker.com/go/buildx/
"""
SENT = "Sending build context to Docker daemon  2.048kB\n"
# what docker says on its two streams, and whether it has judged the Dockerfile
TALKS = [
    ("ERROR: failed to build: failed to solve: the Dockerfile cannot be empty", "", True),
    ("ERROR: failed to solve: dockerfile parse error on line 1: unknown instruction: FORM", "", True),
    ("failed to solve with frontend dockerfile.v0: failed to create LLB definition: no build stage", "", True),
    ("ERROR: failed to build: failed to solve: secret x: not found", "", True),
    ("ERROR: failed to build: failed to run Build function: circular dependency detected on stage: s0", "", True),
    ('ERROR: failed to build: failed to solve: process "/bin/sh -c no space left on device" did not: exit code: 7', "", True),
    ("Error response from daemon: dockerfile parse error on line 1: unknown instruction: FORM", SENT, True),
    ("COPY failed: file not found in build context", SENT + "Step 1/2 : FROM busybox\n", True),
    (BUILDX, "", False),
    ("unknown flag: --foo\n\nUsage:  docker buildx build [OPTIONS] PATH | URL | -\n", "", False),
    ('ERROR: failed to build: unable to prepare context: path "/nope" not found', "", False),
    ("ERROR: failed to build: failed to stat /nope: stat /nope: no such file or directory", "", False),
    ("#5 [2/2] RUN x\n#5 0.1 failed to solve: nothing\nunexpected fault address 0xb01dfacedebac1e", "", False),
    ("ERROR: failed to build: failed to solve: Unavailable: error reading from server: EOF", "", False),
    ("ERROR: failed to build: failed to solve: rpc error: code = Canceled desc = context canceled", "", False),
    ("ERROR: failed to build: failed to solve: write /var/lib/x: no space left on device", "", False),
    ("Error response from daemon: write /var/lib/x: no space left on device", SENT, False),
    (
        "ERROR: failed to build: failed to solve: failed to resolve source metadata for docker.io/library/extra@sha256:ab: "
        "unknown scheme oci-layout: not found",
        "",
        False,
    ),
]


@pytest.mark.parametrize(("talk", "printed", "judged"), TALKS)
def test_a_docker_that_fails_itself_refuses_nothing(talk: str, printed: str, judged: bool) -> None:
    assert isinstance(failure(talk + "\n", printed), NotBuilt if judged else NoReference)


@pytest.mark.docker
def test_the_line_that_docker_names() -> None:
    """Not what stands at the end of the last line of its excerpt."""
    rule = "-" * 20
    excerpt = f"a/Dockerfile:3\n{rule}\n   2 |     FROM x:1\n   3 | >>> RUN false\n   4 |     USER 1000:50\n{rule}\n"
    said = failure(f'{excerpt}ERROR: failed to build: failed to solve: process "/bin/sh -c false" did not: exit code: 1', "")
    assert isinstance(said, NotBuilt)
    assert said.failure.line == 3


def test_a_docker_without_buildx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dockerfile that dock2sh refuses is not called refused by both."""
    whole = shutil.which("docker")
    assert whole
    (tmp_path / "docker").write_text(f'#!/bin/sh\n[ "$1" != build ] || {{ printf "{BUILDX}" >&2; exit 1; }}\nexec {whole} "$@"\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY nope /\n")
    answer = refused("line 2: nope", Request(str(tmp_path), str(tmp_path / "Dockerfile")), Docker())
    assert answer.verdict == "inconclusive"
    assert "buildx component is missing" in answer.notes[0]


def test_the_scripts_words() -> None:
    told = script_failure(
        1, "[2/2] Dockerfile:5  RUN two\nhello\nerror: the command ended with exit status 7\nfailed: ...", STEPS, 2
    )
    assert told[1:3] == (5, 7)
    assert script_failure(1, "error: a: not found", STEPS, 1)[1:3] == (2, None)
    ended = 'exec: "/bin/sh": no such file or directory\n\nerror: the command ended with exit status 1\n'
    assert script_failure(1, ended, STEPS, 2)[2] == NOT_STARTED
    assert script_failure(1, f"echo {ended}", STEPS, 2)[2] == 1
    assert script_failure(3, "missing: GNU tar: install the package tar", STEPS, 1).missing


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.parametrize(
    ("dockerfile", "script", "verdict"),
    [
        ("FROM busybox\nRUN exit 7\n", "echo error: the command ended with exit status 7; exit 1", "identical"),
        ("FROM busybox\nRUN exit 7\n", "echo error: the command ended with exit status 8; exit 1", "inconclusive"),
        (
            "FROM busybox\nRUN nc -w 1 nowhere.invalid 80\n",
            "echo error: the command ended with exit status 1; exit 1",
            "inconclusive",
        ),
        ("FROM busybox\nCOPY nope /x\n", "echo error: nope: not found; exit 1", "identical"),
        ('FROM busybox\nRUN ["nope"]\n', "echo error: the command ended with exit status 127; exit 1", "identical"),
    ],
)
def test_with_docker(dockerfile: str, script: str, verdict: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    answer = verify(Case(script, {}, str(tmp_path), str(tmp_path / "Dockerfile"), "busybox"))
    assert answer.verdict == verdict, answer.notes


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# syntax=x\nFROM a\n", "\nFROM a\n"),
        ("# escape=`\n#Syntax = x\n# check=skip=all\n# a word\nFROM a\n", "# escape=`\n# check=skip=all\n\n# a word\nFROM a\n"),
        ("FROM a\n# syntax=x\n", "FROM a\n# syntax=x\n"),
    ],
)
def test_without_the_syntax_line_the_others_stay_where_they_are(text: str, left: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "Dockerfile", tmp_path / "copy"
    folder.mkdir()
    file.write_text(text)
    with without_syntax(str(file), str(folder)) as given:
        assert Path(given).read_text() == left


@pytest.mark.docker
@pytest.mark.root
def test_a_step_that_fails_behind_a_syntax_line(engine: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("# syntax=docker/dockerfile:1\nFROM busybox\nRUN exit 7\n")
    done = subprocess.run([sys.executable, "-m", "dock2sh", "verify", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, "both sides" in done.stdout) == (0, True), done.stdout
