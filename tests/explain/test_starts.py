"""How it starts: process 1, as docker has it, and who gets the signal."""

import json
import re
import subprocess
import time
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
    'ENTRYPOINT ["/app/bin/docker-entrypoint"]': ("by its name a script: if it is one", True),
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


SHELL_ASKED_FOR = {
    '["docker-entrypoint.sh"]': "bash is an argument of docker-entrypoint.sh: a shell to look around in only if that does",
    '["tini", "--", "/run.sh"]': "bash is an argument of /run.sh: a shell to look around in only if that does",
    '["bash", "/run.sh"]': "bash is an argument of /run.sh: a shell to look around in only if that does",
    '["tini", "--"]': "A shell to look around in: tini starts it.",
    '["gosu", "app"]': "A shell to look around in: gosu starts it.",
    '["nginx"]': "No shell to look around in: bash is an argument of nginx.",
    '["bash"]': "No shell to look around in: bash is an argument of bash.",
}


@pytest.mark.parametrize("entrypoint", SHELL_ASKED_FOR)
def test_who_may_start_the_shell_that_one_asks_for(entrypoint: str) -> None:
    """`docker run -it postgres bash` is a shell, though its ENTRYPOINT is told: it was said to be none."""
    rows = explained(f"FROM debian:12\nENTRYPOINT {entrypoint}\n").start.rows
    said = next(plain(row.says) for row in rows if row.typed == "docker run -it IMAGE bash")
    assert said.startswith(SHELL_ASKED_FOR[entrypoint])


BASH = 'SHELL ["/bin/bash", "-c"]\nCMD '
FIRST = {
    ("debian:12", "CMD sleep 300"): "sh",
    ("debian:12", "CMD cd /tmp && exec sleep 300"): "sleep",
    ("debian:12", BASH + "cd /tmp && sleep 300"): "sleep",
    ("debian:12", BASH + "V=1 sleep 300"): "sleep",
    ("debian:12", BASH + "sleep 300 > /dev/null"): "bash",
    ("debian:12", BASH + "(sleep 300)"): "bash",
    ("debian:12", BASH + "! sleep 300"): "bash",
    ("debian:12", BASH + "time sleep 300"): "bash",
    ("debian:12", BASH + "sleep 300 | cat"): "bash",
    ("debian:12", BASH + "sleep 300; echo done"): "bash",
    ("debian:12", BASH + "f() { sleep 300; }; f"): "bash",
    ("debian:12", 'ENTRYPOINT ["bash", "-c", "exec sleep \\"$@\\"", "--"]\nCMD ["300"]'): "sleep",
    ("debian:12", 'ENTRYPOINT ["bash", "-o", "pipefail", "-c"]\nCMD ["sleep 300"]'): "sleep",
    ("debian:12", 'ENTRYPOINT ["env", "A=1", "sleep", "300"]'): "sleep",
    ("busybox", "CMD sleep 300"): "sleep",
    ("busybox", "CMD cd /tmp; sleep 300 > /dev/null"): "sleep",
    ("busybox", "CMD (sleep 300)"): "sleep",
    ("busybox", "CMD sleep 300; true"): "sh",
    ("busybox", "CMD trap '' INT; sleep 300"): "sleep",
    ("busybox", "CMD trap 'echo' INT; sleep 300"): "sh",
}
"""The program that process 1 is, when the container runs."""


@pytest.mark.parametrize("case", FIRST)
def test_who_is_process_one(case: tuple[str, str]) -> None:
    says = plain(explained(f"FROM {case[0]}\n{case[1]}\n").start.rows[-1].says)
    who = re.search(r"the shell (\S+), which|goes to (\S+), process 1", says)
    assert who
    assert (who[1] or who[2]).rpartition("/")[2] == FIRST[case]


@pytest.mark.docker
def test_docker_has_the_same_process_one(tmp_path: Path) -> None:
    """All at once: /proc/1/cmdline of a container of each."""
    running = dict[tuple[str, str], tuple[str, str]]()
    try:
        for index, case in enumerate(FIRST):
            home = tmp_path / f"first-{tmp_path.name}-{index}"
            home.mkdir()
            (home / "Dockerfile").write_text(f"FROM {case[0]}\n{case[1]}\n")
            image = told("build", "-q", str(home))
            running[case] = told("run", "-d", "--network=none", image), image
        time.sleep(1)
        seen = {case: told("exec", name, "cat", "/proc/1/cmdline").split("\0")[0] for case, (name, _) in running.items()}
    finally:
        for name, image in running.values():
            subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
            subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=False)
    assert {case: program.rpartition("/")[2] for case, program in seen.items()} == FIRST


def told(*command: str) -> str:
    return subprocess.run(["docker", *command], capture_output=True, text=True, check=True).stdout.strip()


def test_a_shell_that_has_a_trap() -> None:
    for text, answers in (
        ("CMD trap 'exit 0' TERM; sleep 300 & wait", True),
        ("STOPSIGNAL 2\nCMD trap 'exit 0' SIGINT; sleep 300 & wait", True),
        ("CMD trap '' TERM; sleep 300 & wait", False),
        ("CMD trap 'exit 0' INT; sleep 300 & wait", False),
    ):
        row = explained(f"FROM debian:12\n{text}\n").start.rows[-1]
        assert ("has a trap" in plain(row.says)) is answers
        assert row.warns is not answers


@pytest.mark.parametrize("text", ["sleep 300; echo done", "a | cat", "while :; do a; done", "a & wait", "time a"])
def test_no_exec_is_advised_where_it_does_not_help(text: str) -> None:
    assert not explained(f"FROM debian:12\nCMD {text}\n").start.advice


def test_a_variable_that_nobody_replaces() -> None:
    advice = explained('FROM debian:12\nENV T=5\nCMD ["sleep", "$T"]\n').start.advice
    assert "sleep gets $T as it is written" in plain(advice[0])
    for text in ('CMD ["sh", "-c", "sleep $T"]', 'ENTRYPOINT ["/e.sh"]\nCMD ["$T"]', 'CMD ["awk", "{ print }"]'):
        assert not any("as it is written" in plain(each) for each in explained(f"FROM debian:12\n{text}\n").start.advice)


def test_a_port_of_udp_is_published_as_one() -> None:
    assert explained("FROM debian:12\nEXPOSE 53/udp\nCMD a\n").start.rows[0].typed == "docker run -p 53:53/udp IMAGE"


def test_nothing_to_start() -> None:
    row = explained("FROM scratch\nCOPY a /a\n").start.rows[0]
    assert row.process is None
    assert row.warns
    assert "base image's" in plain(explained("FROM x\n", known=False).start.rows[0].says)
