"""docker as the judge's engine: BuildKit, and the classic builder."""

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

from .engines import Made, NoReference, NotBuilt, Request, Told, command, said
from .workplace import workplace

_CURE = "Install docker.io"
# the `# syntax=` line, what stands before it, and the parser directives after it
_SYNTAX = re.compile(
    r"\A((?:#[^\n]*\n)*?)[ \t]*#[ \t]*syntax[ \t]*=[^\n]*\n((?:[ \t]*#[ \t]*(?:escape|check)[ \t]*=[^\n]*\n)*)", re.IGNORECASE
)
_ERROR = re.compile(r"^ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)", re.MULTILINE | re.DOTALL)
# what the classic builder says before anything else
_BANNER = re.compile(r"^DEPRECATED: .*\n(?: +.*\n)*\n?", re.MULTILINE)
_SILENT = re.compile(
    r"cannot connect to the docker daemon|failed to connect to the docker api|error during connect", re.IGNORECASE
)
# an image that cannot be fetched is nothing that a Dockerfile could be refused for
_NETWORK = re.compile(
    r"failed to resolve source metadata .*(dial tcp|failed to do request|timeout|no such host|TLS)", re.IGNORECASE
)
# of a context that the builder inside of dockerd cannot read
_SCHEME = re.compile(r"unknown scheme oci-layout: not found")
# A Dockerfile is refused by who reads it: BuildKit's client says so with these words (23 and older: without ERROR), the classic
# one has sent a context before. All else is about the command line or what is installed: a flag, a component, a path.
# the second where buildx hears of the frontend's answer before the engine's (seen under load)
_SOLVED = re.compile(
    r"^(?:ERROR: )?(?:failed to build: )?failed to (?:solve(?: with frontend [^\n:]+)?|run Build function): ", re.MULTILINE
)
_CLASSIC = re.compile(r"^Sending build context to Docker daemon ", re.MULTILINE)
# the engine has ended or has no room: gRPC's codes, which are none of an instruction, and the last words of system calls
_BROKEN = re.compile(
    r"\A(?:rpc error: code = )?(?:Unavailable|Canceled|DeadlineExceeded|ResourceExhausted)\b"
    r"|(?:no space left on device|disk quota exceeded|too many open files|input/output error|error reading from server: EOF)\Z"
)
# `Dockerfile:4` and a rule: the line of what failed, above an excerpt, whose own last line, `  7 | USER 1000:50`, has a rule, too
_PLACE = re.compile(r"^(?! *\d+ \| )[^\n]+:(\d+)\n-{20}$", re.MULTILINE)
# BuildKit's plain progress: `#7 [build 2/4] RUN make` and, at its end, `#7 DONE 1.2s`
_BEGUN = re.compile(r"^#(\d+) \[(?:[\w/]+->)?(?:[a-z0-9]+/[a-z0-9/]+ )?(?:([^\] ]+) +)?(\d+)/\d+\] ", re.MULTILINE)
_DONE = re.compile(r"^#(\d+) DONE (\d+\.\d+)s", re.MULTILINE)


_IMAGES = "dock2sh-verify"


