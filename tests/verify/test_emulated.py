"""Our side emulated: what a layer a step lets the judge see."""

import os
import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.bases import beginning
from dock2sh.plan.context import locate, named_contexts
from dock2sh.plan.contexts import Contexts
from dock2sh.plan.evaluate import Options
from dock2sh.proof import NONE, Wish, prove, recorded
from dock2sh.sandbox import SandboxError
from dock2sh.verify import How, Run, Verdict, load

pytestmark = [pytest.mark.root, pytest.mark.docker]


def judged(folder: Path, dockerfile: str, ours: str = "1", how: How | None = None, sandbox: str = "namespaces") -> Verdict:
    """A Dockerfile with `ARG X`: docker builds it with 1, we with what is given."""
    (folder / "Dockerfile").write_text(dockerfile)
    project = locate(str(folder))
    plan = dock2sh.evaluate(dock2sh.parse(project.text), Options({"X": ours}), dock2sh.find_bases({}))
    wish = Wish(["--build-arg=X=1"], [], how=how or How(), sandbox=sandbox)
    return prove(plan, project, str(folder / "Dockerfile"), lambda plan: dock2sh.script(plan, project), wish)


STAGES = """\
FROM busybox AS a
ARG X
RUN mkdir -m 1777 /q && ln -s /etc /q/l && mknod /q/p p
FROM busybox
ARG X
COPY --from=a /q /z
RUN echo $X >/x; if [ $X = 2 ]; then touch /between; fi
RUN rm -f /between /bin/vi
WORKDIR /w
CMD ["cat", "/x"]
"""


def test_the_same_is_identical(tmp_path: Path) -> None:
    answer = judged(tmp_path, STAGES, how=How(each_step=True, behaviour=(Run(),)))
    assert (answer.verdict, answer.differences, answer.notes) == ("identical", (), ())
    assert answer.sides[0] == "dock2sh emulate (namespaces)"
    assert all(step.our_seconds > 0 for step in answer.steps)


def test_what_the_next_step_deletes_is_seen_in_the_layer(tmp_path: Path) -> None:
    answer = judged(tmp_path, STAGES, ours="2")
    found = [(one.where, one.what, one.step, one.line) for one in answer.real if one.what != "history"]
    assert found == [("/x", "content", 3, 7), ("/between", "layer", 3, 7), ("/between", "layer", 4, 8)]


def test_each_step_names_the_first_that_differs(tmp_path: Path) -> None:
    dockerfile = "FROM busybox\nARG X\nRUN true\nRUN echo $X >/x\nRUN echo done >/x\n"
    answer = judged(tmp_path, dockerfile, ours="2", how=How(each_step=True))
    assert [(one.where, one.what, one.step, one.line) for one in answer.first] == [("/x", "content", 2, 4)]


def test_what_the_build_says_of_the_machine(tmp_path: Path) -> None:
    seen = "cat /etc/hosts; hostname; grep -c : /proc/net/dev; grep -w /dev/shm /proc/mounts; ulimit -n; ulimit -Hn; ulimit -Hc"
    mounts = "--mount=type=tmpfs,target=/dev/shm --mount=type=cache,target=/c"
    (tmp_path / "Dockerfile").write_text(f"FROM busybox\nRUN {{ {seen}; }} >/x\nRUN {mounts} {{ {seen}; }} >/y\n")
    docker = ["--network=none", "--add-host=db=10.0.0.2", "--add-host=v6:2001:DB8::1", "--build-arg=BUILDKIT_SANDBOX_HOSTNAME=me",
              "--shm-size=10m", "--ulimit=nofile=500:1000", "--ulimit=core=0"]  # fmt: skip
    options = Options(
        {"BUILDKIT_SANDBOX_HOSTNAME": "me"}, network="none", hosts=(("10.0.0.2", "db"), ("2001:db8::1", "v6")),
        limits=("nofile=500:1000", "core=0:0"), shm=10 << 20,
    )  # fmt: skip
    project = locate(str(tmp_path))
    plan = dock2sh.evaluate(dock2sh.parse(project.text), options, dock2sh.find_bases({}))
    for sandbox in ("namespaces", NONE):
        wish = Wish(docker, [], how=How(), sandbox=sandbox)
        answer = prove(plan, project, str(tmp_path / "Dockerfile"), lambda plan: dock2sh.script(plan, project), wish)
        assert (answer.verdict, answer.differences) == ("identical", ())


