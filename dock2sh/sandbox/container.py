"""A process as docker starts one: the first of its PID namespace, with docker's rights. What it sees is in surroundings.py."""

import os
import re
import resource
import signal
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from errno import EACCES, EISDIR, ENOENT
from typing import NamedTuple, NoReturn

from . import kernel, seccomp
from .surroundings import surround

_NAME = "buildkitsandbox"
_HOSTS = "127.0.0.1\tlocalhost {}\n::1\tlocalhost ip6-localhost ip6-loopback\n{}"
CAPABILITIES = frozenset((0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
"""docker's fourteen: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod
audit_write setfcap (linux/capability.h)."""

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

UNABLE = 125
"""docker run's status where it is no fault of the command's."""

_NOT_STARTED, _NOT_EXECUTED = 1, 255
"""runc's, which docker build tells: what is wrong was seen before there was a process, or by the kernel when it became one."""


class Volume(NamedTuple):
    """A directory or file of the machine at `place` (a path in the root without links, which is there); without `source` a new
    tmpfs with these `options`, as `docker run --tmpfs` gives them."""

    source: str
    place: str
    read_only: bool = False
    options: str = ""


class Process(NamedTuple):
    """A process to be: everything evaluated, as numbers, and `cwd` without links. `names` is the text of /etc/hosts and the like
    by their paths in the root; `volumes` are mounted last. `limits` are docker's (`nofile=1024:2048`), `shm` the bytes of
    /dev/shm. With `init` the first process is one that reaps and passes signals on; with `own_names` it may write to `names`.
    `unfiltered` lifts the filter of system calls alone, `insecure` everything.

    `terminal` is one end of a socket: a terminal is made, and its master is sent through it (else -1). With `tells` the status
    says why it could not be started, as docker run's does.
    """

    argv: Sequence[str]
    env: Sequence[str]
    cwd: str = "/"
    uid: int = 0
    gid: int = 0
    groups: Sequence[int] = ()
    network: bool = True
    insecure: bool = False
    unfiltered: bool = False
    no_new_privileges: bool = False
    hostname: str = _NAME
    names: Mapping[str, str] = {}
    own_names: bool = False
    volumes: Sequence[Volume] = ()
    read_only: bool = False
    capabilities: frozenset[int] = CAPABILITIES
    init: bool = False
    limits: Sequence[str] = ()
    shm: int = 64 << 20
    terminal: int = -1
    tells: bool = False


def described(path: str) -> Process:
    """The process that a script has described in `path` (door.sh). What docker build calls its host is in its /etc/hosts."""
    with open(path, "rb") as file:
        words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    uid, gid, groups, cwd, network, security, name, known, limits, shm, hosts, resolv, count, *rest = words
    size = int(count)
    # docker build's --shm-size is a mount like those of RUN --mount
    memory = [Volume("", "/dev/shm", options=f"exec,dev,mode=1777,size={shm}")] if shm != "0" else []
    return Process(
        argv=rest[size:],
        env=rest[:size],
        cwd=cwd,
        uid=int(uid),
        gid=int(gid),
        groups=[int(group) for group in groups.split(",")],
        network=network != "none",
        insecure=security == "insecure",
        limits=limits.split(),
        volumes=memory,
        hostname=name or _NAME,
        names={hosts: _HOSTS.format(name or _NAME, known), resolv: resolver()} if hosts else {},
    )


def resolver() -> str:
    """The machine's own resolv.conf."""
    try:
        with open("/etc/resolv.conf") as file:
            return file.read()
    except OSError:
        return ""


def start_apart(root: str, process: Process, streams: tuple[int, int, int], work: str) -> int:
    """As `start`, for who has made a user namespace and cannot come back from a PID namespace: the number is that of a parent
    that ends as the command does, and passes signals on."""
    seccomp.program()
    number = os.fork()
    if number:
        return number
    try:
        kernel.die_with_parent(signal.SIGKILL)
        kernel.unshare(kernel.CLONE_NEWPID)
        command = os.fork()
        if command == 0:
            _become(root, process, streams, work)
        for kind in _PASSED_ON:
            signal.signal(kind, lambda kind, _: os.kill(command, kind))
        os._exit(exit_code(os.waitpid(command, 0)[1]))
    finally:
        os._exit(1)


def start(root: str, process: Process, streams: tuple[int, int, int], work: str) -> int:
    """Start it with `root` (a mount point) as its root and these streams; its number. It is the first of a PID namespace of its
    own: when it ends the kernel ends all others in it. `work` is a directory for files that are mounted."""
    seccomp.program()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        kernel.unshare(kernel.CLONE_NEWPID)
        try:
            number = os.fork()
            if number == 0:
                _become(root, process, streams, work)
        finally:
            kernel.enter(own, kernel.CLONE_NEWPID)
    finally:
        os.close(own)
    return number


def _become(root: str, process: Process, streams: tuple[int, int, int], work: str) -> NoReturn:
    """In the child: what is refused is said on its standard error, as runc's own words are in docker's output."""
    status = UNABLE
    try:
        kernel.die_with_parent(signal.SIGKILL)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        _close_all_but(process.terminal)
        os.setsid()
        surround(root, process, work)
        for limit in process.limits:
            _limit(*re.split("[=:]", limit))
        _rights(process)
        # what Python ignores, and what a shell's `dock2sh ... &` or nohup has handed on
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if process.init:
            _be_init()
        _execute(process)
    except BaseException as error:
        about = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else repr(error)
        os.write(2, f"dock2sh: {about}\n".encode(errors="replace"))
        status = _STATUSES.get(getattr(error, "errno", 0), UNABLE)
    finally:
        os._exit(status if process.tells else _NOT_STARTED)


_STATUSES = {ENOENT: 127, EACCES: 126, EISDIR: 126}
"""docker run's for what runc could not do: it looks for the words of these errors in what runc says."""


_LIMITS = "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime".split()
"""The limits in the order of their numbers (asm-generic/resource.h)."""


def _limit(name: str, soft: str, hard: str) -> None:
    try:
        resource.setrlimit(_LIMITS.index(name), (int(soft), int(hard)))
    except (OSError, ValueError) as error:
        why = f"{error}: no more than {resource.getrlimit(_LIMITS.index(name))[1]} can be had here"
        raise OSError(1, why, f"--ulimit {name}={soft}:{hard}") from error


def exit_code(status: int) -> int:
    """What wait(2) has told, as a shell tells it: 128 and the number of the signal that ended it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _be_init() -> None:
    """Go on as a child; this process stays the first one, reaps what is left to it, and ends as the child does."""
    command = os.fork()
    if command == 0:
        return
    for kind in _PASSED_ON:
        signal.signal(kind, lambda kind, _: os.kill(command, kind))
    while True:
        number, status = os.wait()
        if number == command:
            os._exit(exit_code(status))


def _execute(process: Process) -> NoReturn:
    """exec(3), with runc's words and docker's statuses for what cannot be executed."""
    environment = dict(pair.split("=", 1) for pair in process.env)
    name = process.argv[0]
    program, why, status = _looked_up(name, environment.get("PATH", ""))
    if program:
        try:
            os.execve(program, list(process.argv), environment)
        except OSError as error:
            os.write(2, f"exec {program}: {os.strerror(error.errno or 0).lower()}\n".encode(errors="replace"))
            os._exit(_NOT_EXECUTED)
    os.write(2, f'exec: "{name}": {why}\n'.encode(errors="replace"))
    os._exit(status if process.tells else _NOT_STARTED)


def _looked_up(name: str, path: str) -> tuple[str, str, int]:
    """The program that is meant, as Go's LookPath finds it; "", what is wrong, and docker run's status where there is none."""
    if "/" not in name:
        places = (os.path.join(folder or ".", name) for folder in path.split(":") if name)
        found = next((place for place in places if os.path.isfile(place) and _may_execute(place)), "")
        return found, "executable file not found in $PATH", 127
    try:
        if stat.S_ISDIR(os.stat(name).st_mode):
            return "", "is a directory", 126
    except OSError as error:
        return "", os.strerror(error.errno or 0).lower(), {ENOENT: 127, EACCES: 126}.get(error.errno or 0, UNABLE)
    return (name, "", 0) if _may_execute(name) else ("", "permission denied", 126)


def _may_execute(place: str) -> bool:
    return os.access(place, os.X_OK, effective_ids=True)


def _close_all_but(kept: int) -> None:
    if kept < 0:
        os.closerange(3, 65536)
    else:
        os.closerange(3, kept)
        os.closerange(kept + 1, 65536)


def _rights(process: Process) -> None:
    """The pipes become the user's, since programs open /dev/stdout; then calls, capabilities, groups and numbers.

    Nothing else does: a file that the command writes to is its caller's, and /dev/null is everybody's.
    """
    for stream in (0, 1, 2) if process.uid else ():
        with suppress(OSError):  # EPERM: not ours to give; EINVAL: nobody of this user namespace, which `_numbers` says
            if is_pipe(stream):
                os.fchown(stream, process.uid, -1)
    if process.no_new_privileges:
        kernel.no_new_privileges()
    if not process.insecure:
        # a right more lifts docker's filter in part, ours as a whole
        if process.capabilities <= CAPABILITIES and not process.unfiltered:
            seccomp.install(seccomp.program())
        kernel.limit_capabilities(process.capabilities)
    _numbers(process)


def is_pipe(stream: int) -> bool:
    """Whether it is a pipe or a socket."""
    kind = os.fstat(stream).st_mode
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)


def _numbers(process: Process) -> None:
    with suppress(PermissionError):  # a user namespace of one id has no say over groups (user_namespaces(7))
        os.setgroups(process.groups)
    try:
        kernel.keep_capabilities()  # until exec(2): docker's has them there, so that root's own program may be somebody's
        if process.gid != os.getgid():
            os.setgid(process.gid)
        if process.uid != os.getuid():
            os.setuid(process.uid)
            kernel.raise_capabilities(frozenset(range(64)) if process.insecure else process.capabilities)
    except OSError as error:
        cure = "this sandbox has no such user; root's has, or one with ranges wide enough in /etc/subuid and /etc/subgid"
        raise OSError(error.errno, cure, f"user {process.uid}:{process.gid}") from error
