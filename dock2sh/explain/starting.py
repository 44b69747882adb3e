"""How a container starts and stops: computed from ENTRYPOINT, CMD and the rest of the image's config."""

import json
import re
from typing import Any, NamedTuple

from dock2sh.commands import understand
from dock2sh.emit.typed import shell_in
from dock2sh.explain.language import Piece, Text, code, joined, say
from dock2sh.explain.places import name_of, user_of
from dock2sh.explain.shells import shells_of
from dock2sh.explain.stopping import SHELLS, as_words, becomes, ending_of, stopped, text_of
from dock2sh.explain.tree import Fact, Row, Start
from dock2sh.model import DEFAULT_PATH, Plan, Stage
from dock2sh.shell import read


class Form(NamedTuple):
    """An ENTRYPOINT or CMD: `shell` if a shell runs its text, which is the last word then."""

    argv: tuple[str, ...]
    shell: bool


def form_of(argv: list[str] | None) -> Form:
    words = tuple(argv or ())
    shell = len(words) >= 3 and words[0].rpartition("/")[2] in SHELLS and words[-2] in ("-c", "-ec", "-lc", "-xc", "-exc")
    return Form(words, shell)


def takes_arguments(entrypoint: Form) -> bool:
    """Whether the text of a shell form uses what stands behind it."""
    return entrypoint.shell and bool(_ARGUMENTS.search(entrypoint.argv[-1]))


_ARGUMENTS = re.compile(r"\$(?:[@*0-9]|\{[@*0-9])")


def start(plan: Plan) -> Start:
    config = plan.config
    entrypoint, cmd = form_of(config.get("Entrypoint")), form_of(config.get("Cmd"))
    known = plan.stages[-1].known
    if not entrypoint.argv and not cmd.argv:
        return Start(tuple(_facts(plan, config)), _rows_of_nothing(plan, known), ())
    rows = [
        _plain(entrypoint, cmd, config, known, plan),
        _with_arguments(entrypoint, cmd),
        _with_shell(entrypoint, plan),
        _other_entrypoint(plan),
        stopped((entrypoint.argv, cmd.argv), plan),
    ]
    advice = _advice(entrypoint, cmd, plan)
    if not known and not entrypoint.argv and not any(_sets(stage, "ENTRYPOINT") for stage in plan.chain()):
        advice.append(say("Where the base image has an `ENTRYPOINT`, that is process 1, and is told what is process 1 here."))
    return Start(tuple(_facts(plan, config)), tuple(rows), tuple(advice))


def _facts(plan: Plan, config: Any) -> list[Fact]:
    """What the process has: its user, directory, environment."""
    last, known = plan.stages[-1], plan.stages[-1].known
    user = config.get("User") or ""
    environment = [
        pair for pair in config.get("Env") or () if not pair.startswith("PATH=") or pair.partition("=")[2] != DEFAULT_PATH
    ]
    begun = {f"{name}={value}" for name, value in last.start_env}
    own = [pair for pair in environment if pair not in begun or last.parent is not None]
    facts = [
        Fact(say("user"), code(user) if name_of(user) else user_of(user, known)),
        Fact(say("directory"), code(config.get("WorkingDir") or "/")),
        Fact(
            say("ENTRYPOINT"),
            code(json.dumps(config["Entrypoint"], ensure_ascii=False))
            if config.get("Entrypoint")
            else say("none")
            if known
            else say("the base image's, if it has one"),
        ),
        Fact(
            say("CMD"),
            code(json.dumps(config["Cmd"], ensure_ascii=False))
            if config.get("Cmd")
            else say("none")
            if known or config.get("Entrypoint")
            else say("the base image's, if it has one"),
        ),
    ]
    if own:
        facts.append(Fact(say("environment"), joined([code(pair) for pair in own])))
    if config.get("ExposedPorts"):
        facts.append(Fact(say("ports"), joined([code(port) for port in config["ExposedPorts"]])))
    if config.get("Volumes"):
        facts.append(Fact(say("volumes"), joined([code(volume) for volume in config["Volumes"]])))
    signal = say("`SIGTERM`, unless the base image says otherwise")
    known_signal = config.get("StopSignal") or (known and "SIGTERM")
    facts.append(Fact(say("signal of docker stop"), code(known_signal) if known_signal else signal))
    return facts


