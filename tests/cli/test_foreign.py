"""docker's flags that are not ours: told, or refused with what to do instead; none is "no such option"."""

import re
import subprocess
import sys

import pytest

from dock2sh.cli import command
from dock2sh.cli.foreign import BUILD, RUN

IGNORED = [("-m", "1g"), ("--memory=1g",), ("--cpu-shares", "2"), ("--squash",), ("--isolation=hyperv",), ("--builder", "x"),
           ("--cgroup-parent", "/x"), ("--security-opt", "x"), ("--cache-from", "a"), ("-D",)]  # fmt: skip
NOTHING = [("--rm",), ("--rm=false",), ("--force-rm",), ("--compress",), ("--load",), ("--squash=false",), ("--sbom=false",),
           ("--provenance", "false"), ("--call=build",), ("--isolation", "default"), ("--cache-to", "type=inline"),
           ("--cache-to=type=inline,mode=max",), ("--provenance=",), ("--provenance=disabled=true",), ("--sbom", "False"),
           ("--attest=type=provenance,disabled=true",), ("-o", ""), ("--progress=",), ("--progress", "rawjson"),
           ("-o", "type=image,oci-mediatypes=true,compression=gzip,rewrite-timestamp=false,push-by-digest=false,unpack=true"),
           ("-o", "type=local,dest=/nosuch,platform-split=false")]  # fmt: skip
REFUSED = [("--cache-to", "type=local,dest=x"), ("--annotation", "a=b"), ("--attest=type=sbom",), ("--sbom=true",), ("--check",),
           ("--call", "check"), ("-o", "type=foo"), ("-o", "type=local"), ("-o", "type=oci,dest=d,tar=false"), ("--push",),
           ("-o", "type=image,push=true"), ("--platform", "linux/amd64,linux/arm64"), ("--pull", "--no-pull"),
           ("-o", "-", "-o", "type=oci"), ("-o", "type=local,dest=-"), ("--force-rm=x",), ("-q", "--progress=rawjson"),
           ("--iidfile=/no/id",), ("--metadata-file=/no/id",), ("-o", "type=tar,dest=/no/id"),
           *(("-o", f"type=image,{words}") for words in (
               "annotation.a=b", "annotation-index.a=b", "compression=zstd", "force-compression=true", "rewrite-timestamp=true",
               "push-by-digest=true", "bogus=1"))]  # fmt: skip


def emulate(*words: str) -> "subprocess.CompletedProcess[str]":
    """What is said of the words, before it is seen that there is no such context."""
    return subprocess.run(
        [sys.executable, "-m", "dock2sh", "emulate", *words, "/nosuch"], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("words", IGNORED, ids=" ".join)
def test_what_changes_no_image_is_told(words: tuple[str, ...]) -> None:
    said = emulate(*words).stderr
    assert re.match(f"dock2sh: {words[0].partition(chr(61))[0]}.* is ignored: ", said)
    assert "/nosuch" in said.splitlines()[1]


@pytest.mark.parametrize("words", NOTHING, ids=" ".join)
def test_what_asks_for_nothing_is_taken(words: tuple[str, ...]) -> None:
    assert "/nosuch" in emulate(*words).stderr.splitlines()[0]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_would_be_missing_is_refused_by_name(words: tuple[str, ...]) -> None:
    done = emulate(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert any(text in done.stderr for text in (words[0].partition("=")[0], "tag is needed", "progress=rawjson and quiet"))
    assert "o such option" not in done.stderr
    assert "/nosuch" not in done.stderr


def test_a_value_is_no_flag() -> None:
    assert "ignored" not in emulate("-t", "--squash", "--build-arg", "-m").stderr
    assert "ignored" not in emulate("--", "--squash").stderr


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("-itd busybox", "-d"),
        ("-dit busybox", "-d"),
        ("-p8080:80 busybox", "-p 8080:80"),
        ("-p=8080:80 busybox", "-p 8080:80"),
        ("-itp 80:80 busybox", "-p 80:80"),
        ("-itm5 busybox", "-m 5"),
        ("-ite A=1 -d busybox", "-d"),
        ("-d=false -P busybox", "-P"),
    ],
)
def test_short_flags_in_one_word(words: str, refused: str) -> None:
    command = [sys.executable, "-m", "dock2sh", "run", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 125  # as docker run's, for anything that is wrong before the program
    assert done.stderr.startswith(f"dock2sh: {refused}: ")


def test_the_values_of_short_flags_are_no_flags() -> None:
    assert "ignored" not in emulate("-qt-m").stderr
    assert "-m 512m is ignored" in emulate("-qm512m").stderr
    assert "ignored" not in emulate("-qt", "-m").stderr


def test_an_empty_word_is_a_word() -> None:
    """A variable that is empty: its place is not taken by the next word."""
    run = [sys.executable, "-m", "dock2sh", "run", "", "busybox"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "invalid reference" in done.stderr) == (125, True), done.stderr


@pytest.mark.docker
@pytest.mark.parametrize(("words", "table", "own"), [("buildx build", BUILD, "emulate"), ("run", RUN, "run")])
def test_every_flag_of_dockers_help_is_known(words: str, table: dict[str, object], own: str) -> None:
    done = subprocess.run(["docker", *words.split(), "--help"], capture_output=True, text=True, check=True)
    told = {
        flag for line in done.stdout.splitlines() for flag in re.findall(r"^ {2,6}(?:(-\w), )?(--[\w-]+)", line) for flag in flag
    }
    import typer.main

    app = typer.Typer()
    app.command()(command(own))
    mine = {name for param in typer.main.get_command(app).params for name in param.opts}
    assert len(told) > 30
    assert told - {""} - mine - set(table) - {"--help"} == set()
