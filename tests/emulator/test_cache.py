"""Docker's rules for the cache: a step is reused when its parent, its text, what it sees and what it reads are the same."""

import os
import re
from pathlib import Path

import pytest
from building import Emulate, dock2sh

pytestmark = pytest.mark.root

TWO = "FROM busybox\nRUN echo one >/one\nCOPY a /a\nRUN cat /a >/two\n"


def ran(said: str) -> list[str]:
    """The steps that were run, by their instructions."""
    titles = dict(re.findall(r"^#(\d+) \[.*?\] (.*)$", said, re.MULTILINE))
    return [title for number, title in titles.items() if re.search(rf"^#{number} DONE", said, re.MULTILINE)]


def test_nothing_changed(emulate: Emulate, project: Path) -> None:
    (project / "a").write_text("a")
    assert len(ran(emulate(TWO).stderr)) == 3
    assert ran(emulate(TWO).stderr) == []


EQUAL = """\
FROM busybox AS a
RUN cat /proc/sys/kernel/random/uuid >/u
FROM busybox AS b
RUN cat /proc/sys/kernel/random/uuid >/u
RUN true
FROM busybox
COPY --from=a /u /a
COPY --from=b /u /b
RUN cmp /a /b
"""


@pytest.mark.parametrize("flags", [(), ("--no-cache",)])
def test_equal_steps_of_two_stages_are_done_once(emulate: Emulate, flags: tuple[str, ...]) -> None:
    """As docker, which knows a step by what it does; `cmp` would fail."""
    done = emulate(EQUAL, *flags)
    assert done.returncode == 0, done.stderr
    assert sum(title.startswith("RUN cat") for title in ran(done.stderr)) == 1


def test_the_same_image_comes_out(emulate: Emulate, project: Path) -> None:
    (project / "a").write_text("a")
    assert emulate(TWO, "-q").stdout == emulate(TWO, "-q").stdout != ""


def test_a_changed_file_runs_from_its_copy_on(emulate: Emulate, project: Path) -> None:
    (project / "a").write_text("a")
    emulate(TWO)
    (project / "a").write_text("b")
    assert ran(emulate(TWO).stderr) == ["COPY a /a", "RUN cat /a >/two"]


def test_times_and_other_files_do_not_count(emulate: Emulate, project: Path) -> None:
    (project / "a").write_text("a")
    emulate(TWO)
    os.utime(project / "a", (1, 1))
    (project / "other").write_text("new")
    assert ran(emulate(TWO).stderr) == []


def test_a_mode_counts(emulate: Emulate, project: Path) -> None:
    (project / "a").write_text("a")
    emulate(TWO)
    (project / "a").chmod(0o755)
    assert "COPY a /a" in ran(emulate(TWO).stderr)


def test_an_ignored_file_does_not_count(emulate: Emulate, project: Path) -> None:
    (project / ".dockerignore").write_text("*.log\n.dockerignore\nDockerfile\n")
    (project / "a").write_text("a")
    whole = "FROM busybox\nCOPY . /x/\n"
    emulate(whole)
    (project / "b.log").write_text("b")
    assert ran(emulate(whole).stderr) == []


def test_build_args_count_where_they_are_in_scope(emulate: Emulate) -> None:
    text = "FROM busybox\nRUN echo before\nARG V\nRUN echo after\n"
    emulate(text, "--build-arg=V=1")
    assert ran(emulate(text, "--build-arg=V=2").stderr) == ["RUN echo after"]


def test_a_proxy_does_not_count(emulate: Emulate) -> None:
    text = "FROM busybox\nRUN echo one\n"
    emulate(text)
    assert ran(emulate(text, "--build-arg=HTTP_PROXY=http://proxy").stderr) == []


def test_a_rebuilt_stage_with_the_same_content_does_not_count(emulate: Emulate) -> None:
    text = "FROM busybox AS a\nRUN echo {} >/unread; echo same >/read\nFROM busybox\nCOPY --from=a /read /read\n"
    emulate(text.format(1))
    assert ran(emulate(text.format(2)).stderr) == ["RUN echo 2 >/unread; echo same >/read"]


def test_no_cache_runs_all_and_is_remembered(emulate: Emulate) -> None:
    text = "FROM busybox\nRUN head -c 8 /dev/urandom >/random\n"
    first = emulate(text, "-q").stdout
    second = emulate(text, "-q", "--no-cache").stdout
    assert first != second
    assert emulate(text, "-q").stdout == second


def test_no_cache_filter_names_a_stage(emulate: Emulate) -> None:
    text = "FROM busybox AS a\nRUN echo a\nFROM busybox AS b\nRUN echo b\nFROM a\nCOPY --from=b /etc/passwd /p\n"
    emulate(text)
    assert ran(emulate(text, "--no-cache-filter=b").stderr) == ["RUN echo b"]
    onward = "COPY --from=b /etc/passwd /p"  # it stands on a
    assert sorted(ran(emulate(text, "--no-cache-filter=A,B").stderr)) == [onward, "RUN echo a", "RUN echo b"]
    assert "--no-cache-filter c: no stage of that name is built" in emulate(text, "--no-cache-filter=c").stderr


