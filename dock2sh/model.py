"""THE shared page: what a Dockerfile comes to. Frozen, evaluated, self-contained, no I/O.

Everything after the plan works on these types; nothing after the plan has heard of ARG, ONBUILD or `$VAR`. Strings may be
`Deferred` (dockerfile/deferred.py) where a value is known only when the script runs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dock2sh.source import Span

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What docker puts into an image that has no PATH (semantics.md 1.2)."""

IMAGE_SCHEME = "docker-image://"
"""Before the name of an engine's image, where a SOURCE may be something else."""

Config = Mapping[str, Any]
"""An image config's `config` object with docker's keys: Env, Cmd, Entrypoint, WorkingDir, User, …"""


class Env:
    """An ordered environment: a snapshot of an append-only log of assignments, so that a thousand RUNs share one list.

    A name stands where it was assigned last, as in BuildKit's EnvList (the image config's Env keeps the first place).
    """

    __slots__ = ("_log", "_size")

    def __init__(self, log: list[tuple[str, str]], size: int) -> None:
        self._log, self._size = log, size

    def items(self) -> dict[str, str]:
        """Name to value, in order."""
        found: dict[str, str] = {}
        for name, value in self._log[: self._size]:
            found.pop(name, None)
            found[name] = value
        return found

    def __iter__(self) -> Iterator[str]:
        """`NAME=VALUE`, in order."""
        return (f"{name}={value}" for name, value in self.items().items())


class Mount(NamedTuple):
    """A RUN's `--mount`, evaluated, defaults filled in. `origin` is a stage's key, an image, or empty (the build context).

    The key of the step's own stage (only an ONBUILD trigger has that) is what is there before the step.
    """

    type: str
    target: str
    source: str = "/"
    origin: str = ""
    id: str = ""
    sharing: str = ""
    readonly: bool = False
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    required: bool = False
    env: str | None = None
    size: int = 0


class Script(NamedTuple):
    """A RUN here-document that begins with `#!`: it is run from /dev/pipes/NAME."""

    name: str
    content: str


class File(NamedTuple):
    """A COPY or ADD here-document: a file with this content, and its name as it was written (`../x`), which the history has."""

    name: str
    content: str
    written: str


class Run(NamedTuple):
    """A process: `argv` is what docker executes, `env` all that it sees but HOME and proxies.

    `shell` is the part of argv that SHELL gave (empty for the exec form). `hostname` is what the machine calls itself (empty:
    docker's own name for it), `hosts` the addresses and names that are in its /etc/hosts besides (an address may be
    `host-gateway`, docker's word for the machine that builds). `limits` are those of setrlimit(2), as docker's --ulimit has them
    (`nofile=1024:2048`), `shm` the bytes of /dev/shm (0: docker's own 64 MiB). `title` is what docker calls the step, also in the
    other kinds; empty where the base image's variables are not known.
    """

    span: Span
    text: str
    argv: tuple[str, ...]
    env: Env
    cwd: str
    user: str
    shell: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    network: str = "default"
    security: str = "sandbox"
    script: Script | None = None
    proxy: tuple[str, ...] = ()
    onbuild: bool = False
    hostname: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    shm: int = 0
    title: str = ""

    def handed(self) -> str:
        """What the shell is given: the text of the command, or a program that begins with `#!`."""
        return self.script.content if self.script else self.argv[-1] if self.argv else ""


class Copy(NamedTuple):
    """COPY, or ADD of local files. `origin` as in Mount; `sources` are anchored at / and cleaned; `destination` is absolute.

    `unpack` is None for COPY, else whether archives are unpacked. `words` are the sources and the destination as expanded.
    """

    span: Span
    text: str
    sources: tuple[str, ...]
    destination: str
    words: tuple[str, ...]
    origin: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()
    unpack: bool | None = None
    files: tuple[File, ...] = ()
    onbuild: bool = False
    title: str = ""