class Docker:
    """Docker Engine; `name` is `docker` for BuildKit, `classic` for the builder of before."""

    def __init__(self, classic: bool = False) -> None:
        self.name = "classic" if classic else "docker"
        self._root: str | None = None

    def version(self) -> str:
        done = command(["docker", "version", "--format", "{{.Server.Version}}"], _CURE)
        if done.returncode:
            raise NoReference(f"docker does not answer: {said(done).rstrip('.?')}. Start it, or set DOCKER_HOST")
        return f"docker {done.stdout.decode().strip()} ({'classic builder' if self.name == 'classic' else 'BuildKit'})"

    def build(self, request: Request) -> Made:
        # by a name of its own: the very same image may be built, and removed, by somebody next to us
        self._forget()
        name = f"{_IMAGES}:{_boot()}-{os.getpid()}-{uuid.uuid4().hex}"
        with workplace() as folder, without_syntax(request.file, folder) as file:
            words = ["docker", "build", "-t", name, "-f", file, *request.options]
            words += [] if request.cached else ["--no-cache"]
            words += ["--force-rm"] if self.name == "classic" else ["--progress=plain"]
            environment = {**os.environ, "DOCKER_BUILDKIT": "0" if self.name == "classic" else "1"}
            done = command([*words, _named_apart(request, folder)], _CURE, env=environment)
            talk = done.stderr.decode(errors="replace")
            if done.returncode:
                raise failure(talk, done.stdout.decode(errors="replace"))
            return Made(name, _times(talk))

    def _forget(self) -> None:
        """The images that killed processes of this machine have left."""
        done = command(["docker", "image", "ls", "--format", "{{.Tag}}", _IMAGES], _CURE)
        for tag in done.stdout.decode().split():
            boot, _, rest = tag.partition("-")
            number = rest.partition("-")[0]
            if boot == _boot() and number.isdecimal() and not os.path.exists(f"/proc/{number}"):
                self.remove(f"{_IMAGES}:{tag}")

    def tell(self, image: str) -> Told:
        done = command(["docker", "image", "inspect", image], _CURE)
        if done.returncode:
            raise NoReference(f"docker has no image {image}: {said(done)}")
        told: dict[str, Any] = json.loads(done.stdout)[0]
        layers = tuple(told["RootFS"].get("Layers") or ())
        kept = _kept_history(told, self._home())
        return Told(
            told["Id"],
            told["Config"],
            layers,
            directories(told, len(layers)),
            tuple(entry.get("created_by", "") for entry in kept) if kept is not None else self._history(image),
            _seconds(told.get("Created")),
            tuple(bool(entry.get("empty_layer")) for entry in kept) if kept is not None else None,
        )

    def _home(self) -> str:
        """Where the engine keeps its things, if that is on this machine."""
        if self._root is None:
            self._root = command(["docker", "info", "--format", "{{.DockerRootDir}}"], _CURE).stdout.decode().strip()
        return self._root

    def _history(self, image: str) -> tuple[str, ...]:
        done = command(["docker", "history", "--no-trunc", "--format", "{{json .CreatedBy}}", image], _CURE)
        return tuple(json.loads(line) for line in reversed(done.stdout.splitlines()))

    def save(self, image: str, archive: str) -> None:
        done = command(["docker", "save", "-o", archive, image], _CURE)
        if done.returncode:
            raise NoReference(f"docker cannot save {image}: {said(done)}")

    def load(self, archive: str) -> None:
        done = command(["docker", "load", "-q", "-i", archive], _CURE)
        if done.returncode:
            raise NoReference(f"docker cannot load an image: {said(done)}")

    def remove(self, image: str) -> None:
        command(["docker", "image", "rm", image], _CURE)

    def drops_link(self) -> bool:
        """The stores of before containerd's (their driver is overlay2, not overlayfs) have no merge of layers."""
        done = command(["docker", "info", "--format", "{{.Driver}}"], _CURE)
        return done.stdout.strip() not in (b"overlayfs", b"native", b"")

    def run(self, *words: str, seconds: float | None = None) -> "subprocess.CompletedProcess[bytes]":
        return command(["docker", *words], _CURE, timeout=seconds)


def failure(talk: str, printed: str) -> NotBuilt | NoReference:
    """What `docker build` has failed of, by its two streams: the Dockerfile, or docker itself, which did not get to it."""
    if _SILENT.search(talk):
        return NoReference(f"docker does not answer: {talk.strip().rstrip('.?')}. Start it, or set DOCKER_HOST")
    if _SCHEME.search(talk):
        return NoReference("docker's own builder takes no oci-layout://: ask one that does (BUILDX_BUILDER), or load the image")
    if _NETWORK.search(talk):
        return NoReference(f"docker cannot get an image: {talk.strip().splitlines()[-1]}")
    match = _ERROR.search(talk)
    places = _PLACE.findall(talk)
    message = (match[1] if match else _BANNER.sub("", talk)).strip()
    judged = _SOLVED.search(talk) or _CLASSIC.search(printed)
    if not judged or _BROKEN.search(message):
        why = " ".join(message.partition("\n\n")[0].split())
        return NoReference(f"docker has not judged the Dockerfile, it failed itself: {why}. Make `docker build` work first")
    return NotBuilt(message, int(places[-1]) if places else 0, talk + printed)


