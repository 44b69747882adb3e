"""What comes out: text, JSON, JUnit and pages that stand alone; and many Dockerfiles at a time."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from dock2sh.verify import farm
from dock2sh.verify.case import StageRow, StepRow
from dock2sh.verify.compare import Difference
from dock2sh.verify.graph import graph
from dock2sh.verify.junit import junit
from dock2sh.verify.page import index, page
from dock2sh.verify.report import STATUS, Verdict, as_json, text

EVIL = '<script>alert("x")</script>\x1b[2J'
STAGES = (StageRow("build", "debian:12", 1), StageRow("1", "busybox", 5, ("build", "alpine")))
STEPS = (
    StepRow(1, 2, "RUN make", "build", 1.5, 2.5, 1000, 2000, 0),
    StepRow(2, 6, f"COPY {EVIL}", "1", 0.1, None, 5_000_000, None, 1),
)
FOUND = (
    Difference("/srv/a", "missing", "nothing", "d 0755 0:0", step=2, line=6, cause="a cause", cure="a cure"),
    Difference("/srv/a/b", "missing", "nothing", "f 0644 0:0", step=2, line=6),
    Difference(f"/srv/{EVIL}", "content", "3 bytes", "4 bytes", detail="-old\n+new"),
    Difference("Cmd", "config", "['a']", "['b']"),
    Difference("/x.pyc", "content", "a", "b", "pyc-mtime"),
)
ANSWER = Verdict(
    "different",
    FOUND,
    1234,
    (f"a note {EVIL}",),
    ("the script", "docker 28 (BuildKit)"),
    STEPS,
    STAGES,
    ({"Cmd": ["a"], "Env": ["A=1"]}, {"Cmd": ["b"], "Env": ["A=1"]}),
    5000,
    name="app/Dockerfile",
)


class Checker(HTMLParser):
    """Fails for what a page that stands alone must not have, and for tags that are not closed in their order."""

    VOID = ("meta", "rect", "path", "br", "hr", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "img"), tag
        assert not [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def checked(html: str) -> str:
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert "\x1b" not in html
    assert not re.search(r"url\((?!#)|@import|https?://", html)
    return checker.words


def test_a_page_has_all_of_it_and_stands_alone() -> None:
    words = checked(page(ANSWER))
    for word in ("app/Dockerfile", "different", "1,234", "RUN make", "5.0 MB", "a cause", "a cure", "+new", "pyc-mtime", "Cmd"):
        assert word in words, word
    assert "prefers-color-scheme: dark" in page(ANSWER)


@pytest.mark.parametrize("word", STATUS)
def test_a_page_of_every_verdict(word: str) -> None:
    words = checked(page(Verdict(word, notes=("a note",), name="x")))
    assert word in words
    assert "Nothing was compared" in words
    assert "differences" not in words  # 0 of them would look like agreement


def test_the_graph_leads_from_images_to_the_target() -> None:
    drawn = graph(STAGES, STEPS)
    places = {box.key: box for box in drawn.boxes}
    assert places["debian:12"].x < places["build"].x < places["1"].x
    assert places["busybox"].x == places["alpine"].x == places["build"].x  # beside the first stage that wants them
    assert [arrow.dashed for arrow in drawn.arrows] == [False, False, True, True]
    assert len({(box.x, box.y) for box in drawn.boxes}) == 5


def test_text_names_the_first_step_and_folds_directories() -> None:
    shown = text(ANSWER)
    assert shown.splitlines()[0] == "DIFFERENT  1234 files, 4 differences, 1 of known noise"
    assert "first at step 2 (line 6): COPY" in shown
    assert "/srv/a  [step 2, line 6]  (d 0755 0:0, and 1 files below)" in shown
    assert "/srv/a/b" not in shown
    assert "\x1b" not in shown
    assert "\x1b[1m" in text(ANSWER, colour=True)


def test_json_has_the_whole() -> None:
    told = json.loads(as_json(ANSWER))
    assert (told["schema"], told["name"], told["status"], told["bytes"]) == ("dock2sh.verify/1", "app/Dockerfile", 1, 5000)
    assert told["differences"][0]["cause"] == "a cause"
    assert told["noise"]["pyc-mtime"]["count"] == 1
    assert told["steps"][0]["their_seconds"] == 2.5


def test_junit() -> None:
    answers = [ANSWER, *(Verdict(word, name=word, notes=("\x00 \ud800 &",)) for word in STATUS)]
    suite = fromstring(junit(answers))[0]
    assert suite.attrib | {"name": ""} == {"name": "", "tests": "6", "failures": "2", "errors": "1", "skipped": "1"}
    assert [case[0].tag for case in suite] == ["failure", "system-out", "system-out", "failure", "error", "skipped"]
    assert suite[0][0].attrib["message"].startswith("DIFFERENT")


# -- many ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "a/Dockerfile",
        "b/Containerfile",
        "b/web.Dockerfile",
        "Dockerfile.dev",
        ".git/Dockerfile",
        "a/Dockerfile.dockerignore",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"FROM scratch\n# {name}\n")
    return tmp_path


def test_every_dockerfile_is_found(tree: Path) -> None:
    assert farm.dockerfiles(str(tree)) == ["Dockerfile.dev", "a/Dockerfile", "b/Containerfile", "b/web.Dockerfile"]


def answer(job: farm.Job, begun: farm.Begun) -> farm.Row:
    asked.append(job.name)
    word = "different" if "web" in job.name else "identical"
    return {"name": job.name, "key": job.key, "seconds": 1.0, "verdict": word, "files": 9, "real": 1, "noise": 0, "text": "said"}


asked: list[str] = []


def test_a_run_goes_on_where_it_was(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "work", answer)
    asked.clear()
    plan = farm.Farm(str(tree), ("--shell", "dash"), str(tree / "done.jsonl"), jobs=2)
    rows = farm.run(plan, lambda row: None)
    assert sorted(asked) == [row["name"] for row in rows] == farm.dockerfiles(str(tree))
    # by name: two jobs at a time answer in any order
    lines = {json.loads(line)["name"]: line for line in (tree / "done.jsonl").read_text().splitlines()}
    lines["b/Containerfile"] = lines["b/Containerfile"][:30]  # the run was stopped while it was written
    (tree / "done.jsonl").write_text("\n".join(lines.values()) + '\n{"key": 1}\nrubbish')
    (tree / "a/Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    asked.clear()
    assert [row["name"] for row in farm.run(plan, lambda row: None)] == farm.dockerfiles(str(tree))
    # Dockerfile.dev, too: what has changed lies in its context
    assert sorted(asked) == ["Dockerfile.dev", "a/Dockerfile", "b/Containerfile"]
    asked.clear()
    farm.run(plan, lambda row: None)
    assert asked == []
    farm.run(plan._replace(options=("--shell", "bash")), lambda row: None)
    assert len(asked) == 4


def test_the_summary_has_the_worst_first(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "work", answer)
    rows = farm.run(farm.Farm(str(tree)), lambda row: None)
    lines = farm.table(rows).splitlines()
    assert lines[0].split()[:2] == ["DIFFERENT", "b/web.Dockerfile"]
    assert lines[-1] == "4 Dockerfiles: 1 different, 3 identical"
    assert farm.status(rows) == 1
    assert [farm.status([{"verdict": word}]) for word in STATUS] == list(STATUS.values())
    assert "b/web.Dockerfile" in checked(index(rows, "all <of> them"))
    assert farm.table([]) == "0 Dockerfiles: none\n"


def test_what_breaks_in_one_is_its_own_answer(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FNORD\n")
    job = farm.Job("Dockerfile", "k" * 64, str(tmp_path), ("--builder", "nobody"))
    row = farm.work(job)
    assert row["verdict"] == "not built"
    assert "nobody" in row["text"] or "needs root" in row["text"]
    assert farm.work(farm._packed(job))["verdict"] == "not built"


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.slow
def test_a_farm_of_real_builds(tmp_path: Path) -> None:
    for name, dockerfile in (("good", "FROM busybox\nRUN echo 1 >/x\n"), ("bad", "FROM busybox\nRUN exit 3\n")):
        (tmp_path / f"farm-{tmp_path.name}-{name}").mkdir()
        (tmp_path / f"farm-{tmp_path.name}-{name}/Dockerfile").write_text(dockerfile)
    command = [sys.executable, "-m", "dock2sh", "verify", "--all", str(tmp_path), "--jobs", "2", "--format", "json"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path / "r.jsonl")], capture_output=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["verdict"] for row in rows] == ["identical", "identical"]
    assert "both refuse it" in rows[0]["text"]
