"""Commands that are harmless in a container and may hurt a machine that has other tasks: they are named before anything is done.

The script guards against the worst of them without touching the RUN (runtime/host/guard.sh); this is for the person who is asked.
"""

import re
from collections.abc import Iterator

from dock2sh.commands.apart import exec_apart, take_apart
from dock2sh.model import Plan, Run
from dock2sh.shell import Command

_REMOVES = {
    "apt": ("purge", "remove", "autoremove", "auto-remove", "autopurge"),
    "apt-get": ("purge", "remove", "autoremove", "auto-remove", "autopurge"),
    "aptitude": ("purge", "remove"),
    "dpkg": ("-r", "-P", "--remove", "--purge"),
    "apk": ("del",),
    "yum": ("remove", "erase", "autoremove"),
    "dnf": ("remove", "erase", "autoremove"),
    "microdnf": ("remove",),
    "zypper": ("remove", "rm"),
    "pacman": ("-R", "-Rs", "-Rns", "-Rsn"),
}
_UPGRADES = {"apt": ("upgrade", "full-upgrade", "dist-upgrade"), "apt-get": ("upgrade", "dist-upgrade"), "apk": ("upgrade",)}
_ACCOUNTS = ("usermod", "userdel", "groupmod", "groupdel", "deluser", "delgroup", "chpasswd", "passwd", "chsh", "vipw")
_MACHINE = ("reboot", "shutdown", "poweroff", "halt", "sysctl", "iptables", "ip6tables", "nft", "modprobe", "mkfs", "hostnamectl")
_SHARED = re.compile(r"/(tmp|var/tmp|var/log|var/cache|etc|usr|var|home|root|lib|bin|sbin|opt|srv|boot)?/?(\*|\.\*)?\Z")


def dangers(plan: Plan) -> list[str]:
    """A line for each: the step's number, its place in the Dockerfile, what is to be known; of steps that change the machine."""
    found, number = list[str](), 0
    chain = {stage.key for stage in plan.chain()}
    for stage in plan.stages:
        for steps in stage.layers():
            number += 1
            if stage.key in chain:
                found += [
                    f"{number} (line {step.span.first}): {text}" for step in steps if isinstance(step, Run) for text in _of(step)
                ]
    return list(dict.fromkeys(found))


def _of(step: Run) -> Iterator[str]:
    text = step.handed()
    apart = take_apart(text) if step.shell else exec_apart(step.argv)
    for understood in apart.found:
        yield from _command(understood.command)


def _command(command: Command) -> Iterator[str]:
    """What is to be known of one command; `sudo`, `env` and the like before it do not count."""
    words = [word.value for word in command.words]
    while words and (words[0] in ("sudo", "env", "command", "exec", "nice", "time") or re.match(r"\w+=", words[0])):
        words = words[1:]
    if words:
        yield from _named(words[0].rpartition("/")[2], words[1:])
    for redirect in command.redirects:
        if redirect.operator in (">", ">>", ">|") and redirect.target.startswith("/etc/"):
            yield f"writes {redirect.target}, which is this machine's"


def _named(name: str, words: list[str]) -> Iterator[str]:
    plain = [word for word in words if not word.startswith("-")]
    verb = next(iter(plain), "")
    shown = " ".join([name, *words])[:60]
    if any(word in _REMOVES.get(name, ()) for word in ([verb] if name not in ("dpkg", "pacman") else words)) or (
        name in ("apt", "apt-get") and {"--auto-remove", "--autoremove"} & set(words)
    ):
        yield f"`{shown}` removes packages; those that were here before are held"
    elif verb in _UPGRADES.get(name, ()):
        yield f"`{shown}` upgrades all packages of this machine"
    elif name == "apt-mark" and verb == "auto":
        yield f"`{shown}` lets apt remove packages of this machine by itself"
    elif name == "rm" and any("r" in word.lower() for word in words if re.match(r"-\w", word)):
        yield from (f"`rm -r {path}` deletes what others may need" for path in plain if _SHARED.match(path) and path != "")
    elif name in _ACCOUNTS:
        yield f"`{shown}` changes accounts of this machine"
    elif name == "dpkg-divert" or (name == "update-alternatives" and "--set" in words):
        yield f"`{shown}` changes which program this machine runs"
    elif name in _MACHINE or name.startswith("mkfs."):
        yield f"`{shown}` is about the machine itself"
    elif name in ("sed", "perl") and any(re.match(r"-\w*i", word) for word in words):
        yield from (f"changes {path}, which is this machine's" for path in plain if path.startswith("/etc/"))
    elif name in ("chmod", "chown") and any(re.match(r"-\w*R", word) for word in words):
        yield from (f"`{shown}`: all below {path}" for path in plain if _SHARED.match(path))
