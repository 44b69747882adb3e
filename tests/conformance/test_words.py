"""Every recorded Dockerfile that was only parsed and evaluated: the same nodes, the same image config, the same refusals."""

import json
from typing import Any

import pytest
import recorded

import dock2sh
from dock2sh.checks import check
from dock2sh.emit.plan_json import plan_object
from dock2sh.emit.syntax_json import syntax_object
from dock2sh.model import Base
from dock2sh.plan.evaluate import Options
from dock2sh.plan.platforms import Platform
from dock2sh.source import Refused

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
REASONS = ("parse_error", "instruction_error", "convert_error")


def find(reference: str, platform: Platform) -> Base:
    """What the recorder answered for every image."""
    config = {"Env": [PATH], "Cmd": ["sh"]}
    return Base({"architecture": "amd64", "os": "linux", "config": config, "history": [{"created_by": "base"}]})


def case(kind: str, name: str) -> tuple[str, dict[str, Any]]:
    folder = recorded.CASES / kind / name
    text = (folder / "Dockerfile").read_bytes().decode("utf-8", "surrogateescape")
    return text, json.loads((folder / "expected.json").read_text())


def refusal(expected: dict[str, Any]) -> str:
    """The recorded message without BuildKit's prefix, or ""."""
    message = next((expected[reason] for reason in REASONS if reason in expected), "")
    return str(message.partition(": ")[2] if message.startswith("dockerfile parse error on line ") else message)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ("errors", "syntax") for name in recorded.names(kind)])
def test_refused_or_taken_as_docker_does(kind: str, name: str) -> None:
    text, expected = case(kind, name)
    try:
        dock2sh.evaluate(dock2sh.parse(text), Options(), find)
        message, lines = "", []
    except Refused as refused:
        message = refused.diagnostic.message
        lines = [list(range(span.first, span.last + 1)) for span in refused.diagnostic.spans]
    assert message == refusal(expected)
    assert lines == (expected.get("error_lines") or [])


@pytest.mark.parametrize("name", [name for name in recorded.names("syntax") if "ast" in case("syntax", name)[1]])
def test_the_same_nodes(name: str) -> None:
    text, expected = case("syntax", name)
    ours = syntax_object(dock2sh.parse(text))
    assert (ours["escape"], ours["ast"]) == (expected["escape"], expected["ast"])


@pytest.mark.parametrize("name", [name for name in recorded.names("syntax") if "image" in case("syntax", name)[1]])
def test_the_same_image(name: str) -> None:
    text, expected = case("syntax", name)
    plan = plan_object(dock2sh.evaluate(dock2sh.parse(text), Options(), find))
    theirs = expected["image"]
    assert plan["config"] == theirs.get("config", {})
    assert plan["image"] == {key: value for key, value in theirs.items() if key not in ("config", "rootfs")} | {
        "history": theirs.get("history") or []
    }


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k in ("errors", "syntax") for n in recorded.names(k) if "lint" in case(k, n)[1]]
)
def test_the_same_warnings(kind: str, name: str) -> None:
    text, expected = case(kind, name)
    warnings = [complaint for complaint in check(dock2sh.parse(text), Options(), find) if complaint.severity != "error"]
    ours = {(warning.code, warning.message, warning.spans[0].first) for warning in warnings}
    assert {(row["rule"], row["msg"], row["line"]) for row in expected["lint"]} <= ours
