"""Words that a person types: shells, names of containers and owners, here-documents."""

import re

from dock2sh.dockerfile.deferred import Deferred
from dock2sh.emit.display import delimiter
from dock2sh.emit.quoting import quote
from dock2sh.model import Run, Stage


def text_word(text: str) -> str:
    """A text that is a word: between quotes, or as it is in a here-document where it has lines and quotes of its own."""
    if "\n" not in text:
        return quote(text)
    if "'" not in text:
        return f"'{text}'"
    return f'"$({heredoc("cat", text)}\n)"'


def shell_in(image: str) -> str:
    """The shell that one would ask for: bash, unless the image is known for having none."""
    name = image.partition("@")[0]
    return "sh" if any(word in name for word in ("alpine", "busybox", "scratch", "distroless", "wolfi")) else "bash"


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
    return "".join(f" {flag}" for flag in (*named, *(f"--add-host {quote(f'{name}={address}')}" for address, name in run.hosts)))


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
