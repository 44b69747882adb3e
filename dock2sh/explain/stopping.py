"""Who gets the signal of `docker stop`, and what comes of it."""

from dock2sh.commands import Known, understand
from dock2sh.explain.language import say
from dock2sh.explain.shells import shells_of
from dock2sh.explain.tree import Row
from dock2sh.model import Plan
from dock2sh.shell import Command, Word, read

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


def stopped(shell: bool, argvs: tuple[tuple[str, ...], tuple[str, ...]], plan: Plan) -> Row:
    """The row of `docker stop`. `shell`: the form that counts is in shell form; `argvs` are those of ENTRYPOINT and CMD."""
    signal = plan.config.get("StopSignal") or "SIGTERM"
    argv = argvs[0] + argvs[1]
    if signal in ("SIGKILL", "KILL", "9"):
        says = say("`{signal}`: the kernel ends process 1, and all others with it, at once.", signal=signal)
        return Row(_TYPED, argv, says, True)
    if shell:
        return _of_shell((argvs[0] or argvs[1])[-1], argv, signal, plan)
    return _of_program(as_words(argv), argv, signal)


def _of_shell(text: str, argv: tuple[str, ...], signal: str, plan: Plan) -> Row:
    """A shell stays process 1, or becomes the last command of its text (seen with dash 0.5.12, bash 5.2, busybox 1.35)."""
    commands = [command for command in read(text).commands if "$()" not in command.inside]
    last = commands[-1] if commands else None
    if last and last.words and last.words[0].value == "exec" and len(last.words) > 1:
        return _of_program(last.words[1:], argv, signal)
    kind = argv[0].rpartition("/")[2]
    kind = shells_of(plan).sh if kind == "sh" else kind
    if last is None or not _is_last(last, commands, kind) or kind == "dash":
        says = say(
            "`{signal}` goes to process 1, the shell `{shell}`, which passes nothing on: 10 seconds, then everything is killed.",
            signal=signal,
            shell=argv[0],
        )
        return Row(_TYPED, argv[:3], says, True)
    if kind in ("bash", "ash", "busybox"):
        return _of_program(last.words, argv[:3], signal)
    says = say(
        "`{signal}` goes to process 1. Where `{shell}` is dash (Debian, Ubuntu), that is the shell, which"
        " passes nothing on: 10 seconds, then everything is killed. bash and busybox become `{program}`"
        " itself.",
        signal=signal,
        shell=argv[0],
        program=last.words[0].value,
    )
    return Row(_TYPED, argv[:3], says, True)


def _is_last(last: Command, commands: list[Command], kind: str) -> bool:
    """Whether bash or busybox would become this command: no pipe, no trap, no construct around it; bash wants no redirection."""
    calm = not any(command.background or (command.words and command.words[0].value == "trap") for command in commands)
    alone = not last.inside and last.before not in ("|", "|&") and bool(last.words)
    return calm and alone and not (last.redirects and kind != "ash")


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
    if name in _ENDS or within in _ENDS:
        return Row(_TYPED, argv, say("`{signal}` goes to `{program}`, process 1, which ends.", **fields), False)
    if within.partition(" ")[0] in _IGNORES or name in _IGNORES:
        says = say(
            "`{signal}` goes to `{program}`, process 1, which takes no notice unless it was written to: 10"
            " seconds, then it is killed. `docker run --init` helps.",
            **fields,
        )
        return Row(_TYPED, argv, says, True)
    if name in SHELLS and len(words) == 1:
        says = say("`{signal}` goes to `{program}`, process 1, which takes no notice: 10 seconds, then it is killed.", **fields)
        return Row(_TYPED, argv, says, True)
    if name.endswith(".sh") or "entrypoint" in name or name in SHELLS:
        says = say(
            "`{signal}` goes to `{program}`, process 1, a script: unless it ends in `exec`, it passes nothing"
            " on, and after 10 seconds everything is killed.",
            **fields,
        )
        return Row(_TYPED, argv, says, True)
    says = say(
        "`{signal}` goes to `{program}`, process 1. If it has no handler for it, nothing happens; after 10"
        " seconds docker kills it.",
        **fields,
    )
    return Row(_TYPED, argv, says, False)