def test_the_same_step_fails_on_both_sides(tmp_path: Path) -> None:
    assert judged(tmp_path, "FROM busybox\nARG X\nRUN exit 7\n").verdict == "identical"
    answer = judged(tmp_path, "FROM busybox\nARG X\nRUN exit $X\n", ours="2")
    assert answer.verdict == "inconclusive"
    assert "ours with 2, docker with 1" in answer.notes[0]


@pytest.mark.parametrize("sandbox", ["namespaces", NONE])
def test_a_stage_that_begins_with_a_named_context(tmp_path: Path, sandbox: str) -> None:
    """docker's history has an entry less than the image has layers then, which is said."""
    folder, more = tmp_path / f"begun-{tmp_path.name}", tmp_path / f"more-{tmp_path.name}"
    folder.mkdir()
    (more / "d").mkdir(0o700, parents=True)
    for name, content in {"d/f": "one", "no": "left out", ".dockerignore": "no\n"}.items():
        (more / name).write_text(content)
        os.chown(more / name, 33, 33)
    (folder / "Dockerfile").write_text(
        "FROM more\nCOPY --from=more d /e\nCOPY --from=busybox /bin/busybox /bin/sh\nRUN echo >/z\n"
    )
    contexts, given = Contexts({"more": str(more)}), f"more={more}"
    project = locate(str(folder))._replace(named=named_contexts(contexts))
    options = Options(contexts=contexts)
    plan = dock2sh.evaluate(dock2sh.parse(project.text), options, beginning(dock2sh.find_bases({}), contexts))
    wish = Wish([f"--build-context={given}"], ["--build-context", given], contexts=contexts, sandbox=sandbox)
    answer = prove(plan, project, str(folder / "Dockerfile"), lambda plan: dock2sh.script(plan, project), wish)
    assert (answer.verdict, answer.differences) == ("identical", ())
    assert "the history was not compared" in answer.notes[0]


@pytest.mark.parametrize("sandbox", ["namespaces", NONE])
def test_a_record_is_enough_where_no_engine_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: str) -> None:
    """What our side stands on comes from --base then."""
    folder, base = tmp_path / f"alone-{tmp_path.name}", tmp_path / "busybox.tar"
    folder.mkdir()
    (folder / "Dockerfile").write_text(text := "FROM busybox\nRUN mkdir -m 1777 /q\n")
    subprocess.run(["docker", "save", "-o", base, "busybox:latest"], check=True)
    project, script = locate(str(folder)), lambda plan: dock2sh.script(plan, project)
    plan = dock2sh.evaluate(dock2sh.parse(text), find_base=dock2sh.find_bases({"busybox": str(base)}, offline=True))
    kept = load(recorded(plan, project, str(folder / "Dockerfile"), script, Wish()))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    wish = Wish([], ["--base", f"busybox={base}"], how=How(against=kept), sandbox=sandbox)
    answer = prove(plan, project, str(folder / "Dockerfile"), script, wish)
    assert (answer.verdict, answer.differences, answer.notes) == ("identical", (), ())


def test_nothing_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "context").mkdir()
    assert judged(tmp_path / "context", "FROM busybox\nARG X\nRUN touch /x\n").verdict == "identical"
    kept = [place for name in ("build", "caches", "layers", "work") for place in (tmp_path / "data/dock2sh" / name).glob("*")]
    assert kept == []


def test_a_sandbox_that_cannot_be_had_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="podman"):
        judged(tmp_path, "FROM scratch\nARG X\nENV A=1\n", sandbox="podman")
