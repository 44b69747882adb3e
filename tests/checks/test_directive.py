"""`# check=…`: its small language, where it may stand, and what `error=true` does to a build."""

import pytest

import dock2sh
from dock2sh.checks import check
from dock2sh.checks.settings import Settings, parse, settings_of
from dock2sh.model import Base
from dock2sh.plan.evaluate import Options
from dock2sh.plan.platforms import Platform
from dock2sh.source import Refused

ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK"
PLAIN = Options()
WARNS = "FROM a AS Foo\nUSER $x\n"  # StageNameCasing, UndefinedVar


def find(reference: str, platform: Platform) -> Base:
    return Base({"architecture": platform.arch, "os": platform.os})


def refusal(text: str, options: Options = PLAIN) -> str:
    """Why a plan of this is refused, or ""."""
    try:
        dock2sh.evaluate(dock2sh.parse(text), options, find)
    except Refused as refused:
        return refused.diagnostic.message
    return ""


def test_the_refusal_has_no_place() -> None:
    with pytest.raises(Refused) as raised:
        dock2sh.evaluate(dock2sh.parse("# check=error=true\n" + WARNS), PLAIN, find)
    assert raised.value.diagnostic.spans == ()


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", Settings()),
        ("skip=A", Settings(frozenset({"A"}))),
        (" skip = A , B ;error = 1", Settings(frozenset({"A", "B"}), error=True)),
        ("skip=all;experimental=all;error=false", Settings(frozenset({"all"}), frozenset({"all"}))),
        ("skip=A;skip=B", Settings(frozenset({"B"}))),
        ("skip=all;skip=B", Settings(frozenset({"all", "B"}))),
        ("skip=A,all", Settings(frozenset({"A"}))),  # a rule called "all" there is none
        ("experimental=A;error=T;skip=B;error=F", Settings(frozenset({"B;error=F"}), frozenset({"A"}), True)),  # three parts
    ],
)
def test_options(options: str, settings: Settings) -> None:
    assert parse(options) == settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("skip", 'invalid check option "skip"'),
        ("skip=A;", 'invalid check option ""'),
        (" foo = 1", 'invalid check option "foo"'),
        ("error=yes", 'failed to parse check option "error=yes": strconv.ParseBool: parsing "yes": invalid syntax'),
    ],
)
def test_bad_options(options: str, message: str) -> None:
    with pytest.raises(Refused) as raised:
        parse(options)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("head", "counts"),
    [
        ("# check=error=true\n", True),
        ("#CHECK = error=true and more\n", True),
        ("\ufeff# check=error=true\r\n", True),
        ("# syntax=docker/dockerfile:1\n# escape=`\n# check=error=true\n", True),
        ("#!/usr/bin/env docker\n# check=error=true\n", True),
        ("\n# check=error=true\n", False),
        ("# a comment\n# check=error=true\n", False),
        (" # check=error=true\n", False),
        ("# foo=bar\n# check=error=true\n", False),
    ],
)
def test_the_head(head: str, counts: bool) -> None:
    assert settings_of(head + "FROM a\n", {}).error == counts
    assert (refusal(head + WARNS) != "") == counts


def test_error_true_refuses_a_plan_that_has_warnings() -> None:
    assert refusal("# check=error=true\n" + WARNS) == "lint violation found for rules: StageNameCasing, UndefinedVar"
    assert refusal("# check=error=true;skip=StageNameCasing\n" + WARNS) == "lint violation found for rules: UndefinedVar"
    assert refusal("# check=error=true;skip=all\n" + WARNS) == ""
    assert refusal("# check=error=true\nFROM a\nRUN b\n") == ""
    assert refusal("# check=skip=StageNameCasing\n" + WARNS) == ""


def test_check_tells_the_warnings_and_then_the_refusal() -> None:
    complaints = check(dock2sh.parse("# check=error=true\n" + WARNS), Options(), find)
    assert [(c.code, c.severity) for c in complaints] == [
        ("StageNameCasing", "warning"), ("UndefinedVar", "warning"), ("lint", "error"),
    ]  # fmt: skip


def test_a_bad_option_is_the_only_complaint() -> None:
    text = "# check=skip\nFROM a AS Foo\nUSER ${x?}\n"
    message = 'failed to parse check options: invalid check option "skip"'
    assert [complaint.message for complaint in check(dock2sh.parse(text), Options(), find)] == [message]
    assert refusal(text) == message


def test_the_build_argument_takes_the_place_of_the_head() -> None:
    assert "UndefinedVar" in refusal(WARNS, Options({ARGUMENT: "error=true"}))
    assert refusal("# check=error=true\n" + WARNS, Options({ARGUMENT: ""})) == ""
    assert refusal("# check=nonsense\n" + WARNS, Options({ARGUMENT: "skip=all"})) == ""
    bad = refusal(WARNS, Options({ARGUMENT: "skip"}))
    assert bad == f'failed to parse build-arg:{ARGUMENT}: invalid check option "skip"'


@pytest.mark.parametrize(
    ("comments", "skipped"),
    [
        ("# check=skip=UndefinedVar\n", True),
        ("# why\n# check=skip=UndefinedVar because\n", True),
        ("# check=skip=UndefinedVar\n\n# a blank line does not part them\n", True),
        ("# check=skip=UndefinedVar\n#\n", False),  # an empty comment does
        ("# check=skip=Other\n# check=skip=UndefinedVar\n", False),  # the first counts
        ("# check=nonsense\n# check=skip=UndefinedVar\n", False),
    ],
)
def test_above_an_instruction(comments: str, skipped: bool) -> None:
    complaints = check(dock2sh.parse(f"FROM a\n{comments}USER $x\nUSER $x\n"), Options(), find)
    assert [complaint.code for complaint in complaints] == ["UndefinedVar"] * (1 if skipped else 2)


def test_above_an_instruction_nothing_becomes_an_error() -> None:
    assert refusal("FROM a\n# check=error=true\nUSER $x\n") == ""
    assert refusal("# check=error=true\nFROM a\n# check=skip=UndefinedVar\nUSER $x\n") == ""


def test_a_refused_dockerfile_has_the_warnings_before_the_refusal() -> None:
    complaints = check(dock2sh.parse("FROM a AS Foo\nMAINTAINER me\nUSER ${x:?why}\nUSER $y\n"), Options(), find)
    assert [(c.code, c.spans[0].first) for c in complaints] == [
        ("StageNameCasing", 1), ("MaintainerDeprecated", 2), ("UndefinedVar", 3), ("bad-word", 3),
    ]  # fmt: skip
    complaints = check(dock2sh.parse("FROM a AS Foo\nmaintainer\nrun x\n"), Options(), find)
    assert [c.code for c in complaints] == ["StageNameCasing", "MaintainerDeprecated", "arity"]


def test_a_build_judges_only_the_stages_that_it_needs() -> None:
    text = "# check=error=true\nFROM a AS b\nUSER $x\nFROM a\n"
    assert refusal(text) == ""
    assert [c.code for c in check(dock2sh.parse(text), Options(), find)] == ["UndefinedVar", "lint"]


def test_a_file_without_a_directive_loads_no_checks() -> None:
    import subprocess
    import sys

    code = (
        "import sys, dock2sh\n"
        "dock2sh.evaluate(dock2sh.parse('FROM scratch\\nRUN x\\n'))\n"
        "assert not any(name.startswith('dock2sh.checks') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
