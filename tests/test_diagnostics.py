"""How a complaint looks: drawn for a person, as JSON, as SARIF. Goldens; the caret stands under the word that is meant."""

import json
import re
from typing import Any

import pytest

import dock2sh
from dock2sh.checks import check
from dock2sh.checks.fingerprints import fingerprints
from dock2sh.checks.formats import as_json
from dock2sh.checks.sarif import as_sarif
from dock2sh.model import Base
from dock2sh.plan.evaluate import Options
from dock2sh.plan.platforms import Platform
from dock2sh.source import Diagnostic, Refused, Span, draw, place

NAME = "Dockerfile"


def drawn(text: str, near: str = "", *spans: Span, hint: str = "") -> str:
    """The drawing of an error in these lines (the first, if none are given)."""
    return draw(Diagnostic("code", "message", spans or (Span(1, 1),), hint, near), NAME, text)


def excerpt(text: str, near: str = "", *spans: Span) -> str:
    """Only the lines and carets of it."""
    return drawn(text, near, *spans).partition("\n")[2]


def refused(text: str) -> str:
    """What a person sees of a Dockerfile that is refused."""
    try:
        dock2sh.evaluate(dock2sh.parse(text))
    except Refused as refusal:
        return draw(refusal.diagnostic, NAME, text)
    raise AssertionError("it was taken")


def test_an_unknown_flag() -> None:
    assert refused("FROM debian:12\nCOPY --chwon=1 a b\n") == (
        "Dockerfile:2: error: unknown flag: --chwon (did you mean chown?) [unknown-flag]\n"
        "      2 | COPY --chwon=1 a b\n"
        "        |      ^^^^^^^\n"
        "  help: it takes --chown, --from, --chmod, --link, --exclude, --parents"
    )


def test_a_word_in_a_continued_instruction() -> None:
    assert refused('FROM debian:12\n\nENV A=1 \\\n    B="x\n') == (
        'Dockerfile:3: error: failed to process "\\"x": unexpected end of statement while looking for matching double-quote'
        " [bad-word]\n"
        "      3 | ENV A=1 \\\n"
        '      4 |     B="x\n'
        "        |       ^^"
    )


def test_several_places() -> None:
    assert refused("FROM a AS b\nCOPY --from=c . .\nFROM a AS c\nCOPY --from=b . .\n") == (
        "Dockerfile:2: error: circular dependency detected on stage: b [circular]\n"
        "      2 | COPY --from=c . .\n"
        "        | ^^^^\n"
        "    ...\n"
        "      4 | COPY --from=b . .\n"
        "        | ^^^^\n"
        "  help: a stage copies only from stages above it"
    )


def test_a_complaint_about_the_file() -> None:
    assert (
        refused("")
        == "Dockerfile: error: the Dockerfile cannot be empty [empty]\n  help: begin with FROM, for example `FROM debian:12`"
    )


def test_a_warning() -> None:
    text = "FROM debian:12\nMAINTAINER me\n"
    assert draw(check(dock2sh.parse(text), Options(), find)[0], NAME, text) == (
        "Dockerfile:2: warning: Maintainer instruction is deprecated in favor of using label [MaintainerDeprecated]\n"
        "      2 | MAINTAINER me\n"
        "        | ^^^^^^^^^^\n"
        '  help: write `LABEL org.opencontainers.image.authors="me"`'
    )


def test_a_hint_of_two_lines() -> None:
    assert drawn("RUN x", hint="do this\nor that").endswith("  help: do this\n        or that")


@pytest.mark.parametrize(
    ("text", "near", "shown", "caret"),
    [
        ("RUN x", "x", "RUN x", "    ^"),
        ("RUN x", "nowhere", "RUN x", "^^^"),
        ("  RUN x", "", "  RUN x", "  ^^^"),
        ("FROM base as b", "as", "FROM base as b", "          ^^"),  # not the end of `base`
        ("FROM xas", "as", "FROM xas", "      ^^"),  # nowhere a word of its own
        ("COPY\ta\t\tb", "b", "COPY    a        b", "                 ^"),
        ("COPY 世界 b", "b", "COPY 世界 b", "          ^"),
        ("COPY 世界 b", "世界", "COPY 世界 b", "     ^^^^"),
        ("COPY e\u0301 b", "b", "COPY e\u0301 b", "       ^"),
        ("RUN x\r", "x", "RUN x", "    ^"),
        ("RUN \x1b[31mred\x07 x", "x", "RUN ␛[31mred␇ x", "              ^"),
        ("RUN \u202etxt\udcff x", "x", "RUN �txt� x", "          ^"),
        ("", "", "", "^"),
    ],
)
def test_the_caret(text: str, near: str, shown: str, caret: str) -> None:
    assert excerpt(text + "\n", near) == f"      1 | {shown}\n        | {caret}"


