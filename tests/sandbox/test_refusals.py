"""What cannot be had is said, with the cure, and leaves nothing behind."""

import os
import subprocess
from pathlib import Path

import pytest
from places import SANDBOXES, busybox_root, job, run

from dock2sh.sandbox import SandboxError
from dock2sh.sandbox.docker import Docker
from dock2sh.sandbox.podman import Podman
from dock2sh.sandbox.vm import Vm
from dock2sh.sandbox.vm.guest import missing

ENGINES = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("docker", "podman")]


def bare(root: Path) -> str:
    root.mkdir()
    return str(root)


@pytest.mark.root
@pytest.mark.parametrize("name", [*ENGINES, pytest.param("vm", marks=[pytest.mark.vm, pytest.mark.slow])])
def test_an_image_without_a_shell_is_built_from_outside(name: str, tmp_path: Path) -> None:
    """The script gets the root as --root, and nothing is mounted or left in there."""
    script = 'for root; do [ "$last" != --root ] || break; last=$root; done; ls -A "$root"; echo x >"$root/made"; cat here'
    empty = job(tmp_path, script, bare, base="scratch")
    assert run(SANDBOXES[name](), empty) == (0, "context")
    assert os.listdir(empty.root) == ["made"]


@pytest.mark.root
@pytest.mark.parametrize("name", ENGINES)
def test_a_shell_that_is_none(name: str, tmp_path: Path) -> None:
    """Of another machine, or damaged: it is there, and does not start."""

    def root(place: Path) -> str:
        (place / "bin").mkdir(parents=True)
        (place / "bin/sh").write_bytes(b"\x7fELF and no more")
        (place / "bin/sh").chmod(0o755)
        return str(place)

    with pytest.raises(SandboxError, match=r"strange has no shell that starts .* use --sandbox namespaces or vm"):
        run(SANDBOXES[name](), job(tmp_path, "true", root, base="strange"))


def test_no_static_busybox_to_build_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SandboxError, match=r"needs a static busybox: apt-get install .* busybox-static"):
        Docker(command="true").run(job(tmp_path, "true", bare, base="scratch"), print)


@pytest.mark.root
@pytest.mark.parametrize("name", ENGINES)
def test_a_container_that_is_killed(name: str, tmp_path: Path) -> None:
    """There is no status of a script, so none is made up."""

    def kill(said: bytes) -> None:
        subprocess.run([name, "kill", said.decode().strip()], check=True, capture_output=True)

    with pytest.raises(SandboxError, match="ended before the script did"):
        SANDBOXES[name]().run(job(tmp_path, "hostname; sleep 100", busybox_root), kill)


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Docker(command="no-such-docker").trouble() == "no-such-docker is not installed: apt-get install docker.io"
    assert Podman(command="no-such-podman").trouble() == "no-such-podman is not installed: apt-get install podman"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    if subprocess.run(["sh", "-c", "command -v docker"], check=False, capture_output=True).returncode == 0:
        assert "docker does not answer: " in Docker().trouble()


@pytest.mark.root
def test_no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dock2sh.sandbox.vm.guest._ELSEWHERE", {})
    packages = "qemu-system-x86, qemu-system-common, busybox-static, util-linux"
    assert missing() == f"a virtual machine needs {packages}: apt-get install --no-install-recommends {packages.replace(',', '')}"


@pytest.mark.root
@pytest.mark.vm
def test_a_kernel_that_is_none(tmp_path: Path) -> None:
    assert Vm(kernel=f"{tmp_path}/none").trouble() == f"--kernel {tmp_path}/none: no such file"


@pytest.mark.root
@pytest.mark.vm
def test_a_file_system_server_that_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its words are what the user gets, not QEMU's, who only knows that nobody answers."""
    (tmp_path / "virtiofsd").write_text("#!/bin/sh\necho 'there is no room for me' >&2\nexit 1\n")
    (tmp_path / "virtiofsd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxError, match="the root cannot be shared with the virtual machine: there is no room for me"):
        run(Vm(), job(tmp_path, "true"))


@pytest.mark.root
@pytest.mark.vm
@pytest.mark.slow
def test_a_machine_that_works_deep_in_a_tree(tmp_path: Path) -> None:
    """A socket's path has 107 bytes at most, and the folder of a test that is kept is soon longer."""
    assert run(Vm(), job(tmp_path / ("deep" * 30), "printf here")) == (0, "here")


def test_secrets_that_are_not_there(tmp_path: Path) -> None:
    for options, said in {
        ("--secret", "id=x,src=/no/such"): "the secret x: /no/such: No such file or directory",
        ("--ssh", "default"): "--ssh default: SSH_AUTH_SOCK is not set",
        ("--secret",): "the script's option --secret has no value",
    }.items():
        with pytest.raises(SandboxError, match=said):
            Podman(command="true").run(job(tmp_path / options[0] / str(len(options)), "true", bare, options=options), print)
