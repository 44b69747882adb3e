"""Where a script is run: a root file system goes in, what the script makes of it comes out. One protocol, several sandboxes.

A sandbox has no instruction logic: it prepares a place, runs `sh setup.sh` there, and tells how that ended.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class SandboxError(Exception):
    """A sandbox that cannot be had or has broken down: one sentence that says what is missing, and the cure."""


class Job(NamedTuple):
    """A script and what it works on; all paths are absolute.

    `root` is a directory that holds the root file system of the image `base` ("scratch": it is empty); it is left as the script
    makes it. `images` are the root file systems of the other images that the script asks for (reference -> directory, which is
    only read), `contexts` named build contexts, `options` more of the script's own options (--secret, --ssh, ...), `work` an
    empty directory on the file system of `root` for the sandbox's own things, which the caller removes. `repositories` are those
    that its steps add, fetched (by the step's number and their place in it: "3.1"). `runs`: a RUN works on `root` itself, which
    leaves empty mount points there, as docker's do. `machine` are the flags of `docker run` (--hostname,
    --add-host, --ulimit, --shm-size) for a sandbox that is such a container: its RUNs may have no machine of their own.
    `image` is the id of the image (sha256:...) whose files `root` has, and no others; "" if there is none.
    """

    script: str
    root: str
    base: str
    work: str
    context: str = ""
    images: Mapping[str, str] = {}
    contexts: Mapping[str, str] = {}
    options: Sequence[str] = ()
    runs: bool = False
    machine: Sequence[str] = ()
    repositories: Mapping[str, str] = {}
    image: str = ""


class Sandbox(Protocol):
    """Runs jobs. `say` gets what the script writes, stdout and stderr as they come."""

    def trouble(self) -> str:
        """What is missing here to use it, with the cure; "" if it works. Tries, rather than guesses."""

    def run(self, job: Job, say: Callable[[bytes], None]) -> int:
        """Run the script to its end; its exit status. Raises SandboxError. Whatever happens, no mount, process or file of the
        sandbox's own stays behind."""
