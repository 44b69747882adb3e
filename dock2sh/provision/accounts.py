"""The accounts that the steps make, as far as their commands say it: where a machine has such a name or number, they fail."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands.apart import Understood, exec_apart, take_apart
from dock2sh.commands.known import Known
from dock2sh.model import Plan, Run

_TOOLS = {"useradd": "passwd", "adduser": "passwd", "groupadd": "group", "addgroup": "group"}
_NUMBERS = {"passwd": ("-u", "--uid"), "group": ("-g", "--gid")}
_TAKES = {"adduser": {"--system"}, "addgroup": {"--system"}, "groupadd": {"-f", "--force", "-o", "--non-unique"}}
"""Options with which an account that is there already is no error: Debian's two take a system account for theirs."""
_REMOVES = re.compile(r"\b(userdel|deluser|groupdel|delgroup|usermod|groupmod)\b")
_MAYBE = {"if", "then", "else", "elif", "while", "until", "for", "case", "function"}


class Account(NamedTuple):
    """Made by a step of the target: `kind` is the file, passwd or group; `number` a decimal number, or `-`."""

    step: int
    kind: str
    name: str
    number: str


def accounts(plan: Plan) -> list[Account]:
    """In the order in which they are made, without those on a condition. From the first step on that removes or changes
    accounts nobody can say which are there."""
    found, number = list[Account](), 0
    chain = {stage.key for stage in plan.chain()}
    for stage in plan.stages:
        for steps in stage.layers():
            number += 1
            runs = [step for step in steps if isinstance(step, Run)] if stage.key in chain else []
            if any(_REMOVES.search(step.handed() if step.shell else " ".join(step.argv)) for step in runs):
                return found
            found += [account for step in runs for account in _of(step, number)]
    return list(dict.fromkeys(found))


def _of(step: Run, number: int) -> Iterator[Account]:
    text = step.handed()
    apart = take_apart(text) if step.shell else exec_apart(step.argv)
    for one in apart.found:
        if one.known and not _is_maybe(one):
            yield from _made(one.known, dict(pair.split("=", 1) for pair in step.env), number)


def _is_maybe(one: Understood) -> bool:
    """`id app || useradd app`, `useradd app || true`: what happens where it is here is thought of."""
    return one.command.before == "||" or bool(
        _MAYBE & {word.split(" ")[0] for word in one.command.inside} or re.match(r"\s*\|\|", one.text[one.command.end :])
    )


def _made(known: Known, env: dict[str, str], number: int) -> Iterator[Account]:
    tool = known.title.split(" ")[0]
    kind = _TOOLS.get(tool)
    names = [part.value or part.text for part in known.parts if part.kind == "operand"]
    given = _options(known)
    if kind is None or len(names) != 1 or given.keys() & _TAKES.get(tool, {"-o", "--non-unique"}):
        return
    name = _expanded(names[0], env)
    wanted = next((given[option] for option in _NUMBERS[kind] if option in given), "")
    wanted = _expanded(wanted, env)
    if re.fullmatch("[a-z_][a-z0-9_-]*", name):
        yield Account(number, kind, name, wanted if wanted.isdecimal() else "-")
        if tool == "useradd" and not {"-g", "--gid", "-N", "--no-user-group"} & given.keys():
            yield Account(number, "group", name, "-")


def _options(known: Known) -> dict[str, str]:
    """Each option with its value, empty if it has none; of letters in one word, each."""
    found, last = dict[str, str](), ""
    for part in known.parts:
        if part.kind == "option":
            last = part.text.partition("=")[0] if part.text.startswith("--") else part.text[:2]
            found[last] = part.value
        elif part.kind == "value" and last:
            found[last] = part.value or part.text
    return found


def _expanded(word: str, env: dict[str, str]) -> str:
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: env.get(match[1] or match[2], match[0]), word.strip("\"'"))
