"""How it starts: process 1, as docker has it, and who gets the signal."""

import json
import subprocess
from pathlib import Path

import pytest
from explaining import explained

from dock2sh.explain.language import plain

SHELL = ("/bin/sh", "-c")
STARTS = {
    'ENTRYPOINT ["x", "y"]': [("x", "y"), ("x", "y", "a", "b"), ("x", "y", "bash")],
    'ENTRYPOINT ["x", "y"]\nCMD ["c"]': [("x", "y", "c"), ("x", "y", "a", "b"), ("x", "y", "bash")],
    'CMD ["c", "d"]': [("c", "d"), ("a", "b"), ("bash",)],
    "CMD c d": [(*SHELL, "c d"), ("a", "b"), ("bash",)],
    "ENTRYPOINT x y": [(*SHELL, "x y"), (*SHELL, "x y", "a", "b"), (*SHELL, "x y", "bash")],
    'ENTRYPOINT x y\nCMD ["c"]': [(*SHELL, "x y", "c"), (*SHELL, "x y", "a", "b"), (*SHELL, "x y", "bash")],
    'ENTRYPOINT ["x"]\nCMD c d': [("x", *SHELL, "c d"), ("x", "a", "b"), ("x", "bash")],
    'CMD ["c"]\nENTRYPOINT ["x"]': [("x", "c"), ("x", "a", "b"), ("x", "bash")],
    'ENTRYPOINT ["x"]\nENTRYPOINT []\nCMD ["c"]': [("c",), ("a", "b"), ("bash",)],
    'SHELL ["/bin/bash", "-ec"]\nCMD c': [("/bin/bash", "-ec", "c"), ("a", "b"), ("bash",)],
}


@pytest.mark.parametrize("text", STARTS)
def test_process_one(text: str) -> None:
    rows = explained(f"FROM debian:12\n{text}\n").start.rows
    assert [row.process for row in rows[:3]] == STARTS[text]
    assert rows[3].process == ("bash",)


@pytest.mark.docker
@pytest.mark.parametrize("text", STARTS)
def test_docker_starts_the_same_process(text: str, tmp_path: Path) -> None:
    """What `docker create` says that it would start is what the table says."""
    home = tmp_path / f"starts-{abs(hash(text))}"
    home.mkdir()
    (home / "Dockerfile").write_text(f"FROM debian:12\n{text}\n")
    image = subprocess.run(["docker", "build", "-q", home], capture_output=True, text=True, check=True).stdout.strip()
    rows = explained(f"FROM debian:12\n{text}\n").start.rows
    for row, arguments in zip(rows, ([], ["a", "b"], ["bash"]), strict=False):
        assert row.process == created(image, [], arguments), row.typed
    assert rows[3].process == created(image, ["--entrypoint", "bash"], [])
    subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=True)


def created(image: str, options: list[str], arguments: list[str]) -> tuple[str, ...]:
    command = ["docker", "create", *options, image, *arguments]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    shown = subprocess.run(["docker", "inspect", name], capture_output=True, text=True, check=True).stdout
    subprocess.run(["docker", "rm", name], capture_output=True, check=True)
    container = json.loads(shown)[0]
    return (container["Path"], *container["Args"])


STOPS = {
    'CMD ["nginx", "-g", "daemon off;"]': ("goes to nginx, process 1, which ends", False),
    'CMD ["python3", "app.py"]': ("takes no notice", True),
    'ENTRYPOINT ["/tini", "--"]\nCMD ["x"]': ("hands it on", False),
    'ENTRYPOINT ["/entrypoint.sh"]': ("a script", True),
    "CMD exec nginx": ("which ends", False),
    "CMD a && b": ("which passes nothing on", True),
    'STOPSIGNAL SIGQUIT\nCMD ["nginx"]': ("SIGQUIT goes to nginx", False),
}


@pytest.mark.parametrize("text", STOPS)
def test_who_gets_the_signal(text: str) -> None:
    row = explained(f"FROM debian:12\n{text}\n").start.rows[-1]
    assert row.typed == "docker stop CONTAINER"
    assert STOPS[text][0] in plain(row.says)
    assert row.warns == STOPS[text][1]


def test_nothing_to_start() -> None:
    row = explained("FROM scratch\nCOPY a /a\n").start.rows[0]
    assert row.process is None
    assert row.warns
    assert "base image's" in plain(explained("FROM x\n", known=False).start.rows[0].says)
