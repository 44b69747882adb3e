"""Who gets the signal of `docker stop`, and what comes of it."""

from collections.abc import Mapping
from typing import NamedTuple

from dock2sh.commands import Known, understand
from dock2sh.explain.language import Text, say
from dock2sh.explain.shells import shells_of
from dock2sh.explain.tree import Row
from dock2sh.model import Plan
from dock2sh.shell import Command, Word, read, substituted

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "busybox")
_ENDS = frozenset(
    "nginx gunicorn uvicorn redis-server postgres mysqld supervisord java apache2ctl"
    " httpd apachectl httpd-foreground apache2-foreground sshd".split()
)
"""Programs that end by themselves when they get SIGTERM as process 1."""
_IGNORES = frozenset("python python3 node sleep tail flask cat".split())
"""Programs that take no notice of SIGTERM as process 1: the kernel does not end process 1 for a signal without a handler."""
_BECOME = frozenset("exec env gosu su-exec setpriv nice nohup chroot".split())
"""Programs that become the command that they start."""
_TYPED = "docker stop CONTAINER"


def as_words(argv: tuple[str, ...]) -> tuple[Word, ...]:
    """The words of a list, in their order."""
    return tuple(Word(at, at + 1, word, word) for at, word in enumerate(argv))


def becomes(words: tuple[Word, ...]) -> Known:
    """The program that a command is in the end: `env A=1 nginx` is nginx, and so is `tini -- nginx`, which stays, too."""
    known = understand(words)
    while known.within and known.title in (*_BECOME, "tini", "dumb-init"):
        known = known.within[0]
    return known.within[0] if known.within and known.within[0].known else known


def text_of(argv: tuple[str, ...]) -> str | None:
    """The text that a shell is given with -c (`bash -o pipefail -c TEXT -- ARG`); None for other programs."""
    if not argv or argv[0].rpartition("/")[2] not in SHELLS:
        return None
    words, told = iter(argv[1:]), False
    for word in words:
        if word == "-o":
            next(words, None)
        elif word[:1] not in ("-", "+") or word in ("-", "--"):
            return (word if word not in ("-", "--") else next(words, None)) if told else None
        told = told or (word[:1] == "-" and word[:2] != "--" and "c" in word)
    return None


class Ending(NamedTuple):
    """How a shell's text ends. `becomes`: the shell becomes its last command; None where nobody knows.

    `program`: that is a program which `exec` could put in the shell's place.
    """

    last: Command | None
    program: bool = False
    becomes: bool | None = False


def ending_of(argv: tuple[str, ...], plan: Plan) -> Ending:
    """A shell stays process 1, or becomes the last command of its text (seen with dash 0.5.12, bash 5.2, busybox 1.35)."""
    text = text_of(argv) or ""
    commands = [command for command in read(text).commands if not substituted(command.inside)]
    last = commands[-1] if commands else None
    if last is None:
        return Ending(None)
    kind = argv[0].rpartition("/")[2]
    kind = shells_of(plan).sh if kind == "sh" else kind
    program = bool(last.words) and _is_program(last, text) and last.before not in ("|", "|&")
    if program and not last.inside and last.words[0].value == "exec" and len(last.words) > 1:
        return Ending(last._replace(words=last.words[1:]), False, True)
    if not program or _traps(commands, kind) or any(command.background for command in commands):
        return Ending(last, program and not last.inside)
    if kind in ("ash", "busybox"):
        return Ending(last, not last.inside, _in_ash(last))
    calm = not last.inside and not last.redirects
    return Ending(last, not last.inside, {"bash": calm, "dash": False}.get(kind, None if calm else False))


def _is_program(last: Command, text: str) -> bool:
    """Whether a command is a program of its own: a builtin, a function or what `time` measures stays a part of the shell."""
    known = understand(last.words)
    if last.words[0].value == "exec":
        return True
    own = known.source in ("sh(1)", "bash(1)", "test(1)") and known.title not in SHELLS
    measured = text[: last.start].rstrip().endswith("time")
    return not (own or measured or known.title in _BUILTIN or known.title in read(text).functions)


_BUILTIN = frozenset("printf true false kill time".split())


def _traps(commands: list[Command], kind: str) -> bool:
    """A shell with a trap stays; busybox's not where the trap is empty."""
    traps = [command for command in commands if command.words and command.words[0].value == "trap" and len(command.words) > 2]
    return any(kind != "ash" or command.words[1].value for command in traps)


def _in_ash(last: Command) -> bool | None:
    """busybox's ash becomes the last command of a group, too; of `if` and `case` it may be another one."""
    if {"loop", "!", "if", "while", "until"} & set(last.inside) or any(name.startswith("function ") for name in last.inside):
        return False
    return True if set(last.inside) <= {"()", "{}"} else None


