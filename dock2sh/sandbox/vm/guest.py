"""The virtual machine of one job: what it brings along, its initrd, its devices."""

import os
import platform
import resource
import secrets
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

from .. import Job, SandboxError, leftovers
from ..kitchen import GROUP, PASSWD, applets, static_busybox
from ..luggage import Luggage, free_place, lay_out, pack
from ..process import SHELL_FILES
from ..rootless import alone
from .initrd import Node, archive, file, link
from .kernel import Kernel, module_files

_NEEDS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "virtiofsd": "qemu-system-common",
    "busybox": "busybox-static",
    "unshare": "util-linux",
}
_ELSEWHERE = {"virtiofsd": ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/lib/virtiofsd")}
# a software processor pays for every guard against faults that it does not have, for pages that are cleared twice, for tests that
# the kernel makes of itself (of its ciphers: half a second of two and a half)
_BOOT = (
    "console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off init_on_alloc=0 no5lvl nokaslr audit=0 lsm= cryptomgr.notests "
    "noreplace-smp no_timer_check random.trust_cpu=on initcall_blacklist=crypto_kdf108_init,load_system_certificate_list"
)
_PROCESSORS = {"kvm": "host,arch-capabilities=off", "tcg": "max"}
# a time stamp counter of software cannot be calibrated beside other work: the guest's clock went half a minute wrong
_CLOCKS = {"kvm": "", "tcg": " tsc=unstable"}

# more files than a guest of two GiB has the memory to remember
_PLENTY = 1 << 21


class Size(NamedTuple):
    """How big a machine is: MiB of memory at most (it takes what it uses), processors; 0: as many as are of use.

    That is one where they are made of software: several wait for one another most of the time.
    """

    memory: int
    processors: int


class Descriptors(NamedTuple):
    """What QEMU inherits: the initrd, where the script's output goes, the line to the file system server."""

    initrd: int
    output: int
    share: int


class Guest(NamedTuple):
    """One run: the job, what comes along, how the root looked before, and the word that ends the script's output."""

    job: Job
    luggage: Luggage
    before: leftovers.Before
    token: str

    def place(self, name: str) -> str:
        """A path of the sandbox's own."""
        return os.path.join(self.job.work, name)


def program(name: str) -> str:
    """Where a program is; "" if it is not here. A busybox must be a static one: the guest has no libraries."""
    if name == "busybox":
        return static_busybox()
    return shutil.which(name) or next(filter(os.path.exists, _ELSEWHERE.get(name, ())), "")


def missing() -> str:
    """What is not here that a guest needs, with the cure; ""."""
    if platform.machine() != "x86_64":
        return f"the vm sandbox knows x86_64 machines only, and this one is {platform.machine()}"
    if os.geteuid() != 0 or alone():
        return "the vm sandbox needs root, or ranges in /etc/subuid and /etc/subgid: its file server keeps the owners of files"
    packages = [package for name, package in _NEEDS.items() if not program(name)]
    if packages:
        return f"a virtual machine needs {', '.join(packages)}: apt-get install --no-install-recommends {' '.join(packages)}"
    return ""


def invite(job: Job) -> Guest:
    """Prepare a run: the folder `bags` with the script, and places for what is shared. Raises SandboxError."""
    free = free_place(job.root)
    guest = Guest(job, pack(job, f"/{free}"), leftovers.before(job.root, free), secrets.token_hex(16))
    if guest.luggage.sockets:
        raise SandboxError("--ssh: an agent's socket cannot be taken into a virtual machine. Use another sandbox")
    if any("\n" in word for word in guest.luggage.words):
        raise SandboxError("an option of the script has a line break in it, which a virtual machine cannot be told")
    lay_out(job, guest.luggage, guest.place("bags"))
    return guest


def places(guest: Guest) -> bytes:
    """What is shared, as share.sh reads it."""
    words = ["rw", guest.job.root, "root", "rw", guest.place("bags"), "bags"]
    for there, here in guest.luggage.folders.items():
        words += ["ro", here, f"bags/{there}"]
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def initrd(guest: Guest, kernel: Kernel) -> int:
    """The initrd, in memory: a descriptor, to which /proc/self/fd leads QEMU."""
    modules = module_files(kernel)
    nodes = _system(program("busybox"))
    nodes |= {f"modules/{name}": file(content) for name, content in modules.items()}
    nodes |= {f"secrets/{number}": file(content, 0o600) for number, content in enumerate(guest.luggage.secrets)}
    nodes |= {
        "modules/order": file("".join(f"{name}\n" for name in modules).encode()),
        "home": file(f"{guest.luggage.home}\n".encode()),
        "words": file(b"".join(os.fsencode(word) + b"\n" for word in guest.luggage.words)),
        "token": file(guest.token.encode(), 0o600),
        "most": file(f"{_remembered_at_most()}\n".encode()),
    }
    memory = os.memfd_create("initrd", 0)
    with open(memory, "wb", closefd=False) as whole:
        whole.write(archive(nodes))
    return memory


def _remembered_at_most() -> int:
    """How many files the guest may remember, see guest.sh: half of what the file system server may have open; 0: as many as it
    likes. The other half is for what it comes to know until it looks again, and for what the server itself needs."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 0 if files == resource.RLIM_INFINITY or files > _PLENTY else files // 2


def _system(busybox: str) -> dict[str, Node]:
    """What every guest has: busybox with its names, guest.sh, what QEMU's user network wants to be called."""
    nodes = {f"bin/{applet}": link("busybox") for applet in applets(busybox)}
    folders = ("proc", "sys", "dev", "etc", "tmp", "root", "secrets", "var/lib")
    return nodes | {
        **{folder: Node(stat.S_IFDIR | 0o755) for folder in folders},
        "init": file((SHELL_FILES / "guest.sh").read_bytes(), 0o755),
        "bin/busybox": file(Path(busybox).read_bytes(), 0o755),
        "etc/passwd": file(PASSWD),
        "etc/group": file(GROUP),
        "names/hosts": file(b"127.0.0.1\tlocalhost dock2sh\n::1\tlocalhost ip6-localhost ip6-loopback\n"),
        "names/resolv.conf": file(b"nameserver 10.0.2.3\n"),
    }


def _useful(accelerator: str) -> int:
    return 1 if accelerator == "tcg" else min(os.cpu_count() or 1, 8)


def machine(guest: Guest, kernel: Kernel, size: Size, accelerator: str, inherited: Descriptors) -> list[str]:
    """QEMU's command line.

    Nothing by default, no display: what is there is named here. The memory is shared with the file system server.
    """
    return [
        program("qemu-system-x86_64"), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-sandbox", "on,spawn=deny,elevateprivileges=deny", "-M", "q35,memory-backend=ram", "-m", f"{size.memory}M",
        "-object", f"memory-backend-memfd,id=ram,size={size.memory}M,share=on",
        "-accel", accelerator, "-cpu", _PROCESSORS[accelerator], "-smp", str(size.processors or _useful(accelerator)),
        "-kernel", kernel.image, "-initrd", f"/proc/self/fd/{inherited.initrd}", "-append", _BOOT + _CLOCKS[accelerator],
        "-serial", f"file:{guest.place('console')}",
        "-chardev", f"socket,id=output,fd={inherited.output}",
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=output",
        "-chardev", f"socket,id=share,fd={inherited.share}",
        "-device", "vhost-user-fs-pci,chardev=share,tag=dock2sh",
        "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
    ]  # fmt: skip
