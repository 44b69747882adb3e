"""Markers: for which machine an instruction is meant. What is left out is told, what depends on it is refused."""

import pytest

from dock2sh import evaluate, parse, script
from dock2sh.bases import assumed, unknown
from dock2sh.dockerfile.markers import marked
from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused

BOTH = """FROM debian:12
ENV APP=/srv
# dock2sh: only=host
ENV MODE=host
# why: a comment between is no matter
# dock2sh: only=container

# (nor are empty lines)
ENV MODE=box
# dock2sh: skip
RUN apt-get clean
WORKDIR $APP/$MODE
# dock2sh: only=container
USER www-data
RUN id
"""


def planned(text: str, where: str, known: bool = True) -> Plan:
    return evaluate(parse(text), Options(where=where), assumed if known else unknown)


def steps(text: str, where: str) -> list[str]:
    return [step.text for step in planned(text, where).stages[-1].steps]


def test_each_machine_has_its_own() -> None:
    assert steps(BOTH, "container") == ["ENV APP=/srv", "ENV MODE=box", "WORKDIR $APP/$MODE", "USER www-data", "RUN id"]
    assert steps(BOTH, "host") == ["ENV APP=/srv", "ENV MODE=host", "WORKDIR $APP/$MODE", "RUN id"]
    assert planned(BOTH, "host").config["WorkingDir"] == "/srv/host"
    assert planned(BOTH, "container").config["WorkingDir"] == "/srv/box"


def test_docker_knows_no_markers() -> None:
    plan = planned(BOTH, "")
    assert [step.text for step in plan.stages[-1].steps] == [line for line in BOTH.split("\n")[1:] if line and line[0] != "#"]
    assert not plan.left_out
    assert not plan.notes


def test_what_is_left_out_is_told() -> None:
    plan = planned(BOTH, "host")
    assert [(left.span.first, left.marker) for left in plan.left_out] == [
        (9, "only=container"),
        (11, "skip"),
        (14, "only=container"),
    ]
    assert plan.notes[-1] == "line 14 is left out (only=container): USER www-data; what follows is done as the user before it"
    made = script(plan, Project("Dockerfile", BOTH, None, None))
    assert "# Made for a host: markers leave out lines 9, 11, 14 of it, which `docker build` does.\n" in made
    assert "    # Dockerfile:11   left out (skip): RUN apt-get clean\n" in made
    assert "www-data" not in made.partition("# ---- The words")[0].replace("USER www-data", "")


def test_the_two_scripts_keep_their_work_apart() -> None:
    """`id` names the directory in which a script keeps what it has done; without markers it is one script."""

    def key(text: str, where: str) -> str:
        made = script(planned(text, where), Project("Dockerfile", text, None, None))
        return next(line for line in made.split("\n") if line.startswith("id="))

    assert key(BOTH, "host") != key(BOTH, "container")
    assert key("FROM debian\nRUN id\n", "host") == key("FROM debian\nRUN id\n", "container")


@pytest.mark.parametrize(
    "comment",
    [
        "# dock2sh: skip",
        "#dock2sh:SKIP",
        "  # Dock2sh : skip  ",
        "# dock2sh skip",
        "\t#\tdock2sh:\tskip\r",
        "\ufeff# dock2sh: skip",
    ],
)
def test_ways_to_write_it(comment: str) -> None:
    first = comment.startswith("\ufeff")
    text = f"{comment}\nFROM a\n" if first else f"FROM a\n{comment}\nRUN x\n"
    if first:
        assert refusal(text).startswith("a FROM cannot")
    else:
        assert [each.mark.text for each in marked(parse(text))] == ["skip"]


@pytest.mark.parametrize("value", ["only=host", "only = HOST", "Only=Host"])
def test_ways_to_write_a_machine(value: str) -> None:
    assert [each.mark.text for each in marked(parse(f"FROM a\n# dock2sh: {value}\nRUN x\n"))] == ["only=host"]


@pytest.mark.parametrize(
    "line",
    [
        "# dock2sh makes a script of this",
        "# dock2sh ignore=D2S104",
        "# dock2sh: ignore=D2S104",
        "# dock2sh global ignore=DL3008",
        "# see dock2sh: skip",
        "# dock2shell: skip",
    ],
)
def test_other_comments_are_no_markers(line: str) -> None:
    assert not marked(parse(f"FROM a\n{line}\nRUN x\n"))


def test_the_content_of_a_file_is_no_comment() -> None:
    assert not marked(parse("FROM a\nCOPY <<EOF /Dockerfile\nFROM b\n# dock2sh: skip\nRUN x\nEOF\nRUN y\n"))


