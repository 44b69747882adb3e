"""What flags of `docker run` say of a process: volumes, hosts, rights."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from dock2sh.cli.say import note
from dock2sh.sandbox.container import CAPABILITIES, Volume
from dock2sh.sandbox.session import COPY, NO_COPY

UNABLE = 125
"""docker run's own status for an error of its own, also for a command line that it does not understand."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_RIGHTS = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast "
    "net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice "
    "sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm "
    "block_suspend audit_read perfmon bpf checkpoint_restore"
).split()
"""The capabilities in the order of their numbers (linux/capability.h)."""


def refuse(text: str) -> NoReturn:
    """docker run's way to say no."""
    note(text)
    raise SystemExit(UNABLE)


def volumes(volume: Sequence[str] | None, mount: Sequence[str] | None, tmpfs: Sequence[str] | None) -> list[Volume]:
    """All that is mounted into the root, in docker's order: that of the ways to it.

    A place has one thing, but that a tmpfs takes the place of what --mount has there, and anything that of a new volume.
    """
    given = [_volume(text) for text in dict.fromkeys(volume or ())]
    new = [one for one in given if one.options in (COPY, NO_COPY) and not one.source]
    named = [one for one in given if one not in new]
    mounted, memory = [_mount(text) for text in mount or ()], [_tmpfs(text) for text in tmpfs or ()]
    _refuse_second([*named, *mounted])
    _refuse_second([*named, *{one.place: one for one in memory}.values()])
    found = {one.place: one for one in (*new, *named, *mounted, *memory)}
    return sorted(found.values(), key=lambda one: one.place.count("/"))


def _refuse_second(all_of: Sequence[Volume]) -> None:
    places = [one.place for one in all_of]
    for place in places:
        if places.count(place) > 1:
            refuse(f"Duplicate mount point: {place}")


def _volume(text: str) -> Volume:
    """[PATH|NAME:]TARGET[:OPTIONS]"""
    first, colon, rest = text.partition(":")
    target, second, mode = rest.partition(":") if colon else (first, "", "")
    if colon and not (first and target):
        refuse(f"-v {text}: invalid spec: empty section between colons")
    words = mode.split(",") if second else []
    if problem := _wrong_mode(words, first):
        refuse(f"-v {text}: invalid mode: {problem}")
    placed = _placed(f"-v {text}", first if colon else "", target, "ro" in words, create=True)
    return placed._replace(options=NO_COPY) if "nocopy" in words else placed


_MODES = ({"ro", "rw"}, {"z", "Z"}, {"consistent", "cached", "delegated"}, {"private", "rprivate"}, {"nocopy"})
"""What a volume's mode may say: one of each; here only the first ones do something, as with docker on Linux."""


def _wrong_mode(words: Sequence[str], source: str) -> str:
    for word in words:
        if word == "nocopy" and source.startswith(("/", ".")):
            return "nocopy is for a volume with a name"
        if not any(word in kind for kind in _MODES):
            return f"{word!r} is not known here; ro and rw are"
    return ",".join(words) if any(sum(word in kind for word in words) > 1 for kind in _MODES) else ""


def _placed(about: str, source: str, target: str, read_only: bool, create: bool) -> Volume:
    place = _place(about, target)
    if source.startswith(("/", "./", "../")) or source in (".", ".."):
        if not create and not os.path.exists(source):
            refuse(f"{about}: bind source path does not exist: {source}")
        return Volume(os.path.abspath(source), place, read_only)
    if source and not _NAME.fullmatch(source):
        refuse(f"{about}: {source} is no name of a volume; a path begins with / or ./")
    return Volume(source, place, read_only, COPY)


def _place(about: str, target: str) -> str:
    place = "/" + os.path.normpath(target).lstrip("/")
    if not target.startswith("/") or place == "/":
        hint = ": write PATH:/TARGET" if about.startswith("-v") else ""
        refuse(f"{about}: the place in the container must be absolute, and not /{hint}")
    return place


def _mount(text: str) -> Volume:
    """type=bind|volume|tmpfs,source=...,target=...,readonly"""
    pairs = {key.lower(): value or "true" for key, _, value in (word.partition("=") for word in text.split(","))}
    kind, target = pairs.pop("type", "volume"), _first(pairs, "target", "dst", "destination")
    source, read_only = _first(pairs, "source", "src"), _first(pairs, "readonly", "ro") in ("true", "1")
    filled = kind != "volume" or _first(pairs, "volume-nocopy") in ("", "false", "0")
    options = [f"{name}={pairs.pop(key)}" for key, name in (("tmpfs-size", "size"), ("tmpfs-mode", "mode")) if key in pairs]
    if pairs or kind not in ("bind", "volume", "tmpfs"):
        refuse(f"--mount {text}: {', '.join(pairs) or kind} is not known here")
    if kind == "tmpfs" and source:
        refuse(f"--mount {text}: a tmpfs has no source")
    if kind == "tmpfs":
        options += ["ro"] if read_only else []
        return Volume("", _place(f"--mount {text}", target), read_only, ",".join(options))
    if kind == "bind" and not source:
        refuse(f"--mount {text}: a bind has a source: add source=PATH")
    source = os.path.abspath(source) if kind == "bind" else source
    placed = _placed(f"--mount {text}", source, target, read_only, create=False)
    return placed if filled else placed._replace(options=NO_COPY)


