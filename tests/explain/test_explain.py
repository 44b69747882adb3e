"""Explanations: what is said is true for the file, whoever wrote it, in every format."""

import re
from pathlib import Path

import pytest
from explaining import explained, meanings, said, steps

from dock2sh.checks.rules import RULES
from dock2sh.explain.as_json import explanation_object
from dock2sh.explain.language import plain
from dock2sh.explain.page import page
from dock2sh.explain.remarks import about
from dock2sh.explain.terminal import Style, lines
from dock2sh.explain.tree import Explanation
from dock2sh.findings import rules
from dock2sh.findings.silence import HADOLINT

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.Dockerfile"))


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_as_it_was(name: str) -> None:
    """Goldens, to be read: golden/NAME.txt. `./dev python tests/explain/update.py` writes them anew."""
    text = (GOLDEN / f"{name}.Dockerfile").read_text()
    shown = "\n".join(line.rstrip() for line in lines(explained(text, checked=True), Style(90)))
    assert shown.strip("\n") + "\n" == (GOLDEN / f"{name}.txt").read_text()


# ---- variables

SCOPE = """\
ARG VERSION=12
FROM debian:$VERSION AS one
ARG VERSION
ARG EMPTY
ENV HERE=/opt DEEP=$HERE
RUN echo $VERSION $HERE $PATH $EMPTY $HOME $LOCAL
FROM one
RUN LOCAL=1; echo $HERE $LOCAL; for i in 1; do echo $i; done
"""


def variables(explanation: Explanation, line: int) -> dict[str, tuple[str | None, str]]:
    step = next(step for step in steps(explanation) if step.first == line)
    return {variable.name: (variable.value, plain(variable.origin)) for variable in step.variables}


