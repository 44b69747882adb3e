"""What package installers have downloaded and leave in the layer (D2S124)."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run


class _Cache(NamedTuple):
    """What an installer leaves: where (`~` is anybody's home), which options prevent it, which commands delete it, hadolint's
    name, a cure."""

    where: tuple[str, ...]
    prevents: tuple[str, ...]
    cleans: tuple[str, ...]
    also: str
    better: str


_PIP = "write `pip install --no-cache-dir`, or `RUN --mount=type=cache,target=/root/.cache/pip`"
_CACHES = {
    "pip install": _Cache(
        ("~/.cache/pip", "/.cache/pip"),
        ("--no-cache-dir", "--no-cache"),
        ("pip cache purge",),
        "DL3042",
        _PIP,
    ),
    "apk add": _Cache(
        ("/var/cache/apk", "/etc/apk/cache"),
        ("--no-cache",),
        ("apk cache clean", "apk cache purge"),
        "DL3019",
        "write `apk add --no-cache`",
    ),
    "yum install": _Cache(("/var/cache/yum",), (), ("yum clean",), "DL3032", "end the RUN with `&& yum clean all`"),
    "dnf install": _Cache(
        ("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"),
        (),
        ("dnf clean", "yum clean", "microdnf clean"),
        "DL3040",
        "end the RUN with `&& dnf clean all`",
    ),
    "microdnf install": _Cache(
        ("/var/cache/yum", "/var/cache/dnf"),
        (),
        ("microdnf clean", "dnf clean", "yum clean"),
        "DL3040",
        "end it with `&& microdnf clean all`",
    ),
    "zypper install": _Cache(("/var/cache/zypp",), (), ("zypper clean", "zypper cc"), "DL3036", "end it with `&& zypper clean`"),
    "yarn install": _Cache(
        ("/usr/local/share/.cache/yarn", "~/.cache/yarn"),
        (),
        ("yarn cache clean",),
        "DL3060",
        "end it with `&& yarn cache clean`",
    ),
}
_HOME = re.compile(r"(?:/root|/home/[^/]+|~\w*|\$\{?\w*HOME\w*\}?)(?=/|\Z)")
_NUMBERED = re.compile(r"pip[\d.]+(?= |\Z)")


def find(one: Seen, step: Run) -> Iterator[Finding]:
    """One for each installer: the first command that leaves something."""
    commands = list(one.commands())
    for title, cache in _CACHES.items():
        for index, (understood, known) in enumerate(commands):
            if _title(known) == title and _leaves(cache, step, known) and not _is_told(title, step, understood, commands[:index]):
                if not any(_cleans(cache, each) for _, each in commands[index + 1 :]):
                    yield Finding(
                        "D2S124", step.span, (("command", known.title), ("better", cache.better)), known.title, (cache.also,)
                    )
                break


def _title(known: Known) -> str:
    """Its name, of pip without the number of its Python."""
    return _NUMBERED.sub("pip", known.title)


def _leaves(cache: _Cache, step: Run, known: Known) -> bool:
    """Whether it keeps what it downloads, and not in a mount."""
    texts = {part.text for part in known.parts}
    kept = [mount.target for mount in step.mounts if mount.type in ("cache", "tmpfs")]
    return not texts & {*cache.prevents, "--help", "--download"} and not any(_takes(cache, target) for target in kept)


def _cleans(cache: _Cache, known: Known) -> bool:
    """Whether a later command of the RUN deletes it."""
    words = " ".join((_title(known), *(part.value for part in known.parts if part.kind == "operand")))
    if words.startswith(cache.cleans):
        return True
    deletes = known.title == "rm" or (known.title == "find" and any(part.text == "-delete" for part in known.parts))
    return deletes and any(_takes(cache, path) for path in _spread(known.words("path")))


def _takes(cache: _Cache, path: str) -> bool:
    """Whether a path is that of the cache, or of a directory that it lies in."""
    path = _HOME.sub("~", path.removesuffix("/*").rstrip("/"), 1)
    places = [each for place in map(PurePosixPath, cache.where) for each in (place, *place.parents)]
    return path not in ("", ".") and any(fnmatchcase(str(place), path) for place in places)


def _spread(paths: tuple[str, ...]) -> Iterator[str]:
    """`/var/cache/{apk,misc}` is two paths to bash."""
    for path in paths:
        before, brace, rest = path.partition("{")
        inner, closed, behind = rest.partition("}")
        if brace and closed and "," in inner and not before.endswith("$"):
            yield from (f"{before}{each}{behind}" for each in inner.split(","))
        else:
            yield path


def _is_told(title: str, step: Run, understood: Understood, before: list[tuple[Understood, Known]]) -> bool:
    """Whether a variable or a setting says where pip's cache is, or that there is none.

    `PIP_NO_CACHE_DIR=0` says so, too: to pip every value does that it can read (pip's cmdoptions, `_handle_no_cache_dir`).
    """
    if title != "pip install":
        return False
    names = ("PIP_NO_CACHE_DIR", "PIP_CACHE_DIR")
    env = step.env.items()
    here = [word.value for word in understood.command.assignments]
    here += [part.value for _, known in before if known.title == "export" for part in known.parts]
    kept = any("no-cache-dir" in part.value for _, known in before if _title(known) == "pip config" for part in known.parts)
    told = any(word.startswith(tuple(f"{name}=" for name in names)) for word in here)
    return kept or told or any(env.get(name) for name in names)
