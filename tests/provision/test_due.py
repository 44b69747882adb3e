"""Which steps are to be done: the program that decides it, with tables of steps and records of what was done."""

import subprocess

import pytest

from dock2sh.emit.bundle import RUNTIME

STEPS = ["step 1 b d1", "step 2 b d2", "step 3 - d3", "step 4 - d4 b", "step 5 - d5"]


def due(*lines: str, **asked: str) -> list[int]:
    with open(f"{RUNTIME}/programs/due.awk") as file:
        program = file.read()
    env = {"from": "0", "only": "", **asked, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["awk", program], input="\n".join([*lines, *STEPS]) + "\n", env=env, capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


TARGET = ["done - 3 d3", "done - 4 d4", "done - 5 d5"]
STAGE = ["done b 1 d1", "done b 2 d2", "root b"]


@pytest.mark.parametrize(
    ("record", "steps"),
    [
        ([], [1, 2, 3, 4, 5]),
        (TARGET, []),
        (TARGET[:1], [1, 2, 4, 5]),
        (TARGET[:1] + STAGE, [4, 5]),
        (TARGET[:1] + STAGE[:1] + STAGE[2:], [2, 4, 5]),
        (TARGET[:2], [5]),
        (["done - 3 old", *TARGET[1:]], [1, 2, 3, 4, 5]),
        ([*TARGET[:1], "done b 1 old", "done b 2 d2", "root b"], [1, 2, 4, 5]),
        ([*TARGET[:1], *STAGE[:2]], [1, 2, 4, 5]),
    ],
)
def test_what_is_left(record: list[str], steps: list[int]) -> None:
    assert due(*record) == steps


def test_from_a_step_on_all_is_done_again() -> None:
    assert due(*TARGET, **{"from": "5"}) == [5]
    assert due(*TARGET, **{"from": "4"}) == [1, 2, 4, 5]


def test_one_step_alone_is_done_with_what_it_needs() -> None:
    assert due(*TARGET, only="5") == [5]
    assert due(only="4") == [1, 2, 4]
    assert due(*TARGET, *STAGE, only="4") == [4]
