"""A virtual machine as a cloud has it: Debian's kernel and cloud-init, a disk of its own, user-data on a second one (NoCloud)."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

_QUICK = "mitigations=off nokaslr audit=1 tsc=unstable cryptomgr.notests random.trust_cpu=on no_timer_check"
# permissive: under Debian's policy cloud-init's generator may not write its files, and it does not come up. What is denied is
# logged all the same.
_BOOT = f"root=LABEL=root rw console=ttyS0 security=selinux selinux=1 enforcing=0 {_QUICK}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Guest:
    """`made` is what guest.sh has made; `ports` of the guest are forwarded to ports of this machine: `at[PORT]`."""

    def __init__(self, made: Path, place: Path, *ports: int) -> None:
        self.made, self.place = made, place
        place.mkdir()
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", made / "disk", place / "disk"], check=True)
        self.at = {port: free_port() for port in (22, *ports)}
        self.qemu: subprocess.Popen[bytes] | None = None

    def boot(self, instance: str, user_data: str) -> None:
        """With the user-data of that instance; returns when cloud-init has ended."""
        seed = self.place / f"seed-{instance}"
        seed.mkdir()
        (seed / "user-data").write_text(user_data)
        (seed / "meta-data").write_text(f"instance-id: {instance}\nlocal-hostname: guest\n")
        subprocess.run(["genisoimage", "-quiet", "-o", f"{seed}.iso", "-V", "cidata", "-J", "-R", seed], check=True)
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in self.at.items())
        words = [
            *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-M", "q35", "-m", "1024"),
            *("-accel", "tcg", "-cpu", "max", "-kernel", self.made / "kernel", "-initrd", self.made / "initrd", "-append", _BOOT),
            *("-drive", f"file={self.place}/disk,format=raw,if=virtio,cache=unsafe"),
            *("-drive", f"file={seed}.iso,format=raw,if=virtio,readonly=on"),
            *("-netdev", f"user,id=net{forwards}", "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-device", "virtio-rng-pci", "-serial", f"file:{self.place}/console-{instance}"),
        ]
        with (self.place / "qemu").open("wb") as log:
            self.qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 900  # on a machine that is at leisure it takes one minute
        while time.monotonic() < until:
            if self.qemu.poll() is not None:
                raise AssertionError((self.place / "qemu").read_text())
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.call("true", timeout=20).returncode == 0:
                    self.call("cloud-init", "status", "--wait", timeout=900)
                    return
            time.sleep(1)
        raise AssertionError((self.place / f"console-{instance}").read_text(errors="replace")[-3000:])

    def call(self, *words: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        """A command there, by ssh: the words as one line of its shell."""
        options = [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=15",
        ]
        flags = [word for option in options for word in ("-o", option)]
        line = ["ssh", "-i", self.made / "key", "-p", str(self.at[22]), *flags, "root@127.0.0.1", " ".join(words)]
        return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=timeout)

    def said(self, *words: str) -> str:
        """Its standard output; it must go well."""
        done = self.call(*words)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def halt(self) -> None:
        if self.qemu and self.qemu.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.call("systemctl", "poweroff", timeout=20)
                self.qemu.wait(60)
            self.qemu.kill()
            self.qemu.wait()