@pytest.mark.parametrize("at", [0, 100, 300, 590])
def test_a_long_line_is_shown_around_the_point(at: int) -> None:
    text = "x" * at + " here " + "y" * (600 - at)
    line, caret = (row[10:] for row in excerpt(text + "\n", "here").split("\n"))
    assert len(line) <= 162
    assert line[caret.index("^") : caret.index("^") + 4] == "here"
    assert caret.strip() == "^^^^"
    assert line.startswith("…") == (at > 100)
    assert line.endswith("…") == (at < 590)


def test_a_long_span_shows_its_ends_and_the_point() -> None:
    text = "RUN a \\\n" + "".join(f"    {n} \\\n" for n in range(2, 20)) + "    end\n"
    assert excerpt(text, "12", Span(1, 20)) == (
        "      1 | RUN a \\\n"
        "      2 |     2 \\\n"
        "      3 |     3 \\\n"
        "      4 |     4 \\\n"
        "        | ...\n"
        "     12 |     12 \\\n"
        "        |     ^^\n"
        "        | ...\n"
        "     20 |     end"
    )


def test_lines_are_counted_as_the_parser_counts_them() -> None:
    """A form feed or a Unicode line separator ends no line of a Dockerfile."""
    assert "      2 | here" in excerpt("a\fb\u2028c\x85d\nhere\n", "here", Span(2, 2))


def test_a_place_behind_the_end_is_no_crash() -> None:
    assert excerpt("FROM a\n", "x", Span(5, 9)) == ""


def test_what_is_drawn_never_steers_the_terminal() -> None:
    picture = draw(Diagnostic("c", "bad \x1b]0;x\x07", (Span(1, 1),), "try \x1b[2J", "\x1b"), "D\nock\x1b", "RUN \x1b[2J\n")
    assert "\x1b" not in picture
    assert picture.count("\n") == 3
    assert "\x1b[31m" in draw(Diagnostic("c", "m"), NAME, "", colour=True)
    picture.encode()


def find(reference: str, platform: Platform) -> Base:
    return Base({"architecture": platform.arch, "os": platform.os})


TEXT = "FROM debian:12 as Build\nRUN a \\\n    && b\nCOPY --chwon=x a \udcff b\n"


def complaints() -> list[Diagnostic]:
    return list(check(dock2sh.parse(TEXT), Options(), find))


def test_json() -> None:
    found = json.loads(as_json(complaints(), "sub/Dockerfile", TEXT))
    assert [one["code"] for one in found] == ["StageNameCasing", "FromAsCasing", "unknown-flag"]
    assert found[0] == {
        "code": "StageNameCasing",
        "severity": "warning",
        "message": "Stage name 'Build' should be lowercase",
        "file": "sub/Dockerfile",
        "lines": [[1, 1]],
        "line": 1,
        "column": 19,
        "hint": "write `FROM debian:12 as build`; a later FROM finds the name in lower case only",
        "url": "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
        "also": [],
    }
    assert (found[2]["severity"], found[2]["lines"], found[2]["column"], found[2]["url"]) == ("error", [[4, 4]], 6, "")


def test_json_without_a_place() -> None:
    found = json.loads(as_json([Diagnostic("target", 'no stage "\udcff"')], NAME, "FROM a\n"))
    assert (found[0]["lines"], found[0]["line"], found[0]["column"]) == ([], None, None)
    assert found[0]["message"] == 'no stage "�"'
    assert as_json([], NAME, "") == "[]\n"


