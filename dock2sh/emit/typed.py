"""What a person types: shells, names of containers and owners, here-documents, a RUN's command, directories."""

import re

from dock2sh.dockerfile.deferred import Deferred
from dock2sh.emit.display import as_written, delimiter
from dock2sh.emit.quoting import quote
from dock2sh.model import Run, Stage
from dock2sh.plan.builder import DEFAULT_SHELL

_LEAVES_TRACES = ("cd ", "export ", "set ", "exit", "umask", "unset ", "trap ", "exec ", "source ", ". ")


def text_word(text: str) -> str:
    """A text that is a word: between quotes, or as it is in a here-document where it has lines and quotes of its own."""
    if "\n" not in text:
        return quote(text)
    if "'" not in text:
        return f"'{text}'"
    return f'"$({heredoc("cat", text)}\n)"'


def shell_in(image: str) -> str:
    """The shell that one would ask for: bash, unless the image is known for having none; empty where there is no shell at all."""
    name = image.partition("@")[0]
    if any(word in name for word in _SHELLESS) and "debug" not in name:  # distroless has a busybox under that tag
        return ""
    return "sh" if any(word in name for word in ("alpine", "busybox", "scratch", "distroless", "wolfi")) else "bash"


_SHELLESS = ("distroless", "chainguard/static", "hello-world")
"""Images that are known for it."""


def shell_of(user: str) -> str:
    """A shell as that user; `su` knows names only."""
    name, _, group = user.partition(":")
    if name.isdigit():
        return f"HOME=/ setpriv --reuid={name} --regid={quote(group or '0')} --clear-groups sh"
    return f"su {f'-g {quote(group)} ' if group else ''}-s /bin/sh {quote(name)}"


def container_of(key: str) -> str:
    return f"stage-{key}" if key.isdigit() else key


def machine(stage: Stage) -> str:
    """What `docker run` is told of the machine that every RUN has."""
    run = next((step for step in stage.steps if isinstance(step, Run)), None)
    if not run:
        return ""
    named = [f"--hostname {quote(run.hostname)}"] if run.hostname else []
    named += [f"--add-host {quote(f'{name}={address}')}" for address, name in run.hosts]
    named += [f"--ulimit {quote(limit)}" for limit in run.limits] + ([f"--shm-size {run.shm}"] if run.shm else [])
    return "".join(f" {flag}" for flag in named)


def plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name)


def owner_of(chown: str) -> str:
    """Docker gives a number its own group, and a name the group of that user; chown would leave the group alone."""
    return chown if ":" in chown else f"{chown}:{chown if chown.isdigit() else ''}"


def heredoc(command: str, content: str) -> str:
    if isinstance(content, Deferred):  # the shell that is typed into has the variables
        text = content.shell.replace('\\"', '"')
        end = delimiter(text, "EOF")
        return "\n".join((f"{command} <<{end}", text.removesuffix("\n"), end))
    end = delimiter(content, "EOF")
    return "\n".join((f"{command} <<'{end}'", content.removesuffix("\n"), end))


def command_of(step: Run, source: list[str], escape: str) -> list[str]:
    """What is typed for a RUN; `source` are its lines in the Dockerfile, none if they are not there (ONBUILD)."""
    if step.script:
        path = f"/tmp/{step.script.name}"
        run = " ".join(map(quote, (*step.shell, path)))
        return [heredoc(f"cat > {quote(path)}", step.script.content), f"chmod +x {quote(path)} && {run} && rm {quote(path)}"]
    if not step.shell:  # the exec form
        return [" ".join(map(quote, step.argv))]
    text = _as_written(step, source, escape)
    if step.shell != DEFAULT_SHELL:
        return [f"{' '.join(map(quote, step.argv[:-1]))} {text_word(text)}"]
    return [_alone(text)]


def _alone(text: str) -> str:
    """In a shell of its own if it would change the one that one types into."""
    if any(trace in f"{text} " for trace in _LEAVES_TRACES):
        return f"(\n{text}\n)" if "\n" in text or "#" in text else f"( {text} )"  # a comment ends with its line
    return text


def _as_written(step: Run, source: list[str], escape: str) -> str:
    """The command, comments left out (a prompt does not take them between continued lines)."""
    text = step.argv[-1].strip("\n")
    shown = as_written(text, source, escape) if len(source) > 1 else None
    return text if shown is None else "\n".join(line for line in shown.split("\n") if not line.lstrip().startswith("#"))


def made(levels: list[str], chown: str) -> str:
    """The command that makes directories, from the uppermost; new ones belong to whom docker gives the files."""
    if not chown:
        return f"mkdir -p {quote(levels[-1])}"
    if len(levels) == 1:
        return (
            f"[ -d {quote(levels[0])} ] || {{ mkdir {quote(levels[0])} && chown {quote(owner_of(chown))} {quote(levels[0])}; }}"
        )
    make = f'mkdir "$d" && chown {quote(owner_of(chown))} "$d"'
    return f'for d in {" ".join(map(quote, levels))}; do [ -d "$d" ] || {{ {make}; }}; done'
