"""What docker does with an instruction, in sentences: one function for each kind of step."""

from typing import assert_never

from dock2sh.commands.apart import interpreter, run_apart
from dock2sh.dockerfile.markers import Mark
from dock2sh.explain.details import mode
from dock2sh.explain.language import Text, listed, say
from dock2sh.explain.places import user_of
from dock2sh.explain.scope import Scope
from dock2sh.explain.settings import of_setting
from dock2sh.model import Configure, Copy, Fetch, MakeDirectory, Mount, Plan, Run, Stage, Step

PHASES = {
    "CMD": "run", "ENTRYPOINT": "run", "HEALTHCHECK": "run", "STOPSIGNAL": "run", "EXPOSE": "record", "VOLUME": "record",
    "LABEL": "record", "MAINTAINER": "record", "ONBUILD": "record", "ENV": "record", "USER": "record", "SHELL": "record",
    "ARG": "choose", "FROM": "choose",
}  # fmt: skip
"""When an instruction counts; all others do something at build time."""


def of_step(step: Step, scope: Scope, first_run: bool) -> list[Text]:
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
            return of_setting(step, scope)
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


def of_replaced(keyword: str, line: int) -> Text:
    """A setting that does not reach the image."""
    return say("Without effect: the `{keyword}` of line {line} takes its place.", keyword=keyword, line=line)


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
    if step.shell and run_apart(step.shell, step.handed(), step.script is not None) is None:
        language = (interpreter(step.script.content) if step.script else step.shell)[0].rpartition("/")[2]
        told.append(say("It is written for `{program}`, and not taken apart here.", program=language))
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
                    source=mount.source.lstrip("/") or ".",
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
        if names == ["."]:
            return say("Copies everything in `{origin}` to `{destination}`.", origin=step.origin, destination=step.destination)
        return say(
            "Copies {names} from `{origin}` to `{destination}`, and nothing else of it.",
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


def _of_context(stage: Stage, plan: Plan) -> list[Text]:
    source = plan.contexts[stage.base]
    told = [say("The build context `{name}` takes the place of this stage.", name=stage.base)] if stage.replaced else []
    if stage.base in plan.repositories:
        begins = say(
            "Begins with the files of the git repository `{url}`, which `--build-context` names for `{name}`.",
            name=stage.base,
            url=source,
        )
    elif source:
        begins = say("Begins with what `--build-context` names for `{name}`, the image `{image}`.", name=stage.base, image=source)
    else:
        begins = say("Begins with the files of the folder that `--build-context` names for `{name}`.", name=stage.base)
    return [*told, begins]


def of_from(stage: Stage, plan: Plan, written: str) -> list[Text]:
    """FROM: where a stage begins."""
    told = list[Text]()
    if stage.base == "scratch":
        told.append(say("Begins with nothing at all: no shell, no libraries, no users. Only what is copied in will be there."))
    elif stage.parent is not None:
        told.append(say("Goes on from the end of stage `{stage}`, with its files and settings.", stage=stage.base))
    elif stage.base in plan.contexts:
        told += _of_context(stage, plan)
    else:
        told.append(
            say(
                "Takes the files and settings of the image `{image}` to begin with, and downloads it if it is not"
                " there. Nothing boots: no kernel, no services.",
                image=stage.base,
            )
        )
    if stage.base != written and not stage.replaced:
        told.append(say("`{written}` comes to `{image}`.", written=written, image=stage.base))
    if stage is plan.stages[-1]:
        return told
    if stage in plan.chain():
        told.append(say("The stage that becomes the image goes on from this one: all that it makes gets into the image."))
    elif any(other.parent == stage.key for other in plan.stages):
        told.append(say("Other stages go on from this one. What none of them hands to the image is thrown away."))
    else:
        told.append(say("A stage that is built only for what others take from it: the rest of it is thrown away."))
    return told
