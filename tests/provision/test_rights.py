"""What a program may do as a service: what it may in a container. Of a longer table, made by hand with docker beside it
(strace, ping, sockets, system calls), these are the rows in which a unit had been stricter."""

import struct
import time
from pathlib import Path

import pytest
from nspawn import Machine, ready

pytestmark = [pytest.mark.machine, pytest.mark.root]

TEXT = """FROM debian:12
COPY --chmod=755 i386 /srv/app/i386
RUN install -m 4755 /usr/bin/id /srv/app/setuid && useradd -u 977 web
USER {user}
CMD ["sh", "-c", "{script}; exec sleep 1000"]
"""
PROBES = {
    "a setuid program": "/srv/app/setuid -u",
    "no new privileges": "grep NoNewPrivs /proc/self/status",
    "a 32-bit program": "/srv/app/i386 && echo ran",
    "settings of the kernel": "echo x 2>&1 >/proc/sys/kernel/domainname",
    "what docker covers": "cat /proc/keys 2>&1 | head -c 1",
    "/dev": "echo a >/dev/null && echo b >/dev/stderr && head -c 1 /dev/zero | wc -c && ls /dev/shm /dev/pts >/dev/null",
}


def elf32() -> bytes:
    """A program for i386: exit(0)."""
    code, start = bytes.fromhex("b80100000031dbcd80"), 0x08048000
    head = b"\x7fELF\1\1\1" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, start + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return head + struct.pack("<IIIIIIII", 1, 0, start, start, 84 + len(code), 84 + len(code), 5, 0x1000) + code


@pytest.mark.parametrize("user", ["root", "web"])
def test_what_a_container_allows(machine: Machine, context: Path, user: str) -> None:
    (context / "i386").write_bytes(elf32())
    script = "; ".join(f"echo == {name}; {probe}" for name, probe in PROBES.items())
    machine.said("sh", ready(machine, TEXT.format(user=user, script=script), context), "--yes")
    time.sleep(0.7)
    said = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "run-demo")
    found = dict(part.split("\n", 1) for part in said.split("== ")[1:])
    assert found["a setuid program"] == "0\n"
    assert found["no new privileges"] == "NoNewPrivs:\t0\n"
    assert found["a 32-bit program"] == "ran\n"
    assert found["/dev"] == "b\n1\n"
    assert found["what docker covers"] in ("", "c")  # no keys: nothing, or "cat: ..."
    if user == "root":
        assert "Read-only file system" in found["settings of the kernel"]


def test_what_is_read_only_in_a_private_tree_too(machine: Machine, context: Path) -> None:
    (context / "busybox").write_bytes((machine.root / "bin/busybox").read_bytes())
    script = "echo x >/proc/sys/kernel/domainname; cat /proc/kcore | head -c 1; exec sleep 100"
    text = f"""FROM scratch
COPY --chmod=755 busybox /bin/busybox
COPY --chmod=755 busybox /bin/sh
ENTRYPOINT ["/bin/busybox", "sh", "-c", "{script}"]
"""
    machine.said("sh", ready(machine, text, context), "--yes")
    time.sleep(0.7)
    said = machine.said("journalctl", "-u", "demo", "-o", "cat", "-t", "busybox")
    assert "domainname: Read-only file system" in said
