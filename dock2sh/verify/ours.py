"""Our side of a comparison: run a script on a root file system, in one of the shells that it must work in."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "ash")}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Place(NamedTuple):
    """Where a script works: the root that it builds into, the build context, a directory for itself and its state."""

    root: str
    context: str
    work: str


class Outcome(NamedTuple):
    """How a script ended: its exit status and all that it said."""

    status: int
    output: str


def run_script(script: str, shell: str, place: Place, options: Sequence[str] = ()) -> Outcome:
    """Run `script` under `shell` (a key of SHELLS) with `--root` and `--context`, its state under `place.work`.

    The script sees a bare environment: what is in ours must not decide what it makes. Raises OSError if the shell is missing.
    """
    file = Path(place.work, "setup.sh")
    file.write_text(script, encoding="utf-8", errors="surrogateescape")
    state = os.path.join(place.work, "state")
    command = [*SHELLS[shell], str(file), "--root", place.root, "--context", place.context, "--state", state, *options]
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": _PATH, "LC_ALL": "C"},
        cwd=place.work,
    )
    return Outcome(done.returncode, done.stdout.decode(errors="replace"))
