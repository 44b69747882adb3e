"""A machine that setup.sh has set up: what it noted of its work there, and the machine's files, in a directory or over ssh."""

import os
import posixpath
import re
import shlex
import stat
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from .engines import NoReference
from .snapshot import Look

_NOTHING = 4  # machine.sh: there is no such directory
_PLACE = "/var/lib/dock2sh/"
# what became of a path: added, changed, deleted (runtime/host/record.sh)
_LINE = re.compile(r"([AMD])\t(/[^\t]*)")


class Machine(NamedTuple):
    """Where a machine's files are: `directory` here, or `ssh` and the words that ssh(1) is given before its command."""

    where: str
    directory: str = ""
    ssh: tuple[str, ...] = ()


class Record(NamedTuple):
    """What setup.sh did. `way` is merge or root; `began` when it was first run (in seconds); `changes` path -> A, M, D; `before`
    a root with what was there before."""

    way: str
    began: int
    changes: Mapping[str, str]
    before: str


def machine(where: str) -> Machine:
    """`ssh://[USER@]HOST[:PORT]`, or the directory that a machine's root file system is in. Raises NoReference."""
    if not where.startswith("ssh://"):
        if not os.path.isdir(where):
            raise NoReference(f"--host {where}: there is no such directory, and it is not ssh://[USER@]HOST[:PORT]")
        return Machine(where, os.path.realpath(where))
    match = re.fullmatch(r"ssh://((?:[^@/:\s-][^@/:\s]*@)?)([^@/:\s-][^@/:\s]*|\[[0-9A-Fa-f:]+\])(?::(\d+))?/?", where)
    if not match:
        raise NoReference(f"--host {where}: ssh://[USER@]HOST[:PORT]")
    port = ("-p", match[3]) if match[3] else ()
    return Machine(where, "", ("ssh", "-o", "BatchMode=yes", *port, "--", match[1] + match[2].strip("[]")))


def read_record(of: Machine, name: str, work: str) -> Record:
    """What setup.sh of the service `name` noted there. Raises NoReference."""
    place = files(of, _PLACE + name, ("/way", "/setup.log", "/changes", "/backup"), os.path.join(work, "record"), tree=True)
    try:
        way = Path(place, "way").read_text(encoding="utf-8").strip()
        log = Path(place, "setup.log").read_text(encoding="utf-8", errors="replace")
        kept = Path(place, "changes")  # of a private tree: what was installed beside it, if anything was
        changes = kept.read_text(encoding="utf-8", errors="surrogateescape") if way == "merge" or kept.exists() else ""
    except FileNotFoundError:
        raise NoReference(
            f"{of.where} was not set up: there is no finished record in {_PLACE}{name}. Another --name? {_names(of)}"
        ) from None
    return Record(way, _began(log), dict(_changes(changes)), os.path.join(place, "backup"))


def _began(log: str) -> int:
    """runtime/host/log.sh: `== TIME begin NAME, ...`."""
    match = re.search(r"(?m)^== (\S+) begin ", log)
    return int(datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S%z").timestamp()) if match else 0


def _names(of: Machine) -> str:
    place = Path(of.directory + _PLACE)
    there = sorted(one.name for one in place.iterdir()) if of.directory and place.is_dir() else []
    return f"There are: {', '.join(there)}" if there else ""


def _changes(text: str) -> Iterable[tuple[str, str]]:
    """Path and letter of each line; a newline in a name is \\001 there."""
    for line in text.split("\n"):
        if match := _LINE.fullmatch(line):
            yield match[2].rstrip("/").replace("\1", "\n") or "/", match[1]


def files(of: Machine, below: str, paths: Iterable[str], folder: str, tree: bool = False) -> str:
    """A directory that has these files of a machine, as far as they are there, at their paths below `below`; with `tree` what is
    in directories, too. Over ssh they are fetched into `folder`, which is made. Raises NoReference."""
    if of.directory:
        return of.directory + below.rstrip("/")
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    names = "".join(f".{path}\0" for path in sorted(paths)).encode("utf-8", "surrogateescape")
    script = (Path(__file__).parent / "machine.sh").read_text(encoding="utf-8")
    words = shlex.join(["sh", "-c", script, "machine", below or "/", *(["tree"] if tree else [])])
    command = f'if [ "$(id -u)" = 0 ]; then exec {words}; else exec sudo -n {words}; fi'
    _fetch(of, command, names, folder)
    return folder


def _fetch(of: Machine, command: str, names: bytes, folder: str) -> None:
    """Run the command there, and unpack what it writes. GNU tar lets no member lead out of the directory."""
    unpack = ["tar", "-C", folder, "-xpf", "-", "--same-owner", "--numeric-owner", "--xattrs", "--xattrs-include=*"]
    with TemporaryFile() as asked, TemporaryFile() as said:
        asked.write(names)
        asked.seek(0)
        with subprocess.Popen([*of.ssh, command], stdin=asked, stdout=subprocess.PIPE, stderr=said) as far:
            near = subprocess.run([*unpack, "--delay-directory-restore"], stdin=far.stdout, capture_output=True, check=False)
        said.seek(0)
        words = (said.read() if far.returncode else near.stderr).decode(errors="replace").strip()
    if far.returncode == _NOTHING:
        return  # the caller misses the files
    if far.returncode or near.returncode:
        raise NoReference(f"{of.where}: {words or f'exit status {far.returncode}'}")


def look_at(root: str, paths: Iterable[str]) -> Look:
    """An lstat of those paths that are there. None is reached through a link: in a machine's own root it would lead out."""
    found: Look = {}
    real = {"": True, "/": True}

    def is_real(folder: str) -> bool:
        if folder not in real:
            real[folder] = is_real(posixpath.dirname(folder)) and _is_directory(root + folder)
        return real[folder]

    for path in paths:
        if is_real(posixpath.dirname(path)):
            try:
                found[path] = os.lstat(root + path)
            except OSError:
                continue
    return found


def _is_directory(place: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except OSError:
        return False
