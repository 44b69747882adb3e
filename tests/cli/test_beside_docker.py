"""The words about images beside docker's: the same status and the same standard output, to the byte.

What differs on purpose stands in docs/images.md: where images lie, when they were tagged, the status of an incomplete line.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.docker]

WIDE = "RUN : é 한국어로 쓴 것은 두 칸이다 두 칸이다\nENV W=한국\n"
DOCKERFILE = f'FROM busybox\nLABEL a=b\nENV X=1\nCOPY f /srv/f\nRUN echo hi >/srv/g && rm /etc/group\n{WIDE}CMD ["true"]\n'
COLUMNS = "{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Size}}|{{.Digest}}"
TABLE = "table {{.CreatedAt}}\\t{{.VirtualSize}}\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}"
INSPECTED = "{{.Id}} {{.Architecture}} {{.Os}} {{.Size}} {{.Created}} {{json .Config.Env}} {{.Config.Cmd}}"
ROWS = f"""
images IMAGE
images --format '{COLUMNS}' IMAGE
images -q IMAGE
images -q --no-trunc IMAGE
images --quiet=true IMAGE
images --quiet=false IMAGE
images --digests IMAGE
images --format json IMAGE
images --format 'table {{{{.ID}}}}\\t{{{{.Size}}}}' IMAGE
images nosuch
images IMAGE:2
images -q --filter label=a=b IMAGE
images --filter nonsense=1
images -q --filter reference=IMAGE
images --format '{{{{.Nope}}}}' IMAGE
history IMAGE:1
history -q IMAGE:1
history --no-trunc IMAGE:1
history --format json IMAGE:1
history --human=false IMAGE:1
history --format '{{{{.CreatedBy}}}}|{{{{.Size}}}}' IMAGE:1
history --format 'table {{{{.ID}}}}\\t{{{{.CreatedAt}}}}\\t{{{{.CreatedBy}}}}' IMAGE:1
images --format '{TABLE}' IMAGE
history nosuch
inspect -f '{INSPECTED}' IMAGE:1
inspect -f '{{{{json .RootFS}}}}' IMAGE:1
inspect -f '{{{{json .Config}}}}' IMAGE:1
inspect nosuch
tag IMAGE:1 IMAGE:2
tag nosuch x
tag IMAGE:1 'Bad Name'
images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' IMAGE
rmi IMAGE:2
rmi IMAGE:2
rmi nosuch
rmi -f nosuch
tag IMAGE:1 other/IMAGE:3
rmi other/IMAGE:3
run --rm IMAGE:1 stat -c '%n %s %a' /srv/f
run --rm=true IMAGE:1 ls /etc
save nosuch
load -i /nosuch
pull Bad
images --format '{{{{json .}}}}' IMAGE
images --format 'table {{{{json .Tag}}}} {{{{upper .Repository}}}} {{{{title .ID}}}}' IMAGE
images --filter dangling=bogus
images --filter before=nosuch
images -q --filter until=1h IMAGE
history -q --platform linux/amd64 IMAGE:1
history --platform linux/arm64 IMAGE:1
inspect --type container IMAGE:1
inspect --size -f '{{{{.Id}}}}' IMAGE:1
""".strip().split("\n")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """docker's image, and the same in a store of ours."""
    name = f"dock2sh-beside-{os.getpid()}"
    folder = tmp_path_factory.mktemp(name)
    (folder / "f").write_text("text")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    subprocess.run(["docker", "build", "-q", "-t", f"{name}:1", folder], check=True, capture_output=True)
    saved = subprocess.run(["docker", "save", f"{name}:1"], check=True, capture_output=True).stdout
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    try:
        subprocess.run([sys.executable, "-m", "dock2sh", "load"], input=saved, check=True, capture_output=True)
        yield name
    finally:
        del os.environ["XDG_DATA_HOME"]
        subprocess.run(["docker", "rmi", "-f", f"{name}:1", f"{name}:2", f"other/{name}:3"], check=False, capture_output=True)


@pytest.mark.parametrize("row", ROWS)
def test_the_same_words(row: str, image: str, tmp_path: Path) -> None:
    words = [word.replace("IMAGE", image) for word in shlex.split(row)]
    theirs, ours = (
        subprocess.run([*program, *words], check=False, capture_output=True, text=True, cwd=tmp_path)
        for program in (["docker"], [sys.executable, "-m", "dock2sh"])
    )
    assert (ours.returncode, timeless(ours.stdout)) == (theirs.returncode, timeless(theirs.stdout)), ours.stderr


def timeless(text: str) -> str:
    """An image becomes older between two questions, and a column may become wider."""
    return re.sub(
        r"(About a minute|Less than a second|\d+ (seconds?|minutes?)) ago *", "AGO ", re.sub(r"CREATED  +", "CREATED ", text)
    )
