"""A RUN taken apart: its commands in order, each with what it is for and what each of its words means."""

import re
from collections.abc import Iterator

from dock2sh.commands import Known, Part
from dock2sh.commands.apart import Apart, Understood, exec_apart, levels
from dock2sh.commands.pins import exact, is_file, is_provided, pinned
from dock2sh.explain import details
from dock2sh.explain.constructs import JOINED_SAY, inside_of, with_constructs
from dock2sh.explain.language import Text, joined, say, words
from dock2sh.explain.ofvalue import instead
from dock2sh.explain.redirects import said_of, written
from dock2sh.explain.rows import merged
from dock2sh.explain.scope import Origin, Scope, assigned, sure
from dock2sh.explain.tree import Command, Explained
from dock2sh.shell import Command as ShellCommand
from dock2sh.shell import substituted


def commands(apart: Apart, scope: Scope | None, building: bool = True) -> tuple[Command, ...]:
    """The commands as the page shows them. `building`: a RUN's; else they are done in a container of the image."""
    functions = apart.shell.functions
    seen = sure(apart, scope) if scope else lambda _: None
    made, start = list[tuple[int, Command]](), 0
    for understood in apart.found:
        if understood.text is apart.shell.text:  # what a shell within does stands where that shell is started
            start = understood.command.start
        made.append((start, _command(understood, functions, seen(understood), building)))
    with_constructs(made, apart.shell)
    return tuple(command for _, command in made)


def exec_form(argv: tuple[str, ...], scope: Scope | None, building: bool = True) -> tuple[Command, ...]:
    """A command without a shell: its words are as they stand."""
    return tuple(_command(understood, (), scope, building) for understood in exec_apart(argv).found)


def told(argv: tuple[str, ...], entrypoint: str) -> tuple[Command, ...]:
    """What a container starts by ENTRYPOINT and CMD; what a program that nobody knows makes of its words, only it can tell."""
    known, *within = exec_form(argv, None, False)
    if known.known:
        return (known, *within)
    says = say("what `{program}` is told", program=entrypoint)
    return (known._replace(parts=tuple(part if part.says else part._replace(kind="operand", says=says) for part in known.parts)),)


def _command(understood: Understood, functions: tuple[str, ...], scope: Scope | None, building: bool) -> Command:
    command, known = understood.command, understood.known
    summary, title, source = _summary(known, functions)
    if known and known.title in functions:
        told = (Part(word.start, word.end, word.raw, "operand", "its $1, $2, …") for word in command.words[1:])
        known = known._replace(parts=(known.parts[0]._replace(says=""), *told), within=())
    elif known and (own := _in_this_place(known, understood, building)):
        summary, known = own, known._replace(parts=(known.parts[0]._replace(says=""), *known.parts[1:]))
    parts = [part for _, part in sorted(_parts(command, known, summary, scope), key=lambda pair: pair[0])]
    return Command(
        _code(command, understood.text),
        title,
        known is None or known.known or title in functions,
        summary,
        _joined(understood),
        inside_of(command.inside),
        understood.level,
        tuple(merged(parts)),
        source,
    )


_SHELLS = ("sh", "bash", "dash", "ash", "zsh")


_OF_A_SHELL_SAY = {
    "cd": "goes to a directory, until this inner shell ends",
    "exit": "ends this inner shell; 0 means that all went well",
    "export": "sets variables for the commands that follow, until this inner shell ends",
}


_IN_A_CONTAINER_SAY = {
    "cd": "goes to a directory",
    "exit": "ends this shell; 0 means that all went well",
    "export": "sets variables for the commands that follow",
    "umask": "which permissions new files will not have",
    "service": "starts or stops a service",
    "systemctl": "starts and stops services with systemd, where that runs",
    "read": "reads a line into variables",
}
"""Of commands that mean something else when a container runs than while the image is built."""


def _in_this_place(known: Known, understood: Understood, building: bool) -> Text:
    """What a command is for where it stands, if that is another thing than elsewhere."""
    command = understood.command
    inner = "()" in command.inside or substituted(command.inside) or understood.level > len(levels(command))
    if inner and known.title in _OF_A_SHELL_SAY:
        return say(_OF_A_SHELL_SAY[known.title])
    if not building and known.title in _IN_A_CONTAINER_SAY:
        return say(_IN_A_CONTAINER_SAY[known.title])
    told = any(part.role in ("path", "script") for part in known.parts)
    if command.before in ("|", "|&") and known.title in _SHELLS and not told:
        return say("a shell that does whatever comes through the pipe")
    if known.title == "exec" and len(known.parts) == 1 and not known.within:
        return say("sends this shell's own input and output elsewhere from here on")
    return ()


def _code(command: ShellCommand, text: str) -> str:
    """The command as written, on one line."""
    return " ".join(text[command.start : command.end].split())


