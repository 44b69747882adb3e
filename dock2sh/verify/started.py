"""What a machine's service starts, beside what the image would start with: environment, user, directory, command, signal.

The files that start it (unit, wrapper, environment) are read on the machine, with what `systemctl edit` has put beside them, and
compared with those that setup.sh would install for the image that docker has built.
"""

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .compare import Difference
from .machine import Machine, Record, files, look_at
from .snapshot import contents

# what setup.sh installs for an image of this config, set up that way (merge, root): path -> text
Files = Callable[[Mapping[str, Any], str], Mapping[str, str]]
# of a unit, what makes a process what it is; all else is what a machine may give it besides
_DECIDES = re.compile(
    r"Exec\w+|User|Group|SupplementaryGroups|DynamicUser|WorkingDirectory|RootDirectory|RootImage|UMask|KillSignal|Type"
    r"|Environment|EnvironmentFile|PassEnvironment|UnsetEnvironment|BindPaths|BindReadOnlyPaths|StateDirectory"
)
# settings that add to what was said before them
_SEVERAL = re.compile(
    r"Exec(Start|Stop|Reload)\w*|\w*Environment(File)?|Bind\w+|StateDirectory|SupplementaryGroups|ExecSearchPath"
)
_HIDDEN = "(another value, which is not shown: it looks like a secret)"
_MADE = re.compile(r"(?m)^# Made by dock2sh .*$")


class Service(NamedTuple):
    """The service that is looked at: its `name`, what would be installed for an image, and which variables are `secret`."""

    name: str
    wanted: Files
    secret: Callable[[str], bool]

    @property
    def unit(self) -> str:
        return f"/etc/systemd/system/{self.name}.service"


def started(
    of: Machine, service: Service, record: Record, config: Mapping[str, Any], ids: "Numbers", work: str
) -> list[Difference]:
    """What differs between the service there and what starts an image with this config, whose user has these numbers."""
    wanted = dict(service.wanted(config, record.way))
    tree = f"{service.unit}.d/tree.conf"
    if tree in wanted:  # what setup.sh adds
        home = re.sub(r'([\\"])', r"\\\1", ids.home).replace("%", "%%")
        wanted[tree] += f'Environment="HOME={home}"\nUser={ids.uid}\nGroup={ids.gid}\n'
        if len(ids.groups) > 1:
            wanted[tree] += f"SupplementaryGroups={' '.join(ids.groups)}\n"
    folder = f"{service.unit}.d"
    root = files(of, "/", (*wanted, folder), os.path.join(work, "service"), tree=True)
    there = dict(_read(root, (*wanted, *_drop_ins(root, folder))))
    volumes = f"{folder}/volumes.conf"  # setup.sh keeps systemd from changing owners and modes
    if volumes in there and [*_assignments(there[volumes])] == [("StateDirectory", "")]:
        del there[volumes]
    if service.unit in wanted and service.unit not in there and service.unit not in record.changes and record.changes:
        wanted = {path: text for path, text in wanted.items() if not path.startswith("/etc/systemd/")}  # setup.sh --no-service
    found = [Difference(path, "missing", "nothing", "a file that starts the service") for path in wanted if path not in there]
    for path, text in wanted.items():
        if path in there and not path.startswith(service.unit):
            compared = _environment if path.endswith("/env.sh") else _program
            found += compared(path, there[path], text, service.secret)
    if service.unit in there:
        found += _units(service, there, wanted)
    return found


class Numbers(NamedTuple):
    """A user's number, its group's, those of all its groups, and its HOME, which goes by the number."""

    uid: str
    gid: str
    groups: tuple[str, ...]
    home: str = "/"


def numbers(user: str, root: str) -> Numbers:
    """Those of an image's USER, as its own files have them."""
    name, _, group = user.partition(":")
    known, uid, gid = _account(root, "passwd", name or "0")
    if group:
        gid = _account(root, "group", group)[1]
    others = [row[2] for row in _rows(root, "group") if known and not group and known in row[3].split(",") and row[2] != gid]
    home = next((row[5] for row in _rows(root, "passwd") if row[2] == uid and len(row) > 5), "/")
    return Numbers(uid, gid, (gid, *others), home)


def _account(root: str, file: str, name: str) -> tuple[str, ...]:
    """Name, number and group of the first that has this name or number; what nobody has is a number of nobody, in group 0."""
    found = next((row for row in _rows(root, file) if name in (row[0], row[2])), ["", "", name, "0"])
    return found[0], found[2], found[3]


