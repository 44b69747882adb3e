"""The engines that are asked: docker (BuildKit and classic), podman, buildah, images that are there, archives of them."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import dock2sh
from dock2sh.plan.context import locate
from dock2sh.proof import Wish, find_image, prove
from dock2sh.verify import How, NoReference, Run, Verdict, record
from dock2sh.verify.record import load

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]
DOCKERFILE = """\
FROM busybox AS made
RUN mkdir /o &&\techo hi >/o/f && chmod 4711 /o/f && ln -s f /o/l && ln /o/f /o/h
FROM busybox
RUN echo 'ada:x:1000:1000::/home/ada:/bin/sh' >>/etc/passwd
COPY --from=made /o /o
COPY kept.txt /srv/x/
USER ada
WORKDIR /srv/ada/work
ENV A=1 B="two words"
LABEL l=1
STOPSIGNAL SIGINT
ONBUILD RUN echo later
ENTRYPOINT ["/bin/echo", "hello"]
CMD ["world"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build context whose name no other test has: BuildKit tells contexts apart by it."""
    place = tmp_path / f"engines-{tmp_path.name}"
    place.mkdir()
    (place / "Dockerfile").write_text(DOCKERFILE)
    (place / "kept.txt").write_text("kept")
    os.utime(place / "kept.txt", (1500000000, 1500000000))
    return place


def ask(folder: Path, builder: str = "docker", how: How | None = None, dockerfile: str = DOCKERFILE) -> Verdict:
    """The verdict on the script of `dockerfile`, against what is made of the folder."""
    project = locate(str(folder))._replace(text=dockerfile)
    plan = dock2sh.evaluate(dock2sh.parse(dockerfile), find_base=dock2sh.find_bases({}))
    wish = Wish(builder=builder, how=how or How())
    return prove(plan, project, str(folder / "Dockerfile"), lambda plan: dock2sh.script(plan, project), wish)


def test_docker_and_all_that_can_be_looked_at(folder: Path) -> None:
    answer = ask(folder, how=How(each_step=True, behaviour=(Run(), Run(("a b", "c")))))
    assert (answer.verdict, answer.differences, answer.first) == ("identical", (), ())
    assert not [note for note in answer.notes if "not" in note]
    assert [(step.number, step.line, step.stage, step.differences) for step in answer.steps] == [
        (1, 2, "made", 0), (2, 4, "1", 0), (3, 5, "1", 0), (4, 6, "1", 0), (5, 8, "1", 0),
    ]  # fmt: skip
    assert all(step.their_seconds is not None for step in answer.steps)
    assert [step.their_bytes for step in answer.steps][3] == 4


@pytest.mark.parametrize(
    ("builder", "known"),
    [
        ("classic", {"args-escaped", "workdir-owner"}),
        ("podman", {"args-escaped", "buildah-label", "mount-stubs", "root-mode"}),
        ("buildah", {"args-escaped", "buildah-label", "mount-stubs", "root-mode"}),
    ],
)
def test_other_builders_and_their_own_ways(folder: Path, builder: str, known: set[str], needs: Callable[[str], None]) -> None:
    if builder != "classic":
        needs(builder)
    answer = ask(folder, builder)
    assert (answer.verdict, answer.real) == ("equivalent", ())
    assert known <= answer.reasons.keys() <= known | {"late-workdir", "container-leftovers"}


VOLUMES = """\
FROM busybox
RUN mkdir /v /w && echo a >/v/a && echo b >/v/b && echo o >/o
VOLUME /v
COPY kept.txt /v/
RUN chmod 700 /v && rm /v/a && echo c >>/v/b && touch /v/c
RUN echo p >>/o && touch /w/c
"""


def test_the_classic_builder_throws_away_what_a_run_changes_at_a_volume(folder: Path) -> None:
    (folder / "Dockerfile").write_text(VOLUMES)
    answer = ask(folder, "classic", dockerfile=VOLUMES)
    assert (answer.verdict, answer.real) == ("equivalent", ())
    named = {one.where for one in answer.differences if one.noise == "classic-volume"}
    assert named == {"/v", "/v/a", "/v/b", "/v/c"}


def test_what_a_command_has_left_in_the_background_ends_with_it(folder: Path) -> None:
    """A daemon has a session of its own; it would keep its port, and the pipes on which it is heard."""
    text = 'FROM busybox\nENTRYPOINT ["sh", "-c"]\nCMD ["setsid sleep 86421 & echo $$; exec sleep 86422"]\n'
    (folder / "Dockerfile").write_text(text)
    runs = (Run(seconds=3), Run(("setsid sleep 86423 & echo hi; exit 7",), 20))
    began = time.monotonic()
    answer = ask(folder, how=How(behaviour=runs), dockerfile=text)
    assert (answer.verdict, answer.differences) == ("identical", ())
    assert time.monotonic() - began < 60
    running = [place.read_bytes() for place in Path("/proc").glob("[0-9]*/cmdline") if place.exists()]
    assert not [words for words in running if b"sleep\x008642" in words]


def test_what_differs_is_explained(folder: Path) -> None:
    other = DOCKERFILE.replace("echo hi", "echo ho").replace("4711", "4755").replace("A=1", "A=2").replace("/srv/x/", "/srv/y/")
    answer = ask(folder, how=How(each_step=True, behaviour=(Run(("$A",)),)), dockerfile=other)
    found = {(one.where, one.what): one for one in answer.real}
    assert found["/o/f", "content"].detail.splitlines()[-2:] == ["-hi", "+ho"]
    assert {(where, what) for where, what in found if where.startswith("/")} == {
        ("/o/f", "content"), ("/o/f", "mode"), ("/o/h", "content"), ("/o/h", "mode"),
        ("/srv/x", "missing"), ("/srv/x/kept.txt", "missing"), ("/srv/y", "extra"), ("/srv/y/kept.txt", "extra"),
    }  # fmt: skip
    assert ("Env", "config") in found
    assert found["the process", "environment"].ours == "A=2"
    assert {one.line for where, one in found.items() if where[0].startswith("/o")} == {5}
    assert {one.line for where, one in found.items() if where[0].startswith("/srv")} == {6}
    # the stage before the target differs first
    assert {(one.step, one.line) for one in answer.first} == {(1, 2)}


def test_images_that_are_there(folder: Path) -> None:
    name = f"dock2sh-test-{folder.name}:there".lower().replace("_", "-")
    subprocess.run(["docker", "build", "-q", "--no-cache", "-t", name, folder], check=True, capture_output=True)
    try:
        archive = folder.parent / "image.tar"
        subprocess.run(["docker", "save", "-o", archive, name], check=True)
        layout = folder.parent / "layout"
        layout.mkdir()
        subprocess.run(["tar", "-xf", archive, "-C", layout], check=True)
        for source in (f"docker-image://{name}", name, str(archive), str(layout), f"oci-layout://{layout}"):
            assert ask(folder, how=How(against=find_image(source))).verdict == "identical", source
        bad = DOCKERFILE.replace("echo hi", "echo ho")
        answer = ask(folder, how=How(against=find_image(str(archive))), dockerfile=bad)
        assert [(one.where, one.what, one.line) for one in answer.real] == [("/o/f", "content", 5), ("/o/h", "content", 5)]
    finally:
        subprocess.run(["docker", "image", "rm", name], check=False, capture_output=True)
    with pytest.raises(NoReference, match="no such file"):
        find_image(f"{name}-gone")


def test_another_base_is_said(folder: Path) -> None:
    """The image stands on another busybox than the script."""
    name = f"dock2sh-test-{folder.name}:scratch".lower().replace("_", "-")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY kept.txt /\n")
    subprocess.run(["docker", "build", "-q", "-t", name, folder], check=True, capture_output=True)
    try:
        answer = ask(folder, how=How(against=find_image(name)))
        assert answer.verdict == "inconclusive"
        assert "does not stand on the base image of the script" in answer.notes[0]
    finally:
        subprocess.run(["docker", "image", "rm", name], check=False, capture_output=True)


def test_link_is_dropped_by_stores_that_cannot_merge(folder: Path) -> None:
    linked = DOCKERFILE.replace("COPY kept.txt", "COPY --link kept.txt")
    (folder / "Dockerfile").write_text(linked)
    answer = ask(folder, dockerfile=linked)
    driver = subprocess.run(["docker", "info", "-f", "{{.Driver}}"], check=True, capture_output=True, text=True).stdout.strip()
    if driver == "overlayfs":
        assert answer.verdict == "identical"
    else:
        assert answer.verdict == "equivalent"
        assert "docker drops COPY --link (line 6)" in answer.notes[-1]


RANDOM = "FROM busybox\nRUN cat /proc/sys/kernel/random/uuid >/when; mktemp -p /srv 2>/dev/null || mktemp; echo same >/same\n"


def test_calibration_excuses_what_docker_does_not_reproduce(folder: Path) -> None:
    (folder / "Dockerfile").write_text(RANDOM)
    assert ask(folder, dockerfile=RANDOM).verdict == "different"
    answer = ask(folder, how=How(calibrate=2), dockerfile=RANDOM)
    assert (answer.verdict, set(answer.reasons)) == ("equivalent", {"calibrated"})
    other = RANDOM.replace("same >", "other >")
    assert [one.where for one in ask(folder, how=How(calibrate=2), dockerfile=other).real if one.what == "content"] == ["/same"]


def test_a_record_of_a_real_plan(folder: Path) -> None:
    from dock2sh.proof import recorded

    project = locate(str(folder))
    plan = dock2sh.evaluate(dock2sh.parse(DOCKERFILE), find_base=dock2sh.find_bases({}))
    kept = recorded(plan, project, str(folder / "Dockerfile"), lambda plan: dock2sh.script(plan, project), Wish())
    assert ask(folder, how=How(against=load(kept))).verdict == "identical"
    assert record  # the judge's own, without a plan, is tested in test_verify.py


def test_dockers_root_directory_of_the_last_layer(folder: Path) -> None:
    text = "FROM busybox\nRUN chmod 700 / && chown 33:33 /\nRUN stat -c '%a %u:%g' / >/seen; chmod 1777 /; chown 5 /\n"
    (folder / "Dockerfile").write_text(text)
    answer = ask(folder, dockerfile=text)
    assert (answer.verdict, answer.real) == ("equivalent", ())
    assert answer.reasons.keys() == {"root-mode-of-a-layer", "root-owner-of-a-layer"}


def test_bytes_that_are_no_utf8(folder: Path) -> None:
    """Docker has U+FFFD wherever it looks into a text; what it passes on stays, and a RUN cannot be passed on (test_bytes.py)."""
    text = b'FROM busybox\nENV A=caf\xe9\nRUN env >/e\nCOPY <<A <<"B" /d/\n\xe9\nA\n\xff\nB\nWORKDIR /a\xe9\nMAINTAINER \xe9\n'
    text += b'LABEL l="\xe2\x82"\nENTRYPOINT ["\xe9"]\nCMD \xe9\nONBUILD RUN \xe9\n'
    (folder / "Dockerfile").write_bytes(text)
    answer = ask(folder, dockerfile=text.decode("utf-8", "surrogateescape"))
    assert (answer.verdict, answer.differences) == ("identical", ())
