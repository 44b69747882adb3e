"""Debian's and Ubuntu's images made from their packages: much like the images of that name, not the same."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from . import Contents, Image, ImageError, Part
from .archives import bare_config
from .index import this_architecture
from .reference import parse_reference
from .sources import open_file, tar_directory

_DEBIAN = {"10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky", "latest": "stable"}
_UBUNTU = {"20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute", "latest": "noble"}
_SUITES = {"debian": _DEBIAN, "ubuntu": _UBUNTU}
_DEB = {"386": "i386", "arm": "armhf", "ppc64le": "ppc64el"}  # docker's architectures that Debian calls otherwise
_FIELD = re.compile(r"^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s+)?)(\S+)", re.MULTILINE)


def make(reference: str, platform: str, say: Callable[[str], None]) -> Image | None:
    """The image of `debian:SUITE` or `ubuntu:VERSION` by mmdebstrap or debootstrap; None for any other, or if neither is here."""
    distribution, suite = suite_of(reference)
    tool = next(filter(shutil.which, ("mmdebstrap", "debootstrap")), "")
    if not suite or not tool:
        return None
    architecture = (platform or f"linux/{this_architecture()}").split("/")[1]
    say(f"made by {tool} from today's packages of {suite}: much like {reference}, not the same")
    words = [f"--arch={_DEB.get(architecture, architecture)}", "--variant=minbase", suite]
    shell = "bash" if distribution == "debian" else "/bin/bash"
    config = {**bare_config(), "architecture": architecture}
    config["config"] = {**config["config"], "Cmd": [shell]}
    return Image(reference, tool, config, partial(_contents, tool, words, mirror(distribution)))


def suite_of(reference: str) -> tuple[str, str]:
    """`debian` and `bookworm` for debian:12, debian:bookworm-slim, debian:12.5; ("", "") for what is neither's official image."""
    whole = parse_reference(reference)
    distribution = whole.path.removeprefix("library/")
    if whole.domain != "docker.io" or distribution not in _SUITES or whole.digest:
        return "", ""
    tag = whole.tag.removesuffix("-slim")
    tag = re.sub(r"-\d{8}(\.\d+)?$", "", tag)
    known = _SUITES[distribution]
    version = tag.partition(".")[0] if distribution == "debian" else tag
    return distribution, known.get(version, tag if tag in (*known.values(), "sid", "testing", "stable", "unstable") else "")


def mirror(distribution: str, apt: str = "/etc/apt", release: str = "/etc/os-release") -> list[str]:
    """The mirror that this machine uses, if it runs that distribution; else none, and the tool takes its own default."""
    try:
        with open(release) as file:
            if f"ID={distribution}" not in file.read().split():
                return []
    except OSError:
        return []
    folder = os.path.join(apt, "sources.list.d")
    files = [os.path.join(apt, "sources.list"), *(os.path.join(folder, name) for name in sorted(_listed(folder)))]
    for path in filter(os.path.isfile, files):
        with open(path, errors="replace") as file:
            if found := _FIELD.search(file.read()):
                return [found[1]]
    return []


def _listed(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith((".list", ".sources"))]
    except OSError:
        return []


@contextmanager
def _contents(tool: str, words: list[str], mirror: list[str]) -> Iterator[Contents]:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        target = os.path.join(folder, "root.tar" if tool == "mmdebstrap" else "root")
        done = subprocess.run([tool, *words, target, *mirror], check=False, capture_output=True, text=True, errors="replace")
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise ImageError(f"{tool} {' '.join(words)} failed: {' '.join(last)}")
        opener = partial(open_file, target) if tool == "mmdebstrap" else partial(tar_directory, target)
        yield Contents(b"", b"", [Part("", "", opener)])
