"""A RUN stands in the script as its author broke it into lines, and gives docker's argument back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dock2sh.dockerfile.lines import parse
from dock2sh.emit.display import as_written, delimiter, joined

lines = st.lists(
    st.sampled_from(["a", " b", "c  ", "# note", "", "   ", "'d", "\te", "f\\\\", "g #h", " && i"]), min_size=1, max_size=8
)


def shown(run: str) -> tuple[str, str | None]:
    """The argument that docker makes of `run`, and how it is shown."""
    node = parse(f"FROM x\n{run}\n").nodes[1]
    return node.args[0], as_written(node.args[0], run.split("\n"), "\\")


def test_comments_and_breaks_are_kept() -> None:
    run = "RUN apt-get update \\\n # why\n && apt-get install -y \\\n\n    curl \\  \n && rm -rf x"
    assert shown(run)[1] == "apt-get update \\\n # why\n && apt-get install -y \\\n    curl \\\n && rm -rf x"


def test_a_text_that_would_change_is_not_shown() -> None:
    assert shown("RUN #only")[1] is None


@settings(max_examples=300, deadline=None)
@given(lines)
def test_what_is_shown_gives_the_argument_back(parts: list[str]) -> None:
    text, form = shown("RUN x" + " \\\n".join(parts))
    assert form is None or joined(form) == text


def test_a_delimiter_is_no_line_of_the_content() -> None:
    assert delimiter("a\nRUN\nRUN_\n", "RUN") == "RUN__"
    assert delimiter("a \\\n  RUN b\n", "RUN") == "RUN_"  # a public file whose author forgot to end the instruction above
