"""Configs of base images that no docker has written: what BuildKit makes of them (asked: Docker Engine 28 with such an image)."""

import pytest

import dock2sh
from dock2sh.model import Base, MakeDirectory, Plan, Run
from dock2sh.source import Refused


def plan_of(text: str, **config: object) -> Plan:
    return dock2sh.evaluate(dock2sh.parse(text), None, lambda name, platform: Base({"os": "linux", "config": config}))


def run_of(plan: Plan) -> Run:
    return next(step for step in plan.stages[-1].steps if isinstance(step, Run))


def test_a_name_twice_and_one_without_a_value_stay_in_the_image() -> None:
    plan = plan_of("FROM b\nRUN x\nENV A=3 B=4\n", Env=["A=1", "PATH=/bin", "NOEQ", "A=2"])
    assert list(run_of(plan).env) == ["PATH=/bin", "NOEQ=", "A=2"]
    assert plan.config["Env"] == ["A=3", "PATH=/bin", "NOEQ", "A=2", "B=4"]


def test_they_stay_behind_a_stage_too() -> None:
    plan = plan_of("FROM b AS x\nENV C=$A\nFROM x\nRUN y\n", Env=["A=1", "NOEQ", "A=2"])
    assert plan.config["Env"][:3] == ["A=1", "NOEQ", "A=2"]
    assert plan.config["Env"][-1] == "C=2"


def test_behind_a_stage_the_second_value_of_a_name_is_back() -> None:
    """ENV replaces the first one of a name, and FROM reads them all again."""
    plan = plan_of("FROM b AS x\nENV A=3\nRUN y\nFROM x\nRUN y\n", Env=["A=1", "A=2"])
    assert [run_of(plan).env.items()["A"], plan.config["Env"][:2]] == ["2", ["A=3", "A=2"]]


def test_a_relative_directory_is_joined_to_itself() -> None:
    plan = plan_of("FROM b\nRUN x\nWORKDIR q\n", WorkingDir="rel")
    made = next(step for step in plan.stages[-1].steps if isinstance(step, MakeDirectory))
    assert (run_of(plan).cwd, made.cwd) == ("/rel/rel", "/rel/rel/q")


@pytest.mark.parametrize("trigger", ["COPY --from=0 /a /b", "COPY --from=me /a /b", "RUN --mount=from=me,target=/m x"])
def test_a_trigger_that_takes_from_its_own_stage_is_refused_by_name(trigger: str) -> None:
    """Docker takes what is there so far. Nobody has been seen to mean that, and a script has no state before a step to read."""
    with pytest.raises(Refused) as refused:
        plan_of("FROM b AS me\n", OnBuild=[trigger])
    assert refused.value.diagnostic.code == "onbuild-self"
