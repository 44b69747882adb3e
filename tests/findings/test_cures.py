"""`--fix`: only what was meant is changed, the finding is gone, a second time changes nothing, a diff is one for `patch`."""

import subprocess
from pathlib import Path

import pytest

import dock2sh
from dock2sh.bases import assumed
from dock2sh.checks import check
from dock2sh.findings import find
from dock2sh.findings.fixes import FIXES, diff, fixed
from dock2sh.plan.evaluate import Options
from dock2sh.source import Diagnostic


def said(text: str) -> tuple[Diagnostic, ...]:
    dockerfile = dock2sh.parse(text)
    ours = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)
    return (*check(dockerfile, Options(), assumed), *(each.diagnostic() for each in ours))


def cured(text: str) -> str:
    return fixed(text, said(text))[0]


CURED = {
    # the command, and not a text that speaks of it
    "RUN echo 'apt install x' && apt install x": "RUN echo 'apt install x' && apt-get install -y x",
    "RUN echo apt-get install x; apt-get install x": "RUN echo apt-get install x; apt-get install -y x",
    'RUN echo "apt install x" > /i && apt install y # apt install': (
        'RUN echo "apt install x" > /i && apt-get install -y y # apt install'
    ),
    "RUN x=/etc/apt/y apt install -y z; cat apt install": "RUN x=/etc/apt/y apt-get install -y z; cat apt install",
    "RUN cat <<E > /x && apt install y\napt install x\nE": "RUN cat <<E > /x && apt-get install -y y\napt install x\nE",
    # all of a line
    "RUN apt-get install -y a && apt-get install b && apt-get install c": (
        "RUN apt-get install -y a && apt-get install -y b && apt-get install -y c"
    ),
    "RUN sudo apt install -y x && sudo -E apt-get -o A=b install x": (
        "RUN sudo apt-get install -y x && sudo -E apt-get -o A=b install -y x"
    ),
    # through continuations, comments, tabs, another shell, a here-document
    "RUN apt-get \\\n  # apt-get install\n\tinstall a": "RUN apt-get \\\n  # apt-get install\n\tinstall -y a",
    "RUN\tapt\tinstall\ta": "RUN\tapt-get\tinstall -y\ta",
    "RUN bash -c 'apt install a'": "RUN bash -c 'apt-get install -y a'",
    "RUN <<-E\n\tapt install a\nE": "RUN <<-E\n\tapt-get install -y a\nE",
    "RUN apt install x\x0by\u2028z": "RUN apt-get install -y x\x0by\u2028z",
    # `zypper in -n` would be --name
    "RUN zypper in a": "RUN zypper in -y a",
    # what apt-get has not
    "RUN apt list": "RUN apt list",
    "RUN apt policy x": "RUN apt policy x",
    # an exec form is left to a person
    'RUN ["apt-get", "install", "x"]': 'RUN ["apt-get", "install", "x"]',
    "ENV A b c\r\nMAINTAINER me\r": 'ENV A="b c"\r\nLABEL org.opencontainers.image.authors="me"\r',
    "ENV A b\\\n c": "ENV A b\\\n c",
    "EXPOSE 80/TCP \\\n # 80/TCP\n 81/Udp": "EXPOSE 80/tcp \\\n # 80/TCP\n 81/udp",
}


@pytest.mark.parametrize("written", CURED)
def test_only_what_was_meant(written: str) -> None:
    text, after = (f"FROM debian:12\n{each}\n" for each in (written, CURED[written]))
    assert cured(text) == after
    assert cured(after) == after
    assert text == after or not [each for each in said(after) if each.code in FIXES]


def test_of_another_escape_character() -> None:
    text = "# escape=`\nFROM debian:12\nENV A c`\n  b\nENV B a`b\n"
    assert cured(text) == text


def test_behind_a_byte_order_mark() -> None:
    assert cured("\ufeffFROM debian:12 as x\n") == "\ufeffFROM debian:12 AS x\n"


@pytest.mark.parametrize(
    "text", ["FROM debian:12 as x", "FROM debian:12 as x\nRUN echo a\x0cb\x85c\n", "FROM debian:12 as x\r\n"]
)
def test_git_takes_the_diff(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(text.encode())
    change = diff(text, cured(text), "Dockerfile")
    subprocess.run(["git", "apply"], cwd=tmp_path, input=change.encode(), check=True, capture_output=True)
    assert path.read_bytes() == cured(text).encode()