def _first(pairs: dict[str, str], *names: str) -> str:
    """The value of the first of these names; all of them are taken away."""
    values = [pairs.pop(name) for name in names if name in pairs]
    return values[0] if values else ""


def _tmpfs(text: str) -> Volume:
    target, _, options = text.partition(":")
    return Volume("", _place(f"--tmpfs {text}", target), False, options)


class Bad(ValueError):
    """A value that docker refuses, too: one sentence."""


_LIMITS = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()


def limits(given: Sequence[str]) -> list[str]:
    """--ulimit NAME=SOFT[:HARD], in whole; of two of one name the last counts, as in docker. Raises Bad."""
    found: dict[str, str] = {}
    for text in given:
        name, _, values = text.partition("=")
        match = re.fullmatch(r"(-1|\d{1,18})(?::(-1|\d{1,18}))?", values)
        if name not in _LIMITS or not match:
            what = "NAME=SOFT[:HARD], for example nofile=1024:2048" if name in _LIMITS else f"one of {', '.join(_LIMITS)}"
            raise Bad(f"--ulimit {text}: invalid ulimit; write {what}")
        soft, hard = int(match[1]), int(match[2] or match[1])
        if hard != -1 and not -1 < soft <= hard:
            raise Bad(f"--ulimit {text}: the soft limit must be less than or equal to the hard one")
        found[name] = f"{name}={soft}:{hard}"
    return list(found.values())


def shared_memory(text: str) -> int:
    """--shm-size in bytes; 0 where none is given: docker's own. Raises Bad."""
    from dock2sh.dockerfile.gotext import in_bytes

    if not text:
        return 0
    size = in_bytes(text)
    if size is None:
        raise Bad(f"--shm-size {text}: invalid size; write a number of bytes, or with k, m or g: 512m")
    return size


def host(text: str) -> tuple[str, str]:
    """NAME:ADDRESS or NAME=ADDRESS; host-gateway is this machine, whose network it has."""
    name, _, address = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text).groups()  # type: ignore[union-attr]
    if not name or not address:
        refuse(f'bad format for add-host: "{text}"; write NAME:ADDRESS')
    return name, "127.0.0.1" if address == "host-gateway" else address.strip("[]")


def resolver(servers: Sequence[str], search: Sequence[str], options: Sequence[str]) -> str:
    """The resolv.conf that --dns, --dns-search and --dns-option make of this machine's; "" where none is given."""
    from ipaddress import ip_address

    from dock2sh.sandbox.container import resolver as own

    for text in servers:
        try:
            ip_address(text)
        except ValueError:
            refuse(f"{text} is not an ip address")
    if not (servers or search or options):
        return ""
    given = {"nameserver": servers, "search": search, "options": options}
    kept = [line for line in own().splitlines() if line.split()[:1] != [] and not given.get(line.split()[0])]
    made = [f"nameserver {text}" for text in servers]
    made += [f"{kind} {' '.join(given[kind])}" for kind in ("search", "options") if given[kind] and given[kind] != ["."]]
    return "".join(f"{line}\n" for line in [*made, *kept])


def capabilities(add: Sequence[str] | None, drop: Sequence[str] | None) -> frozenset[int]:
    """docker's fourteen with some more and some less: ALL comes first, names count in both lists."""
    numbers: Mapping[str, int] = {name: number for number, name in enumerate(_RIGHTS)}
    added, dropped = ([text.lower().removeprefix("cap_") for text in texts or ()] for texts in (add, drop))
    for name in (*added, *dropped):
        if name != "all" and name not in numbers:
            refuse(f"invalid capability: {name.upper()}")
    if "all" in added:
        return frozenset(numbers.values()) - {numbers[name] for name in dropped if name != "all"}
    kept = frozenset() if "all" in dropped else CAPABILITIES - {numbers[name] for name in dropped}
    return kept | {numbers[name] for name in added}


_SECURITY = {
    "no-new-privileges": {"no_new_privileges": True},
    "no-new-privileges=true": {"no_new_privileges": True},
    "no-new-privileges=false": {"no_new_privileges": False},
    "seccomp=unconfined": {"unfiltered": True},
    "seccomp=builtin": {"unfiltered": False},
}


def security(given: Sequence[str] | None) -> dict[str, bool]:
    """--security-opt as fields of a process. Neither AppArmor nor SELinux has a profile for it: what is said of these changes
    nothing, as with docker on a machine without them."""
    fields: dict[str, bool] = {}
    for text in given or ():
        word = text.replace(":", "=", 1)
        if word not in _SECURITY and not word.startswith(("label=", "apparmor=")):
            refuse(f"--security-opt {text}: one of {', '.join(_SECURITY)}; --privileged lifts all, --cap-add gives a right more")
        fields |= _SECURITY.get(word, {})
    return fields