def _boot() -> str:
    """This machine since it was started: on another one, or before, a process's number is somebody else's."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().replace("-", "")[:12]


def directories(told: dict[str, Any], layers: int) -> tuple[str, ...]:
    """Where the layers of an inspected image lie, the lowest first: overlay directories on this machine, or nothing.

    The containerd store tells none, and those of an engine elsewhere are not here.
    """
    driver = told.get("GraphDriver") or {}
    if driver.get("Name") not in ("overlay2", "overlay") or not layers:
        return ()
    data = driver["Data"]
    found = (*filter(None, data.get("LowerDir", "").split(":")[::-1]), data["UpperDir"])
    return found if len(found) == layers and all(map(os.path.isdir, found)) else ()


def _kept_history(told: dict[str, Any], home: str) -> list[dict[str, Any]] | None:
    """The history in the image's config, as docker keeps it. It tells nobody which entries make no layer, and shows tabs
    as blanks. Only where the layers are on this machine, too, so that it is that engine's.
    """
    if not directories(told, len(told["RootFS"].get("Layers") or ())):
        return None
    algorithm, _, digest = told["Id"].partition(":")
    try:
        with open(f"{home}/image/{told['GraphDriver']['Name']}/imagedb/content/{algorithm}/{digest}", encoding="utf-8") as config:
            return list(json.load(config).get("history") or ())
    except (OSError, ValueError):
        return None


def _named_apart(request: Request, folder: str) -> str:
    """The context by a name that no other one has: a link in `folder`, the next time the same.

    From build to build BuildKit keeps a context, the named ones of that build, and the Dockerfile by the last part of the
    directory's path, and takes a file of the size and time that it has there for that file (docs/docker-oddities.md).
    """
    if not os.path.isdir(request.context):
        return request.context
    about = os.stat(request.context)
    parts = (os.path.realpath(request.context), about.st_dev, about.st_ino, os.path.realpath(request.file), *request.options)
    link = os.path.join(folder, sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest())
    os.symlink(os.path.realpath(request.context), link)
    return link


@contextmanager
def without_syntax(file: str, folder: str) -> Iterator[str]:
    """The Dockerfile, or a copy in `folder` without its `# syntax=` line, which asks for a frontend image from the internet.

    A blank line behind the directives makes up for it, so that an engine's words point at the same lines. The ignore file of that
    name goes with the copy.
    """
    with open(file, "rb") as original:
        text = original.read().decode("utf-8", "surrogateescape")
    short = _SYNTAX.sub(r"\1\2\n", text, count=1)
    if short == text:
        yield file
        return
    copy = os.path.join(folder, os.path.basename(file))
    with open(copy, "wb") as changed:
        changed.write(short.encode("utf-8", "surrogateescape"))
    if os.path.exists(f"{file}.dockerignore"):
        with open(f"{file}.dockerignore", "rb") as original, open(f"{copy}.dockerignore", "wb") as ignore:
            ignore.write(original.read())
    yield copy


def _times(talk: str) -> tuple[tuple[str, int, float], ...]:
    """How long each instruction took. BuildKit calls a nameless stage `stage-N`, and the only one nothing."""
    ends = {match[1]: float(match[2]) for match in _DONE.finditer(talk)}
    begun = {match[1]: (match[2] or "", int(match[3])) for match in _BEGUN.finditer(talk)}
    return tuple((*begun[number], ends[number]) for number in begun if number in ends)


def _seconds(created: str | None) -> int:
    try:
        return int(datetime.fromisoformat(re.sub(r"\.\d+", "", created or "").replace("Z", "+00:00")).timestamp())
    except ValueError:
        return 0
