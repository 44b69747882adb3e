"""Configs of base images that no docker has written: what BuildKit makes of them (asked: Docker Engine 28 with such an image)."""

import pytest

import dock2sh
from dock2sh.emit.manual import manual
from dock2sh.explain.picture import graph
from dock2sh.model import Base, MakeDirectory, Plan, Run, origins
from dock2sh.plan.context import Project
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
def test_a_trigger_may_take_from_its_own_stage(trigger: str) -> None:
    """What is there so far: no other stage is needed for it, and what it was is kept for the step in the script."""
    text = "FROM b AS me\n"
    plan = plan_of(text, OnBuild=[trigger])
    assert [origins(step) for step in plan.stages[0].steps] == [["me"]]
    assert plan.stages[0].needs() == []
    said = dock2sh.script(plan, Project("Dockerfile", text, None, None))
    reader = "copy" if trigger.startswith("COPY") else "with"
    assert [line.split()[0] for line in said.splitlines() if "me@1" in line] == ["moment", reader]


def test_what_is_no_trigger_and_takes_from_its_own_stage_is_a_circle() -> None:
    with pytest.raises(Refused) as refused:
        plan_of("FROM b AS me\nCOPY --from=me /a /b\n", OnBuild=["COPY --from=me /a /b"])
    assert refused.value.diagnostic.code == "circular"


def test_by_hand_its_own_stage_is_an_image_made_now() -> None:
    """A container that is read while it is written would have no end."""
    text = "FROM b\n"
    typed = manual(plan_of(text, OnBuild=["COPY --from=0 / /all/"]), "Dockerfile", text, "\\")
    assert "docker cp $(docker create $(docker commit CONTAINER)):/" in typed


def test_the_picture_has_no_arrow_from_a_stage_to_itself() -> None:
    dockerfile = dock2sh.parse("FROM b AS me\n")
    plan = plan_of(dockerfile.text, OnBuild=["COPY --from=0 /a /b", "RUN --mount=from=me,target=/m x"])
    assert all(edge.start != edge.end for edge in graph(dockerfile, plan).edges)
