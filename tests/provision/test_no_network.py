"""A machine that has no network at all: what can be set up there, and what is said where it cannot."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nspawn import Machine, differences

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
from building import dock2sh

pytestmark = [pytest.mark.machine, pytest.mark.root]

SERVICE = """EXPOSE 8080
USER 4242
ENTRYPOINT ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
"""


@pytest.fixture(scope="module")
def alone(new_machine: Callable[..., Machine]) -> Machine:
    return new_machine("--private-network")


@pytest.fixture
def tiny(base: Path, tmp_path: Path) -> Path:
    """A base image: busybox and what it is called."""
    root = tmp_path / "tiny"
    (root / "bin").mkdir(parents=True)
    shutil.copy(base / "bin/busybox", root / "bin/busybox")
    for name in ("sh", "mkdir", "cat", "rm"):
        (root / "bin" / name).symlink_to("busybox")
    return root


def bundled(machine: Machine, folder: Path, text: str, *options: object) -> "subprocess.CompletedProcess[str]":
    """Made here, and put on the machine: what was said."""
    (folder / "Dockerfile").write_text(text)
    done = dock2sh("provision", "--name", "demo", "-o", machine.root / "srv/bundle", *options, folder, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def answers(machine: Machine) -> str:
    return machine.said("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "http://127.0.0.1:8080/")


def test_a_static_service_needs_nothing(alone: Machine, base: Path, tmp_path: Path) -> None:
    shutil.copy(base / "bin/busybox", tmp_path / "busybox")
    (tmp_path / "index.html").write_text("from scratch")
    text = "FROM scratch\nCOPY --chmod=755 busybox /bin/\nCOPY index.html /www/\n" + SERVICE
    assert "there is no base image" in bundled(alone, tmp_path, text, "--vendor-base").stderr
    before = alone.snapshot()
    alone.said("sh", "/srv/bundle/setup.sh", "--yes")
    assert answers(alone) == "from scratch"
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_base_images_in_the_script(alone: Machine, tiny: Path, tmp_path: Path) -> None:
    """Of the target and of another stage; the files of the context are too many for a here-document."""
    (tmp_path / "index.html").write_text("with a base\n")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 10000 + subprocess.run(
        ["openssl", "rand", "1500000"], capture_output=True, check=True).stdout)  # fmt: skip
    text = (
        "FROM other:2 AS build\nCOPY index.html /\nRUN cat /index.html /mark >/page && rm /index.html\n"
        "FROM tiny:1\nCOPY --from=build /page /www/index.html\nCOPY large /www/\nRUN test ! -e /mark\n" + SERVICE
    )
    shutil.copytree(tiny, tmp_path / "other", symlinks=True)
    (tmp_path / "other/mark").write_text("of another\n")
    (tmp_path / ".dockerignore").write_text("tiny\nother\n")
    given = ("--vendor-base", "--base", f"tiny:1={tiny}", "--base", f"other:2={tmp_path}/other")
    said = bundled(alone, tmp_path, text, *given).stderr
    assert "setup.sh has tiny:1 in it: " in said
    assert "no cloud-init.yaml and no lima.yaml" in said
    script = alone.root / "srv/bundle/setup.sh"
    assert script.read_bytes() == (alone.root / "srv/bundle/ansible/roles/demo/files/demo-setup.sh").read_bytes()
    first = script.read_bytes()
    bundled(alone, tmp_path, text, *given)
    assert script.read_bytes() == first
    before = alone.snapshot()

    piped = alone.call("sh", "-c", "cat /srv/bundle/setup.sh | D2S_YES=1 sh")
    assert (piped.returncode, "this script in a file" in piped.stderr) == (3, True)
    script.write_bytes(first[:-100000])
    cut = alone.call("sh", "/srv/bundle/setup.sh", "--yes")
    assert (cut.returncode, "is damaged or cut off" in cut.stderr) == (3, True), cut.stderr
    script.write_bytes(first)
    for shell in ("dash", "bash", "busybox ash"):
        alone.said(*shell.split(), "/srv/bundle/setup.sh", "--yes")
        assert answers(alone) == "with a base\nof another\n"
        large = alone.root / "var/lib/dock2sh/demo/rootfs/www/large"
        assert large.read_bytes() == (tmp_path / "large").read_bytes()
        alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []


def test_what_needs_a_network_says_so(alone: Machine, tmp_path: Path) -> None:
    bundled(alone, tmp_path, "FROM debian:12\nRUN curl -fsS http://example.org/x >/x\n", "--offline")
    before = alone.snapshot()
    done = alone.call("sh", "/srv/bundle/setup.sh", "--yes")
    assert done.returncode == 1
    assert "http://example.org cannot be reached from here, and a step fetches from it" in done.stderr
    alone.said("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--yes")
    assert differences(before, alone.snapshot()) == []
    other = alone.call("sh", "/srv/bundle/setup.sh", "--yes", "--way", "root")
    assert (other.returncode, "the base image debian:12" in other.stderr) == (3, True)
