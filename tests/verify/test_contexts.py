"""Named build contexts that are images: `--build-context NAME=docker-image://IMAGE`, for both sides."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.docker]


@pytest.mark.parametrize("sandbox", ["namespaces", "none"])
@pytest.mark.parametrize("text", ["FROM busybox\nCOPY --from=other /bin/busybox /x\n", "FROM other\nRUN echo hi >/y\n"])
def test_an_image_by_another_name(engine: str, text: str, sandbox: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    words = ["verify", "--sandbox", sandbox, "--build-context", "other=docker-image://busybox", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "dock2sh", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9]) == (0, "IDENTICAL"), done.stdout + done.stderr
