"""CMD, ENTRYPOINT, SHELL, HEALTHCHECK, STOPSIGNAL: how the image starts, is watched and stopped (semantics.md 1.3)."""

from typing import Any

from dock2sh.dockerfile.flags import Flags, check
from dock2sh.dockerfile.gotext import atoi, mended, quoted, upper
from dock2sh.dockerfile.syntax import Node
from dock2sh.instructions.variables import arity
from dock2sh.model import Configure
from dock2sh.plan.builder import StageBuilder
from dock2sh.source import refuse

_HEALTH_FLAGS: dict[str, type] = dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), str)


def _command(stage: StageBuilder, node: Node) -> list[str]:
    """The vector: the exec form as it is, else SHELL and the text."""
    if node.json:
        return list(node.args)
    if not stage.config.get("Shell") and stage.shared.watch:
        stage.shared.watch.shell_form()
    return [*stage.shell, " ".join(node.args)]


def _once(stage: StageBuilder, node: Node) -> None:
    """Remember that the stage has this one, and say so if it has it twice."""
    keyword = node.keyword.upper()
    if keyword in stage.used and stage.shared.watch:
        stage.shared.watch.repeated(stage.used[keyword])
    stage.used[keyword] = stage.span


def plan_cmd(stage: StageBuilder, node: Node, flags: Flags) -> None:
    _once(stage, node)
    command = _command(stage, node)
    stage.config["Cmd"] = [mended(word) for word in command]
    stage.config["ArgsEscaped"] = True
    stage.steps.append(Configure(stage.span, stage.text, "CMD", (), tuple(command), stage.onbuild))


def plan_entrypoint(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """ENTRYPOINT: resets an inherited CMD, not one that this stage set before it. `ENTRYPOINT []` is none."""
    _once(stage, node)
    command = _command(stage, node)
    stage.config["Entrypoint"] = [mended(word) for word in command] or None
    if "CMD" not in stage.used:
        stage.config["Cmd"] = None
    stage.steps.append(Configure(stage.span, stage.text, "ENTRYPOINT", (), tuple(command), stage.onbuild))


def parse_shell(node: Node) -> Flags:
    flags = check(node.flags, {}) if node.flags else {}
    if not node.args:
        raise arity(node, "at least one argument")
    if not node.json:
        raise refuse(
            "shell-json", "SHELL requires the arguments to be in JSON form", hint='for example `SHELL ["/bin/bash", "-c"]`'
        )
    return flags


def plan_shell(stage: StageBuilder, node: Node, flags: Flags) -> None:
    stage.config["Shell"] = list(node.args)
    stage.steps.append(Configure(stage.span, stage.text, "SHELL", (), node.args, stage.onbuild))


_INTERVALS = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod", "start-interval": "StartInterval"}
"""The flags that are durations, and docker's keys for them."""


def parse_healthcheck(node: Node) -> Flags:
    """HEALTHCHECK NONE (its flags unchecked), or flags and CMD."""
    if not node.args:
        raise arity(node, "at least one argument")
    kind = upper(node.args[0])
    if kind == "NONE":
        if len(node.args) > 1:
            raise refuse(
                "healthcheck", "HEALTHCHECK NONE takes no arguments", hint="HEALTHCHECK NONE stands alone", near=node.args[1]
            )
        return {}
    flags = check(node.flags, _HEALTH_FLAGS)
    if kind != "CMD":
        message = f"Unknown type {quoted(kind)} in HEALTHCHECK (try CMD)"
        raise refuse("healthcheck", message, hint="HEALTHCHECK [OPTIONS] CMD command, or HEALTHCHECK NONE", near=node.args[0])
    if len(node.args) < 2:
        raise refuse(
            "healthcheck", "Missing command after HEALTHCHECK CMD", hint="for example `HEALTHCHECK CMD curl -f http://localhost/`"
        )
    _health(node, flags)
    return flags


def _health(node: Node, flags: Flags) -> dict[str, Any]:
    """The Healthcheck object. Durations in nanoseconds; what is not given stays absent."""
    if node.args[0].upper() == "NONE":
        return {"Test": ["NONE"]}
    health: dict[str, Any] = {"Test": ["CMD" if node.json else "CMD-SHELL", *map(mended, node.args[1:])]}
    for flag, key in _INTERVALS.items():
        if (given := flags.get(flag)) and (nanoseconds := _interval(flag, str(given))):
            health[key] = nanoseconds
    if retries := _retries(str(flags.get("retries", ""))):
        health["Retries"] = retries
    return health


def _interval(flag: str, text: str) -> int:
    from dock2sh.instructions.duration import nanoseconds

    try:
        value = nanoseconds(text)
    except ValueError as error:
        raise refuse("duration", str(error), hint="a duration has a unit: 500ms, 30s, 1m30s", near=text) from None
    if value != 0 and value < 1_000_000:
        raise refuse("duration", f"Interval {quoted(flag)} cannot be less than 1ms", hint="0 is docker's default", near=text)
    return value


def _retries(text: str) -> int:
    if not text:
        return 0
    digits, number = text[text[0] in "+-" :], atoi(text)
    if number is None or not -(2**31) <= number < 2**31:
        why = "value out of range" if digits.isascii() and digits.isdigit() else "invalid syntax"
        raise refuse("retries", f"strconv.ParseInt: parsing {quoted(text)}: {why}", hint="a whole number, 0 or more", near=text)
    if number < 0:
        raise refuse("retries", f"--retries cannot be negative ({number})", hint="a whole number, 0 or more", near=text)
    return number


def plan_healthcheck(stage: StageBuilder, node: Node, flags: Flags) -> None:
    _once(stage, node)
    health = _health(node, flags)
    stage.config["Healthcheck"] = health
    pairs = tuple((key, str(value)) for key, value in health.items() if key != "Test")
    stage.steps.append(Configure(stage.span, stage.text, "HEALTHCHECK", pairs, tuple(health["Test"]), stage.onbuild))


def parse_stopsignal(node: Node) -> Flags:
    """One argument; BuildKit never looks at its flags (semantics.md 1.2)."""
    if len(node.args) != 1:
        raise arity(node, "exactly one argument")
    return {}


def plan_stopsignal(stage: StageBuilder, node: Node, flags: Flags) -> None:
    """STOPSIGNAL: a number but 0, or a name, stored as written."""
    signal = stage.expand(node.args[0])
    if not _is_signal(signal):
        raise refuse(
            "signal", f"invalid signal: {signal}", hint="a number, or a name such as SIGTERM, QUIT, RTMIN+3", near=signal
        )
    stage.config["StopSignal"] = signal
    stage.steps.append(Configure(stage.span, stage.text, "STOPSIGNAL", (), (signal,), stage.onbuild))


def _is_signal(text: str) -> bool:
    from dock2sh.dockerfile.deferred import Deferred

    number = atoi(text)
    if isinstance(text, Deferred) or number is not None:
        return isinstance(text, Deferred) or number != 0
    return text.upper().removeprefix("SIG") in SIGNALS


SIGNALS = set(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN"
    " TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split()
    + [f"RTMIN+{n}" for n in range(1, 16)]
    + [f"RTMAX-{n}" for n in range(1, 15)]
)
"""The names that moby's signal package knows on Linux."""
