"""Explanations of hostile files, and of any file: no page is changed, no terminal steered, nothing breaks."""

import json
import re
import xml.dom.minidom
from html.parser import HTMLParser

import pytest
from explaining import explained, steps
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dock2sh
from dock2sh.explain import drawing
from dock2sh.explain.as_json import explanation_object
from dock2sh.explain.markdown import markdown
from dock2sh.explain.page import page
from dock2sh.explain.terminal import Style, lines
from dock2sh.source import Refused

HOSTILE = (
    "FROM debian:12 AS a\n"
    'RUN echo "</pre><script>alert(1)</script>" \'<img src=x onerror=alert(1)>\' `id` {x} {0} %s "${HOME}"\n'
    'RUN echo \x1b[31mred\x1b[0m \u202ertl \x07 | tee \'`\' "```" "|" "]]>"\n'
    'LABEL a="</style><script>alert(2)</script>" b="--> ] ; %%{init}%%"\n'
    'COPY a\x1b]0;x\x07 "x"><script>/\n'
    "RUN curl https://x/'\"><script>alert(3)</script>\n"
    'ENTRYPOINT ["</title><script>", "`", "|", "\\u001b[2J"]\n'
)


class Page(HTMLParser):
    """The tags of a page, and its attributes that could load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "srcset", "data", "action", "poster") or name.startswith("on"):
                self.loads.append(f"{tag} {name}")
            if name == "href" and value and not value.startswith(("#", "https://")):
                self.loads.append(f"{tag} {name}={value}")


def test_a_hostile_file_changes_no_page() -> None:
    shown = page(explained(HOSTILE, checked=True), "en")
    parsed = Page(shown)
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & set(parsed.tags)
    assert not parsed.loads
    assert parsed.tags.count("title") == shown.count("<title>")
    assert "url(" not in shown.replace("url(#", "")
    assert "@import" not in shown


def test_a_hostile_file_steers_no_terminal() -> None:
    for line in lines(explained(HOSTILE, checked=True), Style(80)):
        assert line.isprintable(), line
    for line in lines(explained(HOSTILE, checked=True), Style(80, colour=True)):
        assert re.sub(r"\033\[[0-9;]*m", "", line).isprintable(), line


def test_a_hostile_file_breaks_no_picture() -> None:
    graph = explained(HOSTILE).graph
    assert not xml.dom.minidom.parseString(drawing.svg(graph)).getElementsByTagName("script")
    assert drawing.dot(graph).count("{") == drawing.dot(graph).count("}")
    assert not re.search(
        r"[<>](?!br/>|\|)", drawing.mermaid(graph).replace("-->", "").replace("==>", "").replace("-.->", "").replace("<br/>", "")
    )


def test_markdown_is_closed_by_nobody() -> None:
    text = markdown(explained(HOSTILE))
    outside, fence = list[str](), ""
    for line in text.split("\n"):
        if not fence and (match := re.match("(`{3,})", line)):
            fence = match[1]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    assert not [line for line in outside if "<" in re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", line).replace("\\<", "")]


# ---- any file

LINES = st.sampled_from(
    [
        "ENV A=1 B=$A", "ARG X", "ARG Y=$A", "RUN a && b | c", "RUN echo 'x", 'RUN ["a", "b"]', "WORKDIR $A", "USER $X",
        "EXPOSE 80 90/udp", "VOLUME /a", "COPY . .", "COPY --from=0 /a b/", "ADD https://x/y.tgz /", "ADD a.git#b /x", "CMD a",
        'ENTRYPOINT ["a"]', "LABEL a=b", "ONBUILD RUN x", "HEALTHCHECK CMD a", "HEALTHCHECK NONE", "STOPSIGNAL INT",
        'SHELL ["/bin/bash", "-c"]', "FROM debian", "FROM scratch AS b", "FROM b", "RUN <<E\na\nE", "RUN <<E cat\na\nE",
        "COPY <<E /x\n$A\nE", "RUN --mount=type=cache,target=/c a", "RUN --mount=from=b,target=/c a",
        "RUN --mount=type=secret,id=s a", "# hadolint ignore=DL3006", "MAINTAINER me", "RUN case a in b) c;; esac",
        "RUN for i in a; do b; done",
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=14), st.booleans())
@example(["FROM b", "WORKDIR $A", "COPY . ."], False)  # a directory that nobody knows yet: there is nothing above it
def test_every_format_of_any_file(rest: list[str], known: bool) -> None:
    text = "\n".join(["FROM debian:12 AS a", *rest]) + "\n"
    try:
        found = explained(text, known, checked=True)
    except Refused:
        return
    numbers = [step.first for step in steps(found)]
    assert numbers == [node.span.first for node in dock2sh.parse(text).nodes]
    assert all(len(re.sub(r"\033\[[0-9;]*m", "", line)) for line in lines(found, Style(60, True)) if line.strip())
    assert page(found, "en").endswith("</html>\n")
    assert markdown(found).startswith("# ")
    assert json.loads(json.dumps(explanation_object(found)))["schema"] == "dock2sh.explain/1"
    for drawn in (drawing.dot, drawing.mermaid):
        assert drawn(found.graph)
    xml.dom.minidom.parseString(drawing.svg(found.graph))


def test_boxes_of_twenty_stages_do_not_overlap() -> None:
    from dock2sh.explain.layout import place

    text = "".join(
        f"FROM debian:{n} AS s{n}\nRUN make\n" + (f"COPY --from=s{n - 1} /a /a\nCOPY --from=s{n // 2} /b /b\n" if n else "")
        for n in range(20)
    )
    placed = place(explained(text).graph)
    boxes = placed.boxes
    for index, one in enumerate(boxes):
        assert one.x >= 0
        assert one.x + one.width <= placed.width
        assert one.y + one.height <= placed.height
        for other in boxes[index + 1 :]:
            apart = (
                one.x + one.width < other.x
                or other.x + other.width < one.x
                or one.y + one.height < other.y
                or other.y + other.height < one.y
            )
            assert apart, (one.title, other.title)


def test_variables_nested_without_end_are_refused() -> None:
    """Docker's own parser has no bound; a traceback was the answer here."""
    assert dock2sh.evaluate(dock2sh.parse("FROM debian:12\nENV a=" + "${a:-" * 80 + "x" + "}" * 80 + "\n"))
    for opening, closing in (("${a:-", "}"), ('${a:-"', '"}')):
        text = "FROM debian:12\nENV a=" + opening * 8000 + "x" + closing * 8000 + "\n"
        with pytest.raises(Refused, match="nested more than 80 deep"):
            dock2sh.evaluate(dock2sh.parse(text))
