"""Starting an image's command as `docker run` would, in the foreground. Which process that is says the script (`start`)."""

import fcntl
import os
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

from dock2sh.images.layers import inside

from . import SandboxError, container, kernel
from .container import Process, Volume
from .overlay import mount_layers, shallow
from .process import start
from .stubs import stubs

_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{}\n"
_SIZE = struct.Struct("HHHH")
COPY, NO_COPY = "copy", "nocopy"
"""The options of a volume of ours: that is filled from the image where it is empty, or is not."""


class Session(NamedTuple):
    """What to start: `script` with the words after `start`, on the root of `layers` (the lowest first); `work` is empty.

    `groups` are more of its user's (names or numbers), `resolver` is the text of its resolv.conf (empty: the machine's own).
    `volumes` have their places as the user wrote them; `more` are other fields of the process. With `terminal` it gets one of its
    own, and ours is passed through; else our streams are its own (`interactive`: our standard input too).
    """

    script: str
    words: Sequence[str]
    layers: Sequence[str]
    work: str
    hostname: str
    volumes: Sequence[Volume] = ()
    hosts: Sequence[tuple[str, str]] = ()
    groups: Sequence[str] = ()
    resolver: str = ""
    terminal: bool = False
    interactive: bool = False
    more: Mapping[str, Any] = {}


def run(session: Session) -> int:
    """Run it to its end: its exit status as docker tells it (128 and the signal's number when one ended it).

    Needs a mount namespace of its own. Raises SandboxError when the script refuses (its words are on standard error).
    """
    root = f"{session.work}/root"
    for name in ("root", "top", "names", "door", "flat", "overlay"):
        os.mkdir(f"{session.work}/{name}", 0o755)
    layers = shallow(session.layers or [f"{session.work}/flat"], f"{session.work}/flat")
    mount_layers(layers, root, f"{session.work}/top", f"{session.work}/overlay")
    try:
        return _run(session, root)
    finally:
        kernel.unmount(root, kernel.MNT_DETACH)


def _run(session: Session, root: str) -> int:
    for name in ("proc", "sys", "dev"):
        if os.path.islink(f"{root}/{name}"):
            raise SandboxError(f"/{name} of the image is a symbolic link: nothing can be mounted there")
        os.makedirs(f"{root}/{name}", exist_ok=True)
    process = _described(session, root)
    try:
        os.makedirs(root + process.cwd, 0o755, exist_ok=True)  # docker run's, and so root's, whoever the command is
    except (FileExistsError, NotADirectoryError) as error:
        raise SandboxError(f"the working directory {process.cwd} cannot be made: there is a file") from error
    _mounts_file(inside(root, "/etc"))
    inner = [volume for volume in process.volumes if not _OVER_IT.match(volume.place)]
    places = [volume.place for volume in inner if volume.source and not os.path.isdir(volume.source)]
    for volume in inner:
        _fits(volume, process, root, volume.place in places)
        if volume.source and volume.place not in places:
            os.makedirs(root + volume.place, exist_ok=True)
            _filled(volume, root)
    with stubs(root, [*process.names, *places]):
        return _with_terminal(session, root, process) if session.terminal else _plainly(session, root, process)


def _mounts_file(etc: str) -> None:
    """What old programs ask for what is mounted, as docker run makes it."""
    with suppress(OSError):  # it is there already, or there is no such directory
        os.symlink("/proc/mounts", f"{etc}/mtab")


_OVER_IT = re.compile("/(proc|sys|dev)/")
"""Where the root is covered when volumes are mounted: what is there is another's."""


def _fits(volume: Volume, process: Process, root: str, is_file: bool) -> None:
    """A directory is mounted on a directory, a file on a file; the files of names are made where they are missing."""
    taken = os.path.lexists(root + volume.place) and os.path.isdir(root + volume.place) == is_file
    if taken or (volume.place in process.names and not is_file):
        kinds = ("file", "directory") if is_file else ("directory", "file")
        raise SandboxError(
            f"{volume.source or 'a tmpfs'} is a {kinds[0]} and {volume.place} a {kinds[1]}: it cannot be mounted there"
        )


def _filled(volume: Volume, root: str) -> None:
    """A new volume begins with what the image has in its place, as docker's does."""
    if volume.options == COPY and not os.listdir(volume.source):
        done = subprocess.run(["cp", "-a", "--", f"{root}{volume.place}/.", volume.source], check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise SandboxError(f"the new volume for {volume.place} cannot be filled")


def _described(session: Session, root: str) -> Process:
    """The process, as the script sees it."""
    door, file = f"{session.work}/door", f"{session.work}/setup.sh"
    shutil.copyfile(os.path.join(os.path.dirname(__file__), "door.sh"), f"{door}/door.sh")
    with open(file, "w", encoding="utf-8", errors="surrogateescape") as text:
        text.write(session.script)
    command = ["sh", file, "--root", root, "--door", door, "start", *session.words]
    made = {"DOCK2SH_HOSTNAME": session.hostname, "DOCK2SH_TERM": "xterm" if session.terminal else ""}  # whatever our terminal is
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, **made})
    if done.returncode:
        raise SandboxError("it cannot be started")
    process = container.described(f"{door}/run")
    hosts = "".join(f"{address}\t{name}\n" for name, address in session.hosts)
    names = {"/etc/hosts": _HOSTS.format(session.hostname) + hosts, "/etc/hostname": session.hostname + "\n"}
    names["/etc/resolv.conf"] = session.resolver or container.resolver()
    return process._replace(
        names={_inside(root, name): text for name, text in names.items()},
        volumes=[volume._replace(place=_inside(root, volume.place)) for volume in session.volumes],
        hostname=session.hostname,
        groups=[*process.groups, *(_group(root, name) for name in session.groups)],
        own_names=True,
        tells=True,
        **session.more,
    )


