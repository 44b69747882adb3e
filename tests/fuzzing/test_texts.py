"""A few random texts, always the same ones; `python -m tests.fuzzing.hunt` goes on for as long as one likes."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzzing.asked import checked_by_us, configured_by_us
from tests.fuzzing.dice import Dice
from tests.fuzzing.flagged import flagged
from tests.fuzzing.hunt import asked, pool
from tests.fuzzing.texts import mutated, settings


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 60, 15))
def test_docker_and_we_say_the_same(first: int, tmp_path: Path) -> None:
    answers = [answer for seed in range(first, first + 15) if (answer := asked(seed, tmp_path, pool()))]
    assert len(answers) >= 10, "the engine could not say: a test of nothing"
    for text, differs in answers:
        assert not differs, f"{text}\n{differs}"


def test_whatever_a_text_is_there_is_an_answer() -> None:
    texts = pool()
    for seed in range(300):
        dice = Dice(Random(seed))
        for text in (mutated(dice, texts), flagged(dice)):
            checked_by_us(text)
        configured_by_us(settings(dice))