def _rows_of_nothing(plan: Plan, known: bool) -> tuple[Row, ...]:
    if not known:
        says = say("This file says neither `ENTRYPOINT` nor `CMD`: what starts is the base image's. `docker inspect` shows it.")
        return (
            Row("docker run IMAGE", None, says, False),
            Row(
                "docker run IMAGE COMMAND",
                ("COMMAND",),
                say("`COMMAND` in place of the base image's `CMD`; where that image has an `ENTRYPOINT`, its arguments."),
                False,
            ),
        )
    says = say("An error: the image says neither `ENTRYPOINT` nor `CMD`, so there is nothing to start.")
    return (
        Row("docker run IMAGE", None, says, True),
        Row("docker run IMAGE COMMAND", ("COMMAND",), say("starts `COMMAND`"), False),
    )


def _publish(config: Any) -> str:
    ports = list(config.get("ExposedPorts") or ())
    return "".join(f" -p {port.partition('/')[0]}:{port.removesuffix('/tcp')}" for port in ports[:3])


def _plain(entrypoint: Form, cmd: Form, config: Any, known: bool, plan: Plan) -> Row:
    argv = entrypoint.argv if entrypoint.shell else entrypoint.argv + cmd.argv
    if entrypoint.shell and cmd.argv:
        argv = entrypoint.argv + cmd.argv
    typed = f"docker run{_publish(config)} IMAGE"
    if entrypoint.argv and not entrypoint.shell and cmd.shell:
        return Row(
            typed,
            argv,
            say(
                "`CMD` is in shell form, so `ENTRYPOINT` gets `{shell}` and the text as arguments: nearly always a mistake.",
                shell=" ".join(cmd.argv[:-1]),
            ),
            True,
        )
    if entrypoint.shell and cmd.argv and not takes_arguments(entrypoint):
        return Row(
            typed,
            argv,
            say("`CMD` has no effect: `ENTRYPOINT` is in shell form, and the shell takes it for `$0`, `$1`, … of its text."),
            True,
        )
    said = [_what(argv, entrypoint.shell or (not entrypoint.argv and cmd.shell))]
    inherited = plan.stages[-1].start.get("Cmd")
    if not entrypoint.argv and inherited and list(cmd.argv) == list(inherited) and not _sets(plan.stages[-1], "CMD"):
        said.append(say("That is the base image's `CMD`."))
    if _publish(config):
        said.append(say("`-p` makes the port reachable from outside."))
    return Row(typed, argv, joined(said, " "), False)


def _sets(stage: Stage, keyword: str) -> bool:
    return any(getattr(step, "keyword", "") == keyword for step in stage.steps)


def _what(argv: tuple[str, ...], shell: bool) -> Text:
    """What the process is for, from the knowledge base."""
    text = text_of(argv)
    shell = shell or text is not None
    commands = read(text).commands if text is not None else ()
    words = as_words(argv)
    if shell:
        words = next((command.words for command in reversed(commands) if command.words and not command.inside), ())
    if not words:
        return say("A shell runs the text.")
    program = becomes(words)
    if not program.known:
        name = program.parts[0].value
        last = say("A shell runs the text; its last command is `{program}`.", program=name)
        return last if len(commands) > 1 else say("Starts `{program}`.", program=name)
    summary = say(program.summary)
    if len(commands) > 1:
        return say("A shell runs the text; its last command is `{program}`: {summary}.", program=program.title, summary=summary)
    return say("`{program}`: {summary}.", program=program.title, summary=summary)


def _with_arguments(entrypoint: Form, cmd: Form) -> Row:
    typed = "docker run IMAGE a b"
    if not entrypoint.argv:
        return Row(typed, ("a", "b"), say("`a` with the argument `b`, in place of `CMD`."), False)
    argv = (*entrypoint.argv, "a", "b")
    if not entrypoint.shell:
        return Row(
            typed,
            argv,
            say("`a b` come after `ENTRYPOINT`, in place of `CMD`.") if cmd.argv else say("`a b` come after `ENTRYPOINT`."),
            False,
        )
    if takes_arguments(entrypoint):
        return Row(typed, argv, say("`a` is `$0` and `b` is `$1` of the shell's text, which uses them."), False)
    return Row(
        typed,
        argv,
        say("The arguments are lost: `a` becomes `$0` of the shell, `b` becomes `$1`, and the text uses neither."),
        True,
    )


def _no_shell(typed: str, plan: Plan) -> Row:
    base = plan.chain()[0].base
    says = say(
        "An error, unless a COPY or ADD has brought a shell: `{base}` has none. `docker export CONTAINER | tar t` lists what"
        " is in there.",
        base=base,
    )
    return Row(typed, None, says, True)


