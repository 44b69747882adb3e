"""What docker does with an instruction, in sentences: one function for each kind of step."""

from typing import assert_never

from dock2sh.dockerfile.markers import Mark
from dock2sh.explain.details import mode
from dock2sh.explain.language import Text, code, joined, say
from dock2sh.explain.places import user_of
from dock2sh.explain.scope import Scope
from dock2sh.explain.starting import form_of
from dock2sh.model import Configure, Copy, Fetch, MakeDirectory, Mount, Plan, Run, Stage, Step

MOST = 12
"""Names that are listed before `and N more`."""


def listed(names: list[str], most: int = MOST) -> Text:
    """Names as code, with commas, and how many more there are."""
    shown = [code(name) for name in names[:most]]
    if len(names) > most:
        return (*joined(shown), *say(" and {count} more", count=len(names) - most))
    return joined(shown, ", ", plain_and())


def plain_and() -> str:
    """What stands before the last of several."""
    return "".join(piece.text for piece in say(" and "))


def of_step(step: Step, scope: Scope, plan: Plan, first_run: bool) -> list[Text]:
    """The sentences of one step. `first_run`: it is the first RUN of the file, at which docker's way is told."""
    match step:
        case Run():
            return of_run(step, first_run)
        case Copy():
            return of_copy(step, scope)
        case Fetch():
            return of_fetch(step)
        case MakeDirectory():
            return of_workdir(step, scope)
        case Configure():
            return of_setting(step, scope, plan)
        case _:
            assert_never(step)


def of_mark(mark: Mark) -> Text:
    """What a marker of ours above the instruction means, which is a comment to docker."""
    if mark.skip:
        return say("Marked `# dock2sh: skip`: docker does it, a script leaves it out.")
    if mark.only == "host":
        return say(
            "Marked `# dock2sh: only=host`: docker does it, and so does a script made with `--for host`; others leave it out."
        )
    return say("Marked `# dock2sh: only=container`: docker does it, a script made with `--for host` leaves it out.")


def of_run(step: Run, first: bool) -> list[Text]:
    told = list[Text]()
    if first:
        told.append(
            say(
                "Docker starts a fresh container from all that the lines above made, runs this in it, and keeps the"
                " files that"
                " changed as a layer. Then the container is thrown away: what `cd`, `export` or a started service"
                " did is gone."
                " There is no keyboard, and an exit status other than 0 stops the build."
            )
        )
    if step.script:
        told.append(
            say(
                "The lines are a program of their own: docker puts them into `/dev/pipes/{name}` and starts that by the shell.",
                name=step.script.name,
            )
        )
    told += [_mount(mount) for mount in step.mounts]
    if step.network == "none":
        told.append(say("It has no network."))
    if step.network == "host":
        told.append(say("It uses the network of the machine that builds. Docker must be allowed to: `--allow network.host`."))
    if step.security == "insecure":
        told.append(
            say("It has all rights of root on the machine that builds. Docker must be allowed to: `--allow security.insecure`.")
        )
    return told


def _mount(mount: Mount) -> Text:
    match mount.type:
        case "bind":
            if not mount.origin:
                return say(
                    "Sees `{source}` of the build context at `{target}`, only while it runs: no copy stays in the image.",
                    source=mount.source,
                    target=mount.target,
                )
            return say(
                "Sees `{source}` of `{origin}` at `{target}`, only while it runs: no copy stays in the image.",
                source=mount.source,
                origin=mount.origin,
                target=mount.target,
            )
        case "cache":
            return say(
                "`{target}` is a cache: it stays on the machine that builds, from one build to the next, and never"
                " gets into the image.",
                target=mount.target,
            )
        case "tmpfs":
            return say("`{target}` is in memory, and never gets into the image.", target=mount.target)
        case "secret":
            if mount.env and not mount.target:
                return say(
                    "Has the secret `{id}` in the variable `{name}`, only while it runs. Give it with `docker build"
                    " --secret id={id},…`.",
                    id=mount.id,
                    name=mount.env,
                )
            return say(
                "Has the secret `{id}` in the file `{target}`, only while it runs. Give it with `docker build"
                " --secret id={id},…`.",
                id=mount.id,
                target=mount.target,
            )
        case _:
            return say("May use your ssh keys while it runs, and does not get them. Give them with `docker build --ssh default`.")


