"""What each instruction sees: the variables with their values and where they are from, the user, the directory, the shell."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.explain.brought import Brought
from dock2sh.explain.language import Text, say
from dock2sh.explain.shells import own_variable
from dock2sh.explain.tree import Variable
from dock2sh.instructions.variables import NEVER_ENV
from dock2sh.model import DEFAULT_PATH, Configure, MakeDirectory, Plan, Stage, Step
from dock2sh.plan.builder import DEFAULT_SHELL

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2sh.commands.apart import Apart, Understood
    from dock2sh.shell import Word

_USED = re.compile(r"\$(?:\{([A-Za-z_]\w*)|([A-Za-z_]\w*))")


class Origin(NamedTuple):
    """A variable's value and where it is from."""

    value: str | None
    origin: Text


class Scope(NamedTuple):
    """What holds for one instruction. `stays`: its stage is the image's, or one that the image goes on from.

    `brought` is what the steps before it have copied. `building` False: for a command that runs when a container does;
    `arguments` are then what only the build has had. `until`: the line of the USER that takes the place of this one.
    """

    stage: Stage
    variables: Mapping[str, Origin]
    user: str
    cwd: str
    shell: tuple[str, ...]
    known: bool
    stays: bool = True
    brought: Brought = Brought()
    building: bool = True
    arguments: frozenset[str] | None = None
    until: int = 0

    def path(self) -> list[str]:
        """The directories in which a command is looked for; docker's default where nobody knows."""
        found = self.variables.get("PATH")
        return ((found.value if found else None) or DEFAULT_PATH).split(":")


class Globals(NamedTuple):
    """The ARGs before the first FROM, and the --build-args."""

    variables: Mapping[str, Origin]
    build_args: Mapping[str, str]


def global_scope(dockerfile: Dockerfile, plan: Plan, build_args: Mapping[str, str]) -> Globals:
    """What FROM lines see."""
    found: dict[str, Origin] = {}
    for name, value in plan.globals.items():
        if name.startswith(("TARGET", "BUILD")):
            found[name] = Origin(value, say("from `--build-arg`") if name in build_args else say("given by the builder"))
    for node in dockerfile.nodes:
        if node.keyword.lower() == "from":
            break
        for word in node.args:
            name = word.partition("=")[0]
            found[name] = Origin(plan.globals.get(name), _argument(name, build_args, "=" in word, node))
    return Globals(found, build_args)


def _argument(name: str, build_args: Mapping[str, str], default: bool, node: Node) -> Text:
    if name in build_args:
        return say("from `--build-arg`")
    if default:
        return say("the default of `ARG`, line {line}", line=node.span.first)
    return say("`ARG` of line {line} has no default: give it with `--build-arg`", line=node.span.first)


def scopes(stage: Stage, shared: Globals, before: Mapping[str, Scope], stays: bool) -> list[Scope]:
    """The scope of each step of a stage, and behind them the one at its end. `before` are those at other stages' ends."""
    parent = before.get(stage.parent or "")
    inherited, brought = (parent.variables, parent.brought) if parent else ({}, Brought())
    variables = {name: origin for name, origin in inherited.items() if origin.value is None}  # a stage has its parent's ARGs, too
    for name, value in (*stage.start_env, *stage.start_args):
        variables[name] = inherited.get(name) or Origin(value, say("from the base image `{image}`", image=stage.base))
    user, cwd = stage.start.get("User") or "", stage.start.get("WorkingDir") or "/"
    shell: tuple[str, ...] = tuple(stage.start.get("Shell") or DEFAULT_SHELL)
    found = list[Scope]()
    for step in stage.steps:
        found.append(Scope(stage, dict(variables), user, cwd, shell, stage.known, stays, brought))
        brought = brought.and_by(step)
        variables |= _assigned(step, shared)
        if isinstance(step, MakeDirectory):
            cwd = step.cwd
        elif isinstance(step, Configure) and step.keyword == "USER":
            user = step.words[0]
        elif isinstance(step, Configure) and step.keyword == "SHELL":
            shell = step.words
    found.append(Scope(stage, variables, user, cwd, shell, stage.known, stays, brought))
    return found


def _assigned(step: Step, shared: Globals) -> dict[str, Origin]:
    if not isinstance(step, Configure) or step.keyword not in ("ENV", "ARG"):
        return {}
    line = step.span.first
    if step.keyword == "ENV":
        return {name: Origin(value, say("`ENV`, line {line}", line=line)) for name, value in step.pairs}
    found: dict[str, Origin] = {}
    for name, value in step.pairs:
        if name in NEVER_ENV:
            continue
        if name in shared.build_args:
            origin = say("from `--build-arg`")
        elif value is not None and name in shared.variables and f"{name}=" not in step.text:
            origin = shared.variables[name].origin
        elif value is None:
            origin = say("`ARG` of line {line} has no default: give it with `--build-arg`", line=line)
        else:
            origin = say("the default of `ARG`, line {line}", line=line)
        if value is not None:
            found[name] = Origin(value, origin)
        else:
            found.setdefault(name, Origin(None, origin))
    return found


def used(text: str) -> list[str]:
    """The names of variables in a text, in order."""
    return list(dict.fromkeys(a or b for a, b in _USED.findall(text)))