RANDOM = "head -c 9 /dev/urandom | base64"


@pytest.mark.parametrize("flags", [["--no-cache", "--target", "one"], ["--no-cache-filter", "one"]], ids=" ".join)
def test_no_image_has_layers_that_were_not_made_on_one_another(flags: list[str], emulate: Emulate) -> None:
    """What stands on a step that was made anew was made on another one: `/b` would be a copy of an `/a` that is gone."""
    text = f"FROM busybox AS one\nRUN {RANDOM} >/a\nFROM one\nRUN cp /a /b\n"
    for more in ([], flags, []):
        assert emulate(text, "-t", "both", *more).returncode == 0
    assert emulate("FROM both\nRUN cmp /a /b\n").returncode == 0


def test_no_image_has_layers_that_were_not_made_on_one_another_in_a_stage(emulate: Emulate) -> None:
    one = f"FROM busybox\nRUN {RANDOM} >/a\n"
    for text, *more in ([f"{one}RUN cp /a /b\n"], [one, "--no-cache"], [f"{one}RUN cp /a /b\n", "-t", "both"]):
        assert emulate(text, *more).returncode == 0
    assert emulate("FROM both\nRUN cmp /a /b\n").returncode == 0


def test_a_failed_build_goes_on_from_the_step_that_failed(emulate: Emulate, project: Path) -> None:
    text = "FROM busybox\nRUN echo one\nRUN --mount=type=bind,target=/c test -e /c/there\n"
    failed = emulate(text)
    assert failed.returncode == 1
    assert ran(failed.stderr) == ["RUN echo one"]
    (project / "there").touch()
    assert ran(emulate(text).stderr) == ["RUN --mount=type=bind,target=/c test -e /c/there"]


def test_a_cache_mount_stays_and_is_in_no_layer(emulate: Emulate, tmp_path: Path) -> None:
    text = "FROM busybox\nRUN --mount=type=cache,target=/cache echo {} >>/cache/log; cp /cache/log /log\n"
    emulate(text.format(1))
    assert emulate(text.format(2), "-o", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/rootfs/log").read_text() == "1\n2\n"
    assert not (tmp_path / "out/rootfs/cache").exists()


def test_no_cache_empties_the_caches_that_its_steps_name(emulate: Emulate, tmp_path: Path, data: Path) -> None:
    """Measured on docker 28: with and without an owner, and of the stages that are built anew only."""
    mounts = "--mount=type=cache,target=/c,id=one --mount=type=cache,target=/d,id=one,mode=0700 --mount=type=cache,target=/e"
    write = "for f in c d e; do echo {0} >>/$f/log; done; cat /c/log /d/log /e/log >/log"
    text = f"FROM busybox AS a\nRUN {mounts} {write}\nFROM busybox\nCOPY --from=a /log /\n"

    def log(number: int, *words: str) -> list[str]:
        out = tmp_path / f"out{number}"
        assert emulate(text.format(number), *words, "-o", out).returncode == 0
        return (out / "rootfs/log").read_text().split()

    assert log(1) == ["1", "1", "1"]
    assert log(2) == ["1", "2", "1", "2", "1", "2"]
    assert log(3, "--no-cache") == ["3", "3", "3"]
    assert log(4, "--no-cache-filter=1") == ["3", "4", "3", "4", "3", "4"]
    assert log(5, "--no-cache-filter=a") == ["5", "5", "5"]
    assert len(list((data / "caches").iterdir())) == 6  # three, and a link to each


def test_prune_takes_all_of_it_away(emulate: Emulate, data: Path) -> None:
    text = "FROM busybox\nRUN --mount=type=cache,target=/cache head -c 100000 /dev/zero >/big; cp /big /cache\n"
    emulate(text)
    done = dock2sh("prune", "-f", "--build-cache")
    assert "Total reclaimed space" in done.stdout
    assert [list((data / name).iterdir()) for name in ("build", "layers", "caches", "work")] == [[], [], [], []]
    assert len(ran(emulate(text).stderr)) == 1


LOCKED = "--mount=type=cache,target=/{0},id={0},sharing=locked"


def test_steps_that_want_the_same_caches_do_not_wait_for_one_another(emulate: Emulate) -> None:
    """Two stages side by side, each with what the other wants next; and one cache twice."""
    one, two = (f"RUN {LOCKED.format(first)} {LOCKED.format(then)} sleep 0.1\n" * 5 for first, then in ("xy", "yx"))
    twice = f"RUN {LOCKED.format('x')} --mount=type=cache,target=/z,id=x,sharing=private touch /x/f && test -e /z/f\n"
    both = "FROM busybox\nCOPY --from=a /etc/passwd /a\nCOPY --from=b /etc/passwd /b\n"
    text = f"FROM busybox AS a\n{one}FROM busybox AS b\n{two}{both}"
    assert emulate(text + twice).returncode == 0
