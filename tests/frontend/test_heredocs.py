"""Which words are here-documents, where a modifier stands among them (each asked of Docker 28.5)."""

import pytest

from dock2sh.dockerfile.heredocs import named_in


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("COPY <<E${x:-F} /d/", []),
        ('COPY <<"E${x:-F}" /d/', []),
        ("COPY <<'E${x:-F}' /d/", ["E${x:-F}"]),
        ("COPY <<${x} /d/", ["${x}"]),
        ("COPY <<E${x/a/b} <<F /d/", ["F"]),
        ("COPY a${x:-b} <<F /d/", ["F"]),
    ],
)
def test_a_modifier_unmakes_the_word_before_it(line: str, names: list[str]) -> None:
    assert [heredoc.name for heredoc in named_in(line)] == names
