"""`./dev`, which makes the environment of a checkout."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parents[1]


def test_another_checkouts_environment_is_left_alone(tmp_path: Path) -> None:
    """A second checkout with a link in the place of its own: what the link leads to was emptied, under those who use it."""
    theirs = tmp_path / "theirs"
    (theirs / "bin").mkdir(parents=True)
    (theirs / "made-for").write_text("/elsewhere 1 2\n")
    (tmp_path / "mine").mkdir()
    for name in ("dev", "requirements.lock", "pyproject.toml"):
        shutil.copy(HERE / name, tmp_path / "mine")
    (tmp_path / "mine/.venv").symlink_to(theirs)
    done = subprocess.run([tmp_path / "mine/dev", "true"], capture_output=True, text=True, check=False)
    assert (done.returncode, "is a link" in done.stderr) == (3, True), done.stderr
    assert sorted(theirs.iterdir()) == [theirs / "bin", theirs / "made-for"]