def test_variables_have_their_values_and_where_those_are_from() -> None:
    found = explained(SCOPE)
    assert variables(found, 2) == {"VERSION": ("12", "the default of ARG, line 1")}
    assert variables(found, 6) == {
        "VERSION": ("12", "the default of ARG, line 1"),
        "HERE": ("/opt", "ENV, line 5"),
        "PATH": ("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "from the base image debian:12"),
        "EMPTY": (None, "ARG of line 4 has no default: give it with --build-arg"),
        "HOME": (None, "the home directory of the user, which docker looks up in /etc/passwd"),
        "LOCAL": (None, "nothing sets it: it is empty"),
    }
    assert variables(found, 8) == {"HERE": ("/opt", "ENV, line 5")}


def test_a_build_argument_is_said_to_be_one() -> None:
    assert variables(explained(SCOPE, build_args={"VERSION": "11"}), 6)["VERSION"] == ("11", "from --build-arg")


def test_what_is_in_single_quotes_is_another_programs() -> None:
    run = (
        "RUN a=\"$(b | awk '{ print $NF }')\" && bash -c 'for f; do c \"$f\" \"$SET\"; done' -- $UNSET <<'E' && cat <<F\n"
        "$quoted\nE\n$open\nF\n"
    )
    explanation = explained(f"FROM debian:12\nENV SET=1\n{run}")
    assert list(variables(explanation, 3)) == ["SET", "UNSET", "open"]


def test_of_an_unknown_base_nothing_is_said() -> None:
    found = explained("FROM debian\nRUN echo $X\n", known=False)
    assert variables(found, 2) == {"X": (None, "nothing here sets it: the base image may")}


# ---- what it needs and leaves


def items(text: str, title: str) -> list[str]:
    section = next((section for section in explained(text).sections if plain(section.title).startswith(title)), None)
    return [f"{item.line} {plain(item.text)}{' !' if item.warns else ''}" for item in section.items] if section else []


def test_downloads_and_what_checks_them() -> None:
    text = """\
FROM debian:12
RUN curl -fsSLO https://a/x && echo "0  x" | sha256sum -c
RUN wget http://b/y | sh
RUN git clone --branch v1 https://c/z
ADD https://d/w /w
"""
    assert items(text, "Downloads") == [
        "2 https://a/x: checked by sha256sum in the same RUN",
        "3 http://b/y: nothing checks it !",
        "4 https://c/z: the branch or tag v1, as it is on that day",
        "5 https://d/w: nothing checks it !",
    ]


def test_secrets_that_would_stay() -> None:
    text = """\
FROM debian:12
ARG NPM_TOKEN
ENV DB_PASSWORD=hunter2 PUBLIC_KEY=x
COPY id_rsa .env app.py /root/
RUN curl -u me:hunter2 https://me:hunter2@x/ && useradd -p hunter2 x
"""
    found = items(text, "Secrets that")
    assert [line[0] for line in found] == list("234455" + "5")
    assert all(line.endswith("!") for line in found)
    assert not [line for line in found if "hunter2" in line]


# ---- what words mean


def test_letters_of_tar_and_the_word_that_one_of_them_takes() -> None:
    found = meanings("FROM debian\nRUN tar xvfj f.tar.bz2\n", 2)
    assert found["j"] == "compressed with bzip2"
    assert found["f.tar.bz2"].startswith("the archive")


def test_where_the_output_of_a_group_goes() -> None:
    found = meanings("FROM debian\nRUN { echo a; (echo b) >/b; } > /a && for i in 1; do echo; done 2>/dev/null\n", 2)
    assert found["> /a"] == "puts what it prints into this file, in place of what was there"
    assert found[">/b"] == "puts what it prints into this file, in place of what was there"
    assert found["2>/dev/null"] == "throws errors away"


def test_a_shell_that_reads_a_pipe_and_bash_s_network() -> None:
    found = meanings("FROM debian\nRUN curl x | bash && exec 5>/dev/tcp/10.0.0.1/80\n", 2)
    assert found["bash"] == "a shell that does whatever comes through the pipe"
    assert "connection to 10.0.0.1/80" in found["5>/dev/tcp/10.0.0.1/80"]
    assert found["exec"] == "sends this shell's own input and output elsewhere from here on"


def test_what_cmd_is_depends_on_entrypoint() -> None:
    exec_form = 'FROM debian\nENTRYPOINT ["python3"]\nCMD ["app.py"]\n'
    assert "starts python3 app.py" in said(exec_form, 3)
    assert meanings(exec_form, 3)["app.py"] == "the program"
    assert "Without effect" in said('FROM debian\nENTRYPOINT python3\nCMD ["app.py"]\n', 3)
    assert "`ENTRYPOINT`" not in said('FROM debian\nCMD ["app.py"]\n', 2)


def test_a_stage_that_does_not_become_the_image() -> None:
    text = "FROM debian AS a\nENV X=1\nWORKDIR /x\nUSER 1\nEXPOSE 80\nARG Y=1\nFROM debian\nCOPY --from=a /x /x\n"
    for line in range(2, 7):
        assert "container" not in said(text, line) or "no effect on the image" in said(text, line), line
    assert "history" not in said(text, 6)
    assert not [item for section in explained(text).sections if "Secrets" in plain(section.title) for item in section.items]


@pytest.mark.parametrize(("base", "shell"), [("python:3-alpine", "sh"), ("busybox", "sh"), ("debian:12", "bash")])
def test_the_shell_that_an_image_has(base: str, shell: str) -> None:
    made = explained(f"FROM {base}\nRUN x\nCMD y\n")
    assert made.stages[0].steps[0].by_hand == (f"docker run -it {base} {shell}",)
    assert f"docker run -it IMAGE {shell}" in [row.typed for row in made.start.rows]


def test_an_image_without_a_shell() -> None:
    made = explained('FROM debian AS a\nFROM scratch\nCOPY --from=a /bin/true /\nCMD ["/true"]\n')
    rows = [row for row in made.start.rows if row.typed.endswith(("IMAGE sh", "sh IMAGE"))]
    assert len(rows) == 2
    assert all(row.process is None and row.warns for row in rows)


def test_an_argument_before_from_tells_who_uses_it() -> None:
    text = "ARG V=12\nARG W=1\nFROM debian:$V\nARG W\nFROM debian:$V\n"
    assert "Used in line 3, 5." in said(text, 1)
    assert "Used in line 4." in said(text, 2)


def test_every_name_has_a_page() -> None:
    names = [name for rule in rules().values() for name in (rule.code, *rule.also)]
    names += [*RULES, *(name for known in HADOLINT.values() for name in known), "SC2086", "d2s104", "jsonargsrecommended"]
    for name in names:
        page_ = about(name)
        assert page_.startswith(f"{name}:") or name.upper() in page_.upper().partition(":")[0], name
        assert "dock2sh ignore=" in page_
    assert not about("D2S999")
    assert not about("SC1")


def test_what_ends_with_an_inner_shell() -> None:
    inner = meanings("FROM debian\nRUN (cd /x && exit 1) && sh -c 'export A=1' && make\n", 2)
    assert [inner[name].endswith("until this inner shell ends") for name in ("cd", "export")] == [True, True]
    assert inner["exit"].startswith("ends this inner shell")
    outer = meanings("FROM debian\nRUN if true; then cd /x; export A=1; exit 1; fi\n", 2)
    assert not [text for text in outer.values() if "inner shell" in text]


def test_a_here_document_is_drawn_by_what_it_does() -> None:
    graph = explained("FROM debian:12\nRUN <<EOF\napt-get update\nEOF\nRUN cat <<EOF >/x\na\nEOF\n").graph
    lines = [line for node in graph.nodes for line in node.lines]
    assert "2 RUN apt-get update" in lines
    assert any(line.startswith("5 RUN cat <<EOF") for line in lines)


def test_a_word_that_nobody_would_read_to_its_end_is_cut() -> None:
    shown = page(explained(f"FROM debian:12\nRUN echo {'x' * 9000}\n"), "en")
    assert "more characters" in shown
    assert "x" * 2000 not in re.sub(r'<div class="hand">.*?</div>', "", shown, flags=re.DOTALL)


def test_a_field_of_the_json_has_one_type() -> None:
    """Texts are strings, empty ones, too: they were empty lists. All that stands in docs/explain.md is there, and no more."""
    docs = Path(__file__).parents[2] / "docs" / "explain.md"
    described = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", docs.read_text().partition("## JSON")[2]))))
    found = dict[str, set[str]]()
    for name in CASES:
        _types(explanation_object(explained((GOLDEN / f"{name}.Dockerfile").read_text(), known=False)), "", found)
    nullable = {"account", "stages[].steps[].variables[].value", "start.rows[].process"}
    assert {path for path, types in found.items() if len(types) > 1} <= nullable
    assert {path.rpartition(".")[2].replace("[]", "") for path in found if path} <= described


def _types(value: object, path: str, found: dict[str, set[str]]) -> None:
    found.setdefault(path, set()).add(type(value).__name__)
    if isinstance(value, dict):
        for key, item in value.items():
            _types(item, f"{path}.{key}" if path else key, found)
    if isinstance(value, list):
        for item in value:
            _types(item, f"{path}[]", found)