def of_copy(step: Copy, scope: Scope) -> list[Text]:
    told = list[Text]()
    names = [source.lstrip("/") or "." for source in step.sources]
    if step.files:
        told.append(say("Writes the lines below into {files}.", files=listed([_file_at(step, file.name) for file in step.files])))
    if names:
        told.append(_copied(step, names))
    told += _owner(step.chown, step.chmod, bool(step.origin), scope, created=not names)
    if step.unpack:
        told.append(say("A tar archive among them is unpacked, whatever its name; anything else is copied as it is."))
    if step.excludes:
        told.append(say("Leaves out {patterns}.", patterns=listed(list(step.excludes))))
    if step.parents:
        told.append(say("Keeps the directories that they are in."))
    if step.link and not step.chmod:
        told.append(say("`--link`: a layer of its own, which docker need not build again when lines above change."))
    return told


def _file_at(step: Copy, name: str) -> str:
    return step.destination + name if step.destination.endswith("/") else step.destination


def _copied(step: Copy, names: list[str]) -> Text:
    if step.origin:
        return say(
            "Copies {names} from `{origin}` to `{destination}`. Nothing else of `{origin}` gets into the image.",
            names=listed(["/" + name if name != "." else "/" for name in names]),
            origin=step.origin,
            destination=step.destination,
        )
    if names == ["."]:
        return say(
            "Copies everything in the build context, the folder that you give to `docker build`, to"
            " `{destination}`, except what `.dockerignore` leaves out.",
            destination=step.destination,
        )
    return say(
        "Copies {names} from the build context, the folder that you give to `docker build`, to `{destination}`.",
        names=listed(names),
        destination=step.destination,
    )


def _owner(chown: str, chmod: str, keeps: bool, scope: Scope, created: bool) -> list[Text]:
    told = list[Text]()
    if chown:
        told.append(say("They belong to `{owner}`.", owner=chown))
    elif keeps:
        told.append(say("They keep their owners."))
    elif scope.user not in ("", "root", "0"):
        told.append(say("They belong to root: `USER` does not count here, only `--chown` would."))
    if chmod:
        rights = mode(chmod)
        told.append(
            say("Permissions `{mode}` ({words}).", mode=chmod, words=rights)
            if rights
            else say("Permissions `{mode}`.", mode=chmod)
        )
    return told


def of_fetch(step: Fetch) -> list[Text]:
    if step.git:
        told = [
            say(
                "Fetches the repository `{url}` and puts its files into `{destination}`.",
                url=step.source,
                destination=step.destination,
            )
        ]
        if step.git.ref:
            told.append(say("Takes the version `{ref}`.", ref=step.git.ref))
    else:
        told = [say("Downloads `{url}` to `{destination}`, owner root.", url=step.source, destination=step.destination)]
        if not step.unpack:
            told.append(say("An archive from the network is not unpacked."))
        if not step.chmod:
            told.append(say("Only its owner may read it: permissions `600`."))
    told.append(
        say("Checks it against `{checksum}`, and stops if it is something else.", checksum=step.checksum)
        if step.checksum
        else say("Nothing checks what was downloaded.")
    )
    return told


def of_workdir(step: MakeDirectory, scope: Scope) -> list[Text]:
    if not scope.stays and not step.path:
        return [say("The lines that follow in this stage begin in `{directory}`.", directory=step.cwd)]
    if not scope.stays:
        return [
            say(
                "The lines that follow in this stage begin in `{directory}`. It is made if it is not there, and then"
                " belongs to {who}.",
                directory=step.cwd,
                who=user_of(step.user, scope.known),
            )
        ]
    if not step.path:
        return [say("The lines that follow, and the container when it starts, begin in `{directory}`.", directory=step.cwd)]
    return [
        say(
            "The lines that follow, and the container when it starts, begin in `{directory}`. It is made if it"
            " is not there, and then belongs to {who}.",
            directory=step.cwd,
            who=user_of(step.user, scope.known),
        )
    ]


