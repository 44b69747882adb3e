"""Without namespaces: which processes are a step's, and which are the machine's and none of its business."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.root
RUNTIME = Path(__file__).parents[2] / "dock2sh/runtime"

# processes of a namespace of their own: a service that starts something meanwhile, a daemon that the step leaves, and its child
STORY = """
. "$1/plain.sh"
mode=plain state=$2
in_container() { true; }
sh -c 'while [ ! -e "$0/go" ]; do sleep 0.1; done; setsid sleep 71; :' "$state" &
sleep 0.3
run_before=$(run_processes)
: >"$state/go"
setsid sh -c 'setsid sh -c "sleep 72; :" & exit'
sleep 0.7
for number in $(leftover_list 99999); do
    tr '\\0' ' ' <"/proc/$number/cmdline"
    echo
done
"""


def test_a_daemon_is_the_steps_and_a_services_child_is_not(tmp_path: Path) -> None:
    command = [
        "unshare",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "setsid",
        "sh",
        "-c",
        STORY,
        "sh",
        RUNTIME,
        str(tmp_path),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert sorted(done.stdout.split("\n")) == ["", "sh -c sleep 72; : ", "sleep 72 "], done.stderr


def test_a_machine_is_no_container(tmp_path: Path) -> None:
    """Not even with the mark of one, as those have that were made of an image: what starts there is none of a step's."""
    if os.readlink("/proc/self/ns/pid") != "pid:[4026531836]":
        pytest.skip("these tests are in a container themselves")
    marked = f". {RUNTIME}/plain.sh; in_container"
    assert subprocess.run(["sh", "-c", marked], check=False).returncode == 1
