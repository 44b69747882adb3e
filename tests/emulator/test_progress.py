"""What one sees of a build beside what docker shows: the names of steps, and BuildKit's own messages."""

import json
import re
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from building import dock2sh

pytestmark = [pytest.mark.root, pytest.mark.docker]

DOCKERFILE = r"""FROM busybox AS Base
ARG USED=val
ENV E1="a b" HOME2=/h
run echo $USED "$USED" '$USED' ${USED} \$USED $UNSET ${UNSET:-other} ${UNSET} $$ $1 $HOME
RUN   echo    two   \
   # a comment
   spaces  "x  y"
RUN ["echo", "$USED", "b"]
WORKDIR "/w x/$USED/$UNSET"
COPY $HOME2.x* "a.txt"  /$USED/
copy ["a.txt", "/s/$USED/"]
COPY --chown=0:0 --chmod=644 a.txt d /x/
ADD a.txt /y/\$USED
RUN --mount=type=cache,target=/c/$USED echo mount
RUN <<EOF
echo $USED
EOF
RUN <<-'EOF'

	echo one $USED
	true
EOF
RUN <<EOF
echo '"'
# $USED "
EOF
COPY <<F1 <<"F2" /hd/
$USED
F1
two
F2
RUN cat <<A && echo $E1
 h
A
RUN echo "$USED" # it's $USED
FROM scratch AS two
COPY --from=base /x /x
WORKDIR /a
FROM base
USER nobody
RUN echo tail
COPY --from=two /a /b
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / f"progress-{tmp_path.parent.name}"
    (folder / "d").mkdir(parents=True)
    (folder / "d/b").write_text("b")
    (folder / "a.txt").write_text("a")
    return folder


def docker(*words: str | Path) -> str:
    done = subprocess.run(["docker", "build", "--no-cache", *words], capture_output=True, text=True, check=False)
    return done.stderr


def names(text: str) -> set[str]:
    """Those of steps: what docker does besides is its own."""
    found = re.findall(r"^#\d+ (\[.*)", text, re.MULTILINE)
    return {name for name in found if not name.startswith("[internal]") and "] FROM " not in name}


def test_a_step_is_called_as_docker_calls_it(project: Path) -> None:
    (project / "Dockerfile").write_text(DOCKERFILE)
    theirs = names(docker("--progress=plain", project))
    assert len(theirs) == 19
    assert names(dock2sh("emulate", "--progress=plain", project).stderr) == theirs


def test_buildkits_own_messages(project: Path) -> None:
    """As a program reads them: vertexes that begin, end, fail or are cached, and logs."""
    (project / "Dockerfile").write_text("FROM busybox\nARG A=1\nRUN echo out $A\nRUN exit 3\n")
    theirs, ours = docker("--progress=rawjson", project), dock2sh("emulate", "--progress=rawjson", project).stderr
    assert told(ours) == told(theirs)
    again = dock2sh("emulate", "--progress=rawjson", project).stderr
    assert [vertex.get("cached") for vertex in messages(again, "vertexes")] == [True, None, None]


def test_a_step_fails_in_dockers_words(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM busybox\nRUN echo x && false\n")
    texts = docker("--progress=plain", project), dock2sh("emulate", "--progress=plain", project).stderr
    theirs, ours = (re.findall(r"^#\d+ (ERROR: .*)", text, re.MULTILINE) for text in texts)
    assert ours == theirs


def messages(text: str, kind: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    found = [one for line in lines for one in line.get(kind, ())]
    return [one for one in found if kind == "logs" or re.match(r"\[\d/\d\] RUN", one["name"])]


def told(text: str) -> tuple[dict[str, object], list[tuple[list[str], str]]]:
    """How each step ended, with its keys; what was printed."""
    ends = {one["name"]: (sorted(one.keys() - {"inputs"}), one.get("error", "")) for one in messages(text, "vertexes")}
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
    assert all(stamp.fullmatch(one["completed"]) for one in messages(text, "vertexes") if "completed" in one)
    logs = [(sorted(one), b64decode(one["data"]).decode()) for one in messages(text, "logs")]
    return dict(ends), [log for log in logs if "exit status" not in log[1]]
