"""The command line, from outside: what goes to stdout, what to stderr, and the exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HELLO = "FROM busybox\nCOPY a /a\nRUN cat /a\n"


def dock2sh(*words: str, cwd: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dock2sh", *words]
    here = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": here, **env}
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(HELLO)
    (tmp_path / "a").write_text("hello\n")
    return tmp_path


@pytest.mark.parametrize("words", [["Dockerfile"], ["."], ["-f", "Dockerfile", "."], ["script", "."]])
def test_the_main_job(context: Path, words: list[str]) -> None:
    done = dock2sh("--offline", *words, cwd=context) if words[0] != "script" else dock2sh(*words, "--offline", cwd=context)
    assert done.returncode == 0
    assert done.stdout.startswith("#!/bin/sh\n")
    assert done.stdout.endswith('\nmain "$@"\n')
    assert "busybox" in done.stderr  # that the base image was assumed


def test_a_name_that_would_end_a_comment(context: Path) -> None:
    """A repository may have a file of such a name; nothing of it becomes a command of the script."""
    (context / "odd\nrm -rf x\n").write_text("FROM scratch\nCOPY a /\n")
    done = dock2sh("--offline", "-f", "odd\nrm -rf x\n", ".", cwd=context)
    assert done.returncode == 0, done.stderr
    assert "with odd?rm -rf x?, as a shell script." in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("rm")]


def test_standard_input_has_no_context(context: Path) -> None:
    done = dock2sh("-", "--offline", cwd=context, stdin=HELLO)
    assert done.returncode == 0
    assert "context_digest=" not in done.stdout


@pytest.mark.parametrize(
    ("named", "means", "cure"),
    [
        ("https://u:s3cret@h.example/x.git#v1:sub", "https://h.example/x.git#v1:sub is a git repository",
         "git clone --branch v1 https://h.example/x.git DIR && dock2sh DIR/sub"),
        ("github.com/a/b?tag=v%3B1", "is a git repository", "git clone --branch 'v;1' https://github.com/a/b.git DIR"),
        ("git@h.example:a/b", "is a git repository", "git clone git@h.example:a/b DIR"),
        ("http://h.example/context.tar.gz", "is a URL, which is not fetched", "fetch it first"),
        ("no/such", "no such file or directory", "give a Dockerfile"),
    ],
)  # fmt: skip
def test_a_context_that_is_elsewhere(tmp_path: Path, named: str, means: str, cure: str) -> None:
    done = dock2sh("plan", "--offline", named, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert means in done.stderr
    assert cure in done.stderr
    assert "s3cret" not in done.stderr


def test_a_context_that_is_an_archive(context: Path) -> None:
    for packed in ("", "z", "J"):
        subprocess.run(["tar", f"-c{packed}f", "it.tar", "Dockerfile", "a"], cwd=context, check=True)
        for words, stdin in (["it.tar"], None), (["-"], (context / "it.tar").open("rb")):
            command = [sys.executable, "-m", "dock2sh", "plan", "--offline", *words]
            done = subprocess.run(command, cwd=context, stdin=stdin, capture_output=True, text=True, check=False)
            assert done.returncode == 2
            assert "is an archive, not a Dockerfile" in done.stderr
            assert "unpack it first" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--add-host", "db"],
        ["--add-host", "db:10.0"],
        ["--add-host", ":10.0.0.1"],
        ["--network", "bridge"],
        ["--shm-size", "x"],
        ["--ulimit", "x=1"],
        ["--ulimit", "nofile=3:2"],
        ["--ulimit", "nofile=-1:5"],
        ["--ulimit", "nofile"],
    ],
)
def test_what_docker_does_not_take_of_a_machine(context: Path, words: list[str]) -> None:
    done = dock2sh("plan", "--offline", *words, ".", cwd=context)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{words[0]} {words[1]}" in done.stderr


def test_hosts_in_every_spelling(context: Path) -> None:
    words = ["--add-host", "a:10.0.0.1", "--add-host", "b=::1", "--add-host", "c:[2001:DB8:0::1]", "--add-host", "d:host-gateway"]
    done = dock2sh("plan", "--offline", "--format", "json", *words, ".", cwd=context)
    run = next(step for step in json.loads(done.stdout)["stages"][0]["steps"] if step["kind"] == "run")
    assert run["hosts"] == [["10.0.0.1", "a"], ["::1", "b"], ["2001:db8::1", "c"], ["host-gateway", "d"]]


def test_the_same_bytes_wherever_it_runs(context: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere")
    one = dock2sh("--offline", ".", cwd=context, LC_ALL="C", PYTHONHASHSEED="1")
    two = dock2sh("--offline", str(context), cwd=other, LC_ALL="C.UTF-8", PYTHONHASHSEED="2", HOME="/")
    assert one.stdout == two.stdout
    assert str(context) not in one.stdout


def test_a_file_is_there_whole_or_not_at_all(context: Path) -> None:
    assert dock2sh("--offline", ".", "-o", "out.sh", cwd=context).returncode == 0
    before = (context / "out.sh").read_text()
    (context / "Dockerfile").write_text("FROM busybox\nRNU x\n")
    assert dock2sh("--offline", ".", "-o", "out.sh", cwd=context).returncode == 1
    assert (context / "out.sh").read_text() == before
    assert sorted(path.name for path in context.iterdir()) == ["Dockerfile", "a", "out.sh"]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["nope"], 2, "nope: no such file or directory"),
        (["-f", "nope", "."], 2, "nope: no such file or directory"),
        (["empty"], 2, "there is no Dockerfile in empty"),
        (["-f", "empty", "."], 2, "empty is a directory, not a Dockerfile"),
        (["--bogus"], 2, "--bogus"),
        (["--style", "loud", "."], 2, "one of script, manual"),
        (["--build-arg", "=x", "."], 2, "write NAME=VALUE"),
        (["--build-context", "x=nowhere", "."], 2, "there is no nowhere"),
        (["--build-context", "x=staged", "."], 2, "x=staged: not a directory. (--base x=staged takes it"),
        (["--build-context", "X=empty", "."], 2, "invalid context name X: invalid reference format: repository name"),
        (
            ["--build-context", "x=https://h/g", "."],
            2,
            "must be a directory, docker-image://IMAGE, oci-layout://DIRECTORY or a git",
        ),
        (["--build-context", "x=ssh://git@h/g.git", "."], 2, "git@HOST:PATH"),
        (["--build-context", "x=https://h/g.git?y=1", "."], 2, 'unexpected query "y"'),
        (["--build-context", "x=https://me:secret@h/g.git", "."], 2, "--build-context x: a user or a password would stand in"),
        (["--secret", "id=a,foo=b", "."], 2, "unexpected key 'foo' in 'foo=b'"),
        (["--secret", "a", "."], 2, "invalid field 'a' must be a key=value pair"),
        (["--secret", "src=x", "."], 2, "secret missing ID"),
        (["--secret", "id=a,type=x", "."], 2, 'unsupported secret type "x"'),
        (["--secret", 'id=a,"src=x"y', "."], 2, "failed to parse csv secret"),
        (["-f", "odd", "--offline", "."], 1, "odd:1: error: invalid context name a-: invalid reference format"),
        (["--target", "nope", "--offline", "."], 1, 'target stage "nope" could not be found'),
        (["--target", "0", "--offline", "."], 1, "no stage has a name"),
        (["--platform", "a/b/c/d", "--offline", "."], 1, "cannot parse platform specifier"),
        (["--offline", ".", "-o", "nowhere/out"], 1, "nowhere/out: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_on_stderr(context: Path, words: list[str], status: int, says: str) -> None:
    (context / "empty").mkdir()
    (context / "staged").write_text("FROM debian:12 AS St\n")
    (context / "odd").write_text("FROM debian:12 AS a-\n")
    done = dock2sh(*words, cwd=context)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_no_traceback(context: Path) -> None:
    command = [sys.executable, "-m", "dock2sh", "--offline", "."]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=context, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=here)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stream_that_is_closed_is_no_traceback(context: Path) -> None:
    """And what was to be said on a closed stderr does not get into the script."""
    words = f"{sys.executable} -m dock2sh --offline ."
    whole = subprocess.run(["sh", "-c", words], cwd=context, capture_output=True, text=True, check=True).stdout
    quiet = subprocess.run(["sh", "-c", f"{words} 2>&-"], cwd=context, capture_output=True, text=True, check=True)
    assert quiet.stdout == whole
    nowhere = subprocess.run(["sh", "-c", f"{words} >&-"], cwd=context, capture_output=True, text=True, check=False)
    assert (nowhere.returncode, nowhere.stderr.splitlines()[-1]) == (1, "dock2sh: Bad file descriptor")
    subprocess.run(["sh", "-c", f"{words} -o made.sh >&-"], cwd=context, capture_output=True, check=True)
    assert (context / "made.sh").read_text().startswith("#!/bin/sh\n")


def test_a_reader_that_goes_away_is_no_traceback(context: Path) -> None:
    command = f"{sys.executable} -m dock2sh --offline . | head -c 1; exit $?"
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        ["sh", "-c", command], cwd=context, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": here}
    )
    assert done.stdout == "#"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_refused_dockerfile_is_drawn_and_in_json(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nRNU x\n")
    drawn = dock2sh("plan", "--format", "json", ".", cwd=context)
    assert drawn.returncode == 1
    assert "Dockerfile:2: error: unknown instruction: RNU" in drawn.stderr
    assert json.loads(drawn.stdout)[0]["code"] == "unknown-instruction"
    sarif = dock2sh("check", "--format", "sarif", ".", cwd=context)
    assert json.loads(sarif.stdout)["version"] == "2.1.0"


def test_the_plan_in_json(context: Path) -> None:
    done = dock2sh("plan", "--format", "json", "--offline", ".", cwd=context)
    plan = json.loads(done.stdout)
    kinds = [step["kind"] for step in plan["stages"][0]["steps"]]
    assert kinds == ["copy", "run"]
    assert plan["stages"][0]["steps"][1]["argv"] == ["/bin/sh", "-c", "cat /a"]
    assert plan["config"]["Cmd"] == ["/bin/sh"]


def test_checks_warn_and_refusals_fail(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nMAINTAINER me\n")
    done = dock2sh("check", "--offline", ".", cwd=context)
    assert done.returncode == 0
    assert "MaintainerDeprecated" in done.stdout


def test_help_teaches_and_version_is_said(context: Path) -> None:
    assert "dock2sh Dockerfile > setup.sh" in dock2sh("--help", cwd=context).stdout
    for command in ("script", "plan", "parse", "check", "verify"):
        assert dock2sh(command, "--help", cwd=context).returncode == 0
    assert dock2sh("--version", cwd=context).stdout.startswith("dock2sh 0.")


def test_a_bundle_holds_what_is_needed_and_nothing_ignored(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nCOPY . /x/\n")
    (context / "secret").write_text("hush\n")
    (context / ".dockerignore").write_text("secret\n")
    done = dock2sh("--offline", "--bundle", ".", cwd=context)
    listing = "sed -n '/^context_data/,/^TAR/p' | sed '1,2d;$d' | base64 -d | tar -tzf -"
    names = subprocess.run(["sh", "-c", listing], input=done.stdout, capture_output=True, text=True, check=True)
    assert names.stdout.split() == [".dockerignore", "Dockerfile", "a"]


def test_a_build_argument_without_value_comes_from_the_environment(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nARG A\nRUN echo $A\n")
    done = dock2sh("--offline", "--build-arg", "A", ".", cwd=context, A="from outside")
    assert "arg A='from outside'" in done.stdout


def test_the_script_is_no_part_of_its_own_context(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nCOPY . /x/\n")
    piped = dock2sh("--offline", ".", cwd=context)
    for words in (["-o", "setup.sh"], []):
        with open(os.devnull if words else context / "setup.sh", "w") as out:
            command = [sys.executable, "-m", "dock2sh", "--offline", ".", *words]
            here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
            subprocess.run(command, cwd=context, stdout=out, stderr=subprocess.PIPE, check=True, env=here)
        assert (context / "setup.sh").read_text() == piped.stdout
        (context / "setup.sh").unlink()


@pytest.mark.parametrize(
    "words", [["."], ["script", "Dockerfile"], ["plan", "."], ["parse", "."], ["explain", "."], ["check", "."]]
)
def test_the_dockerfile_is_never_written_over(context: Path, words: list[str]) -> None:
    done = dock2sh(*words, "-o", "Dockerfile", cwd=context)
    assert (done.returncode, "this is the Dockerfile" in done.stderr) == (2, True)
    assert (context / "Dockerfile").read_text() == HELLO


def test_a_locale_that_lacks_a_character(context: Path) -> None:
    """What goes to stdout is UTF-8, whichever way it is written."""
    done = dock2sh("explain", "--offline", ".", cwd=context, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (done.returncode, done.stdout[:13]) == (0, "Dockerfile · ")
