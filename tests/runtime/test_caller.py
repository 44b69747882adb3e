"""What a script finds where it is called: variables, descriptors, names. Nothing of it is taken for the script's own."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from workshop import Workshop

from dock2sh.emit.bundle import CALLS, library

TOP = "id=c total=1\nbuild() {\n    from busybox\n    step 1 x\n    run_exec true\n}\n"
SHELL_FILES = [
    f"{folder}{name}"
    for folder in ("", "host/", "wrapper/", "uninstall/")
    for name in os.listdir(f"{os.path.dirname(CALLS)}/{folder}")
    if name.endswith(".sh")
]


@pytest.mark.root
@pytest.mark.parametrize(
    "caller",
    [
        {"mode": "release", "transfer_by": "false", "run_placer": "false", "run_mounts": "x", "run_limiter": "false"},
        {"context_root": "/nonexistent", "user": "me", "root": "/nonexistent", "environment": "x", "fetch_after": "false"},
        {"TAR_OPTIONS": "--exclude=f", "CDPATH": "elsewhere", "POSIXLY_CORRECT": "1"},
    ],
)
def test_what_the_caller_has_set_is_none_of_ours(workshop: Workshop, caller: dict[str, str]) -> None:
    workshop.busybox()
    for folder in ("files", "elsewhere/files"):
        (workshop.context / folder).mkdir(parents=True)
        (workshop.context / folder / "f").write_text(folder)
    top = "id=c total=1\nbuild() {\n    from busybox\n    step 1 x\n    copy . /x/\n    run_exec sh -c 'cat /x/f; echo; env'\n}\n"
    result = workshop.run(top, "--context", "files", env={**os.environ, **caller})
    said = {"files", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
    assert (result.returncode, said - set(result.stdout.split("\n"))) == (0, set()), result.stderr


@pytest.mark.root
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_what_the_caller_has_closed(workshop: Workshop, closed: str) -> None:
    """What is opened next gets its number, and what a tool says would go there; a log on a full disk is no failure."""
    workshop.busybox()
    (workshop.context / "f").write_text("f")
    top = "id=c total=1\nbuild() {\n    from busybox\n    step 1 x\n    copy . /x/\n    run_exec sh -c 'echo a; cp /x/f /y'\n}\n"
    words = [*workshop.command, str(workshop.write(top)), "--root", str(workshop.root), "--state", str(workshop.state)]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], cwd=workshop.context, check=False)
    assert (done.returncode, (workshop.root / "y").read_text()) == (0, "f")
    assert not workshop.state.exists()


@pytest.mark.root
def test_a_context_whose_name_begins_with_a_dash(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.context / "-x").mkdir()
    (workshop.context / "-x/f").touch()
    top = "id=c total=1\nbuild() {\n    from busybox\n    step 1 x\n    copy f /y\n}\n"
    result = workshop.run(top, "--context", "-x")
    assert (result.returncode, (workshop.root / "y").exists()) == (0, True), result.stderr


@pytest.mark.root
def test_a_directory_that_the_caller_calls_lock_stays(workshop: Workshop) -> None:
    """A script that ends before it has a lock has none to take away."""
    (workshop.home / "mine").mkdir()
    (workshop.home / "root").symlink_to("nowhere/at/all")
    result = workshop.run(TOP, env={**os.environ, "lock": str(workshop.home / "mine"), "null_made": "1", "state_placed": "1"})
    assert (result.returncode, (workshop.home / "mine").is_dir()) == (3, True), result.stderr


def test_variables_that_are_looked_at_before_they_are_set() -> None:
    """Each of them is set by the top half, or is nothing at first, whatever the caller has in a variable of that name."""
    code = "".join(Path(CALLS).parent.joinpath(name).read_text() for name in SHELL_FILES)
    looked = set(re.findall(r"\$\{([a-z]\w*)[-+]", re.sub(r"(?m)^ *#.*", "", code)))
    begun = set(library()["caller_off"].text.replace("\\", "").split())
    data = {
        "carried_contexts",
        "context_digest",
        "context_images",
        "context_whole",
        "dangers",
        "git_contexts",
        "known_contexts",
        "lock_keep",
        "lock_mode",
        "lock_records",
        "other_images",
        "stages",
        "target_image",
    }
    assert {name for name in looked - begun - data if not name.startswith("colour_")} == set()
