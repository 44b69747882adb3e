"""When a command of a list or a group is done: sentences that were not true once, and what shells do."""

import subprocess
from collections.abc import Callable

import pytest
from explaining import explained, steps

from dock2sh.explain.language import plain


def joins(run: str, shell: str = "") -> list[str]:
    """When each command of a RUN is done."""
    step = list(steps(explained(f"FROM debian:12\n{shell}\nRUN {run}\n")))[-1]
    return [plain(command.joined) for command in step.commands]


@pytest.mark.parametrize(
    ("run", "shell", "expected"),
    [
        ("a; b", "", "then, whatever became of that"),
        ("a; b", 'SHELL ["/bin/bash", "-euxo", "pipefail", "-c"]', "then, if that went well (set -e)"),
        ("set -e; a && b; c", "", "then, unless what stands behind the last && or || has failed (set -e)"),  # a may fail
        ("set -e; { a && b; }; c", "", "then, unless what stands behind the last && or || has failed (set -e)"),
        ("set -e; a && b; c; d", "", "then, if that went well (set -e)"),
        ("set -e; if a && b; then c; fi; d", "", "then, if that went well (set -e)"),
        ("set -e; ! a; b", "", "then, whatever became of that"),
        ("bash -ec 'a; b'", "", "then, if that went well (set -e)"),
    ],
)
def test_what_set_e_stops(run: str, shell: str, expected: str) -> None:
    assert joins(run, shell)[-1] == expected


LISTS = {
    "(a && b) || (c && d)": "then, if that went well (set -e)",
    "(a && b)": "then, if that went well (set -e)",
    "(a; b) && c": "then, unless what stands behind the last && or || has failed (set -e)",
    "{ a && b; }": "then, unless what stands behind the last && or || has failed (set -e)",
    "{ a && b; c; }": "then, if that went well (set -e)",
    "a && { b; c; }": "then, unless what stands behind the last && or || has failed (set -e)",
    "a && (b; c)": "then, unless what stands behind the last && or || has failed (set -e)",
    "a && if b; then c; fi": "then, unless what stands behind the last && or || has failed (set -e)",
    "if a; then b; fi": "then, if that went well (set -e)",
    "! (a; b)": "then, whatever became of that",
}
"""What `set -e` makes of a list, and of the same list as a group (POSIX, set -e; seen in dash and bash)."""


@pytest.mark.parametrize("text", LISTS)
def test_a_group_is_one_command(text: str) -> None:
    assert joins(f"set -e; {text}; e")[-1] == LISTS[text]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("text", LISTS)
def test_a_shell_sees_it_the_same_way(text: str, shell: str, needs: Callable[[str], None]) -> None:
    """Where the first command fails the shell goes on to the last just where it was said to do so."""
    functions = "a() { return 1; }; b() { return 0; }; c() { return 0; }; d() { return 0; }; e() { echo on; }"
    needs(shell)
    ran = subprocess.run([shell, "-c", f"{functions}; set -e; {text}; e"], capture_output=True, text=True, check=False)
    overlooked = "&&" in text or text.startswith(("if", "!"))
    alone = text == "(a && b)"  # the group has failed
    assert ("on" in ran.stdout) is (overlooked and not alone)


def test_what_stands_before_an_if_or_a_loop() -> None:
    assert joins("cd /x && if a; then b; fi")[1] == "if that went well"
    assert joins("a | while read x; do b; done")[1] == "what that prints goes to"


def test_a_line_after_another_is_done_whatever_became_of_that() -> None:
    assert joins("<<E\nmake\nmake install\nE") == ["", "then, whatever became of that"]
    assert joins("<<E\nset -e\nmake\nmake install\nE")[2] == "then, if that went well (set -e)"
    assert joins("<<E\n#!/bin/sh -e\nmake\nmake install\nE")[1] == "then, if that went well (set -e)"
