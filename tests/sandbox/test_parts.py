"""The parts of which sandboxes are made, each for itself."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import job

from dock2sh.sandbox import SandboxError
from dock2sh.sandbox.engine import mount
from dock2sh.sandbox.luggage import pack
from dock2sh.sandbox.output import listen
from dock2sh.sandbox.vm.initrd import Node, archive, file, link
from dock2sh.sandbox.vm.kernel import find, module_files

TOKEN = "0123456789abcdef"
MARK = b"\0" + TOKEN.encode() + b" "


def heard(pieces: list[bytes]) -> tuple[bytes, int | None]:
    """What `listen` passes on of a stream that comes in these pieces."""
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    said: list[bytes] = []
    with reader:
        with writer:
            for piece in pieces:
                writer.send(piece)
        status = listen(reader.fileno(), TOKEN, said.append)
    return b"".join(said), status


@given(st.lists(st.sampled_from([b"text", b"\0", MARK[:9], MARK[:-1], b"7\n", b"\xff"]), max_size=6), st.integers(0, 255))
def test_output_ends_at_the_mark_and_nowhere_else(pieces: list[bytes], status: int) -> None:
    said = b"".join(pieces)
    if MARK in said:
        return
    pieces = [piece for piece in pieces if piece]
    assert heard(pieces) == (said, None)
    assert heard([*pieces, MARK, b"%d\n" % status]) == (said, status)
    assert heard([said + MARK + b"%d\n" % status]) == (said, status)


def test_paths_of_all_kinds_are_mounted() -> None:
    assert mount("/a", "/b") == "type=bind,source=/a,target=/b"
    assert mount('/a,"b', "/c", "ro=true") == 'type=bind,"source=/a,""b",target=/c,ro=true'


def test_options_are_renamed_and_secrets_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("t0ken")
    monkeypatch.setenv("OF_ENV", "env")
    options = [f"--secret=id=a,src={tmp_path}/token", "--secret", "id=b,env=OF_ENV", "--only", "3", "--ssh", "default=/agent"]
    luggage = pack(job(tmp_path / "job", "", str, images={"debian:12": "/i"}, contexts={"n": "/n"}, options=options), "/home")
    words = "--context /home/context --state /home/state --base debian:12=/home/images/0 --build-context n=/home/contexts/0"
    words += " --secret id=a,src=/home/secrets/0 --secret id=b,src=/home/secrets/1 --only 3 --ssh default=/home/sockets/0"
    assert list(luggage.words) == words.split()
    assert luggage.secrets == (b"t0ken", b"env")
    assert luggage.sockets == ("/agent",)
    assert luggage.folders["images/0"] == "/i"


def test_an_initrd_is_a_cpio_archive(tmp_path: Path) -> None:
    nodes = {"bin/sh": link("busybox"), "bin/busybox": file(b"x" * 5, 0o755), "empty": file(b""), "run": Node(0o040700)}
    (tmp_path / "initrd").write_bytes(archive(nodes))
    command = ["busybox", "cpio", "-i", "-d", "-F", str(tmp_path / "initrd")]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "bin/busybox").read_bytes() == b"xxxxx"
    assert os.readlink(tmp_path / "bin/sh") == "busybox"
    assert oct(os.stat(tmp_path / "bin/busybox").st_mode) == "0o100755"
    assert oct(os.stat(tmp_path / "run").st_mode) == "0o40700"


def test_modules_come_after_what_they_need(tmp_path: Path) -> None:
    """In the order of loading, be they packed or not, by the names that they tell themselves."""
    folder = tmp_path / "lib/modules/6.1.0-x"
    (folder / "kernel").mkdir(parents=True)
    image = tmp_path / "boot/vmlinuz"
    image.parent.mkdir()
    head = bytearray(0x400)
    head[0x202:0x206], head[0x20E:0x210] = b"HdrS", (0x100).to_bytes(2, "little")
    head[0x300:0x310] = b"6.1.0-x (debian)"
    image.write_bytes(bytes(head))
    (folder / "kernel/virtiofs.ko").write_bytes(b"..\0license=GPL\0depends=virtio_ring,fuse\0")
    (folder / "kernel/virtio_ring.ko").write_bytes(b"..\0depends=\0")
    (folder / "kernel/fuse.ko").write_bytes(b"..\0depends=\0")
    kernel = find(str(image))
    assert kernel.modules == str(folder)
    assert list(module_files(kernel)) == ["fuse.ko", "virtio_ring.ko", "virtiofs.ko"]
    with pytest.raises(SandboxError, match="no such file"):
        find(str(tmp_path / "none"))
