"""Recorded builds, emulated in each sandbox and put before the judge: identical to what the engine here builds.

About a tenth of them, in each sandbox another: that the script (test_living.py) and the emulator (emulator/
test_recorded_builds.py) make what docker makes is shown of all. DOCK2SH_ALL=1 asks about every one in every sandbox.
"""

import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import base as base_image
import pytest
import recorded
from test_living import OLDER

import dock2sh
from dock2sh.model import Plan
from dock2sh.plan.context import Project, locate
from dock2sh.plan.evaluate import Options, evaluate
from dock2sh.proof import Wish, prove, refused
from dock2sh.sandbox.choice import NAMES
from dock2sh.source import Refused
from dock2sh.verify import Verdict, text

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]
NAME = f"busybox:dock2sh-sandboxes-{os.getpid()}"
# what the tools of a sandbox that has only the image's cannot do, and say
NO_TOOL = {
    "add-tar-zst": "zstd",
    "users-by-number": "nsenter of util-linux",  # busybox's knows no 3000000000
}
MARKS = {"vm": [pytest.mark.vm], "podman": [pytest.mark.podman]}


@pytest.fixture(scope="module")
def base(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base image of the recordings, under a name of its own in the engine."""
    if engine:
        yield NAME  # the tests are skipped, and say why
        return
    home = tmp_path_factory.mktemp("base")
    base_image.make(home / "busybox.tar")
    base_image.archive(home / "busybox.tar", home / "image.tar", NAME)
    subprocess.run(["docker", "load", "-q", "-i", home / "image.tar"], check=True, capture_output=True)
    yield NAME
    subprocess.run(["docker", "image", "rm", NAME], check=False, capture_output=True)


def judged(case: recorded.Probe, context: Path, base: str, sandbox: str) -> Verdict:
    """A probe in a sandbox, and built by the engine."""
    (context.parent / "secret").write_text("s3cret\n")
    secret = ["--secret", f"id=s,src={context.parent}/secret"]
    docker = [f"--build-context=busybox=docker-image://{base}", *secret, *case.options()]
    wish = Wish(docker, secret, "docker", {"busybox": f"docker-image://{base}"}, sandbox=sandbox)
    file = str(case.folder / "Dockerfile")
    try:
        return _proved(case, locate(str(context), file), wish, file)
    except Refused as error:  # an ignore file that is wrong
        return refused(error.diagnostic, str(context), file, wish)


def _proved(case: recorded.Probe, project: Project, wish: Wish, file: str) -> Verdict:
    options = Options(case.arguments, case.target, "", case.labels)
    find = dock2sh.find_bases(dict(wish.contexts))
    dockerfile = dock2sh.parse(project.text)
    plan = evaluate(dockerfile, options, find, None, project.ignore)

    def write(plan: Plan) -> str:
        return dock2sh.script(plan, project, dockerfile.escape)

    return prove(plan, project, file, write, wish._replace(escape=dockerfile.escape))


# what went wrong in a container once, and there only
CONTAINERS = ("users-sloppy", "resolv-image", "onbuild-itself-chain")


def asked(name: str, number: int) -> bool:
    """By the name alone: a case more moves no other one."""
    if os.environ.get("DOCK2SH_ALL") or (name in CONTAINERS and NAMES[number] in ("docker", "podman")):
        return True
    return (zlib.crc32(name.encode()) + number) % 10 == 0


ASKED = [(name, place) for number, place in enumerate(NAMES) for name in recorded.names("probes") if asked(name, number)]


@pytest.mark.parametrize(("name", "sandbox"), [pytest.param(*pair, marks=MARKS.get(pair[1], ())) for pair in ASKED])
def test_identical(name: str, sandbox: str, base: str, tmp_path: Path) -> None:
    case = recorded.probe(name)
    context = tmp_path / f"{name}-{sandbox}"
    recorded.fill_context(case, context)
    answer = judged(case, context, base, sandbox)
    known = [words for probe, words, _ in OLDER if re.fullmatch(probe, name)]
    real = [one for one in answer.real if not any(re.match(words, one.theirs) for words in known)]
    too_old = answer.verdict == "not built" and any(words and re.search(words, answer.notes[0]) for words in known)
    lacking = NO_TOOL.get(name) if sandbox != "namespaces" else None
    if lacking:
        assert answer.verdict == ("inconclusive" if case.fails else "not built"), answer.notes
        assert any(lacking in note for note in answer.notes), answer.notes
        return
    assert too_old or not real, text(answer)
    assert too_old or known or answer.verdict in ("identical", "equivalent"), answer.notes
    shutil.rmtree(context)
