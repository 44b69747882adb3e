"""The kernel of a virtual machine: the one that is given, or Debian's cloud kernel, unpacked into our cache and not installed."""

import lzma
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from .. import SandboxError
from ..process import ask, last_line

_PACKAGE = "linux-image-cloud-amd64"
_CURE = "Give a kernel with --kernel FILE (its modules are looked for in lib/modules beside its folder)"
# what a guest needs; what of it is not there as a module is taken to be in the kernel itself
MODULES = ("virtio_pci", "virtio_console", "virtio_net", "fuse", "virtiofs", "overlay")


class Kernel(NamedTuple):
    """`image` is the file that boots, `modules` the directory of its modules; "" if they are nowhere."""

    image: str
    modules: str


def find(given: str = "") -> Kernel:
    """The kernel `given`, or Debian's, fetched at first use. Raises SandboxError."""
    if given:
        return _given(os.path.abspath(given))
    found = sorted(cache().glob("linux-image-*/boot/vmlinuz-*"), key=lambda path: path.stat().st_mtime)
    return _unpacked(found[-1] if found else _fetch(cache()))


def cache() -> Path:
    """Our folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "dock2sh/vm")


def _given(image: str) -> Kernel:
    if not os.path.isfile(image):
        raise SandboxError(f"--kernel {image}: no such file")
    version = _version(image)
    beside = os.path.join(os.path.dirname(os.path.dirname(image)), "lib/modules", version)
    return Kernel(image, next((place for place in (beside, f"/lib/modules/{version}") if version and os.path.isdir(place)), ""))


def _version(image: str) -> str:
    """The release that an x86 kernel's header names (Documentation/arch/x86/boot.rst: kernel_version); "" for anything else."""
    with open(image, "rb") as file:
        head = file.read(1 << 16)
    if head[0x202:0x206] != b"HdrS":
        return ""
    place = int.from_bytes(head[0x20E:0x210], "little") + 0x200
    return head[place : place + 200].split(b"\0")[0].split(b" ")[0].decode(errors="replace")


def _unpacked(image: Path) -> Kernel:
    version = image.name.removeprefix("vmlinuz-")
    return Kernel(str(image), str(image.parent.parent / "lib/modules" / version))


def _fetch(folder: Path) -> Path:
    """Download and unpack Debian's package; it appears in the cache whole, or not at all."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise SandboxError(f"Debian's cloud kernel cannot be fetched here: there is no apt-get. {_CURE}")
    depends = ask(["apt-cache", "depends", "--important", _PACKAGE], "apt-cache")
    named = re.search(r"Depends: (linux-image-\S+)", depends)
    if not named:
        raise SandboxError(f"apt does not know {_PACKAGE}: apt-get update. {_CURE}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as new:
        os.chmod(new, 0o755)
        command = ["apt-get", "-q", "download", named[1]]
        done = subprocess.run(command, cwd=new, check=False, capture_output=True)
        packages = list(Path(new).glob("*.deb"))
        if done.returncode or not packages:
            raise SandboxError(f"{named[1]} cannot be downloaded: {last_line(done.stderr)}. {_CURE}")
        whole = Path(new, "whole")
        ask(["dpkg-deb", "-x", str(packages[0]), str(whole)], "dpkg-deb")
        target = folder / packages[0].stem
        if not target.exists():
            os.rename(whole, target)
    return next(target.glob("boot/vmlinuz-*"))


def module_files(kernel: Kernel) -> dict[str, bytes]:
    """The modules of MODULES and all that they need, in the order of loading: file name -> content. Raises SandboxError."""
    if not kernel.modules:
        return {}
    places = {_name(path): path for path in Path(kernel.modules).rglob("*.ko*")}
    found: dict[str, bytes] = {}
    _gather(MODULES, places, found)
    return found


def _gather(names: Iterable[str], places: Mapping[str, Path], found: dict[str, bytes]) -> None:
    """What a module needs is named in it (modinfo's `depends=`): first that, then itself. No modules.dep: depmod never ran."""
    for name in (name.replace("-", "_") for name in names):
        if name in places and f"{name}.ko" not in found:
            content = _content(places[name])
            depends = re.search(rb"\0depends=([^\0]*)\0", content)
            _gather(depends[1].decode().split(",") if depends else (), places, found)
            found[f"{name}.ko"] = content


def _name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")


def _content(path: Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix in (".zst", ".gz"):
        import gzip

        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes())
        raise SandboxError(f"{path}: modules that are compressed with zstd cannot be read. {_CURE}")
    return path.read_bytes()
