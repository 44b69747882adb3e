"""A few random builds, always the same ones; `python -m tests.fuzzing` goes on for as long as one likes.

Hypothesis holds the dice here, so that a case that fails is shown small.
"""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.case import EPOCH, Case, Item
from tests.fuzzing.dice import Dice
from tests.fuzzing.generate import generate
from tests.fuzzing.instructions import Engine
from tests.fuzzing.judge import Judge
from tests.fuzzing.shrink import shrink


def test_a_seed_gives_the_same_build_again() -> None:
    for seed in range(50):
        assert generate(Dice(Random(seed)), Engine()) == generate(Dice(Random(seed)), Engine())


def test_a_case_is_made_small() -> None:
    items = (Item("d", "d", 0o755), Item("d/a", "f"), Item("b", "f", mtime=EPOCH), Item("c", "h", target="b"))
    case = Case(("FROM busybox", "RUN true && touch /x && false", "COPY --chmod=1 a b /c"), items, (("X", "1"),))
    assert shrink(case, lambda candidate: "touch" in candidate.text) == Case(("RUN touch /x",))


@pytest.fixture(scope="module")
def judge(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge | None]:
    if engine:
        yield None  # the test is skipped, and says why
        return
    made = Judge(tmp_path_factory.mktemp("fuzzing"))
    yield made
    made.close()


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.slow
@settings(max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_docker_and_the_script_agree(judge: Judge, random: Random) -> None:
    finding = judge.ask(generate(Dice(random), Engine()))
    assert not finding.bad, finding.text
