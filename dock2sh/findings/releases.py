"""Which release of Debian, Ubuntu or Alpine an image is, as far as its name tells."""

import re

from dock2sh.model import Plan, Stage

_RELEASES = {"debian": (12, 0), "ubuntu": (23, 4), "alpine": (3, 19)}
"""The first release whose Python is marked as externally managed."""
_NAMED = {
    "debian": "buster 10 bullseye 11 oldstable 12 bookworm 12 stable 13 trixie 13 forky 14 testing 99 unstable 99 sid 99",
    "ubuntu": "trusty 14 xenial 16 bionic 18 focal 20 jammy 22 noble 24 plucky 25 questing 25 rolling 25 devel 26",
    "alpine": "edge 99",
}


def _code_name(name: str, tag: str) -> int:
    """The release that a code name stands for; 0 if it is none."""
    words = _NAMED[name].split()
    return int(words[words.index(tag) + 1]) if tag in words[::2] else 0


def managed(image: str) -> bool:
    """Whether the Python of an image of Debian, Ubuntu or Alpine is marked as externally managed."""
    name, tag = _name_and_tag(image)
    if name not in ("debian", "ubuntu", "alpine"):
        return False
    tag = tag.removesuffix("-slim").removesuffix("-backports")
    tag = tag.partition("-2")[0]
    if tag in ("", "latest"):
        return True
    if release := _code_name(name, tag):
        return release >= _RELEASES[name][0]
    match = re.match(r"(\d+)(?:\.(\d+))?", tag)
    return bool(match) and (int(match[1]), int(match[2] or 0)) >= _RELEASES[name]  # type: ignore[index]


def _name_and_tag(image: str) -> tuple[str, str]:
    name, _, tag = image.partition("@")[0].removeprefix("docker.io/").removeprefix("library/").partition(":")
    return name, tag


_ON_DEBIAN = frozenset("python node golang ruby php rust buildpack-deps gcc perl openjdk".split())
"""Official images that stand on Debian, and whose tags tell by a code name on which."""
_CODE_NAMES = {"bullseye": 11, "bookworm": 12, "trixie": 13}


def debian(image: str) -> int:
    """The release of Debian that an image is or stands on: 11 to 13; 0 for others, and where its name does not tell."""
    name, tag = _name_and_tag(image)
    words = re.split(r"[-.]", tag)
    release = next((number for code, number in _CODE_NAMES.items() if code in words), 0)
    if name == "debian" and not release:
        release = _code_name("debian", words[0]) or (
            int(words[0]) if words[0].isdigit() else 13 if tag in ("", "latest", "slim") else 0
        )
    return release if (name == "debian" or name in _ON_DEBIAN) and 11 <= release <= 13 else 0


def first_base(plan: Plan, stage: Stage) -> str:
    """The image at the bottom of a chain of FROMs."""
    by_key = {each.key: each for each in plan.stages}
    while stage.parent is not None:
        stage = by_key[stage.parent]
    return stage.base
