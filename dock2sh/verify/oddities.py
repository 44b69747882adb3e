"""What engines are known to do otherwise than BuildKit, by its own rules: rows of data, each with its reason and its witness.

A row names differences; it never hides one that it does not describe. `docker` here is docker with BuildKit, the judge.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from .case import Case, Step
from .compare import Difference

# whether a difference is the engine's own way, by the step that wrote it (one without a text where nobody knows it)
IsIt = Callable[[Difference, Step], bool]


class Oddity(NamedTuple):
    """Differences of `what`, at places that match `where` (whole), are the engine's own if `is_it` says so of them; with
    `in_volume` only those at or below a VOLUME of the image."""

    code: str
    engines: tuple[str, ...]
    what: str
    where: str
    is_it: IsIt
    reason: str
    witness: str
    in_volume: bool = False


def _always(one: Difference, step: Step) -> bool:
    return True


def _workdir(one: Difference, step: Step) -> bool:
    return step.text.upper().startswith("WORKDIR")


def _by_run(one: Difference, step: Step) -> bool:
    """Of what a script as a whole has deleted nobody knows the step."""
    return not step.text or step.text.upper().startswith("RUN")


def _owned_by_root(one: Difference, step: Step) -> bool:
    return one.theirs == "0:0" and _workdir(one, step)


def _only_label(name: str) -> IsIt:
    """Whether the engine's labels are ours and this one."""

    def is_it(one: Difference, step: Step) -> bool:
        theirs = re.sub(rf"(, )?'{re.escape(name)}': '[^']*'", "", one.theirs).replace("{, ", "{")
        return theirs in (one.ours, "{}" if one.ours == "None" else one.ours)

    return is_it


def _ours_is(*values: str) -> IsIt:
    return lambda one, step: one.ours in values


def _kept_time(one: Difference, step: Step) -> bool:
    return step.kept and int(one.theirs) < int(one.ours)


def _kept_git(one: Difference, step: Step) -> bool:
    return "--keep-git-dir" in step.text


def _older_health(one: Difference, step: Step) -> bool:
    return one.theirs.startswith("HEALTHCHECK &{") and one.ours.startswith("HEALTHCHECK {")


def _tabs_as_blanks(one: Difference, step: Step) -> bool:
    return "\t" in one.ours and one.ours.replace("\t", " ") == one.theirs


_NOBODY = Step(0, 0, "", "", 0)
_OTHERS = ("classic", "podman", "buildah")
_PODMAN = ("podman", "buildah")

