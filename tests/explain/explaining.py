"""A Dockerfile explained, and what is said of a line of it."""

from collections.abc import Iterator

import dock2sh
from dock2sh.bases import assumed, unknown
from dock2sh.checks import check
from dock2sh.explain import explain
from dock2sh.explain.language import plain
from dock2sh.explain.tree import Explanation, Step
from dock2sh.findings import find
from dock2sh.plan.evaluate import Options


def explained(text: str, known: bool = True, build_args: dict[str, str] | None = None, checked: bool = False) -> Explanation:
    dockerfile = dock2sh.parse(text)
    options = Options(build_args or {}, platform="linux/amd64")
    plan = dock2sh.evaluate(dockerfile, options, assumed if known else unknown)
    if not checked:
        return explain(plan, dockerfile, "Dockerfile", build_args)
    return explain(plan, dockerfile, "Dockerfile", build_args, check(dockerfile, options, assumed), find(plan, dockerfile))


def steps(explanation: Explanation) -> Iterator[Step]:
    return (step for stage in explanation.stages for step in stage.steps)


def meanings(text: str, first: int) -> dict[str, str]:
    """What is said of each word of the instruction on a line."""
    step = next(step for stage in explained(text).stages for step in stage.steps if step.first == first)
    return {part.text: plain(part.says) for command in step.commands for part in command.parts}


def said(text: str, first: int) -> str:
    step = next(step for stage in explained(text).stages for step in stage.steps if step.first == first)
    return " ".join(map(plain, step.does))