class Git(NamedTuple):
    """What an ADD of a repository asks for beyond its URL."""

    ref: str = ""
    subdir: str = ""
    keep_git_dir: bool = False
    submodules: bool = True
    commit_times: bool = False
    fetch_by_commit: bool = False


class Repository(NamedTuple):
    """A git repository in the place of a directory: its URL without fragment and query, the commit to hold it to, the rest."""

    url: str
    checksum: str
    git: Git


class Fetch(NamedTuple):
    """ADD of a URL, or of a git repository (`git` is set, `source` without fragment and query)."""

    span: Span
    text: str
    source: str
    destination: str
    words: tuple[str, ...]
    checksum: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    unpack: bool = False
    git: Git | None = None
    excludes: tuple[str, ...] = ()
    onbuild: bool = False
    title: str = ""


class MakeDirectory(NamedTuple):
    """WORKDIR: the directory from here on (`cwd`, as docker stores it), created as `path` unless that is empty."""

    span: Span
    text: str
    cwd: str
    path: str
    user: str
    onbuild: bool = False
    title: str = ""


class Configure(NamedTuple):
    """An instruction that changes only what later steps see, or the image config: ENV, ARG, USER, CMD, LABEL, …

    `pairs` for ENV, ARG, LABEL (an ARG without a value has None); `words` for the others.
    """

    span: Span
    text: str
    keyword: str
    pairs: tuple[tuple[str, str | None], ...] = ()
    words: tuple[str, ...] = ()
    onbuild: bool = False


Step = Run | Copy | Fetch | MakeDirectory | Configure


class Base(NamedTuple):
    """A base image's OCI config (`architecture`, `os`, `config`, `history`); `known` unless nobody could tell what is in it."""

    image: Mapping[str, Any]
    known: bool = True


class Stage(NamedTuple):
    """One stage that the target needs. `key` names it in a script (its name, or its index); `parent` is a stage's key or None.

    `base` is an image's reference as written after expansion, `scratch`, the parent's name, or the stage's own, where a named
    context has taken its place (`replaced`) and nothing of it is done. `start` and `start_env` are the config and the environment
    of the image that it begins with; `start_args` what the parent's ARGs leave behind for its RUNs.
    """

    key: str
    name: str
    index: int  # type: ignore[assignment]  # a name of tuple's too, which nobody calls here
    span: Span
    text: str
    base: str
    parent: str | None
    platform: str
    known: bool
    start: Config
    start_args: tuple[tuple[str, str], ...]
    start_env: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    config: Config
    replaced: bool = False

    def layers(self) -> list[tuple[Step, ...]]:
        """The steps that make a layer, as docker counts them and as a script numbers its steps: those of one ADD together."""
        found: list[tuple[Step, ...]] = []
        previous: Step | None = None
        for step in self.steps:
            if isinstance(step, (Copy, Fetch)) and _same_instruction(previous, step):
                found[-1] += (step,)
            elif not isinstance(step, Configure) and not (isinstance(step, MakeDirectory) and not step.path):
                found.append((step,))
            previous = step
        return found

    def needs(self) -> list[str]:
        """What it stands on and reads besides the context and itself: its parent, then stages, images and named contexts, once
        each."""
        found = [self.parent] if self.parent is not None else []
        found += [name for step in self.steps for name in origins(step)]
        return [name for name in dict.fromkeys(found) if name and name != self.key]


def origins(step: Step) -> list[str]:
    """Where a step takes files from: the `origin` of a COPY, and of each mount; "" is the build context."""
    if isinstance(step, Copy):
        return [step.origin]
    return [mount.origin for mount in step.mounts] if isinstance(step, Run) else []


def _same_instruction(previous: Step | None, step: Copy | Fetch) -> bool:
    return isinstance(previous, (Copy, Fetch)) and (previous.words, previous.span) == (step.words, step.span)


