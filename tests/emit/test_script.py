"""The top half of a script: small Dockerfiles and what stands there for them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dock2sh import evaluate, parse, script
from dock2sh.model import DEFAULT_PATH, Base
from dock2sh.plan.context import Project
from dock2sh.plan.evaluate import Options

CASES = sorted((Path(__file__).parent / "golden").glob("*.Dockerfile"))
NAMES = [case.stem for case in CASES]
SLOW = pytest.mark.slow
BASE = Base({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=" + DEFAULT_PATH]}})


def made(text: str, known: bool = True, **options: object) -> str:
    base = BASE if known else Base({"architecture": "amd64", "os": "linux", "config": {}}, known=False)
    dockerfile = parse(text)
    plan = evaluate(dockerfile, Options(**options), lambda reference, platform: base)  # type: ignore[arg-type]
    return script(plan, Project("Dockerfile", text, None, None), dockerfile.escape)


def top(text: str, **options: object) -> str:
    return made(text, **options).partition("# ---- The words above")[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_top_half_is(case: Path) -> None:
    """A golden text. `REGOLD=1 pytest` writes it anew: read the difference before you commit it."""
    import os

    golden = case.with_suffix(".sh")
    text = top(case.read_text(), known="unknown" not in case.stem)
    if os.environ.get("REGOLD"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("shell", [["dash", "-n"], ["bash", "-n"], ["busybox", "ash", "-n"]], ids=" ".join)
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_shell_takes_it(case: Path, shell: list[str]) -> None:
    assert said_of(case, shell) == (0, "", "")


@pytest.mark.parametrize("case", [pytest.param(case, marks=SLOW if case.stem != "webapp" else ()) for case in CASES], ids=NAMES)
def test_shellcheck_has_nothing_to_say(case: Path) -> None:
    """Ten seconds each: of a quick check one is enough."""
    assert said_of(case, ["shellcheck", "-s", "sh", "-"]) == (0, "", "")


def said_of(case: Path, program: list[str]) -> tuple[int, str, str]:
    if not shutil.which(program[0]):
        pytest.skip(f"no {program[0]} here")
    done = subprocess.run(
        program, input=made(case.read_text(), "unknown" not in case.stem), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_the_same_input_gives_the_same_bytes() -> None:
    text = CASES[0].read_text()
    assert made(text) == made(text)


def test_only_what_is_used_is_there() -> None:
    assert "\ncopy() {" not in made("FROM busybox\nRUN true\n")
    assert "\ncopy() {" in made("FROM busybox\nCOPY a /b\n")


def test_the_text_of_a_run_names_no_helper() -> None:
    assert "add_git() {" not in made("FROM busybox\nRUN add_git copy\n")
