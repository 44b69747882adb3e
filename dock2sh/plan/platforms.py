"""Platform specifiers, `os/arch/variant`, as containerd reads and writes them."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dock2sh.dockerfile.gotext import quoted

_OS = r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?\Z"
_PART = r"[A-Za-z0-9_.-]+\Z"
_KNOWN_OS = set(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split()
)
_KNOWN_ARCH = set(
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv"
    " riscv64 s390 s390x sparc sparc64 wasm".split()
)
_MACHINES = {"i586": "386", "i686": "386", "armv6l": "armel", "armv7l": "armhf", "armv8l": "armhf"}
"""What uname(2) calls the machines that docker has another name for, which is no name to give it."""
_ARM64 = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}
_ARM = {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}


class Platform(NamedTuple):
    """An operating system, an architecture, its variant; `version` is Windows'."""

    os: str
    arch: str
    variant: str = ""
    version: str = ""

    def __str__(self) -> str:
        system = f"{self.os}({self.version})" if self.version else self.os
        return "/".join(part for part in (system, self.arch, self.variant) if part)


def host() -> Platform:
    """This machine's, as Linux: what docker builds for if nothing else is said."""
    machine = os.uname().machine
    arch, variant = _architecture(_MACHINES.get(machine, machine), "")
    return Platform("linux", arch, "" if variant == "v7" else variant)


def parse(text: str) -> Platform:
    """Raises ValueError in containerd's words."""
    if "*" in text:
        raise ValueError(f"{quoted(text)}: wildcards not yet supported: invalid argument")
    system, *rest = text.split("/", 3)
    match = re.match(_OS, system)
    if not match:
        raise ValueError(f"{quoted(system)} is an invalid OS component of {quoted(text)}: OSAndVersion {_must_match(_OS)}")
    for part in rest:
        if not re.match(_PART, part):
            raise ValueError(f"{quoted(part)} is an invalid component of {quoted(text)}: platform {_must_match(_PART)}")
    name = "darwin" if match[1].lower() == "macos" else match[1].lower()
    if len(rest) > 2:
        raise ValueError(f"{quoted(text)}: cannot parse platform specifier: invalid argument")
    return _completed(text, name, match[2] or "", rest)


def stamped(image: Mapping[str, Any], asked: Platform | None) -> dict[str, Any]:
    """An image's config with the platform that docker writes into it: the one `asked` for with --platform, whatever its base is
    for, else its base's own; in containerd's usual names (BuildKit: finalizeResultImage)."""
    found = dict(image)
    if asked:
        same = (found.get("os"), found.get("architecture")) == (asked.os, asked.arch)
        found |= {"os": asked.os, "architecture": asked.arch}
        found |= {key: value for key, value in (("variant", asked.variant), ("os.version", asked.version)) if value or not same}
    if found.get("architecture"):
        found["architecture"], found["variant"] = _architecture(found["architecture"], found.get("variant") or "")
    return {key: value for key, value in found.items() if value or key not in ("variant", "os.version")}


def _must_match(pattern: str) -> str:
    regex = "^" + pattern.removesuffix("\\Z") + "$"
    return f"specifier component must match {quoted(regex)}: invalid argument"


def _completed(text: str, name: str, version: str, rest: list[str]) -> Platform:
    if not rest and name in _KNOWN_OS:
        return host()._replace(os=name, version=version)
    arch, variant = _architecture(rest[0] if rest else text, rest[1] if len(rest) > 1 else "")
    if len(rest) == 2:
        return Platform(name, arch, "v8" if arch == "arm64" and not variant else variant, version)
    variant = "" if arch == "arm" and variant == "v7" else variant
    if rest:
        return Platform(name, arch, variant, version)
    if arch in _KNOWN_ARCH:
        return Platform("linux", arch, variant)
    raise ValueError(f"{quoted(text)}: unknown operating system or architecture: invalid argument")


def _architecture(arch: str, variant: str) -> tuple[str, str]:
    """The usual names of an architecture and its variant."""
    arch, variant = arch.lower(), variant.lower()
    if arch == "i386":
        return "386", ""
    if arch in ("x86_64", "x86-64", "amd64"):
        return "amd64", "" if variant == "v1" else variant
    if arch in ("aarch64", "arm64"):
        return "arm64", _ARM64.get(variant, variant)
    if arch == "armhf":
        return "arm", "v7"
    if arch == "armel":
        return "arm", "v6"
    return arch, _ARM.get(variant, variant) if arch == "arm" else variant