class LeftOut(NamedTuple):
    """An instruction that its marker keeps out of the plan: `skip`, `only=host` or `only=container`. `stage` is an index."""

    span: Span
    text: str
    keyword: str
    marker: str
    stage: int


_WINDOWS = r"microsoft[^/]*/windows(?:/|:|@|\Z)|nanoserver|servercore"


def names_windows(reference: str) -> bool:
    """Whether an image is for Windows, by its name: Microsoft's own, and what is made of them (`:lts-windowsservercore`). The
    word alone says nothing: there are images of Linux in which a Windows is run."""
    return ("windows" in reference or "server" in reference) and re.search(_WINDOWS, reference) is not None


class Plan(NamedTuple):
    """The stages that the target needs, in the order of the file; the last one is the target.

    `config` is the image config's config object as docker writes it, `image` the rest of it (architecture, os, author, and the
    base image's history), `globals` the ARGs before the first FROM. `notes` are for stderr. `contexts` are the named contexts
    that it takes files from, by the names that it has for them: the SOURCE of an image or a repository, or "" for a directory of
    the machine; `repositories` are those of them that are git's. `where` is the machine that it is for, "container" or "host"
    (empty: all that docker does), `left_out` what is therefore not in it.
    """

    target: str
    stages: tuple[Stage, ...]
    config: Config
    image: Mapping[str, Any]
    globals: Mapping[str, str]
    notes: tuple[str, ...]
    contexts: Mapping[str, str] = {}
    where: str = ""
    left_out: tuple[LeftOut, ...] = ()
    repositories: Mapping[str, Repository] = {}

    def image_meant(self, name: str) -> str:
        """The engine's image that a name means: a named context may put another one in its place. "" where it is a directory
        or a layout, of which only the machine that has it knows where."""
        source = self.contexts.get(name, IMAGE_SCHEME + name)
        return source.removeprefix(IMAGE_SCHEME) if source.startswith(IMAGE_SCHEME) else ""

    def for_windows(self) -> bool:
        """Whether the image is one for Windows."""
        return self.image.get("os") == "windows" or names_windows(self.chain()[0].base)

    def chain(self, stage: Stage | None = None) -> list[Stage]:
        """A stage (the target) and its parents, the first one first. Those of the target share a root."""
        by_key = {other.key: other for other in self.stages}
        line = [stage or self.stages[-1]]
        while line[0].parent is not None:
            line.insert(0, by_key[line[0].parent])
        return line

    def in_order(self, stage: Stage) -> list[Step | LeftOut]:
        """A stage's steps, and what is left out of it at its place."""
        if not self.left_out:
            return list(stage.steps)
        left = [each for each in self.left_out if each.stage == stage.index]
        return sorted([*stage.steps, *left], key=lambda each: each.span.first)

    def sources(self) -> list[str]:
        """What COPY and ADD name of the build context, without slashes around it."""
        copies = (step for stage in self.stages for step in stage.steps if isinstance(step, Copy) and not step.origin)
        return list(dict.fromkeys(source.strip("/") for step in copies for source in step.sources))

    def reads_context(self) -> bool:
        """Whether a step reads files of the build context."""
        return next(self.reading_context(), None) is not None

    def reading_context(self) -> "Iterator[Step]":
        """The steps that read files of the build context."""
        return (step for stage in self.stages for step in stage.steps if _reads_context(step))

    def transfers_all(self) -> bool:
        """Whether docker brings in the whole context, needed or not: so it does for a tmpfs (dispatchRunMounts: no `from`)."""
        runs = (step for stage in self.stages for step in stage.steps if isinstance(step, Run))
        return any(mount.type == "tmpfs" and not mount.origin for run in runs for mount in run.mounts)


def _reads_context(step: Step) -> bool:
    if isinstance(step, Copy):
        return not step.origin and bool(step.sources)
    return isinstance(step, Run) and any(mount.type == "bind" and not mount.origin for mount in step.mounts)
