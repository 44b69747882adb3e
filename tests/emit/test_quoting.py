"""The quoting function, against the real shells: any string comes out of them as it went in."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dock2sh
from dock2sh.bases import assumed
from dock2sh.dockerfile.words import expand
from dock2sh.emit.quoting import assignment, quote
from dock2sh.plan.context import Project
from dock2sh.source import Refused

SHELLS = [["dash"], ["bash"], ["busybox", "ash"]]
NASTY = [
    "", "~", "~/x", "a b", "$HOME", "`id`", "'", '"', "\\", "a\\", "!x", "-n", "*", "{a,b}", "#x", "a\nb", "\t", "é", "“q”",
    "x=y", "=", "a;b", "$(id)", "\r", "\x01", "\udcff", "%s", "a'b\"c$d`e\\f", "[a]", "a\\\nb",
]  # fmt: skip
texts = st.lists(
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12), min_size=1, max_size=40
)


def said(shell: list[str], words: list[str]) -> list[str]:
    """What the shell makes of the quoted words."""
    script = "printf '%s\\0' " + " ".join(map(quote, words)) + "\n"
    done = subprocess.run(shell, input=script.encode("utf-8", "surrogateescape"), capture_output=True, check=True)
    assert not done.stderr
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_nasty_words_come_back(shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    assert said(shell, NASTY) == NASTY


@settings(max_examples=60, deadline=None)
@given(texts)
def test_any_words_come_back(words: list[str]) -> None:
    for shell in SHELLS:
        if shutil.which(shell[0]):
            assert said(shell, words) == words


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("/opt/app", "/opt/app"),
        ("a b", "'a b'"),
        ("$x", r'"\$x"'),
        ("it's", '"it\'s"'),
        ("~/x", r"\~/x"),
        ("", "''"),
        ("--flag=1", "--flag=1"),
        ("a “b” é", "'a “b” é'"),
        ("‘a’ é", '"‘a’ é"'),
    ],
)
def test_the_form_reads_well(word: str, form: str) -> None:
    assert quote(word) == form


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [("A", "b", "A=b"), ("A", "", "A="), ("A", "b c", "A='b c'"), ("a.b", "$x", r'"a.b=\$x"'), ("A", "~/x", r"A=\~/x")],
)
def test_an_assignment_shows_its_name(name: str, value: str, form: str) -> None:
    assert assignment(name, value) == form


def test_a_value_of_the_base_image_is_an_expansion() -> None:
    from dock2sh.dockerfile.deferred import deferred_variable

    assert quote(expand("$GOPATH/bin", deferred_variable)) == '"${BASE_GOPATH-}/bin"'


def test_nul_is_refused() -> None:
    with pytest.raises(Refused):
        quote("a\0b")


def test_nul_has_its_line() -> None:
    dockerfile = dock2sh.parse("FROM debian:12\nENV A=b\nENV X=a\0b\n")
    with pytest.raises(Refused) as refused:
        dock2sh.script(dock2sh.evaluate(dockerfile, find_base=assumed), Project("Dockerfile", "", None, None))
    assert [span.first for span in refused.value.diagnostic.spans] == [3]
