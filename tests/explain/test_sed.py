"""What a program of sed's does, in words."""

import pytest
from explaining import meanings

from dock2sh.explain import details
from dock2sh.explain.language import plain

SED = {
    "s/a/b/": "replaces a by b, once a line",
    "s/a b/c/gI": "replaces a b (in capitals or not) by c, every time it comes",
    "s/a//": "deletes what matches a, once a line",
    "/x/s/^#//": "only in lines that match x: deletes what matches ^#, once a line",
    "3d": "deletes line 3",
    "$ a text": "only in the last line: adds text as a line below",
    r"1i\ text": "only in line 1: adds text as a line above",
    "/x/c new": "only in lines that match x: puts new in the line's place",
    "/a/,/b/d": "",
    "s/a/b/; s/c/d/": "",
    "s/a/b/w f": "",
    "a": "",
}


@pytest.mark.parametrize("program", SED)
def test_a_sed_program(program: str) -> None:
    assert plain(details.sed(program)) == SED[program]


def test_a_sed_program_that_a_substitution_writes_in_part() -> None:
    text = 'FROM debian:12\nRUN sed -i "s/a/`date`/" f\n'
    assert meanings(text, 2)['"s/a/`date`/"'] == "what is done to each line"
