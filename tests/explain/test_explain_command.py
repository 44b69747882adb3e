"""`dock2sh explain`, as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, stdin: str = 'FROM debian:12\nRUN apt-get update\nCMD ["a"]\n') -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dock2sh", "explain", "--offline", *arguments, "-"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_the_command() -> None:
    done = run()
    assert done.returncode == 0
    assert done.stdout.startswith("Dockerfile · 3 lines · 3 instructions · 1 stage\n")
    assert not done.stderr


@pytest.mark.parametrize("format", ["md", "html", "json"])
def test_formats(format: str) -> None:
    done = run("--format", format)
    assert done.returncode == 0
    assert "apt-get" in done.stdout


def test_what_a_base_image_was_not_asked_for_is_not_said() -> None:
    assert "leaves it to the base image what a container starts" in " ".join(run(stdin="FROM debian:12\n").stdout.split())


def test_one_line() -> None:
    done = run("--line", "2")
    assert done.stdout.startswith("   2  RUN apt-get update\n")
    assert "FROM" not in done.stdout


MISTAKES = {
    ("--line", "x"): "--line x: write N or N:M",
    ("--line", "9"): "--line 9: there is no instruction on that line",
    ("--format", "pdf"): "--format pdf: one of text, md, html, json",
    ("--graph", "png"): "--graph png: one of",
    ("--lang", "xx"): "--lang xx: one of en",
}


@pytest.mark.parametrize("flags", MISTAKES)
def test_mistakes(flags: tuple[str, str]) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert MISTAKES[flags] in done.stderr
    assert not done.stdout


def test_a_refused_file() -> None:
    done = run(stdin="FORM debian\n")
    assert done.returncode == 1
    assert "unknown instruction: FORM" in done.stderr


def test_forty_lines_take_half_a_second() -> None:
    """CPU of the whole process, from a machine that may be busy; the goal is 0.5 s."""
    import resource

    text = "FROM debian:12\n" + "RUN apt-get update && apt-get install -y a b && rm -rf /var/lib/apt/lists/*\n" * 39
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(stdin=text).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.9


def test_what_the_context_holds_makes_the_copies_short(tmp_path: Path) -> None:
    """`docker cp` wants a directory named otherwise than a file; only where nobody can look does the shell have to ask."""
    (tmp_path / "a").touch()
    (tmp_path / "d").mkdir()
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:12\nCOPY a /1\nCOPY d /2/\nCOPY gone /3\nCOPY out /4\nCOPY " + "x" * 300 + " /5\n"
    )
    command = [sys.executable, "-m", "dock2sh", "explain", "--offline", str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "docker cp a CONTAINER:/1\n" in shown
    assert "docker cp d/. CONTAINER:/2/\n" in shown
    assert 'docker cp gone"$([ ! -d gone ] ||' in shown
    assert 'docker cp out"$([ ! -d out ] ||' in shown
