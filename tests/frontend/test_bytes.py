"""Bytes that are no UTF-8, marks and blanks that Go has and Python has not, JSON that is none to Go: what docker makes of them
(measured on Docker 28.5)."""

import pytest

import dock2sh
from dock2sh.emit.plan_json import plan_object
from dock2sh.model import Plan
from dock2sh.source import Refused


def planned(dockerfile: bytes) -> Plan:
    return dock2sh.evaluate(dock2sh.parse((b"FROM scratch\n" + dockerfile).decode("utf-8", "surrogateescape")))


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        (b"ENV A=caf\xe9", "Env", ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=caf\ufffd"]),
        (b"LABEL a=\xff\xfe", "Labels", {"a": "\ufffd\ufffd"}),
        (b"LABEL a='\xe2\x82'", "Labels", {"a": "\ufffd\ufffd"}),
        (b"WORKDIR /a\xe9", "WorkingDir", "/a\ufffd"),
        (b"CMD echo caf\xe9", "Cmd", ["/bin/sh", "-c", "echo caf\ufffd"]),
        (b'ENTRYPOINT ["caf\xe9", "\\udc41"]', "Entrypoint", ["caf\ufffd", "\ufffd"]),
        (b"HEALTHCHECK CMD \xe9", "Healthcheck", {"Test": ["CMD-SHELL", "\ufffd"]}),
        (b"ONBUILD RUN \xe9", "OnBuild", ["RUN \ufffd"]),
        # a byte order mark is dropped where Go's text/scanner begins with one: at the start of a word
        (b"LABEL \xef\xbb\xbfx=\xef\xbb\xbf\xef\xbb\xbfy z='\xef\xbb\xbf'", "Labels", {"x": "\ufeffy", "z": "\ufeff"}),
        (b"WORKDIR \xef\xbb\xbf/w", "WorkingDir", "/w"),
        (b'CMD ["\xef\xbb\xbfa"]', "Cmd", ["\ufeffa"]),
        (b"LABEL D\x1cE=x\x1fy K=${A:-\xef\xbb\xbfz}", "Labels", {"D\x1cE": "x\x1fy", "K": "\ufeffz"}),  # no blanks to Go
        (b"CMD [1e999]", "Cmd", ["/bin/sh", "-c", "[1e999]"]),
        (b"CMD [" + b"1" * 400 + b"]", "Cmd", ["/bin/sh", "-c", "[" + "1" * 400 + "]"]),
    ],
)
def test_the_config_has_what_go_makes_of_them(line: bytes, key: str, value: object) -> None:
    assert plan_object(planned(line))["config"][key] == value


def test_a_run_with_them_is_refused_where_it_is_needed() -> None:
    with pytest.raises(Refused, match="invalid UTF-8") as refused:
        planned(b"RUN a\nRUN echo caf\xe9\n")
    assert refused.value.diagnostic.spans[0].first == 3
    planned(b"RUN echo caf\xe9\nFROM scratch\n")
    planned(b"RUN a \\\n# caf\xe9\n b\n")


def test_what_is_not_expanded_stays() -> None:
    copy = plan_object(planned(b'COPY <<A <<"B" /x/\n\xe9\nA\n\xe9\nB\n'))["stages"][0]["steps"][0]
    assert [file["content"] for file in copy["files"]] == ["\ufffd\n", "\udce9\n"]


def test_the_content_of_a_here_document_is_a_word_too() -> None:
    copy = plan_object(planned(b'COPY <<A <<"B" \xef\xbb\xbf/x/\n\xef\xbb\xbfa\nA\n\xef\xbb\xbfb\nB\n'))["stages"][0]["steps"][0]
    assert [file["content"] for file in copy["files"]] == ["a\n", "\ufeffb\n"]
    assert copy["destination"] == "/x/"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"RUN \xd9\xa3<<EOF\necho hi\nEOF\n", "unknown instruction"),  # an Arabic three: no digit to Go's \\d
        (b"RUN cat <<E\xff\necho hi\nE\xff\n", "unterminated heredoc"),  # the name is mended, the lines are not
        # flags are read byte by byte, and package time quotes bytes
        (b"HEALTHCHECK --interval=5\xc2\xb5 CMD x", r'unknown unit "\\xc3\\x82\\xc2\\xb5" in duration "5\\xc3'),
        (b"HEALTHCHECK --interval=\xc3\xa9 CMD x", r'invalid duration "\\xc3\\x83\\xc2\\xa9"'),
    ],
)
def test_what_docker_refuses(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        planned(text)
