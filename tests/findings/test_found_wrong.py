"""Findings in public Dockerfiles that were none, and one that was named wrongly."""

import shutil

import pytest
from finding import codes

import dock2sh
from dock2sh.bases import assumed
from dock2sh.findings import find

NONE = {
    # software-properties asks only where standard input is a terminal (add-apt-repository, isatty)
    "RUN apt-get update && add-apt-repository ppa:a/b": "D2S111",
    # bash runs the text
    "RUN /bin/bash -c 'source activate x && [[ -n $y ]]'": "D2S132",
    # the last command is in the directory, though in a shell of its own
    "RUN cd /x && (for i in *.patch; do git apply < $i; done)": "D2S115",
    "RUN cd /x && bash -c 'make'": "D2S115",
    # -U fetches the catalogue
    "RUN apt-get install -U -y curl": "D2S121",
    # another tool of apt's installs in the same RUN
    "RUN apt-get update && xx-apt-get install -y gcc": "D2S120",
    # echo does not fail, in a group neither
    "RUN set -eu; { echo a; echo b; } | tee /etc/x": "D2S131",
}


@pytest.mark.parametrize("line", NONE)
def test_it_is_none(line: str) -> None:
    assert not [code for code in codes(f"FROM debian:12\nWORKDIR /\n{line}\n") if code.startswith(NONE[line])]


@pytest.mark.parametrize(
    ("line", "pipe"),
    [
        ("find / | xargs rm", "find | xargs"),
        ("set -e; { a; b; } | tee x", "b | tee"),
        ("x=$(a | b); c", "a | b"),
        ("curl x | bash -c 'true'; d | e", "curl | bash"),
    ],
)
def test_which_pipe(line: str, pipe: str) -> None:
    dockerfile = dock2sh.parse(f"FROM debian:12\nRUN {line}\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)
    assert [dict(each.fields)["pipe"] for each in found if each.code == "D2S131"] == [pipe]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_shellcheck_is_not_asked_of_what_it_would_never_end_with() -> None:
    dockerfile = dock2sh.parse("FROM debian:12\nRUN " + "(" * 3000 + ":" + ")" * 3000 + "\nRUN echo $x\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile, shellcheck=True)
    said = {each.name: dict(each.fields)["text"] for each in found if each.code == "SHELLCHECK"}
    assert set(said) >= {"SC2086"}
