"""runtime/calls.txt says which functions call which; it is made by a program, and must be what that makes today."""

import pytest

from dock2sh.emit.bundle import CALLS, bundle, library
from dock2sh.emit.calls import called, table


def test_what_is_written_down_is_still_so() -> None:
    with open(CALLS, encoding="ascii") as file:
        if file.read() != table():
            pytest.fail("the shell library has other calls now:  ./dev python -m dock2sh.emit.calls", pytrace=False)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("x() {\n    say_it now\n}\n", {"say_it"}),
        ("x() {\n    copy a b | say; if copy; then :; fi\n}\n", {"copy", "say"}),
        ('x() {\n    tell "no copy, nothing to say"\n}\n', set()),
        ("# say_it\nx() {\n    :\n}\n", set()),
        ("x() {\n    y=$(copy) || ! say\n}\n", {"copy", "say"}),
        ("x() {\n    copying; copy_all\n}\n", set()),
        ("x() {\n    trap 'say' EXIT\n}\n", {"say"}),
    ],
)
def test_a_call_is_a_word_where_a_command_stands(text: str, calls: set[str]) -> None:
    assert called(text, {"copy", "say", "say_it"}) == calls


@pytest.mark.parametrize("kind", ["", "host", "health"])
def test_a_bundle_holds_what_it_calls(kind: str) -> None:
    text = bundle(["main"], kind)
    for name in called(text, library(kind).keys()):
        assert f"{name}() {{" in text
