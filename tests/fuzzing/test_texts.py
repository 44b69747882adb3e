"""A few random texts, always the same ones; `python -m tests.fuzzing.hunt` goes on for as long as one likes."""

from pathlib import Path
from random import Random

import pytest

from dock2sh.source import Refused
from tests.fuzzing.asked import checked_by_us, configured_by_us
from tests.fuzzing.dice import Dice
from tests.fuzzing.hunt import asked, pool
from tests.fuzzing.texts import mutated, settings


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 60, 15))
def test_docker_and_we_say_the_same(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 15):
        answer = asked(seed, tmp_path, pool())
        assert answer is None or not answer[1], f"{answer[0]}\n{answer[1]}"


def test_nothing_but_a_refusal_comes_of_any_text() -> None:
    texts = pool()
    for seed in range(300):
        dice = Dice(Random(seed))
        try:
            checked_by_us(mutated(dice, texts))
            configured_by_us(settings(dice))
        except Refused:
            pytest.fail(f"seed {seed}: a refusal that is no answer")
