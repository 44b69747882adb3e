"""The warnings that BuildKit recorded for the conformance cases: the same rules, lines and messages, as often, and no others."""

import json
from collections import Counter
from pathlib import Path

import pytest

import dock2sh
from dock2sh.checks import check
from dock2sh.model import Base
from dock2sh.plan.evaluate import Options
from dock2sh.plan.platforms import Platform

CASES = Path(__file__).parents[1] / "conformance/cases"
RECORDED = [
    path.parent
    for path in sorted(CASES.glob("*/*/expected.json"))
    if not json.loads(path.read_text()).keys() & {"parse_error", "instruction_error"}  # their warnings were not kept
]


def find(reference: str, platform: Platform) -> Base:
    """What the recorder answered for every image."""
    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}
    return Base({"architecture": "amd64", "os": "linux", "config": config})


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_the_same_warnings(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    text = (folder / "Dockerfile").read_bytes().decode("utf-8", "surrogateescape")
    complaints = check(dock2sh.parse(text), Options(platform="linux/amd64"), find)
    ours = Counter((c.code, c.spans[0].first, c.message) for c in complaints if c.severity == "warning")
    assert ours == Counter((row["rule"], row["line"], row["msg"]) for row in expected.get("lint") or ())
