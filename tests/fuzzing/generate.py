"""A random Dockerfile with its context."""

from tests.fuzzing.case import Case, Item
from tests.fuzzing.contexts import context
from tests.fuzzing.dice import Dice
from tests.fuzzing.instructions import NAMED, VALUES, Engine, Stage, copy, instruction


def generate(dice: Dice, engine: Engine) -> Case:
    """One build: some stages over busybox, scratch or one another; the last one is what is compared."""
    items = context(dice)
    named = context(dice) if dice.chance(20) else ()
    arguments = tuple((name, value) for name, value in (("GIVEN", "g v"), ("X", "bx"), ("PLACE", "/given")) if dice.chance(15))
    blocks = ["# escape=\\"] if dice.chance(5) else []
    variable = dice.chance(30)
    if variable:
        blocks.append(f"ARG BASE=busybox GLOBAL={dice.pick(VALUES)}")
    stages: list[Stage] = []
    count = dice.weighted([(4, 1), (5, 2), (3, 3), (1, 4)])
    for number in range(count):
        stage = _stage(dice, f"s{number}", stages, (items, named), number == count - 1)
        base = "$BASE" if variable and stage.base == "busybox" and dice.chance(50) else stage.base
        blocks.append(f"FROM {base} AS {stage.name}")
        blocks += [instruction(dice, stage, engine) for _ in range(dice.number(1, 6))]
        stages.append(stage)
    blocks.append(copy(dice, stages[-1], engine))
    return Case(tuple(blocks), items, arguments, named)


def _stage(dice: Dice, name: str, stages: list[Stage], contexts: tuple[tuple[Item, ...], tuple[Item, ...]], last: bool) -> Stage:
    """Only the last one begins with the named context, which docker brings in part to others (see docs/docker-oddities.md)."""
    items, named = contexts
    others = [(2, stage.name) for stage in stages] + [(4, NAMED)] * (bool(named) and last)
    return Stage(name, dice.weighted([(12, "busybox"), (3, "scratch"), *others]), list(stages), items, named)
