"""What a build says of the machine of its RUNs: docker's --network and --add-host, and BuildKit's own build arguments."""

import pytest

import dock2sh
from dock2sh.emit.frame import Setting
from dock2sh.emit.script import script
from dock2sh.model import Plan, Run
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused


def planned(dockerfile: str, options: Options) -> Plan:
    return dock2sh.evaluate(dock2sh.parse("FROM busybox\n" + dockerfile), options)


def runs(dockerfile: str, options: Options) -> list[Run]:
    return [step for stage in planned(dockerfile, options).stages for step in stage.steps if isinstance(step, Run)]


def test_a_run_that_does_not_say_its_network_has_the_builds() -> None:
    found = runs(
        "RUN a\nRUN --network=default a\nRUN --network=host a\nRUN --mount=type=cache,target=/c a\n", Options(network="none")
    )
    assert [run.network for run in found] == ["none", "none", "host", "none"]


@pytest.mark.parametrize(("words", "right"), [("--network=host", "network.host"), ("--security=insecure", "security.insecure")])
def test_a_right_that_nobody_has_given(words: str, right: str) -> None:
    with pytest.raises(Refused, match=f"{right} is not allowed") as refused:
        runs(f"RUN a\nRUN {words} a\n", Options(allowed=()))
    assert refused.value.diagnostic.spans[0].first == 3
    assert f"--allow {right}" in refused.value.diagnostic.hint
    assert len(runs(f"RUN {words} a\n", Options(allowed=(right,)))) == 1
    assert len(runs(f"RUN {words} a\n", Options())) == 1  # who writes a script runs nothing
    assert not runs(f"RUN {words} a\nFROM scratch\n", Options(allowed=()))


def test_the_sandbox_has_another_name_and_knows_hosts() -> None:
    options = Options({"BUILDKIT_SANDBOX_HOSTNAME": "it's"}, hosts=(("10.0.0.2", "db"), ("::1", "v6")))
    (run,) = runs("RUN hostname\n", options)
    assert (run.hostname, run.hosts) == ("it's", (("10.0.0.2", "db"), ("::1", "v6")))
    text = script(planned("RUN hostname\n", options), Setting("Dockerfile", "FROM busybox\nRUN hostname\n"))
    assert '    host_name "it\'s"\n    host_known 10.0.0.2 db\n    host_known ::1 v6\n\n    from busybox' in text
    assert "BUILDKIT_SANDBOX_HOSTNAME" not in " ".join(run.env)


def test_limits_and_shared_memory() -> None:
    options = Options(limits=("nofile=1024:2048", "core=-1:-1"), shm=10 << 20)
    (run,) = runs("RUN ulimit -n\n", options)
    assert (run.limits, run.shm) == (("nofile=1024:2048", "core=-1:-1"), 10 << 20)
    text = script(planned("RUN ulimit -n\n", options), Setting("Dockerfile", "FROM busybox\nRUN ulimit -n\n"))
    assert "    limits nofile=1024:2048 core=-1:-1\n    shm_size 10485760\n\n    from busybox" in text


def test_a_cache_has_a_space_of_its_own() -> None:
    options = Options({"BUILDKIT_CACHE_MOUNT_NS": "ci"})
    (run,) = runs("RUN --mount=type=cache,target=/c/ --mount=type=cache,target=/d,id=x a\n", options)
    assert [mount.id for mount in run.mounts] == ["ci//c", "ci/x"]


@pytest.mark.parametrize("options", [Options({"SOURCE_DATE_EPOCH": "context"}), Options()])
def test_the_time_of_a_context_of_this_machine_is_none(options: Options) -> None:
    text = "ARG SOURCE_DATE_EPOCH=context\nFROM busybox\nARG SOURCE_DATE_EPOCH\nRUN env\n"
    (run,) = (step for step in dock2sh.evaluate(dock2sh.parse(text), options).stages[0].steps if isinstance(step, Run))
    assert not [pair for pair in run.env if pair.startswith("SOURCE_DATE_EPOCH")]


def test_the_time_of_a_stage_is_not_known() -> None:
    text = "ARG SOURCE_DATE_EPOCH=src\nFROM scratch AS src\nADD https://h.example/a.tar /\nFROM busybox\n"
    with pytest.raises(Refused, match=r"invalid SOURCE_DATE_EPOCH: src .what a stage or a context has fetched"):
        dock2sh.evaluate(dock2sh.parse(text))
