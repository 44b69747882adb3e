"""What package installers have downloaded and leave in the layer (D2S124)."""

from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands.apart import Understood
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Run


class _Cache(NamedTuple):
    """What an installer leaves: where, what prevents it, what takes it away, hadolint's name, a cure."""

    where: tuple[str, ...]
    prevents: tuple[str, ...]
    cleans: tuple[str, ...]
    also: str
    better: str


_PIP = "write `pip install --no-cache-dir`, or `RUN --mount=type=cache,target=/root/.cache/pip`"
_CACHES = {
    "pip install": _Cache(
        ("/.cache", "/.cache/pip"),
        ("--no-cache-dir", "--no-cache"),
        ("pip cache purge", "pip3 cache purge", ".cache", "global.no-cache-dir"),
        "DL3042",
        _PIP,
    ),
    "apk add": _Cache(
        ("/var/cache/apk", "/etc/apk/cache", "/var/cache"),
        ("--no-cache",),
        ("/var/cache/apk",),
        "DL3019",
        "write `apk add --no-cache`",
    ),
    "yum install": _Cache(
        ("/var/cache/yum", "/var/cache"), (), ("clean", "/var/cache/yum"), "DL3032", "end the RUN with `&& yum clean all`"
    ),
    "dnf install": _Cache(
        ("/var/cache/dnf", "/var/cache", "/var/cache/libdnf5"),
        (),
        ("clean", "/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"),
        "DL3040",
        "end the RUN with `&& dnf clean all`",
    ),
    "microdnf install": _Cache(
        ("/var/cache/yum", "/var/cache"), (), ("clean", "/var/cache"), "DL3040", "end it with `&& microdnf clean all`"
    ),
    "zypper install": _Cache(
        ("/var/cache/zypp", "/var/cache"), (), ("clean", "/var/cache/zypp"), "DL3036", "end it with `&& zypper clean`"
    ),
    "yarn install": _Cache(
        ("/usr/local/share/.cache", "/.cache/yarn", "/.cache"),
        (),
        ("cache clean", "/.cache"),
        "DL3060",
        "end it with `&& yarn cache clean`",
    ),
}


def find(one: Seen, step: Run) -> Iterator[Finding]:
    """One for each installer: the first command that leaves something."""
    for title, cache in _CACHES.items():
        commands = ((each, known) for each, known in one.commands() if known.title.replace("pip3", "pip") == title)
        understood, known = next(commands, (None, None))
        if understood is None or known is None or _is_kept_away(cache, step, step.handed()):
            continue
        texts = {part.text for part in known.parts}
        if texts & {*cache.prevents, "--help", "--download"} or (title == "pip install" and _is_told(step, understood)):
            continue
        yield Finding("D2S124", step.span, (("command", known.title), ("better", cache.better)), known.title, (cache.also,))


def _is_kept_away(cache: _Cache, step: Run, text: str) -> bool:
    """Whether it is deleted in the same RUN, or lies in a mount."""
    everything = "/var/cache/*" in text and any(place.startswith("/var/cache") for place in cache.where)
    mounted = any(mount.type in ("cache", "tmpfs") and mount.target.endswith(cache.where) for mount in step.mounts)
    return everything or mounted or any(clean in text for clean in cache.cleans)


def _is_told(step: Run, understood: Understood) -> bool:
    """Whether a variable says where pip's cache is, or that there is none."""
    names = ("PIP_NO_CACHE_DIR", "PIP_CACHE_DIR")
    env = step.env.items()
    here = {word.value.partition("=")[0] for word in understood.command.assignments}
    return any(env.get(name) or name in here for name in names)
