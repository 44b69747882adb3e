"""Both sides fail, each at a step of its own: agreement only where each would fail at the other's, too."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dock2sh.plan.context import Project
from dock2sh.rivals import blanked, judged
from dock2sh.verify import Failure, Verdict
from dock2sh.verify.agreement import neither, script_failure
from tests.emulator.building import dock2sh

TEXT = "FROM busybox AS a\nRUN one\nFROM busybox\nRUN two \\\n # more\n three\nCOPY nope /\n"
PROJECT = Project("Dockerfile", TEXT, Path("/nowhere"), None)


def fail(line: int, status: int | None = 1, named: bool = True) -> Failure:
    return Failure(f"line {line}", line if named else 0, status)


def judge(ours: tuple[Failure, ...], theirs: tuple[Failure, ...]) -> Callable[[Project, str], Verdict]:
    """A judge of two sides that fail at the first step of their lists whose line is not blank."""

    def verdict(project: Project, file: str) -> Verdict:
        lines = project.text.split("\n")
        mine, other = ([failure for failure in side if lines[int(failure.said.split()[1]) - 1]] for side in (ours, theirs))
        if mine and other:
            return neither(mine[0], other[0], "ours", "docker")
        return Verdict("not built" if mine or other else "identical", notes=("it is built",))

    return verdict


RUN_ONE, RUN_TWO, COPY = fail(2), fail(4, 7), fail(7, None)
UNNAMED = fail(7, None, named=False)
TABLE = [
    ((RUN_ONE, COPY), (COPY, RUN_ONE), "identical", "line 2 and line 7 both fail"),
    ((RUN_ONE, RUN_TWO), (RUN_TWO, RUN_ONE), "identical", "line 2 and line 4 both fail"),
    ((RUN_ONE, RUN_TWO, COPY), (COPY, RUN_TWO, RUN_ONE), "identical", "both fail"),
    ((COPY, fail(4, None)), (fail(4, None), COPY), "identical", "line 4 and line 7"),
    ((RUN_ONE,), (COPY,), "inconclusive", "without line 2 they do not both fail at line 7: not built"),
    ((RUN_ONE, COPY), (COPY,), "inconclusive", "without line 7 they do not both fail at line 2: not built"),
    ((fail(4, None),), (COPY,), "inconclusive", "without line 4"),  # two refusals that have nothing in common
    ((RUN_ONE, COPY), (COPY, fail(2, 9)), "inconclusive", "without line 7 they do not both fail at line 2: inconclusive"),
    ((RUN_ONE,), (RUN_ONE,), "identical", "both refuse it. docker: line 2"),
    ((RUN_ONE,), (fail(2, 9),), "inconclusive", "not with the same exit status"),
    ((RUN_ONE._replace(missing=True), COPY), (COPY, RUN_ONE), "inconclusive", "on this machine"),
    ((fail(2, named=False), COPY), (COPY, RUN_ONE), "inconclusive", "not in the same way"),
    ((RUN_ONE, COPY), (UNNAMED, RUN_ONE), "identical", "line 2 and line 7 both fail"),
    ((COPY, RUN_ONE), (UNNAMED, RUN_ONE), "identical", "both refuse it. docker: line 7"),
    ((RUN_ONE, COPY), (UNNAMED,), "inconclusive", "without line 7 they do not both fail at line 2: not built"),
    ((RUN_ONE,), (UNNAMED, RUN_ONE), "inconclusive", "without line 2 they do not both fail: not built"),
]


@pytest.mark.parametrize(("ours", "theirs", "verdict", "note"), TABLE)
def test_each_without_its_own(ours: tuple[Failure, ...], theirs: tuple[Failure, ...], verdict: str, note: str) -> None:
    answer = judged(PROJECT, "/nowhere/Dockerfile", judge(ours, theirs))
    assert answer.verdict == verdict
    assert note in "\n".join(answer.notes)


def test_the_copy_has_the_same_lines_and_its_ignore_file(tmp_path: Path) -> None:
    (tmp_path / "my.Dockerfile").write_text(TEXT)
    (tmp_path / "my.Dockerfile.dockerignore").write_text("x\n")
    seen = []

    def watch(project: Project, file: str) -> Verdict:
        seen.append((file, Path(file).read_text(), Path(f"{file}.dockerignore").read_text()))
        return judge((RUN_TWO, COPY), (COPY, RUN_TWO))(project, file)

    assert judged(PROJECT, str(tmp_path / "my.Dockerfile"), watch).verdict == "identical"
    assert [text for _, text, _ in seen] == [TEXT, blanked(TEXT, (4,)), blanked(TEXT, (7,))]
    assert {os.path.basename(file) for file, _, _ in seen} == {"my.Dockerfile"}
    assert {ignored for _, _, ignored in seen} == {"x\n"}
    assert not os.path.exists(seen[1][0])


def test_an_instruction_s_lines_are_blank() -> None:
    assert blanked(TEXT, (4,)) == "FROM busybox AS a\nRUN one\nFROM busybox\n\n\n\nCOPY nope /\n"
    assert blanked("FROM a\r\nRUN <<A\r\nx\r\nA\r\nRUN y", (2,)) == "FROM a\r\n\n\n\nRUN y"


def test_what_the_script_said_last_is_said_once() -> None:
    said = script_failure(1, "cc: not found\n\nerror: it ended\n\nerror: it ended\n", (), 0).said
    assert said == "exit status 1: cc: not found\nerror: it ended"


# two stages side by side, one stage: what docker looks for while a RUN still runs
RACES = [
    pytest.param(
        "FROM busybox AS a\nRUN sleep 1; exit 3\nFROM busybox AS b\nRUN sleep 2; exit 4\nFROM busybox\nCOPY --from=a /x /\n"
        "COPY nope /\nCOPY --from=b /y /\n",
        marks=pytest.mark.slow,  # seven builds
    ),
    "FROM busybox\nRUN sleep 1; exit 3\nCOPY nope /\n",
]


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.parametrize("text", RACES)
def test_docker_names_another_step_than_the_script(text: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    done = dock2sh("verify", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "IDENTICAL  both sides refuse it")
    assert "both fail" in done.stdout
    assert "\\n" not in done.stdout
