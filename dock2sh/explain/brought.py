"""Programs that the Dockerfile brings itself: where a command is unknown, the line that has copied it is worth to be named."""

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from dock2sh.explain.language import Text, say
from dock2sh.explain.tree import Command
from dock2sh.model import Copy, Fetch, Run, Step


class Brought(NamedTuple):
    """Absolute paths and the lines (counted from 1) that copy to them: files, and directories into which files were copied.

    `mounted` are places that a RUN sees while it runs.
    """

    files: Mapping[str, int] = {}
    directories: Mapping[str, int] = {}
    mounted: tuple[str, ...] = ()

    def while_it_runs(self, step: Step) -> "Brought":
        """This, below what the mounts of a RUN cover."""
        return self._replace(mounted=tuple(mount.target for mount in step.mounts)) if isinstance(step, Run) else self

    def and_by(self, step: Step) -> "Brought":
        """This, and what a step copies. Whether a source is a directory nobody knows here: `COPY src /app` may be either."""
        if not isinstance(step, (Copy, Fetch)):
            return self
        line, place = step.span.first, posixpath.normpath(step.destination)
        files = dict.fromkeys(_files(step, place), line)
        return Brought({**self.files, **files}, {**self.directories, place: line})


def _files(step: Copy | Fetch, place: str) -> list[str]:
    if isinstance(step, Fetch):
        names = [] if step.git or step.unpack else [posixpath.basename(step.source.partition("?")[0])]
    else:
        names = [posixpath.basename(source) for source in step.sources if not set(source) & set("*?[")]
        names += [file.name for file in step.files]
    alone = not step.destination.endswith("/") and len(names) == 1  # the destination itself, unless that is a directory
    return [*([place] if alone else []), *(posixpath.join(place, name) for name in names if name)]


def placed(found: tuple[Command, ...], path: list[str], cwd: str, brought: Brought) -> tuple[Command, ...]:
    """The commands; those of which nothing is known but who has copied them say that. `path` are the directories of PATH."""
    return tuple(command if command.known else _placed(command, path, cwd, brought) for command in found)


def _placed(command: Command, path: list[str], cwd: str, brought: Brought) -> Command:
    own = next((part for part in command.parts if part.kind == "command" and part.says == command.summary), None)
    says = _from_where(own.text.strip("'\""), path, cwd, brought) if own else ()
    if not says:
        return command
    return command._replace(
        summary=says, parts=tuple(part._replace(says=says) if part is own else part for part in command.parts)
    )


def _from_where(name: str, path: list[str], cwd: str, brought: Brought) -> Text:
    if not name or "$" in name:
        return ()
    places = [posixpath.normpath(posixpath.join("/", folder, name)) for folder in ([cwd] if "/" in name else path)]
    for place in places:
        target = next((each for each in brought.mounted if f"{place}/".startswith(f"{each.rstrip('/')}/")), "")
        if target and ("/" in name or place == target):  # else it may lie elsewhere in PATH
            return say("a program that the mount at `{target}` shows, and that is not in the image", target=target)
        if place in brought.files:
            return say("a program that line {line} has copied here", line=brought.files[place])
    inside = [folder for folder in brought.directories if folder != "/" and "/" in name and places[0].startswith(f"{folder}/")]
    if not inside:
        return ()
    folder = max(inside, key=len)
    return say(
        "a program in `{directory}`, where line {line} has copied files", directory=folder, line=brought.directories[folder]
    )