def _rows(root: str, file: str) -> list[list[str]]:
    place = f"{root}/etc/{file}"
    text = contents(place).decode(errors="replace") if os.path.isfile(place) and not os.path.islink(place) else ""
    return [row for line in text.splitlines() if len(row := line.split(":")) > 3]


def _read(root: str, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The regular files among these, as text; none is reached through a link."""
    for path, about in look_at(root, paths).items():
        if stat.S_ISREG(about.st_mode):
            yield path, contents(root + path).decode("utf-8", "surrogateescape")


def _drop_ins(root: str, folder: str) -> list[str]:
    """systemd.unit(5): what stands beside a unit, in the order of the names."""
    if folder not in look_at(root, [folder]) or not os.path.isdir(root + folder):
        return []
    return [f"{folder}/{name}" for name in sorted(os.listdir(root + folder)) if name.endswith(".conf")]


# -- each kind of file -------------------------------------------------------------------------------------------------------


def _environment(path: str, mine: str, other: str, secret: Callable[[str], bool]) -> list[Difference]:
    ours, theirs = _variables(mine), _variables(other)
    found = []
    for name in sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)):
        one, two = (_shown(side.get(name), secret(name)) for side in (ours, theirs))
        found.append(Difference(f"service environment {name}", "service", one, two, cause=f"{path} was changed there"))
    return found


def _shown(value: str | None, secret: bool) -> str:
    return "not set" if value is None else _HIDDEN if secret else repr(value)


def _variables(text: str) -> dict[str, str]:
    """The variables of env.sh: a shell reads it, and systemd; what is no assignment counts as it is."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        words = line.strip().removeprefix("export ")
        if not words or words.startswith("#"):
            continue
        name, sign, value = words.partition("=")
        try:
            found[name if sign else words] = "".join(shlex.split(value)[:1]) if sign else ""
        except ValueError:  # a value that goes on in the next line
            found[name] = value
    return found


def _program(path: str, mine: str, other: str, secret: Callable[[str], bool]) -> list[Difference]:
    """The wrapper: user, directory and command by name; the rest of it as a whole."""
    found = []
    ours, theirs = _facts(mine), _facts(other)
    for name in (name for name in theirs | ours if ours.get(name) != theirs.get(name)):
        one, two = ours.get(name, "none"), theirs.get(name, "none")
        found.append(Difference(f"service {name}", "service", one, two, cause=f"in {path}"))
    if not found and _MADE.sub("", mine) != _MADE.sub("", other):
        why = "it was changed there, or another version of dock2sh has made it"
        found.append(Difference(path, "service", "another text", "what setup.sh installs", cause=why, cure="set it up again"))
    return found


def _facts(text: str) -> dict[str, str]:
    """What a wrapper starts: the words of ENTRYPOINT and CMD, USER and WORKDIR, as they stand there."""
    names = {"service_user": "user", "service_directory": "directory"}
    rows = re.findall(r"(?m)^(service_user|service_directory)=(.*)$", text)
    words = re.findall(r"(?m)^    (entrypoint|cmd) (.*)$", text)
    return {names[name]: value or "root" for name, value in rows} | {f"the image's {name}": value for name, value in words}


def _units(service: Service, there: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Difference]:
    """The service's settings, drop-ins and all."""
    ours, theirs = (_settings(side, service) for side in (there, wanted))
    for key in sorted(key for key in ours.keys() | theirs.keys() if ours.get(key, []) != theirs.get(key, [])):
        one, two = (" ".join(side.get(key) or ["not set"]) for side in (ours, theirs))
        if "Environment" in key and service.secret(one):
            one = _HIDDEN
        noise = "" if _DECIDES.fullmatch(key) else "host-edit"
        cause = "" if noise else f"in {service.unit}, or beside it"
        yield Difference(f"service {key}", "service", one, two, noise=noise, cause=cause)


def _settings(texts: Mapping[str, str], service: Service) -> dict[str, list[str]]:
    """[Service] of a unit and of what stands beside it: an empty value takes back all before it (systemd.syntax(7))."""
    found: dict[str, list[str]] = {}
    tree = f"/var/lib/dock2sh/{service.name}/rootfs/run/"  # setup.sh binds what the finished tree has in /run
    for path in (service.unit, *sorted(path for path in texts if path.startswith(f"{service.unit}.d/"))):
        for key, value in _assignments(texts.get(path, "")):
            before = found.get(key, []) if value and _SEVERAL.fullmatch(key) else []
            found[key] = before + [value] * (value != "" and not value.startswith(tree))
    return found


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in map(str.strip, text.replace("\\\n", " ").splitlines()):
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and line[0] not in "#;":
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()