def of_setting(step: Configure, scope: Scope, plan: Plan) -> list[Text]:
    handler = _SETTINGS.get(step.keyword)
    told = handler(step, scope) if handler else []
    if not scope.stays and step.keyword in _OF_THE_IMAGE:
        told.append(say("It has no effect on the image, as this stage does not become it."))
    return told


def _env(step: Configure, scope: Scope) -> list[Text]:
    names = listed([name for name, _ in step.pairs])
    if scope.stays:
        told = [say("Sets {names} for the lines that follow, and in every container of the image.", names=names)]
    else:
        told = [say("Sets {names} for the lines that follow in this stage.", names=names)]
    told += [
        say("`{name}` is `{value}`.", name=name, value=value)
        for name, value in step.pairs
        if value is not None and "$" in step.text
    ]
    return told


def _arg(step: Configure, scope: Scope) -> list[Text]:
    names = listed([name for name, _ in step.pairs])
    told = [say("A value for the build alone, which `docker build --build-arg` can change: {names}.", names=names)]
    if scope.stays:
        told.append(say("Containers do not have it, but `docker history` shows it."))
    for name, value in step.pairs:
        if value is None:
            told.append(say("`{name}` has no value unless it is given.", name=name))
        elif f"{name}={value}" not in step.text:
            told.append(say("`{name}` is `{value}`.", name=name, value=value))
    return told


def _user(step: Configure, scope: Scope) -> list[Text]:
    fields = {"who": user_of(step.words[0]), "before": user_of(scope.user, scope.known)}
    return [
        say(
            "The lines that follow that run something, and the container when it starts, are {who} instead of {before}.", **fields
        )
        if scope.stays
        else say("The lines that follow in this stage that run something are {who} instead of {before}.", **fields),
        say("The user must exist in the image by then; a number always works."),
    ]


def _expose(step: Configure, scope: Scope) -> list[Text]:
    publish = " ".join(f"-p {port.partition('/')[0]}:{port.removesuffix('/tcp')}" for port in step.words[:6])
    return [
        say(
            "Only notes that the program listens on {ports}. It opens nothing: `docker run {publish}` does.",
            ports=listed(list(step.words)),
            publish=publish,
        )
    ]


def _volume(step: Configure, scope: Scope) -> list[Text]:
    return [
        say(
            "Notes that {paths} holds data that should outlive the container. Each container gets a new volume"
            " there unless `docker run -v` names one. No directory is made now.",
            paths=listed(list(step.words)),
        )
    ]


def _label(step: Configure, scope: Scope) -> list[Text]:
    return [
        say(
            "Notes about the image, for people and programs: {names}. They change nothing.",
            names=listed([name for name, _ in step.pairs]),
        )
    ]


def _maintainer(step: Configure, scope: Scope) -> list[Text]:
    return [say("Notes who made the image (an old form of `LABEL`).")]


def _shell(step: Configure, scope: Scope) -> list[Text]:
    told = [
        say(
            "What runs the text of `RUN`, `CMD` and `ENTRYPOINT` from here on, in images that are built on this"
            " one, too: `{shell}` instead of `{before}`.",
            shell=" ".join(step.words),
            before=" ".join(scope.shell),
        )
    ]
    if "pipefail" in step.words:
        told.append(say("`pipefail`: a pipe fails when any part of it fails, not only the last."))
    return told


def _stopsignal(step: Configure, scope: Scope) -> list[Text]:
    return [say("`docker stop` sends `{signal}` to process 1, instead of SIGTERM.", signal=step.words[0])]


