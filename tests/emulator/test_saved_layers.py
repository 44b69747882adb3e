"""The layers of a saved image beside docker's: the same entries, attributes and whiteouts, layer by layer."""

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from building import dock2sh

pytestmark = [pytest.mark.root, pytest.mark.docker]

DOCKERFILE = """FROM busybox
ADD odd.tar /x/
RUN rm -r /home /bin/vi && mkdir /home && ln /etc/passwd /etc/second && mkfifo /p && chmod 1777 /x
COPY --chown=7:8 Dockerfile /x/
RUN chown 9 /x/capable && mv /x /y
"""
CAPABILITY = "\x01\x00\x00\x02\x00\x04" + "\x00" * 14


def odd(place: Path) -> None:
    """An archive with files that have attributes."""
    with tarfile.open(place, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, attribute, value in (("noted", "user.note", "one"), ("capable", "security.capability", CAPABILITY)):
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = 1, {f"SCHILY.xattr.{attribute}": value}
            tar.addfile(member, io.BytesIO(b"x"))


def layers(archive: bytes, above: int) -> list[dict[str, tuple[Any, ...]]]:
    """What `docker save` or `dock2sh save` wrote, without the lowest layers and without times."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:

        def read(name: str) -> bytes:
            file = tar.extractfile(name)
            assert file
            return file.read()

        (image,) = json.loads(read("manifest.json"))
        return [entries(read(name)) for name in image["Layers"][above:]]


def entries(layer: bytes) -> dict[str, tuple[Any, ...]]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return {one.name: () if "/.wh." in one.name else about(one) for one in tar}


def about(one: tarfile.TarInfo) -> tuple[Any, ...]:
    return (one.type, oct(one.mode), one.uid, one.gid, one.size, one.linkname, attributes(one.pax_headers))


def attributes(headers: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if "xattr" in key}


def test_layers_are_dockers(tmp_path: Path) -> None:
    odd(tmp_path / "odd.tar")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    name = f"saved-{tmp_path.parent.name}"
    subprocess.run(["docker", "build", "-q", "-t", name, "."], cwd=tmp_path, check=True, capture_output=True)
    theirs = subprocess.run(["docker", "save", name], check=True, capture_output=True).stdout
    subprocess.run(["docker", "rmi", name], check=True, capture_output=True)
    assert dock2sh("emulate", "-q", "-t", name, tmp_path).returncode == 0
    assert dock2sh("save", "-o", tmp_path / "ours", name).returncode == 0
    ours = (tmp_path / "ours").read_bytes()
    assert layers(ours, 1) == layers(theirs, 1)
