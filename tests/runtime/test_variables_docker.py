"""Variables by all their ways (ENV, ARG, build arguments, proxies, stages): what RUNs and `start` see, as in docker."""

import subprocess
from pathlib import Path

import pytest
from workshop import Workshop

from dock2sh import evaluate, parse, script
from dock2sh.bases import finder
from dock2sh.plan.context import Project
from dock2sh.plan.evaluate import Options

pytestmark = [pytest.mark.docker, pytest.mark.root]

# (name, build arguments, Dockerfile); LOOK puts what a RUN sees into the image
LOOK = 'RUN ["/bin/sh", "-c", "env | sort >> /seen"]'
CASES = [
    ("an-arg-of-a-parent", "", "FROM busybox AS a\nARG P=1\nENV E=1\nFROM a\nLOOK\n"),
    ("args-over-many-stages", "P=given", "FROM busybox AS a\nARG P=1\nARG Q=2\nFROM a AS b\nENV Q=env\nARG R=$P\nFROM b\nLOOK\n"),
    ("an-arg-after-an-env", "", "FROM busybox AS a\nENV A=env\nARG A=arg\nLOOK\nFROM a\nLOOK\n"),
    ("an-env-after-an-arg", "", "FROM busybox AS a\nARG A=arg\nENV A=env\nLOOK\nFROM a\nARG A=other\nLOOK\n"),
    ("an-arg-without-a-value", "", "ARG G=global\nFROM busybox\nENV A=1\nARG A\nARG G\nARG N\nARG E=\nLOOK\n"),
    ("a-build-argument-that-nobody-asks-for", "A=1 PATH=/x", "FROM busybox\nLOOK\n"),
    ("a-home-of-one's-own", "HOME=/h", "FROM busybox\nARG HOME\nLOOK\nENV HOME=/e\nLOOK\n"),
    ("a-proxy", "http_proxy=http://p NO_PROXY=n", "FROM busybox AS a\nLOOK\nFROM a\nLOOK\n"),
    ("a-proxy-and-an-env", "http_proxy=http://p", "FROM busybox\nENV http_proxy=http://e HTTP_PROXY=\nLOOK\nFROM 0\nLOOK\n"),
    (
        "a-proxy-and-an-arg",
        "HTTPS_PROXY=http://p",
        "FROM busybox\nARG HTTPS_PROXY=http://a\nENV S=$https_proxy,$HTTPS_PROXY\nLOOK\n",
    ),
    ("an-empty-proxy", "http_proxy=", "FROM busybox\nENV http_proxy=http://e\nLOOK\n"),
    ("names-of-one-character", "", "FROM busybox\nENV 1=one @=at\nENV A=$1 B=$@ C=${1:-x} D=$2\nLOOK\n"),
]


def lines(text: str) -> list[str]:
    """In order of name, without what a shell adds and each machine has of its own."""
    return sorted(line for line in text.splitlines() if not line.startswith(("SHLVL=", "HOSTNAME=", "PWD=")))


@pytest.mark.parametrize(("name", "given", "text"), CASES, ids=[case[0] for case in CASES])
def test_as_docker_has_them(tmp_path: Path, name: str, given: str, text: str) -> None:
    workshop = Workshop("dash", tmp_path)
    text = text.replace("FROM 0\n", "FROM first\n").replace("FROM busybox\n", "FROM busybox AS first\n")
    text = text.replace("LOOK", LOOK) + 'CMD ["env"]\n'
    arguments = dict(pair.split("=", 1) for pair in given.split())
    image = f"dock2sh-variables-{name}".replace("'", "")
    folder = workshop.context / image
    folder.mkdir()
    (folder / "Dockerfile").write_text(text)
    try:  # proxies do not count for docker's cache
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        subprocess.run(["docker", "build", "-q", "--no-cache", *options, "-t", image, folder], check=True, capture_output=True)
        theirs = [said("docker", "run", "--rm", image, *words) for words in ((), ("cat", "/seen"))]
    finally:
        subprocess.run(["docker", "image", "rm", "-f", image], check=False, capture_output=True)
    assert ours(workshop, text, arguments) == theirs


def ours(workshop: Workshop, text: str, arguments: dict[str, str]) -> list[list[str]]:
    """What `start` says, and what the RUNs of our script saw."""
    plan = evaluate(parse(text), Options(arguments), finder({}, False, lambda said: None))
    made = workshop.home / "setup.sh"
    made.write_text(script(plan, Project("Dockerfile", text, None, None)))
    places = ["--root", str(workshop.root), "--state", str(workshop.state)]
    built = workshop.call([str(made), *places])
    assert built.returncode == 0, built.stderr
    return [lines(workshop.call([str(made), *places, "start"]).stdout), lines(Path(workshop.root / "seen").read_text())]


def said(*words: str) -> list[str]:
    return lines(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
