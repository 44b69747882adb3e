"""What the judge asks of an engine that builds images. docker.py and podman.py answer; reference.py makes use of it."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

# of docker's BuildKit, its classic builder, podman and buildah
_CODE = re.compile(r"(?:exit code: |exit status |non-zero code: )(\d+)\s*$")

# the container runtime's words (runc, crun), whose own exit status engines tell as if it were the command's
_UNSTARTED = re.compile(r"unable to start container process|runtime create failed|executable file .* not found in \$PATH")
# a mount that cannot be made: no command was run, whatever status is told of it
_UNMOUNTED = re.compile(r"unable to start container process: error during container init: error mounting ")
NOT_STARTED = -1


class Failure(NamedTuple):
    """How a side failed: what it `said`, in which `line` of the Dockerfile (0: it does not tell), with which exit `status` of a
    command (None: no command failed, the Dockerfile was refused; NOT_STARTED: it is not there, or no program). `output` is the
    end of all that was printed; `missing` tells that something lacked on this machine.
    """

    said: str
    line: int = 0
    status: int | None = None
    output: str = ""
    missing: bool = False


class NotBuilt(Exception):
    """The engine refused or failed; the text is its message, `failure` how."""

    def __init__(self, said: str, line: int = 0, output: str = "") -> None:
        super().__init__(said)
        self.failure = Failure(said, line, _status(said, output), output[-8000:])


def _status(said: str, output: str) -> int | None:
    """The exit status of the command that failed, as in Failure."""
    if _UNMOUNTED.search(output):
        return None
    code = _CODE.search(said)
    # what else was printed may be of a step of another stage, which the engine ended when this one failed
    if _UNSTARTED.search(output if code else said):
        return NOT_STARTED
    return int(code[1]) if code else None


class NoReference(Exception):
    """There is no engine to ask, or its result cannot be read; the text says why, and the cure."""


class Request(NamedTuple):
    """What is built: a context directory, a Dockerfile, and docker's own options (--build-arg, --target, --secret, ...).

    With `cached` the engine may take what it has built before; else it does everything again.
    """

    context: str
    file: str
    options: Sequence[str] = ()
    cached: bool = False


class Made(NamedTuple):
    """An image's id, and how long its instructions took, where the engine tells: (stage, number in the stage, seconds)."""

    image: str
    times: tuple[tuple[str, int, float], ...] = ()


class Told(NamedTuple):
    """What an engine knows of an image. `config` has docker's keys, `history` the `created_by` of every entry, oldest first.

    `layers` are the diff ids, lowest first; `directories` where each of them lies, or empty if they do not lie on this machine.
    `created` is in seconds; `empty` tells which entries of the history make no layer, None where the engine does not say.
    """

    image: str
    config: Mapping[str, Any]
    layers: tuple[str, ...]
    directories: tuple[str, ...]
    history: tuple[str, ...]
    created: int = 0
    empty: tuple[bool, ...] | None = None


class Engine(Protocol):
    """A builder of images with a store of its own. Every method raises NoReference if the engine is not there."""

    name: str
    """As in `--builder NAME`."""

    def version(self) -> str:
        """Who it is: "docker 28.5.2 (BuildKit)"."""

    def build(self, request: Request) -> Made:
        """Build; raises NotBuilt with the engine's message."""

    def tell(self, image: str) -> Told:
        """What it knows of an image of its store."""

    def save(self, image: str, archive: str) -> None:
        """Write the image as a docker archive."""

    def load(self, archive: str) -> None:
        """Take the image of a docker archive, under the names that it has in there."""

    def remove(self, image: str) -> None:
        """Forget an image; what else needs its layers keeps them."""

    def drops_link(self) -> bool:
        """Whether its store builds COPY --link as COPY."""

    def run(self, *words: str, seconds: float | None = None) -> "subprocess.CompletedProcess[bytes]":
        """The engine's own command line, for what is about containers. Raises TimeoutExpired after `seconds`."""


def command(words: Sequence[str], cure: str, **more: Any) -> "subprocess.CompletedProcess[bytes]":
    """Run an engine's command line and catch what it says. Raises NoReference with `cure` if there is no such program."""
    try:
        return subprocess.run(words, check=False, capture_output=True, stdin=subprocess.DEVNULL, **more)
    except FileNotFoundError as error:
        raise NoReference(f"{words[0]} is not installed: the result was compared with nothing. {cure}") from error


def said(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What a command complained of."""
    return (done.stderr or done.stdout or b"").decode(errors="replace").strip()
