"""What a command sees is docker's, also where the emulator starts it and not the script (tests/runtime has the script's own)."""

import sys
from pathlib import Path

import pytest
from building import dock2sh

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from test_run_docker import PLACES, SEE, differences, dockerfile, of_docker

pytestmark = [pytest.mark.root, pytest.mark.docker]


def test_a_command_sees_what_docker_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = tmp_path / "surroundings"
    project.mkdir()
    (project / "Dockerfile").write_text(dockerfile("busybox", [SEE, PLACES]))
    done = dock2sh("emulate", "-o", tmp_path / "out", project)
    assert done.returncode == 0, done.stderr
    ours = {file.name: file.read_text() for file in (tmp_path / "out/rootfs/tmp").iterdir()}
    assert not differences(ours, of_docker("busybox", [SEE, PLACES], tmp_path))
