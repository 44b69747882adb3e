"""Debian's and Ubuntu's images made from their packages: much like the images of that name, not the same."""

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import BinaryIO

from dock2sh.ending import with_us

from . import Contents, Image, ImageError, Part
from .archives import bare_config
from .index import this_architecture
from .reference import parse_reference
from .sources import tar_directory
from .workplaces import held, sweep

_DEBIAN = {"10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky", "latest": "stable"}
_UBUNTU = {"20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute", "latest": "noble"}
_SUITES = {"debian": _DEBIAN, "ubuntu": _UBUNTU}
_DEB = {"386": "i386", "arm": "armhf", "ppc64le": "ppc64el"}  # docker's architectures that Debian calls otherwise
_SLIM = ("doc", "man", "locale", "info", "groff", "lintian", "linda")  # of /usr/share; what each slim image leaves out
_CLEAN = "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"
# what the official images have besides the packages: no service starts, nothing that apt has fetched stays
_FILES = {
    "usr/sbin/policy-rc.d": (0o755, "#!/bin/sh\nexit 101\n"),
    "etc/apt/apt.conf.d/docker-clean": (
        0o644,
        "".join(f'{when}::Post-Invoke {{ "{_CLEAN}"; }};\n' for when in ("DPkg", "APT::Update"))
        + 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
    ),
    "etc/apt/apt.conf.d/docker-no-languages": (0o644, 'Acquire::Languages "none";\n'),
    "etc/apt/apt.conf.d/docker-gzip-indexes": (0o644, 'Acquire::GzipIndexes "true";\n'),
    "etc/apt/apt.conf.d/docker-autoremove-suggests": (0o644, 'Apt::AutoRemove::SuggestsImportant "false";\n'),
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": (0o644, "force-unsafe-io\n"),
}
_KEYRINGS = {"debian": "debian-archive-keyring", "ubuntu": "ubuntu-keyring (in some releases of Debian: ubuntu-archive-keyring)"}
_UNREACHED = ("Could not resolve", "Failed to fetch", "Failed getting release file", "Could not connect", "Unable to connect")
_SAID_AT_MOST = 300
_OURS = "bootstrap-of-"
_FIELD = re.compile(r"^(?:URIs:\s*|deb\s+(?:\[[^]]*\]\s+)?)(\S+)", re.MULTILINE)


def make(reference: str, platform: str, say: Callable[[str], None]) -> Image | None:
    """The image of `debian:SUITE` or `ubuntu:VERSION` by mmdebstrap or debootstrap; None for any other, or if neither is here."""
    distribution, suite = suite_of(reference)
    tool = next(filter(shutil.which, ("mmdebstrap", "debootstrap")), "")
    if not suite or not tool:
        return None
    architecture = (platform or f"linux/{this_architecture()}").split("/")[1]
    say(f"made by {tool} from today's packages of {suite}: much like {reference}, not the same")
    slim = parse_reference(reference).tag.endswith("-slim")
    words = [f"--arch={_DEB.get(architecture, architecture)}", "--variant=minbase", suite]
    files = _FILES | ({"etc/dpkg/dpkg.cfg.d/docker": (0o644, _excluded())} if slim else {})
    shell = "bash" if distribution == "debian" else "/bin/bash"
    config = {**bare_config(), "architecture": architecture}
    config["config"] = {**config["config"], "Cmd": [shell]}
    return Image(reference, tool, config, partial(_contents, [tool, *words], distribution, files))


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


def _excluded() -> str:
    """dpkg's rules for a slim image: nothing of _SLIM but what the licences ask for."""
    rules = [f"path-exclude /usr/share/{name}/*\n" for name in _SLIM]
    return "".join([*rules, "path-include /usr/share/doc/*/copyright\n"])


@contextmanager
def _contents(command: list[str], distribution: str, files: Mapping[str, tuple[int, str]]) -> Iterator[Contents]:
    """The packages in one layer, `files` in another. The tool cleans up behind itself when it is told that we are gone."""
    with _workplace() as folder:
        os.chmod(folder, 0o755)
        target = os.path.join(folder, "root")
        whole = [*with_us(), *command, target, *mirror(distribution)]
        done = subprocess.run(whole, check=False, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise ImageError(f"{' '.join(command)} failed: {why(done.stderr + done.stdout, distribution)}")
        _tidy(target, "etc/dpkg/dpkg.cfg.d/docker" in files)
        yield Contents(b"", b"", [Part("", "", partial(tar_directory, target)), Part("", "", partial(_tar, files))])


@contextmanager
def _workplace() -> Iterator[str]:
    """A directory that is gone afterwards; what a killed process has left of its own goes, too."""
    for entry in os.scandir(tempfile.gettempdir()):
        if entry.name.startswith(_OURS) and entry.is_dir(follow_symlinks=False):
            sweep(entry.path)
    new = tempfile.mkdtemp(prefix="dock2sh-")
    with held(new, os.path.join(os.path.dirname(new), _OURS + os.path.basename(new))) as folder:
        yield folder


def why(said: str, distribution: str) -> str:
    """What mmdebstrap or debootstrap has died of, out of all that it said."""
    lines = [line.strip() for line in said.splitlines() if not line.startswith("I:")]
    if any(word in said for word in ("NO_PUBKEY", "unknown key")):
        return f"the keys of {distribution}'s archive are not here. Install {_KEYRINGS[distribution]}"
    if any(word in said for word in _UNREACHED):
        first = next(line for line in lines if any(word in line for word in _UNREACHED))
        return f"{distribution}'s archive cannot be reached: {first[:_SAID_AT_MOST]}"
    return " ".join([line for line in lines if line.startswith("E:")][:2] or lines[-2:])[:_SAID_AT_MOST]


def _tidy(root: str, slim: bool) -> None:
    """Take away what no image has: what was fetched, and this machine's names."""
    for place in ("var/cache/apt/archives", "var/lib/apt/lists", *(f"usr/share/{name}" for name in _SLIM if slim)):
        for folder, _, names in os.walk(os.path.join(root, place)):
            for name in names:
                if name not in ("lock", "copyright"):
                    os.unlink(os.path.join(folder, name))
    for name in ("etc/hostname", "etc/resolv.conf"):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(root, name))


@contextmanager
def _tar(files: Mapping[str, tuple[int, str]]) -> Iterator[BinaryIO]:
    """Files, root's, as a layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (mode, text) in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.mode, info.size = mode, len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    out.seek(0)
    yield out
