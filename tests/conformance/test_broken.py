"""Broken Dockerfiles that nobody recorded: the living engine refuses each, and we point at the same lines."""

import re
import subprocess
from pathlib import Path

import pytest

import dock2sh
import dock2sh.plan.context
from dock2sh.source import Refused

pytestmark = pytest.mark.docker

# what follows `FROM busybox`, as one instruction or several
BROKEN = [
    "RUN --mount=type=tmpfs,target=/x,source=/y true",
    "RUN --mount=type=ssh,target=/ true",
    "WORKDIR /x\nRUN --mount=type=tmpfs,target=/x/.. true",
    "RUN --mount=type=bind,target=/x,ro=maybe true",
    "RUN --mount=type=cache,target=/x,uid=-1 true",
    "RUN --mount=target=/x,bogus true",
    "COPY --link=1 a /x",
    "COPY --chmod=u+q a /x",
    "COPY --chmod=77777 a /x",
    'COPY ["a", "b", 1]',
    "COPY a[ /x\nCOPY a <<A\nA",
    "ADD --checksum=md5:d41d8cd98f00b204e9800998ecf8427e https://x.invalid/y /x",
    "ADD https://x.invalid/a.git?foo=1 /x",
    "ENV A=${B:1:2}",
    "ENV A=${B:?msg here}",
    "ENV B=1\nENV A=${B#\\x}",
    "ENV A=1 \\\n#c\n b",
    "LABEL a=b c",
    "ARG a='b",
    "EXPOSE 80/tcp/udp",
    "EXPOSE 80-70",
    'VOLUME ["a", ""]',
    "STOPSIGNAL 0",
    'SHELL ["a",2]',
    "HEALTHCHECK --interval=1d CMD x",
    "HEALTHCHECK --retries=1.5 CMD x",
    "HEALTHCHECK CMD",
    "ONBUILD MAINTAINER x",
    "ENTRYPOINT [null, 1]",
    "RUN <<A\nx\n A",
    "CMD --x\nFOO\nRUN true",
]


def ours(text: str) -> list[int] | None:
    """The lines that we point at; None if we see nothing wrong."""
    try:
        dock2sh.script(dock2sh.evaluate(dock2sh.parse(text)), dock2sh.plan.context.Project("Dockerfile", text, None, None))
    except Refused as refused:
        return sorted({line for span in refused.diagnostic.spans for line in range(span.first, span.last + 1)})
    return None


@pytest.mark.parametrize("text", BROKEN)
def test_the_engine_refuses_the_same_lines(tmp_path: Path, text: str) -> None:
    text = f"FROM busybox\n{text}\n"
    folder = tmp_path / f"broken-{BROKEN.index(text[13:-1])}-{tmp_path.name}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(text)
    (folder / "a").write_text("a")
    command = ["docker", "build", "--no-cache", "--progress=plain", folder]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0, "the engine builds it"
    assert ours(text) == sorted({int(line) for line in re.findall(r"^\s*(\d+) \| >>>", done.stderr, re.MULTILINE)})
