"""Choices, all from one source of chance: a seed gives the same build again, and hypothesis can hold the dice instead."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """What the generator asks. `random` is a Random with a seed, or one that hypothesis looks into to make a case smaller."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def number(self, low: int, high: int) -> int:
        """A number from low to high, both possible."""
        return self._random.randint(low, high)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred."""
        return self.number(1, 100) > 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.number(0, len(options) - 1)]

    def weighted(self, options: Sequence[tuple[int, T]]) -> T:
        """One of them, each as often as its weight says."""
        at = self.number(1, sum(weight for weight, _ in options))
        for weight, option in options:
            at -= weight
            if at <= 0:
                return option
        raise AssertionError("the weights add up to what they add up to")

    def some(self, options: Sequence[T], low: int, high: int) -> list[T]:
        """From low to high of them, with repetition."""
        return [self.pick(options) for _ in range(self.number(low, high))]