def refusal(text: str, where: str = "host", known: bool = True) -> str:
    with pytest.raises(Refused) as error:
        planned(text, where, known)
    assert error.value.diagnostic.code == "marker"
    assert error.value.diagnostic.spans
    assert error.value.diagnostic.hint
    return error.value.diagnostic.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# dock2sh: onyl=host\nRUN x", "unknown marker: onyl=host (did you mean only=host?)"),
        ("# dock2sh: host\nRUN x", "unknown marker: host (did you mean only=host?)"),
        ("# dock2sh: for=host\nRUN x", "unknown marker: for=host (did you mean only=host?)"),
        ("# dock2sh: skpi\nRUN x", "unknown marker: skpi (did you mean skip?)"),
        ("# dock2sh: only=hots\nRUN x", "unknown machine in a marker: only=hots (did you mean host?)"),
        ("# dock2sh: only=vm\nRUN x", "unknown machine in a marker: only=vm"),
        ("# dock2sh: only=host,container\nRUN x", "unknown machine in a marker: only=host,container"),
        ("# dock2sh:\nRUN x", "unknown marker: nothing"),
        ("# dock2sh: skip it\nRUN x", "unknown marker: skip it"),
        ("RUN x\n# dock2sh: skip", "a marker with no instruction below it marks nothing"),
        ("RUN x \\\n# dock2sh: skip\n && y", "a marker within an instruction marks nothing"),
        ("# dock2sh: skip\n# dock2sh: only=host\nRUN x", "two markers on one instruction: skip and only=host"),
        ("# dock2sh: skip\nFROM b\nRUN x", "a FROM cannot be left out"),
    ],
)
def test_what_is_no_marker_is_refused(text: str, message: str) -> None:
    for where in ("", "host", "container"):
        assert refusal(f"FROM a\n{text}\n", where) == message


def test_an_argument_of_the_froms_stays() -> None:
    assert refusal("# dock2sh: only=host\nARG V=1\nFROM a:$V\n") == "an ARG before the first FROM cannot be left out"


@pytest.mark.parametrize("user", ["COPY $V /", "ENV X=${V}", "WORKDIR /${V%x}", "EXPOSE $V", "USER $V", "COPY <<EOF /x\n$V\nEOF"])
@pytest.mark.parametrize("setter", ["ENV V=1", "ENV V 1", "ARG V=1", "ARG W V=1"])
def test_a_value_that_nobody_sets_any_more(setter: str, user: str) -> None:
    text = f"FROM a\n# dock2sh: only=container\n{setter}\n{user}\n"
    assert refusal(text) == "V is set in line 3, which its marker leaves out"
    assert refusal(text, known=False) == "V is set in line 3, which its marker leaves out"
    assert planned(text, "container")


@pytest.mark.parametrize(
    "rest",
    [
        "COPY ${V:-x} /",
        "COPY ${V-x} /",
        "ENV A=${V:+x}",
        "ARG V=2\nCOPY $V /",
        "ARG V\nCOPY a$V /",
        "ENV V=2\nCOPY $V /",
        "COPY $VV /a",
    ],
)
def test_a_value_that_is_not_missed(rest: str) -> None:
    assert planned(f"FROM a\n# dock2sh: skip\nENV V=1\n{rest}\n", "host")


def test_other_stages_have_their_own_variables() -> None:
    assert planned("FROM a AS x\n# dock2sh: skip\nENV V=1\nFROM b\nCOPY a$V /\nCOPY --from=x /a /\n", "host")
    text = "FROM a AS x\n# dock2sh: skip\nENV V=1\nFROM x\nCOPY a$V /\n"
    assert refusal(text) == "V is set in line 3, which its marker leaves out"


def test_a_path_that_only_the_base_image_knows() -> None:
    """Every image has a PATH: it is the base's, which the script finds."""
    assert planned("FROM a\n# dock2sh: skip\nENV PATH=/x:$PATH\nENV PATH=/y:$PATH\n", "host", known=False)


def test_a_run_that_names_it_is_told() -> None:
    text = "FROM a\n# dock2sh: skip\nENV V=1\nRUN echo ${V} $VV\nRUN echo $VV\n"
    assert planned(text, "host").notes[1:] == ("V, which line 3 would set, is named in line 4",)


def test_a_stage_that_nobody_needs_any_more() -> None:
    text = "FROM a AS tools\nRUN make\nFROM b\n# dock2sh: only=container\nCOPY --from=tools /x /x\n"
    assert [stage.name for stage in planned(text, "host").stages] == [""]
    assert [stage.name for stage in planned(text, "container").stages] == ["tools", ""]


def test_a_trigger_that_is_left_out() -> None:
    text = "FROM a AS base\n# dock2sh: only=container\nONBUILD RUN x\nFROM base\nRUN y\n"
    assert [step.text for step in planned(text, "host").stages[-1].steps] == ["RUN y"]
    assert [step.text for step in planned(text, "container").stages[-1].steps] == ["RUN x", "RUN y"]


def test_what_docker_refuses_is_refused() -> None:
    """In a line that is left out, too."""
    with pytest.raises(Refused) as error:
        planned("FROM a\n# dock2sh: skip\nCOPY --form=x a b\n", "host")
    assert error.value.diagnostic.message == "unknown flag: --form (did you mean from?)"
