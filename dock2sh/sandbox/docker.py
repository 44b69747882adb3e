"""A sandbox that is a docker container.

docker may be anywhere (in a VM, on another machine), and a name of an image there says nothing sure about its files. So the root
goes in as an image that is thrown away (of docker's own layers, if it has those of the very same image), everything else into a
volume, as copies; and the result is looked at in the container while it runs, or exported where that cannot be.
"""

import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import Job, SandboxError, leftovers
from .borrowed import borrow
from .carry import carry
from .engine import LABEL, TAR_FLAGS, Stay, arrive, attached, engine_trouble, first_process, leave, options, owner, sweep
from .inside import is_visible, visit
from .kitchen import BUILT
from .output import Say
from .process import Undertaker, ask, last_line, start
from .rootless import wanting


class Docker:
    """Runs jobs with docker.

    Without `privileged` the script is in its `plain` mode: steps see the container's own /proc, network and names, mounts are
    copies, and `--network=none` is refused. With it, and an image that has `unshare`, a step has what docker build gives it.
    """

    def __init__(self, privileged: bool = False, command: str = "docker") -> None:
        self.command, self.privileged = command, privileged

    def trouble(self) -> str:
        """See Sandbox."""
        return engine_trouble([self.command, "version", "--format", "{{.Server.Version}}"], self.command, "docker.io")

    def run(self, job: Job, say: Say) -> int:
        """See Sandbox. The script's root is that of the container; a failed one's is taken out, too."""
        sweep(self.command)
        stay = arrive(job)
        image = f"dock2sh-sandbox:{stay.name}"
        with Undertaker(self.command, stay.name, image):
            self._import(stay, image)
            self._create(stay, image)
            self._copy_in(stay)
            with attached([self.command, "start", "--attach", "--interactive", stay.name], stay, say) as status:
                self._take_out(stay)
        leave(stay)
        return status

    def _import(self, stay: Stay, image: str) -> None:
        """The root as an image. tar's pax headers have attributes and fractions of seconds, and docker takes them."""
        if not stay.outside and not wanting() and borrow(self.command, stay.job, image, {LABEL: owner()}):
            return
        pack = ["tar", "-C", stay.root, *TAR_FLAGS, "-c", "."]
        _pipe(pack, [self.command, "import", "--change", f"LABEL {LABEL}={owner()}", "-", image])

    def _create(self, stay: Stay, image: str) -> None:
        words = [*options(stay, self.privileged), "--volume", stay.luggage.home]
        ask([self.command, "create", *words, image, *first_process(stay)], f"{self.command} create")

    def _copy_in(self, stay: Stay) -> None:
        """Into the volume, which exists as soon as something is copied there; a root that is worked on from outside beside it."""
        home = stay.luggage.home
        folders = {f"{home}/.": stay.bags, **{f"{home}/{there}": here for there, here in stay.luggage.folders.items()}}
        for number, (there, here) in enumerate((folders | ({BUILT: stay.job.root} if stay.outside else {})).items()):
            into = [self.command, "cp", "-", f"{stay.name}:{there}"]
            _pipe(["tar", "-C", here, *TAR_FLAGS, "-c", "."], into)
            if files := _stand_ins(here, place := os.path.join(stay.job.work, f"stand-ins{number}")):
                _pipe(["tar", "-C", place, *TAR_FLAGS, "--no-recursion", "-c", *files], into)

    def _take_out(self, stay: Stay) -> None:
        """Make job.root what the container's root is."""
        told = ask([self.command, "inspect", "--format", "{{.State.Pid}}", stay.name], f"{self.command} inspect")
        process = int(told)
        if is_visible(process, stay.name):
            visit(process, lambda bare: _carry(bare, stay))
        else:
            self._export(stay)

    def _export(self, stay: Stay) -> None:
        """From afar. What docker's own layers cannot hold is lost: sockets, and attributes of a user's own."""
        view = os.path.join(stay.job.work, "export")
        os.mkdir(view, 0o755)
        unpack = ["tar", "-C", view, *TAR_FLAGS[1:], "--same-owner", "--same-permissions", "-x"]
        _pipe([self.command, "export", stay.name], unpack)
        try:
            _carry(view, stay)
        except OSError as error:
            raise SandboxError(f"the result could not be written: {error.filename}: {error.strerror}") from error


def _stand_ins(folder: str, place: str) -> list[str]:
    """Empty files in `place` for the sockets in `folder`, as which COPY takes them (fsutil/stat.go), and tar not at all."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            about = os.lstat(os.path.join(parent, name))
            if stat.S_ISSOCK(about.st_mode):
                found.append("./" + os.path.relpath(os.path.join(parent, name), folder))
                file = os.path.join(place, found[-1])
                os.makedirs(os.path.dirname(file), exist_ok=True)
                Path(file).touch()
                os.chown(file, about.st_uid, about.st_gid)
                os.chmod(file, stat.S_IMODE(about.st_mode))
                os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    return found


def _carry(view: str, stay: Stay) -> None:
    """What `view`, the container's root, has of the image's, to job.root."""
    if stay.outside:
        carry(view + BUILT, stay.job.root)
    else:
        carry(view, stay.job.root, leftovers.hidden(view))


def _pipe(source: Sequence[str], sink: Sequence[str]) -> None:
    """`source | sink`, one of which is tar. Raises SandboxError if either fails."""
    with start(source, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stderr
        try:
            ask(sink, " ".join(sink[:2]), writer.stdout)
            writer.stdout.close()
            complaint = writer.stderr.read()
        finally:
            writer.kill()
    if writer.returncode:
        raise SandboxError(f"{source[0]}: {last_line(complaint)}")
