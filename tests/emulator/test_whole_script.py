"""`--sandbox docker`: the script as a whole, in a container; one layer comes out."""

from pathlib import Path

import pytest
from building import dock2sh

from dock2sh.verify.snapshot import snapshot

pytestmark = [pytest.mark.root, pytest.mark.docker, pytest.mark.slow]

FILE = """\
FROM busybox AS made
RUN echo made >/made
FROM busybox
ENV A=b
WORKDIR /w
RUN echo $A >a; rm /etc/group
COPY --from=made /made f ./
CMD cat a
"""


def test_the_same_files_and_config_in_one_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = tmp_path / "elsewhere"
    project.mkdir()
    (project / "Dockerfile").write_text(FILE.replace("/made f ./", "/made ./") + "COPY f /f\n")
    (project / "f").write_text("f")
    results = {}
    for place in ("namespaces", "docker"):
        done = dock2sh("emulate", f"--sandbox={place}", "--progress=plain", "-t", f"app-{place}", "-o", tmp_path / place, project)
        assert done.returncode == 0, done.stderr
        tree = snapshot(str(tmp_path / place / "rootfs"))
        results[place] = {path: entry._replace(mtime=0) for path, entry in tree.items()}
        assert dock2sh("run", f"app-{place}").stdout == "b\n"
    assert results["docker"] == results["namespaces"]
    layers = dock2sh("inspect", "-f", "{{len .RootFS.Layers}}", "app-namespaces", "app-docker").stdout.split()
    assert [int(number) for number in layers] == [5, 2]


def test_a_failing_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    project = tmp_path / "failing-elsewhere"
    project.mkdir()
    (project / "Dockerfile").write_text("FROM busybox\nRUN true\nRUN exit 3\n")
    done = dock2sh("emulate", "--sandbox=docker", project)
    assert done.returncode == 1
    assert 'Dockerfile:3: error: process "/bin/sh -c exit 3" did not complete successfully: exit code: 3' in done.stderr
    assert "are kept" not in done.stderr, "nothing is, but what the script as a whole has made"
