"""A lock and a plan: what the script carries, what a changed Dockerfile is told, and that a lock is data and nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.lock.carry import Fixed, Terms, carry, digest, lockable
from dock2sh.lock.held import Archive, Base, Deb, File, Git, Lock, Npm, Pip, Rpm, Step, Thing, Url
from dock2sh.lock.moves import moves
from dock2sh.model import Base as PlanBase
from dock2sh.model import Fetch, Plan
from dock2sh.plan.context import Project
from dock2sh.source import Refused

D, COMMIT = "ab" * 32, "cd" * 20
DOCKERFILE = """\
FROM debian:12 AS build
RUN apt-get update
RUN apt-get install -y curl
FROM build AS more
RUN pip install flask
ADD https://example.org/x /x
ADD https://example.org/r.git#main /r
FROM debian:12
RUN echo nothing
COPY --from=more /x /x
"""
SOURCES = (
    Archive("http://deb.debian.org/debian/", "bookworm", "main", "2026-11-01T10:00:00Z", "debian", "/usr/share/keyrings/d.gpg"),
)
THINGS: dict[int, tuple[Thing, ...]] = {
    1: SOURCES,
    2: (Deb("curl", "7.88.1-10", "amd64", D, "curl"), Deb("libcurl4", "7.88.1-10", "amd64", D, "curl", "yes"),
        Rpm("x", "1-1", "all", D)),
    3: (Pip("flask", "3.0.3", "flask-3.0.3-py3-none-any.whl", D, "/site/flask-3.0.3.dist-info"),
        Pip("six", "1.0", "six-1.0.tar.gz", D), Pip("six", "2.0", "six-2.0.tar.gz", D), Npm("a", "1.0", "/app/node_modules/a")),
    4: (Url("https://example.org/x", D, "3"),),
    5: (Git("https://example.org/r.git", "main", COMMIT),),
}  # fmt: skip


def plan(text: str = DOCKERFILE) -> Plan:
    return dock2sh.evaluate(dock2sh.parse(text), None, lambda name, platform: PlanBase({"os": "linux", "config": {}}))


def lock(of: Plan) -> Lock:
    """As if it had been recorded."""
    steps, number = [], 0
    for stage in of.stages:
        for group in stage.layers():
            number += 1
            if lockable(group):
                files = (File("/app/package-lock.json", '{"x": "$(id)"}\nLOCK\nTEXT\n'),) if number == 3 else ()
                steps.append(
                    Step(
                        stage.key, "0", group[0].text, digest(group), THINGS.get(number, ()), files, (), D if number == 1 else "-"
                    )
                )
    return Lock("linux/amd64", (Base("debian:12"),), tuple(steps))


def test_each_step_gets_its_lines() -> None:
    carried = carry(lock(plan()), plan(), Terms()).carried
    source = "source deb [check-valid-until=no signed-by=/usr/share/keyrings/d.gpg] http://snapshot.debian.org/archive/debian/"
    assert carried.steps == {
        1: [f"base debian:12 {D}", "asks apt", f"{source}20261101T160000Z bookworm main", "origin snapshot.debian.org"],
        2: ["after 1", "asks apt", f"deb curl amd64 7.88.1-10 {D}",
            f"deb libcurl4 amd64 7.88.1-10 {D} gone", f"rpm x all 1-1 {D}"],
        3: ["after 1 2", f"pip flask 3.0.3 {D} flask-3.0.3-py3-none-any.whl", "at /site/flask-3.0.3.dist-info flask 3.0.3",
            f"pip six 1.0 {D} six-1.0.tar.gz", f"pip six 2.0 {D} six-2.0.tar.gz", "npm /app/node_modules/a 1.0",
            "constraint flask==3.0.3", "file 0 /app/package-lock.json"],
    }  # fmt: skip
    assert carried.adds == {(4, "https://example.org/x"): f"sha256:{D}", (5, "https://example.org/r.git"): COMMIT}


def test_a_service_of_ones_own_and_none() -> None:
    def lines(snapshot: str) -> str:
        return "\n".join(carry(lock(plan()), plan(), Terms(snapshot=snapshot)).carried.steps.get(1, ()))

    assert "http://mirror/x/archive/debian/20261101T160000Z bookworm" in lines("http://mirror/x/")
    assert "source" not in lines("off")


def test_an_add_of_a_repository_asks_for_the_commit() -> None:
    def fetched(mode: str) -> list[Fetch]:
        fixed = carry(lock(plan()), plan(), Terms(mode)).plan
        return [step for stage in fixed.stages for step in stage.steps if isinstance(step, Fetch) and step.git]

    assert [(step.checksum, step.git and step.git.fetch_by_commit) for step in fetched("strict")] == [(COMMIT, True)]
    assert [step.checksum for step in fetched("prefer")] == [""]


def test_what_may_move_does() -> None:
    carried = carry(lock(plan()), plan(), Terms(moving=frozenset(["curl", "flask", "https://example.org/x"]))).carried
    assert carried.steps[2][2:] == [
        "deb curl amd64 * -",
        "deb libcurl4 amd64 * - gone",
        f"rpm x all 1-1 {D}",
    ]  # one source package
    assert not [line for line in carried.steps[3] if "flask" in line]
    assert list(carried.adds) == [(5, "https://example.org/r.git")]


def test_a_changed_step_is_not_locked() -> None:
    changed = plan(DOCKERFILE.replace("install -y curl", "install -y curl wget"))
    with pytest.raises(Refused) as refused:
        carry(lock(plan()), changed, Terms(name="my.lock"))
    assert refused.value.diagnostic.spans[0].first == 3
    assert "my.lock does not know this step" in refused.value.diagnostic.message
    fixed = carry(lock(plan()), changed, Terms("prefer"))
    assert [note[:7] for note in fixed.notes] == ["line 3:"]
    assert list(fixed.carried.steps) == [1, 3]


def test_a_step_that_moved_in_the_file_is_the_same() -> None:
    moved = plan("# a comment\n\n" + DOCKERFILE.replace("RUN echo nothing", "ENV A=1\nRUN echo nothing"))
    assert carry(lock(plan()), moved, Terms()).carried.steps.keys() == {1, 2, 3}


def scripted(fixed: Fixed) -> str:
    return dock2sh.script(fixed.plan, Project("Dockerfile", DOCKERFILE, None, None), lock=fixed.carried)


def test_the_script_takes_a_lock_for_data(tmp_path: Path) -> None:
    """Every shell reads it, and what looks like shell stays what it is."""
    fixed = carry(lock(plan()), plan(), Terms())
    text = scripted(fixed)
    script = tmp_path / "setup.sh"
    script.write_text(text)
    for shell in (["dash"], ["bash", "--posix"], ["busybox", "ash"]):
        asked = text.removesuffix('main "$@"\n') + "lock_data 3\nlock_text 0\n"
        said = subprocess.run([*shell, "-s"], input=asked, check=True, capture_output=True, text=True).stdout
        assert said == "\n".join(fixed.carried.steps[3]) + '\n{"x": "$(id)"}\nLOCK\nTEXT\n'
        listed = subprocess.run([*shell, str(script), "--list"], check=True, capture_output=True, text=True).stdout
        assert len(listed.splitlines()) == 7
    assert "What it gets is fixed by dock2sh.lock (strict)." in text


@pytest.mark.slow
def test_shellcheck_has_nothing_to_say_of_a_lock() -> None:
    assert shutil.which("shellcheck"), "./dev pytest has it"
    words = ["shellcheck", "-s", "sh", "-"]
    done = subprocess.run(
        words, input=scripted(carry(lock(plan()), plan(), Terms())), check=False, capture_output=True, text=True
    )
    assert done.stdout == ""


def test_a_script_without_a_lock_has_nothing_of_it() -> None:
    text = dock2sh.script(plan(), Project("Dockerfile", DOCKERFILE, None, None))
    assert "lock_data" not in text
    assert "locked" not in text.replace("is locked", "").partition("# ---- The words")[0]


def test_what_moved_between_two_locks() -> None:
    old = lock(plan())
    new_steps = [
        step._replace(things=tuple(_newer(thing) for thing in step.things if thing[0] != "libcurl4")) for step in old.steps
    ]
    new = old._replace(steps=tuple(new_steps), bases=(Base("debian:12", f"sha256:{D}"),))
    found = [(move.sign, move.kind, move.name, move.old, move.new) for move in moves(old, new)]
    assert found == [
        ("~", "base", "debian:12", "-", f"sha256:{D}"),
        ("~", "deb", "curl:amd64", f"7.88.1-10 {D}", f"7.99 {D}"),
        ("-", "deb", "libcurl4:amd64", f"7.88.1-10 {D}", ""),
        ("~", "git", "https://example.org/r.git main", COMMIT, "ef" * 20),
    ]
    assert moves(old, old) == []


def _newer(thing: Thing) -> Thing:
    if isinstance(thing, Deb):
        return thing._replace(version="7.99")
    return thing._replace(commit="ef" * 20) if isinstance(thing, Git) else thing


def test_a_step_before_that_asks_apt_and_gets_nothing() -> None:
    """The base is still compared, at the first step that got something."""
    of = plan("FROM debian:12\nRUN rm -rf /var/lib/apt/lists\nRUN apt-get install -y curl\n")
    steps = lock(of).steps
    known = (steps[0]._replace(things=(), packages="-"), steps[1]._replace(packages=D))
    lines = carry(Lock("linux/amd64", (), known), of, Terms()).carried.steps
    assert lines[1] == ["asks apt"]
    assert lines[2][:3] == ["after 1", f"base debian:12 {D}", "asks apt"]
