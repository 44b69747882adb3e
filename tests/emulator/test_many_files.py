"""A virtual machine remembers files, and its file system server holds a descriptor for each: there may be few of these."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.vm]

FILE = """\
FROM busybox
RUN mkdir /many && seq 1200 | while read -r n; do echo $n >/many/$n || exit; [ $((n % 100)) != 0 ] || sleep 0.1; done
RUN cat /many/* | tail -n 1 && test "$(ls /many | wc -l)" = 1200 && rm -r /many && echo well >/done
"""


def test_more_files_than_there_are_descriptors(project: Path, archive: Path, data: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(FILE)
    limited = ["sh", "-c", 'ulimit -n 700 && exec "$@"', "sh", sys.executable, "-m", "dock2sh", "emulate", "--sandbox=vm"]
    command = [*limited, f"--base=busybox={archive}", "-o", str(tmp_path / "out"), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/rootfs/done").read_text() == "well\n"
