"""Which distribution and release a base image is, by its name: with the host's own the setup can go into the host's files."""

import re
from typing import NamedTuple

from dock2sh.images.reference import InvalidReference, parse_reference


class Release(NamedTuple):
    """ID and VERSION_ID as in os-release; `*` for one without releases. A version matches what it is the beginning of."""

    id: str
    version: str


_DEBIAN = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}
_UBUNTU = {"bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04", "resolute": "26.04"}
_NUMBER, _DOTTED = r"(\d+)(?:[.-].*)?\Z", r"(\d+\.\d+)(?:[.-].*)?\Z"

# repository on Docker Hub -> ID, the version in a tag, names of releases
_KNOWN: dict[str, tuple[str, str, dict[str, str]]] = {
    "library/debian": ("debian", _NUMBER, _DEBIAN),
    "library/ubuntu": ("ubuntu", _DOTTED, _UBUNTU),
    "library/alpine": ("alpine", _DOTTED, {}),
    "library/fedora": ("fedora", _NUMBER, {}),
    "library/rockylinux": ("rocky", _NUMBER, {}),
    "rockylinux/rockylinux": ("rocky", _NUMBER, {}),
    "library/almalinux": ("almalinux", _NUMBER, {}),
    "library/oraclelinux": ("ol", _NUMBER, {}),
    "library/amazonlinux": ("amzn", _NUMBER, {}),
    "opensuse/leap": ("opensuse-leap", _DOTTED, {}),
}
_ROLLING = {
    "library/archlinux": "arch",
    "opensuse/tumbleweed": "opensuse-tumbleweed",
    "voidlinux/voidlinux": "void",
}


def release(image: str) -> Release | None:
    """The release that the name says; None for other images and for names that do not say it (`debian`, `debian:sid`)."""
    try:
        reference = parse_reference(image)
    except InvalidReference:
        return None
    if reference.domain != "docker.io":
        return None
    if rolling := _ROLLING.get(reference.path):
        return Release(rolling, "*")
    if reference.path not in _KNOWN:
        return None
    name, pattern, names = _KNOWN[reference.path]
    version = _version(reference.tag, pattern, names)
    return Release(name, version) if version else None


def _version(tag: str, pattern: str, names: dict[str, str]) -> str:
    if match := re.match(pattern, tag):
        return match[1]
    return names.get(tag.partition("-")[0], "")