def shown(
    names: list[str],
    variables: Mapping[str, Origin],
    known: bool,
    assigned: frozenset[str],
    arguments: frozenset[str] | None = None,
    reads: bool = False,
    shell: bool = False,
) -> tuple[Variable, ...]:
    """The variables of these names. Those that the text itself sets are left out. `arguments`: as in a Scope.

    `reads`: it reads a file that may set them. `shell`: it is a shell that sees them.
    """
    found = list[Variable]()
    for name in names:
        if name in variables:
            found.append(Variable(name, variables[name].value, variables[name].origin))
        elif name not in assigned and shell and (own := _own(name, arguments)):
            found.append(Variable(name, None, own))
        elif name not in assigned and reads and name != "HOME":  # which docker sets
            found.append(Variable(name, None, say("nothing here sets it, but what `.`, `source`, `eval` or `export` reads may")))
        elif name not in assigned:
            found.append(Variable(name, None, _missing(name, known) if arguments is None else _absent(name, known, arguments)))
    return tuple(found)


def _own(name: str, arguments: frozenset[str] | None) -> Text:
    """A variable that the shell sets by itself. A container has its HOSTNAME of docker."""
    return own_variable(name) if arguments is None or name != "HOSTNAME" else ()


def _absent(name: str, known: bool, arguments: frozenset[str]) -> Text:
    """A variable that no container has of its own."""
    if name == "HOME":
        return say("the home directory of the user, which docker looks up in `/etc/passwd`")
    if name == "HOSTNAME":
        return say("the name of the container, which docker gives it")
    if name in arguments:
        return say("only the build has it: empty in a container, unless `docker run -e {name}=…` gives it", name=name)
    if known:
        return say("empty, unless `docker run -e {name}=…` gives it", name=name)
    return say("nothing here sets it: the base image may, or `docker run -e {name}=…`", name=name)


def _missing(name: str, known: bool) -> Text:
    if name == "HOME":
        return say("the home directory of the user, which docker looks up in `/etc/passwd`")
    if name.lower() in ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy", "all_proxy"):
        return say("empty, unless `--build-arg` gives it")
    if known:
        return say("nothing sets it: it is empty")
    return say("nothing here sets it: the base image may")


def expanded_in(apart: "Apart") -> Iterator[str]:
    """The variables that this shell puts in: what is in single quotes is another program's (awk's `$NF`)."""
    for command in apart.shell.commands:
        for word in (*command.assignments, *command.words):
            yield from word.variables
        for redirect in command.redirects:
            is_quoted = any(char in redirect.target for char in "'\"\\")
            yield from used(redirect.target + ("" if redirect.body is None or is_quoted else redirect.body))
    places = [(part.start, part.end) for part in apart.shell.symbols] + [(part.start, part.end) for part in apart.shell.opaque]
    for start, end in places:
        yield from used(apart.shell.text[start:end])


def assigned(word: "Word") -> str:
    """The variable of an assignment: `a` of `a=1`, `a+=b` and `a[1]=2`."""
    return re.split(r"[=+\[]", word.raw, maxsplit=1)[0]


def assigned_in(apart: "Apart") -> frozenset[str]:
    """The variables that a shell text sets itself."""
    names = {assigned(word) for one in apart.found for word in one.command.assignments}
    for one in apart.found:
        names |= {redirect.descriptor.strip("{}") for redirect in one.command.redirects if redirect.descriptor[:1] == "{"}
        if one.known and one.known.title in _SET:
            names |= {part.value.partition("=")[0] for part in one.known.parts if part.kind == "operand"}
        if one.known and one.known.title == "printf":
            names |= set(one.known.words("name"))
    symbols = apart.shell.symbols
    names |= {after.text for before, after in pairwise(symbols) if before.text in ("for", "select") and after.kind == "item"}
    names |= {a or b for each in symbols if each.kind in ("arithmetic", "item") for a, b in _COMPUTED.findall(each.text)}
    return frozenset(names)


def overwritten_in(apart: "Apart") -> frozenset[str]:
    """The variables that a shell text sets before it makes use of them: what they were does not matter."""
    used_before, found = set[str](), set[str]()
    for one in apart.found:
        exported = one.command.words[1:] if one.known and one.known.title == "export" else ()
        words = (*one.command.assignments, *exported)
        used_before.update(name for word in (*one.command.words, *words) for name in word.variables)
        used_before.update(name for redirect in one.command.redirects for name in used(redirect.target))
        names = {word.raw.partition("=")[0] for word in words if "=" in word.raw}
        found |= names - used_before
    return frozenset(found)


_SET = ("export", "local", "declare", "readonly", "read", "unset", "let", "mapfile", "readarray", "getopts")
_COMPUTED = re.compile(r"([A-Za-z_]\w*)\s*(?:[-+*/%&|^]?=(?!=)|<<=|>>=|\+\+|--)|(?:\+\+|--)([A-Za-z_]\w*)")
"""What `((i = 0))` and `((i++))` set."""
_READ_ON = ("dot", "source", "eval")


def reads_on(apart: "Apart") -> int:
    """Where a shell text first does what stands elsewhere, which may set any variable: `. FILE`, `eval`, `export $(…)`."""
    for one in apart.found:
        known = one.known
        dynamic = known and known.title == "export" and any(part.value.startswith(("$(", "`")) for part in known.parts)
        if known and one.text is apart.shell.text and (known.title in _READ_ON or dynamic):
            return one.command.start
    return len(apart.shell.text)


def sure(apart: "Apart", scope: Scope) -> "Callable[[Understood], Scope]":
    """The scope of each command, with those variables alone that are certain to have the value still that they begin with.

    What a shell within sees of them, the program that starts it decides (`su -`).
    """
    changed, until, text = assigned_in(apart), reads_on(apart), apart.shell.text
    kept = {name: origin for name, origin in scope.variables.items() if name not in changed}
    certain, nothing = scope._replace(variables=kept), scope._replace(variables={})
    return lambda one: certain if one.text is text and one.command.start <= until else nothing
