"""A sandbox that is a podman container. It runs in job.root itself (podman run --rootfs): nothing is copied, nothing lost."""

import re
import resource
from pathlib import Path

from . import Job
from .engine import Stay, arrive, attached, engine_trouble, first_process, leave, mount, options, sweep
from .kitchen import BUILT
from .output import Say
from .process import Undertaker
from .rootless import alone

_SCRIPTS = re.compile(r"^ *script_run ", re.MULTILINE)


class Podman:
    """Runs jobs with podman, as root; or as an ordinary user, whose root must have owners as `podman unshare` shows them.

    `privileged` as with Docker.
    """

    def __init__(self, privileged: bool = False, command: str = "podman") -> None:
        self.command, self.privileged = command, privileged

    def trouble(self) -> str:
        """See Sandbox."""
        if alone():
            return "podman needs this user's ranges in /etc/subuid and /etc/subgid here, and newuidmap (package uidmap)"
        return engine_trouble([self.command, "info", "--format", "{{.Version.Version}}"], self.command, "podman")

    def run(self, job: Job, say: Say) -> int:
        """See Sandbox."""
        sweep(self.command)
        stay = arrive(job)
        with Undertaker(self.command, stay.name), attached(self._command(stay), stay, say) as status:
            pass
        leave(stay)
        return status

    def _command(self, stay: Stay) -> list[str]:
        home = stay.luggage.home
        words = [*options(stay, self.privileged), "--security-opt", "label=disable", *run_words()]
        words += ["--mount", mount(stay.bags, home)]
        if stay.outside:
            words += ["--mount", mount(stay.job.root, BUILT)]
        for there, here in stay.luggage.folders.items():
            words += ["--mount", mount(here, f"{home}/{there}", "ro=true")]
        if _SCRIPTS.search(stay.job.script):  # nothing in podman's /dev can be executed (noexec), in docker's it can
            words += ["--tmpfs", "/dev/pipes:exec,nosuid,nodev,mode=0755"]
        return [self.command, "run", *words, "--rootfs", stay.root, *first_process(stay)]


def run_words() -> list[str]:
    """What makes podman's containers docker's: the default rights that podman's lack, and limits that one can have.

    podman asks for more than one may have who lacks CAP_SYS_RESOURCE, and fails. pid_max is a limit, too.
    """
    files, processes = resource.getrlimit(resource.RLIMIT_NOFILE)[1], resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    processes = most if processes == resource.RLIM_INFINITY else min(processes, most)
    limits = [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]
    return ["--cap-add=AUDIT_WRITE,MKNOD,NET_RAW", *limits]