def stopped(argvs: tuple[tuple[str, ...], tuple[str, ...]], plan: Plan) -> Row:
    """The row of `docker stop`. `argvs` are those of ENTRYPOINT and CMD."""
    signal = plan.config.get("StopSignal") or "SIGTERM"
    argv = argvs[0] + argvs[1]
    if signal in ("SIGKILL", "KILL", "9"):
        says = say("`{signal}`: the kernel ends process 1, and all others with it, at once.", signal=signal)
        return Row(_TYPED, argv, says, True)
    if text_of(argv) is not None:
        return _of_shell(argv, signal, plan)
    return _of_program(as_words(argv), argv, signal)


def _of_shell(argv: tuple[str, ...], signal: str, plan: Plan) -> Row:
    end, fields = ending_of(argv, plan), {"signal": signal, "shell": argv[0]}
    shown = argv[: argv.index(text_of(argv) or "") + 1]
    if end.becomes and end.last:
        return _of_program(end.last.words, shown, signal)
    if _answers(text_of(argv) or "", signal):
        says = say(
            "`{signal}` goes to process 1, the shell `{shell}`, which has a `trap` for it: it does what that says as soon as"
            " the command that runs then has ended; `wait` ends at once.",
            **fields,
        )
        return Row(_TYPED, shown, says, False)
    if end.becomes is None and end.program and end.last:
        says = say(
            "`{signal}` goes to process 1. Where `{shell}` is dash (Debian, Ubuntu), that is the shell, which"
            " passes nothing on: 10 seconds, then everything is killed. bash and busybox become `{program}`"
            " itself.",
            **fields,
            program=end.last.words[0].value,
        )
    elif end.becomes is None:
        says = say(
            "`{signal}` goes to process 1: the shell `{shell}`, or the program that it becomes if that is the last thing to do."
            " Neither ends unless it was written to do so; after 10 seconds everything is killed.",
            **fields,
        )
    else:
        says = say(
            "`{signal}` goes to process 1, the shell `{shell}`, which passes nothing on: 10 seconds, then everything is killed.",
            **fields,
        )
    return Row(_TYPED, shown, says, True)


def _answers(text: str, signal: str) -> bool:
    """Whether a trap of the text is for that signal; an empty one makes the shell deaf to it."""
    bare, numbers = signal.upper().removeprefix("SIG"), {"15": "TERM", "2": "INT", "3": "QUIT", "1": "HUP"}
    wanted = numbers.get(bare, bare)
    for command in read(text).commands:
        values = [word.value for word in command.words]
        names = {numbers.get(name.upper().removeprefix("SIG"), name.upper().removeprefix("SIG")) for name in values[2:]}
        if values[:1] == ["trap"] and values[1:2] not in ([""], ["-"]) and wanted in names:
            return True
    return False


def _of_program(words: tuple[Word, ...], argv: tuple[str, ...], signal: str) -> Row:
    known = understand(words)
    while known.within and known.title in _BECOME:
        known = known.within[0]
    written = known.parts[0].value
    name = written.rpartition("/")[2]
    within = known.within[0].title if known.within else known.title
    fields = {"signal": signal, "program": written}
    if name in ("tini", "dumb-init", "docker-init"):
        return Row(_TYPED, argv, say("`{signal}` goes to `{program}`, process 1, which hands it on.", **fields), False)
    if signal not in ("SIGTERM", "TERM", "15"):
        says = say(
            "`{signal}` goes to `{program}`, process 1. What it does with it is not known here; after 10"
            " seconds docker kills it.",
            **fields,
        )
        return Row(_TYPED, argv, says, False)
    if {name, within} & _ENDS:
        return Row(_TYPED, argv, say("`{signal}` goes to `{program}`, process 1, which ends.", **fields), False)
    if deaf := _deaf(name, within, len(words) == 1, fields):
        return Row(_TYPED, argv, deaf, True)
    says = say(
        "`{signal}` goes to `{program}`, process 1. If it has no handler for it, nothing happens; after 10"
        " seconds docker kills it.",
        **fields,
    )
    return Row(_TYPED, argv, says, False)


def _deaf(name: str, within: str, alone: bool, fields: Mapping[str, str]) -> Text:
    """What is said of a program that takes no notice of SIGTERM; nothing of others."""
    if {name, within.partition(" ")[0]} & _IGNORES:
        return say(
            "`{signal}` goes to `{program}`, process 1, which takes no notice unless it was written to: 10"
            " seconds, then it is killed. `docker run --init` helps.",
            **fields,
        )
    if name in SHELLS and alone:
        return say("`{signal}` goes to `{program}`, process 1, which takes no notice: 10 seconds, then it is killed.", **fields)
    if "entrypoint" in name and not name.endswith(".sh"):  # some are compiled
        return say(
            "`{signal}` goes to `{program}`, process 1, by its name a script: if it is one that does not end in `exec`, it"
            " passes nothing on, and after 10 seconds everything is killed.",
            **fields,
        )
    if name.endswith(".sh") or name in SHELLS:
        return say(
            "`{signal}` goes to `{program}`, process 1, a script: unless it ends in `exec`, it passes nothing"
            " on, and after 10 seconds everything is killed.",
            **fields,
        )
    return ()
