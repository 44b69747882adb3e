"""`dock2sh explain --measured`: what each step did, read out of its layer."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building import dock2sh

pytestmark = pytest.mark.root

FILE = """\
FROM busybox AS make
RUN mkdir /out && dd if=/dev/zero of=/out/big bs=1000 count=3000 && ln /out/big /out/again
FROM busybox
COPY --from=make /out/big /srv/big
RUN chmod 600 /srv/big
RUN rm -r /var/spool && mkdir /var/spool && echo x >/var/spool/new && echo y >>/etc/passwd
RUN rm /srv/big
RUN true
CMD ["true"]
"""

Explain = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def explain(data: Path, project: Path, archive: Path) -> Explain:
    def call(dockerfile: str, *options: object) -> "subprocess.CompletedProcess[str]":
        (project / "Dockerfile").write_text(dockerfile)
        return dock2sh("explain", "--measured", f"--base=busybox={archive}", *options, project)

    return call


def measured(text: str) -> dict[int, dict[str, Any]]:
    steps = [step for stage in json.loads(text)["stages"] for step in stage["steps"]]
    return {step["first"]: step["measures"][0] for step in steps if step["measures"]}


def changes(step: dict[str, Any]) -> set[tuple[str, str, int, bool]]:
    """Less the mount points that the first RUN of a root leaves."""
    found = {(change["kind"], change["path"], change["size"], change["same"]) for change in step["changes"]}
    return found - {("A", "/proc", 0, False), ("A", "/sys", 0, False)}


def test_files_sizes_and_time(explain: Explain) -> None:
    first = explain(FILE, "--format=json")
    assert first.returncode == 0, first.stderr
    steps = measured(first.stdout)
    assert sorted(steps) == [2, 4, 5, 6, 7, 8]
    two_names = {("A", "/out", 0, False), ("A", "/out/again", 3_000_000, False), ("A", "/out/big", 0, False)}
    assert changes(steps[2]) == two_names
    assert steps[2]["size"] == 3_000_000
    assert changes(steps[5]) == {("C", "/srv/big", 3_000_000, True)}
    assert changes(steps[6]) == {
        ("D", "/var/spool/mail", 0, False), ("A", "/var/spool/new", 2, False), ("C", "/etc/passwd", steps[6]["size"] - 2, False),
    }  # fmt: skip
    assert changes(steps[7]) == {("D", "/srv/big", 0, False)}
    assert changes(steps[8]) == set()
    assert all(step["seconds"] is not None and not step["cached"] for step in steps.values())


def test_a_second_time_it_comes_from_the_cache(explain: Explain) -> None:
    first = measured(explain(FILE, "--format=json").stdout)
    again = measured(explain(FILE, "--format=json").stdout)
    assert all(step["cached"] for step in again.values())
    for line, step in again.items():
        assert step["seconds"] == pytest.approx(first[line]["seconds"], abs=1e-5)
        assert step["changes"] == first[line]["changes"]


def test_the_whole(explain: Explain) -> None:
    text = json.loads(explain(FILE, "--format=json").stdout)["account"]
    assert [(part["line"], part["result"]) for part in text["parts"]] == [
        (1, False), (2, False), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True),
    ]  # fmt: skip
    shown = explain(FILE).stdout
    assert "6 MB of it is of no use" in shown
    assert "`/srv/big` (3 MB)" in shown
    assert "Of 1 files only the owner or the mode changed" in shown


@pytest.mark.parametrize("format", ["text", "md", "html"])
def test_every_format_says_it(explain: Explain, format: str) -> None:
    shown = explain(FILE, f"--format={format}").stdout
    assert "What it weighs" in shown
    assert shown.count("Measured:") == 6


def test_a_step_that_fails_is_shown_where_it_stands(explain: Explain) -> None:
    done = explain("FROM busybox\nRUN echo one >/one\nRUN echo the reason; exit 3\nRUN never\n", "--format=json")
    assert done.returncode == 1
    steps = measured(done.stdout)
    assert sorted(steps) == [2, 3]
    assert steps[3]["failed"] == "the command ended with exit status 3"
    assert steps[3]["printed"] == "the reason"
    assert "The build stopped" in json.loads(done.stdout)["account"]["says"][0]


def test_a_trigger_stands_at_its_from(explain: Explain) -> None:
    done = explain("FROM busybox AS a\nONBUILD RUN echo x >/x\nFROM a\nRUN true\n")
    assert "Measured: ONBUILD RUN echo x >/x" in done.stdout


def test_markers_are_docker_s_comments_here(explain: Explain) -> None:
    """It explains what docker builds: a marked line is done, too."""
    assert changes(measured(explain("FROM busybox\n# dock2sh: skip\nRUN echo 1 >/one\n", "--format=json").stdout)[3])
