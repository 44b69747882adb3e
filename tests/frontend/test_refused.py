"""Dockerfiles at the edges of BuildKit's grammar and evaluation, each with Docker 28.5's refusal ("": it takes it): rows that came
of reading its parser side by side with ours."""

import re
import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.bases import assumed
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused

QUOTE = "unexpected end of statement while looking for matching"
MANY = "9" * 5000

PARSED = [
    # of blanks alone a directive's value is the last; those that only Go's unicode has are a part of it
    ("# escape= \nFROM scratch\n", "invalid escape token ' ' does not match ` or \\"),
    ("# escape=\\\u00a0\nFROM scratch\n", "invalid escape token '\\\u00a0' does not match ` or \\"),
    ("# escape=`\v\nFROM scratch\n", "invalid escape token '`\v' does not match ` or \\"),
    ("# check= \n# escape=`\nFROM scratch\nLABEL a=b`\n c=d\n", ""),
    # an escape at the end of a word in double quotes is dropped, the word is not
    ('FROM scratch\nENV A="\\\\\\\n', f'failed to process "\\"\\\\\\\\": {QUOTE} double-quote'),
    ('FROM scratch\nARG A="b\\\\\\\n', f'failed to process "\\"b\\\\\\\\": {QUOTE} double-quote'),
    ("FROM scratch\nARG A='b\\\\\\\n", f"failed to process \"'b\\\\\\\\\\\\\": {QUOTE} single-quote"),
    # a modifier's word is parted at blanks in quotes, too
    ("FROM scratch\nRUN echo ${a:-b <<'c d'}\n", f"failed to process \"'c\": {QUOTE} single-quote"),
    ("FROM scratch\nRUN cat <<\rEOF\nFOO\nEOF\nBAR\n", "unknown instruction: BAR (did you mean ARG?)"),
    (f"FROM scratch\nCOPY {MANY}<<EOF /x\nFOO\nEOF\n", ""),
]


def ours(text: str) -> str:
    """Why a plan of this is refused, or ""."""
    try:
        dock2sh.evaluate(dock2sh.parse(text), Options(), assumed)
    except Refused as refused:
        return refused.diagnostic.message
    return ""


def docker(text: str, folder: Path) -> str:
    """Docker's reason, or ""; its exit status does not tell, for a warning is one to it."""
    (folder / "Dockerfile").write_bytes(text.encode())
    done = subprocess.run(["docker", "build", "--check", folder], check=False, capture_output=True, text=True)
    found = re.search(r"^ERROR: (?:dockerfile parse error on line \d+: )?(.*)$", done.stdout + done.stderr, re.MULTILINE)
    return found[1] if found and "lint violation" not in found[1] else ""


@pytest.mark.parametrize(("text", "message"), PARSED)
def test_refused_in_dockers_words(text: str, message: str) -> None:
    assert ours(text) == message


@pytest.mark.docker
@pytest.mark.parametrize(("text", "message"), PARSED)
def test_docker_says_the_same(tmp_path: Path, text: str, message: str) -> None:
    assert docker(text, tmp_path) == message