ROWS: tuple[Oddity, ...] = (
    Oddity("health-history", ("docker",), "history", ".*", _older_health,
           "an older BuildKit words HEALTHCHECK in the history as Go prints it", "HEALTHCHECK CMD true, docker 28.5"),
    Oddity("history-tabs", ("docker",), "history", ".*", _tabs_as_blanks,
           "docker shows a tab in the history as a blank", "RUN a tab, an engine on another machine or with containerd's store"),
    Oddity("cached-time", ("docker",), "mtime", ".*", _kept_time,
           "docker takes checkouts of repositories and here-documents from its cache, times and all, even with --no-cache",
           "ADD http://H/g.git /x; COPY <<A /x and COPY --from=0 /x /y"),
    *(Oddity("git-templates", ("docker",), what, r".*/\.git/(branches|description|info/exclude|hooks/[^/]+\.sample)", _kept_git,
             "each version of git begins a repository with samples of its own, and docker's is another one", "ADD --keep-git-dir")
      for what in ("extra", "missing", "content", "mode", "mtime")),
    Oddity("buildah-label", _PODMAN, "config", "Labels", _only_label("io.buildah.version"),
           "buildah writes its version into a label", "any build"),
    Oddity("mount-stubs", _PODMAN, "missing", "/etc/(hostname|hosts|resolv\\.conf)|/run(/\\.containerenv)?|/run/secrets", _always,
           "buildah leaves what it mounted a RUN's files on, if the image has none", "RUN true, FROM busybox"),
    *(Oddity(f"root-{what}-of-a-layer", ("docker", "classic"), what, "/", _ours_is(ours),
             "docker keeps what the last step made of the root directory where no container sees it: each has a new one",
             "RUN chmod 700 / && chown 33 /, the last step")
      for what, ours in (("mode", "0755"), ("owner", "0:0"))),
    Oddity("root-mode", _PODMAN, "mode", "/", lambda one, step: one.theirs == "0555",
           "the store of buildah and podman makes the root directory 0555", "any build"),
    Oddity("late-workdir", _PODMAN, "extra", ".*", _workdir,
           "an older buildah makes WORKDIR's directory only when a RUN needs it", "WORKDIR /srv/work, no RUN after it"),
    Oddity("podman-environment", _PODMAN, "environment", "the process", lambda one, step: one.ours == "(less)"
           and set(one.theirs.split("; ")) <= {"TERM=xterm", "container=podman"},
           "podman tells a process that it is in a container, and of a terminal", "--behaviour"),
    Oddity("args-escaped", _OTHERS, "config", "ArgsEscaped", _ours_is("True"),
           "only BuildKit sets ArgsEscaped where CMD or ENTRYPOINT is used", "CMD"),
    Oddity("container-leftovers", ("classic",), "config", "Image|Hostname|Domainname|AttachStd.*|Tty|OpenStdin|StdinOnce",
           _ours_is("None"), "the classic builder keeps traces of its last container in the image", "any build"),
    Oddity("workdir-owner", _OTHERS, "owner", ".*", _owned_by_root,
           "only BuildKit gives directories that WORKDIR makes to USER", "USER ada, WORKDIR /srv/ada"),
    *(Oddity("classic-volume", ("classic",), what, ".*", _by_run,
             "the classic builder throws away what a RUN changes at a VOLUME", "VOLUME /v, RUN touch /v/f", in_volume=True)
      for what in ("extra", "missing", "content", "mode", "owner", "mtime", "type", "target", "xattrs", "hard links")),
    Oddity("empty-workdir", _OTHERS, "config", "WorkingDir", lambda one, step: {one.ours, one.theirs} <= {"None", "''", "'/'"},
           "no working directory is / to everybody", "FROM scratch"),
)  # fmt: skip

_ABOUT = {
    "classic": ("the classic builder judges what it has always known; here-documents, --exclude, --unpack and a wrong "
                "--checksum it takes and silently does something else",
                "the classic builder words the history in another way: it was not compared"),
    "podman": ("podman words the history in another way: it was not compared",),
    "buildah": ("buildah words the history in another way: it was not compared",),
}  # fmt: skip


def about(engine: str) -> tuple[str, ...]:
    """What must be known of this judge."""
    return _ABOUT.get(engine, ())


def writers(case: Case) -> dict[int, Step]:
    """The steps by number; 0 is what the image begins with, and what nobody knows the step of."""
    return {0: _NOBODY._replace(kept=case.kept)} | {step.number: step for step in case.steps}


def forgiven(
    found: Sequence[Difference], engine: str, whole: bool, writers: Mapping[int, Step], volumes: Collection[str] = ()
) -> list[Difference]:
    """The differences, those named that are the engine's own ways. `writers` are the steps, by number, `volumes` the image's.

    Of a reference that is not `whole` what an archive cannot hold is left out: the report says so in a note.
    """
    rows = [row for row in ROWS if engine in row.engines]
    kept = [one for one in found if whole or not _lost(one)]
    return [
        _named(one, [row for row in rows if not row.in_volume or _in(one.where, volumes)], writers.get(one.step, _NOBODY))
        for one in kept
    ]


def _in(path: str, volumes: Collection[str]) -> bool:
    return any(f"{path}/".startswith(f"{volume.rstrip('/')}/") for volume in volumes)


def _lost(one: Difference) -> bool:
    """What an image's archive cannot hold."""
    return (one.what == "extra" and one.ours.startswith("s ")) or (one.what == "mode" and one.where == "/") or (
        one.what == "xattrs" and all(word.startswith("user.") for word in one.ours.split() if word not in one.theirs.split())
        and set(one.theirs.split()) <= set(one.ours.split()))  # fmt: skip


def _named(one: Difference, rows: Sequence[Oddity], step: Step) -> Difference:
    if one.noise:
        return one
    fitting = (row for row in rows if row.what == one.what and re.fullmatch(row.where, one.where) and row.is_it(one, step))
    return one._replace(noise=next((row.code for row in fitting), ""))
