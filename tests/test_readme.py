"""The README is true: its commands are run as they stand there, and say what it says they say.

In a block `console` each `$ COMMAND` is followed by its whole output; of a block `sh` only that it succeeds is looked at.
`./dev python tests/test_readme.py` writes the outputs into it.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from dock2sh import evaluate, parse
from dock2sh.emit.plan_json import plan_object

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"(?<=^```sh\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def place(folder: Path) -> dict[str, str]:
    """What a checkout looks like to the commands; `dev` has made its environment already. Returns the variables."""
    for name in ("samples", "docs"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "dev").write_text('#!/bin/sh\nexec "$@"\n')
    (folder / "dev").chmod(0o755)
    return os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}


def session(block: str, folder: Path, variables: dict[str, str]) -> str:
    """The block with what its commands say now."""
    text = ""
    for command in re.findall(r"^\$ (.*)", block, re.MULTILINE):
        done = subprocess.run(command, shell=True, cwd=folder, env=variables, check=False, text=True, capture_output=True)
        text += f"$ {command}\n{done.stderr}{done.stdout}" + (f"(exit status {done.returncode})\n" if done.returncode else "")
    return text


def refreshed(folder: Path) -> str:
    variables = place(folder)
    return CONSOLE.sub(lambda block: session(block[0], folder, variables), README.read_text())


def test_the_outputs_are_real(tmp_path: Path) -> None:
    assert README.read_text() == refreshed(tmp_path), "./dev python tests/test_readme.py"


def test_the_commands_work(tmp_path: Path) -> None:
    variables = place(tmp_path)
    commands = "".join(SHELL.findall(README.read_text())).splitlines()
    assert len(commands) == 2
    for command in commands:
        if "pytest" not in command:  # that is what runs here
            subprocess.run(command, shell=True, cwd=tmp_path, env=variables, check=True)
    assert (tmp_path / "setup.sh").read_text().startswith("#!/bin/sh\n")


def test_what_it_names_is_there() -> None:
    for document in [PROJECT / name for name in ("README.md", "ARCHITECTURE.md", "samples/README.md")]:
        for link in re.findall(r"\]\(([^)#:]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def keys(value: object) -> set[str]:
    """All keys of a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_the_page_of_the_plan_names_every_key() -> None:
    page = (PROJECT / "docs/plan.md").read_text()
    for sample in sorted((PROJECT / "samples").glob("*/Dockerfile")):
        plan = plan_object(evaluate(parse(sample.read_text())))
        missing = {key for key in keys(plan["stages"]) if f"`{key}`" not in page and f'"{key}"' not in page}
        assert not missing, sample


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        README.write_text(refreshed(Path(made)))