def _summary(known: Known | None, functions: tuple[str, ...]) -> tuple[Text, str, str]:
    """What it is for, its title, and who says so."""
    if known is None:
        return say("sets variables of this shell, until it ends"), "", ""
    if known.title in functions:
        return say("a function that is defined in this text"), known.title, ""
    if not known.known:
        return _stranger(known.parts[0]), known.title, ""
    inner = known.within[0] if known.within else None
    if inner is not None and inner.known:
        return (*say(known.summary), *words(" → "), *words(inner.title + ": "), *say(inner.summary)), known.title, known.source
    return say(known.summary), known.title, known.source


def _stranger(name: Part) -> Text:
    """What is said of a command that has no file."""
    if name.value.startswith(("$(", "`")) and "/" not in name.value.rpartition(name.text[-1])[2] and name.text[-1] in ")`":
        return say("whatever the command in it prints")
    if name.value.startswith("$") and "/" not in name.value.partition("}")[2 if "{" in name.value[:2] else 0]:
        return say("whatever the variable holds")
    if "/" in name.text:
        return say("a program in the image; nothing more is known about it")
    return say("unknown: dock2sh knows nothing about this command")


def _parts(command: ShellCommand, known: Known | None, summary: Text, scope: Scope | None) -> Iterator[tuple[int, Explained]]:
    for word in command.assignments:
        name = assigned(word)
        says = (
            say("the variable `{name}`, for this command alone", name=name)
            if command.words
            else say("the variable `{name}`", name=name)
        )
        yield word.start, Explained(word.raw, "setting", says)
    if known:
        managers = {part: inner.manager for inner in known.chain() for part in inner.parts}
        own = known.parts[0]
        for part in known.all_parts():
            says = _says(part, managers.get(part, ""), scope)
            if not says and part.kind == "command":
                says = summary if part.start == own.start else _stranger(part)
            yield part.start, Explained(part.text, part.kind, says)
    for redirect in command.redirects:
        yield redirect.start, Explained(written(redirect), "redirect", said_of(redirect))


def _says(part: Part, manager: str, scope: Scope | None) -> Text:
    """What a part means: the knowledge base's text, and what its value itself says."""
    if not part.says:
        return ()
    said = instead(part.says, part.value) or say(part.says)
    more = _more(part, manager, scope) or _braces(part)
    return (*said, *words(": "), *more) if more else said


def _more(part: Part, manager: str, scope: Scope | None) -> Text:
    value = part.value
    if part.role == "mode":
        return details.mode(value)
    if part.role == "sed":  # what a substitution puts into it nobody knows
        return () if "$(" in value or "`" in value else details.sed(value)
    if part.role == "package" and is_file(manager, value):
        return say("what is in that directory or file")
    if part.role == "package" and is_provided(manager, value):
        return say("the one that brings that file")
    if part.role == "package" and manager and pinned(manager, value):
        return say("this version only") if exact(manager, value) else say("a version that fits that")
    if part.role == "package" and value.endswith("/..."):  # Go's
        return say("everything below that directory")
    if part.role in ("path", "file", "list") and value == "-":
        return say("what comes through the pipe") if part.kind == "operand" and part.says in _READS else ()
    if part.role in ("path", "file", "list"):
        return details.path(value)
    if part.role in ("url", "repository") and value.startswith("http:") and details.host(value) not in _OF_THIS_MACHINE:
        return say("not encrypted, so anybody on the way could change it")
    if value.startswith("$") and scope is not None:
        return _value(value, scope)
    return ()


_BRACES = re.compile(r"(?<![\\$])\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")


def _braces(part: Part) -> Text:
    """`{a,b}` outside of quotes: POSIX's sh has no such thing (dash(1)), bash and zsh have, busybox's ash if it was built so."""
    if part.kind == "option" or not _BRACES.search(part.text) or "'" in part.text or '"' in part.text:
        return ()
    return say("to bash several words; dash leaves the braces as they stand")


_READS = (
    "the file", "the patch", "the file of keys", "the program", "from that file", "the file; - is the pipe",
    "the script that it runs; without one, what comes through the pipe",
)  # fmt: skip
"""Operands of which `-` is the standard input."""
_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")
"""Hosts that are not on any way."""


def _value(word: str, scope: Scope) -> Text:
    """What a word that is one variable comes to, where that is known."""
    name = word.strip("${}")
    origin = scope.variables.get(name) if name.isidentifier() else None
    if isinstance(origin, Origin) and origin.value:
        return say("`{value}` here", value=origin.value)
    return ()


def _joined(understood: Understood) -> Text:
    command, said = understood.command, list[Text]()
    if command.before in JOINED_SAY:
        said.append(say(JOINED_SAY[command.before]))
    elif command.before and understood.errexit and understood.overlooks == "&&":
        said.append(say("then, unless what stands behind the last `&&` or `||` has failed (`set -e`)"))
    elif command.before and understood.errexit and not understood.overlooks:
        said.append(say("then, if that went well (`set -e`)"))
    elif command.before:
        said.append(say("then, whatever became of that"))
    if "!" in command.inside:
        said.append(say("its answer is turned round"))
    if command.background:
        said.append(say("in the background"))
    return joined(said, "; ")
