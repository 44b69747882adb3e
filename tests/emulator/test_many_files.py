"""A virtual machine remembers files, and its file system server holds a descriptor for each: there may be few of these."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.vm]

# as a build does that takes its time: what is asked for at once must still find room
FILE = """\
FROM busybox
RUN mkdir /many && seq 1200 | while read -r n; do echo $n >/many/$n || exit; [ $((n % 100)) != 0 ] || sleep 0.3; done
RUN seq 1200 | while read -r n; do read -r said </many/$n && [ $said = $n ] || exit; [ $((n % 100)) != 0 ] || sleep 0.3; done
RUN set -- /many/* && test $# = 1200 && echo well >/done
"""


def test_more_files_than_there_are_descriptors(project: Path, archive: Path, data: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(FILE)
    limited = ["sh", "-c", 'ulimit -n 700 && exec "$@"', "sh", sys.executable, "-m", "dock2sh", "emulate", "--sandbox=vm"]
    command = [*limited, f"--base=busybox={archive}", "-o", str(tmp_path / "out"), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/rootfs/done").read_text() == "well\n"