def test_sarif() -> None:
    log = json.loads(as_sarif(complaints(), "sub dir/Dockerfile", TEXT))
    (run,) = log["runs"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert run["tool"]["driver"]["name"] == "dock2sh"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["StageNameCasing", "FromAsCasing", "unknown-flag"]
    assert run["results"][1] == {
        "ruleId": "FromAsCasing",
        "ruleIndex": 1,
        "level": "warning",
        "message": {"text": "'as' and 'FROM' keywords' casing do not match\nhelp: write `FROM debian:12 AS Build`"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "sub%20dir/Dockerfile", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1, "startColumn": 16, "endColumn": 18},
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": fingerprints(TEXT)[0]},
    }
    assert run["automationDetails"] == {"id": "dock2sh/sub%20dir/Dockerfile/"}
    assert list(run["originalUriBaseIds"]) == ["%SRCROOT%"]
    assert run["results"][2]["level"] == "error"


@pytest.mark.parametrize(
    "diagnostic",
    [
        Diagnostic("c", "m"),
        Diagnostic("c", "m", (Span(0, 0),)),
        Diagnostic("c", "m", (Span(2, 3),), near="nowhere"),
        Diagnostic("c", "m", (Span(1, 1), Span(3, 3))),
        Diagnostic("c", "m", (Span(9, 12),)),
    ],
)
def test_sarif_is_valid(diagnostic: Diagnostic) -> None:
    """What the schema requires of every object that we write (SARIF 2.1.0, 3.13 to 3.49)."""
    log = json.loads(as_sarif([diagnostic], "/a/b", "FROM a\nRUN \\\n b\n"))
    assert log.keys() >= {"version", "runs"}
    for run in log["runs"]:
        assert run["tool"]["driver"]["name"]
        rules = run["tool"]["driver"]["rules"]
        assert all(rule["id"] and rule["helpUri"].startswith("https://") for rule in rules)
        for words in ("shortDescription", "fullDescription", "help"):
            assert all(rule[words]["text"] for rule in rules), "GitHub's code scanning asks for it"
        for result in run["results"]:
            assert result["message"]["text"]
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("error", "warning")
            assert len(result["locations"]) == 1
            assert re.fullmatch(r"[0-9a-f]{1,16}:[1-9]\d*", result["partialFingerprints"]["primaryLocationLineHash"])
            for location in [*result["locations"], *result.get("relatedLocations", [])]:
                valid_location(location["physicalLocation"])


def valid_location(location: dict[str, Any]) -> None:
    region = location["region"]
    assert location["artifactLocation"]["uri"] == "file:///a/b"
    assert region["startLine"] >= 1
    assert region.get("endLine", region["startLine"]) >= region["startLine"]
    assert region.get("startColumn", 1) >= 1
    assert region.get("endColumn", 2) > region.get("startColumn", 1)


def test_a_line_is_known_again() -> None:
    """GitHub's own numbers (what its upload action's tests say was seen to be the same), and what they do not depend on."""
    assert fingerprints("FROM debian:12\nRUN ls\n") == ["64c0d4a6097ff57b:1", "f88c2cad37e668e5:1", "c129715d7a2bc9a3:1"]
    assert fingerprints("FROM a\r\n\tRUN  \u00e9 \U0001f600\r\n")[1:] == ["758e064b5eca6240:1", "c129715d7a2bc9a3:1"]
    assert fingerprints("# new\n\nFROM  debian:12\r\n\tRUN ls\n")[2:] == fingerprints("FROM debian:12\nRUN ls\n")
    assert [each[-2:] for each in fingerprints("a\n" * 200)][:3] == [":1", ":2", ":3"]
    assert fingerprints("\udcff") != fingerprints("")


def test_place() -> None:
    lines = ["RUN a \\", "  b"]
    assert place(Diagnostic("c", "m", (Span(1, 2),), near="b"), lines) == (2, 3, 1)
    assert place(Diagnostic("c", "m", (Span(1, 2),)), lines) == (1, 1, 3)
    assert place(Diagnostic("c", "m"), lines) is None


@pytest.mark.parametrize(
    "line", ["RUN " + "a" * 90 + " here " + "b" * 90, "RUN " + "日" * 60 + " here " + "本" * 60, "\t" * 30 + " here"]
)
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_caret_stays_below_its_word_in_a_narrow_terminal(line: str, width: int) -> None:
    """No line of the excerpt is wrapped, and the caret's column is the word's, wide characters and tabs counted."""
    from unicodedata import east_asian_width

    shown = draw(Diagnostic("code", "message", (Span(1, 1),), "", "here"), NAME, line, False, width).split("\n")[1:3]
    wide = [sum(2 if east_asian_width(char) in "WF" else 1 for char in each) for each in shown]
    assert max(wide) <= min(width, 170)
    before = shown[0][: shown[0].index("here")]
    assert sum(2 if east_asian_width(char) in "WF" else 1 for char in before) == shown[1].index("^^^^")
