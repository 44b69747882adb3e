"""A sandbox that is a podman container. It runs in job.root itself (podman run --rootfs): nothing is copied, nothing lost."""

import os
import re
import resource
from collections.abc import Sequence
from pathlib import Path

from . import Job
from .engine import Stay, arrive, attached, engine_trouble, first_process, leave, mount, options, sweep
from .kitchen import BUILT
from .output import Say
from .process import Undertaker, ask
from .rootless import alone

_GATEWAY = "host-gateway"
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
        stay = arrive(job._replace(machine=self._machine(job.machine)))
        with Undertaker(self.command, stay.name), attached(self._command(stay), stay, say) as status:
            pass
        leave(stay)
        return status

    def _machine(self, flags: Sequence[str]) -> list[str]:
        """The flags of `docker run` as this podman takes them: before 4.7 it knows no host-gateway."""
        if not any(flag.endswith(_GATEWAY) for flag in flags):
            return list(flags)
        version = ask([self.command, "version", "--format", "{{.Client.Version}}"], "podman version")
        if [int(number) for number in re.findall(r"\d+", version)[:2]] >= [4, 7]:
            return list(flags)
        return [flag.removesuffix(_GATEWAY) + self._gateway() if flag.endswith(_GATEWAY) else flag for flag in flags]

    def _gateway(self) -> str:
        """This machine, as a container sees it: slirp4netns has the same address everywhere."""
        if "_CONTAINERS_ROOTLESS_UID" in os.environ:  # rootless.py has told it
            return "10.0.2.2"
        words = [self.command, "network", "inspect", "podman", "--format", "{{range .Subnets}}{{.Gateway}} {{end}}"]
        return (ask(words, "podman network inspect podman").split() or ["127.0.0.1"])[0]

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
