"""What docker does with an instruction that changes no file, only the image's config or the lines that follow."""

from dock2sh.explain.language import Text, listed, say
from dock2sh.explain.places import user_of
from dock2sh.explain.scope import Scope
from dock2sh.explain.starting import form_of, takes_arguments
from dock2sh.model import Configure


def of_setting(step: Configure, scope: Scope) -> list[Text]:
    """The sentences of one."""
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
    user = step.words[0].partition(":")[0]
    fields = {"who": user_of(step.words[0]), "before": user_of(scope.user, scope.known)}
    if scope.until:
        told = [
            say(
                "The lines that follow, up to line {line}, that run something are {who} instead of {before}.",
                line=scope.until,
                **fields,
            )
        ]
    elif scope.stays:
        told = [
            say(
                "The lines that follow that run something, and the container when it starts, are {who} instead of {before}.",
                **fields,
            )
        ]
    else:
        told = [say("The lines that follow in this stage that run something are {who} instead of {before}.", **fields)]
    if user and user != "root" and not user.isdigit():
        told.append(say("The user must exist in the image by then; a number always works."))
    return told


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
    if entrypoint and takes_arguments(form_of(entrypoint)):
        return [
            say("Not run now, only recorded: `$0`, `$1`, … of the text of `ENTRYPOINT`, which is in shell form and uses them.")
        ]
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
