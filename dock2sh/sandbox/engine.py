"""What docker and podman have in common: a script in a container of the base image, as a person would run it.

Both run the same first process (sandbox/container.sh). They differ in how a root file system gets in and out: see
docker.py and podman.py.
"""

import csv
import io
import os
import re
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from . import Job, SandboxError, leftovers
from .kitchen import BUILT, furnish, has_shell
from .luggage import Luggage, free_place, lay_out, pack
from .output import READY, Say, listen
from .process import SHELL_FILES, ask, last_line, start

LABEL = "sh.dock2sh.sandbox"
TAR_FLAGS = ("--format=pax", "--numeric-owner", "--xattrs", "--xattrs-include=*")

_NO_SHELL = re.compile(rb"executable file .*not found|exec: \"?sh\"?: |stat sh: no such file|exec format", re.IGNORECASE)
_CURE = "The script needs a shell there: use --sandbox namespaces or vm, which bring their own"


class Stay(NamedTuple):
    """A job in a container: the container's name, what comes along, how the root looked before, and the container's own root.

    That is job.root; or where there is no shell in it, a kitchen, from which the script works on job.root as on any directory.
    """

    job: Job
    name: str
    luggage: Luggage
    before: leftovers.Before
    root: str

    @property
    def outside(self) -> bool:
        """Whether the script works on job.root from outside."""
        return self.root != self.job.root

    @property
    def bags(self) -> str:
        """The folder of what comes along that is not just a folder of this machine."""
        return os.path.join(self.job.work, "bags")


def arrive(job: Job) -> Stay:
    """Prepare a stay; nothing has happened yet but for the folder `bags`. Raises SandboxError."""
    root = job.root if has_shell(job.root) else furnish(os.path.join(job.work, "kitchen"))
    free = free_place(root)
    luggage = pack(job, f"/{free}")
    if root != job.root:
        luggage = luggage._replace(words=(*luggage.words, "--root", BUILT))
    stay = Stay(job, f"dock2sh-{secrets.token_hex(8)}", luggage, leftovers.before(job.root, free), root)
    _lay_out(stay)
    return stay


def leave(stay: Stay) -> None:
    """Take what the container's start has left in job.root away again."""
    if not stay.outside:
        leftovers.remove(stay.job.root, stay.before, stay.job.runs)


def _lay_out(stay: Stay) -> None:
    """The script, its first process, and empty folders for what is put or mounted there."""
    lay_out(stay.job, stay.luggage, stay.bags)
    Path(stay.bags, "container.sh").write_bytes((SHELL_FILES / "container.sh").read_bytes())


def options(stay: Stay, privileged: bool) -> list[str]:
    """The words of `create` and `run` that both engines take alike."""
    home = stay.luggage.home
    words = ["--rm", "--interactive", "--name", stay.name, "--label", f"{LABEL}={owner()}"]
    words += ["--tmpfs", f"{home}/secrets:mode=0700", *(["--privileged"] if privileged else [])]
    words += [*stay.job.machine, "--env", "DOCK2SH_MACHINE=given", "--env", f"DOCK2SH_FETCHED={home}/repositories"]
    for number, agent in enumerate(stay.luggage.sockets):
        words += ["--mount", mount(agent, f"{home}/sockets/{number}")]
    return words


def mount(source: str, target: str, *more: str) -> str:
    """The value of a --mount: CSV, in which a path may have commas and quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}", *more])
    return line.getvalue()


def first_process(stay: Stay) -> list[str]:
    """The command of the container."""
    return ["sh", f"{stay.luggage.home}/container.sh", stay.name, *stay.luggage.words]


@contextmanager
def attached(command: Sequence[str], stay: Stay, say: Say) -> Iterator[int]:
    """Run `command`, which is at the container's ends, until the script has ended; its exit status.

    The container lives until the end of the `with`. Raises SandboxError if it ends before the script does.
    """
    token = secrets.token_hex(16)
    with start(command, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        try:
            status = None
            if _is_ready(process.stdout.fileno()):
                _hand_over(process.stdin, token, stay.luggage.secrets)
                status = listen(process.stdout.fileno(), token, say)
            if status is None:
                raise _broken(process.stderr.read(), stay.job)
            yield status
            process.stdin.close()
        finally:
            process.kill()


def _is_ready(output: int) -> bool:
    """Whether container.sh runs. Nothing is written before: podman loses what a container said that ends meanwhile."""
    said = b""
    while said != READY and (more := os.read(output, len(READY) - len(said))):
        said += more
    return said == READY


def _hand_over(pipe: IO[bytes], token: str, contents: Sequence[bytes]) -> None:
    """The token and the secrets, as container.sh reads them. One that has ended already reads nothing: that shows later."""
    sent = [f"{number} {len(content)}\n".encode() + content for number, content in enumerate(contents)]
    with suppress(BrokenPipeError):
        pipe.write(token.encode() + b"\n" + b"".join(sent) + b".\n")
        pipe.flush()


def _broken(complaint: bytes, job: Job) -> SandboxError:
    said = last_line(complaint)
    if _NO_SHELL.search(complaint):
        return SandboxError(f"{job.base} has no shell that starts ({said}). {_CURE}")
    if b"slirp4netns" in complaint or b"pasta" in complaint:
        said += '. Without a network of its own it works: netns="host" in containers.conf (the section [containers])'
    return SandboxError(f"the container ended before the script did: {said or 'its first process was killed'}")


def engine_trouble(command: Sequence[str], name: str, package: str) -> str:
    """Why an engine does not answer; "" if it does."""
    try:
        ask(command, f"{name} does not answer")
    except SandboxError as error:
        return str(error) if "there is no program" not in str(error) else f"{name} is not installed: apt-get install {package}"
    return ""


_KINDS = {"container": (("ps", "-aq"), ("rm", "-f", "-v")), "image": (("images", "-q"), ("image", "rm", "-f"))}


def sweep(engine: str) -> None:
    """Remove containers and images of ours whose owner is dead, and his undertaker too (a crash of the machine)."""
    for kind, (listing, removal) in _KINDS.items():
        found: list[str] = []
        with suppress(SandboxError):  # podman fails to list what is just being made or removed: the next run sweeps, too
            found = ask([engine, *listing, "--filter", f"label={LABEL}"], f"{engine} {listing[0]}").split()
        left = [name for name in found if not _lives(_label(engine, kind, name))]
        for name in left:
            with suppress(SandboxError):  # somebody else was quicker
                ask([engine, *removal, name], f"{engine} {removal[0]}")


def _label(engine: str, kind: str, name: str) -> str:
    """The owner of a container or an image; "" if it has gone."""
    with suppress(SandboxError):
        words = [engine, kind, "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', name]
        return ask(words, f"{engine} inspect").strip()
    return ""


def _machine() -> str:
    """This machine and the process numbers that we see: an engine may serve several."""
    return f"{socket.gethostname()}/{os.stat('/proc/self/ns/pid').st_ino}"


def owner() -> str:
    """The value of our label: who we are, for a sweep to see whether we live."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{_machine()}/{boot}/{os.getpid()}/{_started(os.getpid())}"


def _lives(owner: str) -> bool:
    """Whether the process of a label lives, as far as can be seen from here."""
    machine, boot, process, started = owner.rsplit("/", 3) if owner.count("/") == 4 else ("", "", "", "")
    if machine != _machine():
        return True
    this_boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return boot == this_boot and process.isdigit() and _started(int(process)) == started


def _started(process: int) -> str:
    """When a process began, in ticks since boot (proc(5), stat, field 22); "" if there is none of that number."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
