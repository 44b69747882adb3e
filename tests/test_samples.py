"""samples/ is true: each setup.sh is what comes out of its Dockerfile, and every shell and shellcheck take it."""

import os
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import dock2sh
from dock2sh.plan.context import locate
from dock2sh.proof import Wish, prove

SAMPLES = Path(__file__).parent.parent / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))
SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "ash"]]


made: Callable[[Path], str] = runpy.run_path(str(SAMPLES / "update.py"))["made"]


@pytest.mark.parametrize("name", NAMES)
def test_the_script_is_what_comes_out(name: str) -> None:
    if (SAMPLES / name / "setup.sh").read_text() != made(SAMPLES / name):
        pytest.fail("another script comes out now; if it should:  ./dev python samples/update.py", pytrace=False)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "node"])
def test_the_command_line_says_the_same(name: str, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(SAMPLES / name, tmp_path / "elsewhere")
    environment = os.environ | {"LC_ALL": "C", "PYTHONHASHSEED": "1", "HOME": str(tmp_path)}
    done = subprocess.run(["dock2sh", "--offline", elsewhere], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == made(SAMPLES / name)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_reads_them(shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    for name in NAMES:
        subprocess.run([*shell, "-n", SAMPLES / name / "setup.sh"], check=True)
        listed = subprocess.run([*shell, "setup.sh", "--list"], cwd=SAMPLES / name, capture_output=True, text=True, check=True)
        assert listed.stdout.count("Dockerfile:") == (SAMPLES / name / "setup.sh").read_text().count("\n    step ")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(["shellcheck", SAMPLES / name / "setup.sh"], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_nothing_in_them_knows_where_they_were_made() -> None:
    for name in NAMES:
        script = (SAMPLES / name / "setup.sh").read_text()
        assert str(SAMPLES) not in script
        assert "shellcheck disable" not in script


CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# node has a base image that is not here; scratch has a compiler to fetch, which `compile` has, too
BUILT = {"node": None, "scratch": None, "mounts": ["--secret", "id=token,src=/etc/os-release"]}


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.root
@pytest.mark.parametrize("name", [name for name in NAMES if BUILT.get(name, ()) is not None])
def test_docker_builds_the_same(name: str, tmp_path: Path) -> None:
    # BuildKit tells contexts apart by little more than the folder's name
    folder = shutil.copytree(SAMPLES / name, tmp_path / f"sample-{name}")
    dockerfile = folder / "Dockerfile"
    if CERTIFICATES.exists():  # pip asks for those of this machine; the package ca-certificates makes the image's anew
        shutil.copy(CERTIFICATES, folder / "machine.crt")
        known = "COPY machine.crt /\nRUN PIP_CERT=/machine.crt pip "
        dockerfile.write_text(dockerfile.read_text().replace("RUN pip ", known))
    options = BUILT.get(name) or []
    project = locate(str(folder))
    plan = dock2sh.evaluate(dock2sh.parse(project.text), find_base=dock2sh.find_bases({}))
    answer = prove(plan, project, str(dockerfile), lambda plan: dock2sh.script(plan, project), Wish(options, options))
    assert answer.verdict in ("identical", "equivalent"), answer
    assert answer.files, f"neither side builds it, which proves nothing: {answer.notes}"


@pytest.mark.root
@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in a root"])
def test_the_sleeper_starts_as_docker_run_would(shell: list[str], elsewhere: bool, tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("no busybox here")
    (tmp_path / "bin").mkdir()
    for program in ("sleep", "echo"):
        shutil.copy2(busybox, tmp_path / "bin" / program)

    def start(*words: str) -> str:
        command = [*shell, "setup.sh", *(["--root", str(tmp_path)] if elsewhere else []), "start", *words]
        done = subprocess.run(command, cwd=SAMPLES / "sleeper", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert start("0.1") == ""  # ENTRYPOINT stays; sleep would complain of anything else
    assert start("--entrypoint", "echo", "1", "2") == "1 2\n"