def _with_shell(entrypoint: Form, plan: Plan) -> Row:
    shell = shell_in(plan.chain()[0].base) or "sh"
    typed = f"docker run -it IMAGE {shell}"
    shells = shells_of(plan)
    if not entrypoint.argv and shells.none:
        return _no_shell(typed, plan)
    if not entrypoint.argv:
        return Row(typed, (shell,), (*say("A shell to look around in, in place of `CMD`."), *_if_any(shell, plan)), False)
    argv = (*entrypoint.argv, shell)
    if takes_arguments(entrypoint):
        return Row(typed, argv, say("No shell to look around in: `{shell}` is `$0` of the shell's text.", shell=shell), True)
    if entrypoint.shell:
        return Row(typed, argv, say("No shell to look around in: the same as without arguments."), True)
    return _told_of_shell(typed, argv, plan)


def _told_of_shell(typed: str, argv: tuple[str, ...], plan: Plan) -> Row:
    """`docker run -it IMAGE bash` where ENTRYPOINT is a program: what tini or gosu is told it starts, a script may."""
    program, fields, none = becomes(as_words(argv)), {"shell": argv[-1], "program": argv[0]}, shells_of(plan).none
    script = program.words("path")[:1] if program.title in SHELLS and len(program.parts) > 2 else ()
    if len(program.parts) == 1 and not none:
        says = say("A shell to look around in: `{program}` starts it.", **fields)
        return Row(typed, argv, (*says, *_if_any(argv[-1], plan)), False)
    if none or (program.known and not script):
        return Row(typed, argv, say("No shell to look around in: `{shell}` is an argument of `{program}`.", **fields), True)
    fields["program"] = script[0] if script else program.parts[0].value
    says = say(
        "`{shell}` is an argument of `{program}`: a shell to look around in only if that does in the end what it is told"
        ' (`exec "$@"`).',
        **fields,
    )
    return Row(typed, argv, says, True)


def _if_any(shell: str, plan: Plan) -> Text:
    """A doubt, where nobody knows which shells the image has."""
    shells = shells_of(plan)
    if shells.bash or shells.sh == "ash":
        return ()
    return (Piece(" "), *say("(Where the image has no `{shell}`, try `sh`.)", shell=shell))


def _other_entrypoint(plan: Plan) -> Row:
    shell = shell_in(plan.chain()[0].base) or "sh"
    typed = f"docker run -it --entrypoint {shell} IMAGE"
    if shells_of(plan).none:
        return _no_shell(typed, plan)
    says = say("A shell to look around in. `--entrypoint` drops `CMD`, too.")
    return Row(typed, (shell,), (*says, *_if_any(shell, plan)), False)


def _advice(entrypoint: Form, cmd: Form, plan: Plan) -> list[Text]:
    """A better form, where the one that is there loses arguments or signals."""
    form = entrypoint if entrypoint.argv else cmd
    if not form.shell:
        return _unexpanded(entrypoint, cmd)
    keyword = "ENTRYPOINT" if entrypoint.argv else "CMD"
    script, end = read(form.argv[-1]), ending_of(form.argv, plan)
    if not end.program or end.last is None:
        return []
    alone = len(script.commands) == 1 and not script.opaque and not script.symbols
    if alone and not any(word.dynamic or word.glob for word in end.last.words) and not end.last.redirects:
        lines = [f"ENV {word.raw}" for word in end.last.assignments]
        argv = json.dumps([word.value for word in end.last.words], ensure_ascii=False)
        better = " ⏎ ".join([*lines, f"{keyword} {argv}"])
        return [say("As a list there is no shell in between, and arguments and signals arrive: `{better}`", better=better)]
    if end.becomes:
        return []
    where = say("the command") if alone else say("the last command")
    return [
        say(
            "Put `exec` before {where} of `{keyword}`: the program becomes process 1 and gets the signals.",
            where=where,
            keyword=keyword,
        )
    ]


_VARIABLE = re.compile(r"\$(?:\w+|\{\w[^}]*\})")


def _unexpanded(entrypoint: Form, cmd: Form) -> list[Text]:
    """Variables that nobody replaces, as no shell reads them."""
    argv = entrypoint.argv + cmd.argv
    if text_of(argv) is not None or not understand(as_words(argv)).known or understand(as_words(argv)).scripts:
        return []
    found = next((match[0] for word in argv for match in _VARIABLE.finditer(word)), "")
    if not found:
        return []
    keyword = "ENTRYPOINT" if any(found in word for word in entrypoint.argv) else "CMD"
    return [
        say(
            "No shell reads a list: `{program}` gets `{variable}` as it is written. In shell form, without the brackets,"
            " `{keyword}` has its value.",
            program=argv[0],
            variable=found,
            keyword=keyword,
        )
    ]