def _healthcheck(step: Configure, scope: Scope) -> list[Text]:
    if step.words[:1] == ("NONE",):
        return [say("Docker does not check whether containers of this image are well, even if the base image asks for it.")]
    given = dict(step.pairs)
    every = _seconds(given.get("Interval")) or "30s"
    patience, retries = _seconds(given.get("Timeout")) or "30s", given.get("Retries") or "3"
    told = [
        say(
            "While a container runs, docker calls this every {every} and waits {patience} for it; after"
            " {retries} failures in a row the container counts as unhealthy. Docker restarts nothing by itself.",
            every=every,
            patience=patience,
            retries=retries,
        )
    ]
    if start := _seconds(given.get("StartPeriod")):
        told.append(say("Failures in the first {start} do not count.", start=start))
    if step.words[0] == "CMD-SHELL":
        told.append(say("A shell in the image runs it."))
    return told


def _seconds(nanoseconds: str | None) -> str:
    return f"{int(nanoseconds) / 1e9:g}s" if nanoseconds else ""


def _onbuild(step: Configure, scope: Scope) -> list[Text]:
    return [
        say("Does nothing now. It is noted, and done when another Dockerfile says `FROM` this image, right behind that `FROM`.")
    ]


def _cmd(step: Configure, scope: Scope) -> list[Text]:
    """What it is depends on the ENTRYPOINT that the stage has in the end."""
    entrypoint = list(scope.stage.config.get("Entrypoint") or ())
    if entrypoint and form_of(entrypoint).shell:
        return [say("Without effect as a rule: `ENTRYPOINT` is in shell form, and its shell takes these for `$0`, `$1`, …")]
    if entrypoint:
        whole = " ".join(" ".join([*entrypoint, *step.words]).split())
        return [
            say(
                "Not run now, only recorded: what `ENTRYPOINT` is told, so that a container starts `{whole}`. What stands"
                " behind the image in `docker run` takes its place.",
                whole=whole if len(whole) <= 120 else whole[:119] + "…",
            )
        ]
    if scope.known:
        return [say("Not run now, only recorded: what a container does, unless `docker run IMAGE …` says something else.")]
    return [
        say(
            "Not run now, only recorded: what a container does, or what `ENTRYPOINT` is told, unless `docker"
            " run IMAGE …` says something else."
        )
    ]


def _entrypoint(step: Configure, scope: Scope) -> list[Text]:
    return [
        say(
            "Not run now, only recorded: the program that every container starts. `CMD`, or what stands behind"
            " the image in `docker run`, is added to it."
        )
    ]


_SETTINGS = {
    "ENV": _env, "ARG": _arg, "USER": _user, "EXPOSE": _expose, "VOLUME": _volume, "LABEL": _label, "MAINTAINER": _maintainer,
    "SHELL": _shell, "STOPSIGNAL": _stopsignal, "HEALTHCHECK": _healthcheck, "ONBUILD": _onbuild, "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
}  # fmt: skip

_OF_THE_IMAGE = ("CMD", "ENTRYPOINT", "EXPOSE", "VOLUME", "LABEL", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK")

PHASES = {
    "CMD": "run", "ENTRYPOINT": "run", "HEALTHCHECK": "run", "STOPSIGNAL": "run", "EXPOSE": "record", "VOLUME": "record",
    "LABEL": "record", "MAINTAINER": "record", "ONBUILD": "record", "ENV": "record", "USER": "record", "SHELL": "record",
    "ARG": "choose", "FROM": "choose",
}  # fmt: skip
"""When an instruction counts; all others do something at build time."""


def of_from(stage: Stage, plan: Plan, written: str) -> list[Text]:
    """FROM: where a stage begins."""
    told = list[Text]()
    if stage.base == "scratch":
        told.append(say("Begins with nothing at all: no shell, no libraries, no users. Only what is copied in will be there."))
    elif stage.parent is not None:
        told.append(say("Goes on from the end of stage `{stage}`, with its files and settings.", stage=stage.base))
    else:
        told.append(
            say(
                "Takes the files and settings of the image `{image}` to begin with, and downloads it if it is not"
                " there. Nothing boots: no kernel, no services.",
                image=stage.base,
            )
        )
    if stage.base != written:
        told.append(say("`{written}` comes to `{image}`.", written=written, image=stage.base))
    if stage is not plan.stages[-1]:
        told.append(say("A stage that is built only for what others take from it: the rest of it is thrown away."))
    return told