def _group(root: str, name: str) -> int:
    """A group's number: as it is, or by its name in the root's own file."""
    if name.isdigit():
        return int(name)
    with suppress(OSError), open(inside(root, "/etc/group"), errors="surrogateescape") as file:
        for row in file:
            fields = row.rstrip("\n").split(":")
            if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
                return int(fields[2])
    raise SandboxError(f"unable to find group {name}: no matching entries in group file")


def _inside(root: str, path: str) -> str:
    """Where a path leads in the root, from there."""
    return inside(root, path)[len(root) :] or "/"


def _plainly(session: Session, root: str, process: Process) -> int:
    with open(os.devnull, "rb") as nothing, _piped(process) as (given, out, err):
        streams = (given if session.interactive else nothing.fileno(), out, err)
        number = container.start_apart(root, process, streams, f"{session.work}/names")
        with _signals_for(number):
            return _ended(number)


@contextmanager
def _piped(process: Process) -> Iterator[tuple[int, int, int]]:
    """Our streams for it, with a pipe from or to what is a file, as from docker: it may open /dev/stdout, which would cut the
    file off, and who is not root may open it, too, though the file stays ours; so he may a terminal."""
    with ExitStack() as ends:
        streams = [_relayed(stream, ends) if _is_its_own(stream, process.uid) else stream for stream in (0, 1, 2)]
        yield (streams[0], streams[1], streams[2])


def _is_its_own(stream: int, uid: int) -> bool:
    """What is typed is for who reads it, and /dev/null is everybody's."""
    try:
        return stat.S_ISREG(os.fstat(stream).st_mode) or (uid != 0 and stream > 0 and os.isatty(stream))
    except OSError:  # it is closed
        return False


def _relayed(stream: int, ends: ExitStack) -> int:
    """One end of a pipe, whose other end is a `cat` from or to the stream: what it has still is waited for."""
    reader, writer = os.pipe()
    sides = {"stdin": stream, "stdout": writer} if stream == 0 else {"stdin": reader, "stdout": stream}
    relay = start(["cat"], **sides, stderr=subprocess.DEVNULL)
    ours, theirs = (reader, writer) if stream == 0 else (writer, reader)
    os.close(theirs)
    ends.callback(relay.kill if stream == 0 else relay.wait)
    ends.callback(os.close, ours)
    return ours


def _with_terminal(session: Session, root: str, process: Process) -> int:
    ours, theirs = socket.socketpair()
    number = container.start_apart(root, process._replace(terminal=theirs.fileno()), (0, 1, 2), f"{session.work}/names")
    theirs.close()
    _, masters, _, _ = socket.recv_fds(ours, 1, 1)
    if not masters:
        return _ended(number)  # it has said why there is none
    with _signals_for(number), _raw_terminal(masters[0]):
        if not _relay(masters[0]):
            os.kill(number, signal.SIGKILL)  # nobody sees it any more; it may not heed the SIGHUP
    return _ended(number)


def _ended(number: int) -> int:
    return container.exit_code(os.waitpid(number, 0)[1])


@contextmanager
def _signals_for(number: int) -> Iterator[None]:
    """Signals are for the command, as with docker run's --sig-proxy (also with -t: there Ctrl-C is a byte); it is in a session of
    its own, where Ctrl-C is not heard."""
    passed = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)

    def pass_on(kind: int, frame: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(number, kind)

    before = {kind: signal.signal(kind, pass_on) for kind in passed}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextmanager
def _raw_terminal(master: int) -> Iterator[None]:
    """Our terminal passes everything on, Ctrl-C too; its size is the other one's."""

    def resize(*_: object) -> None:
        with suppress(OSError):
            fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(_SIZE.size)))

    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(0)
    resize()
    handler = signal.signal(signal.SIGWINCH, resize)
    try:
        tty.setraw(0, termios.TCSANOW)  # not the default, which drops what was typed already
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, handler)


def _relay(master: int) -> bool:
    """Bytes both ways, until the other side has no more: the last process of the terminal has gone (EIO); False if ours goes
    before that: a raw one has no other end of input (termios(3))."""
    sources, raw = [master, 0], os.isatty(0)
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 1 << 16)
            except OSError:
                data = b""
            if not data and (source == master or raw):
                return source == master
            if not data:
                sources.remove(0)
                os.write(master, b"\x04")  # end of input, as a terminal says it
            _write_all(master if source == 0 else 1, data)


def _write_all(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
