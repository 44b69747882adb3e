"""The knowledge base: `tools/NAME.toml`, read when a command of that name is met. docs/explain.md describes the files.

source    the authority that the texts follow
same      another tool's name: its file holds where this one says nothing
summary   what it is for
operands  `ROLE: TEXT`, in order; `ROLE*` takes any number, `ROLE?` may be missing
options   `-x --long` = TEXT; a `=ROLE` after a name: it takes a value (`ROLE?`: only right behind
          it; `ROLE!`: no option follows; `ROLE,ROLE`: two; `rest`: all that follows); `-W*`: whatever begins
          so; `-#`: a number
instead   option = operands: what the operands are when it is given
alone     option = TEXT, where it stands without the value that it may have
begins    options that are others where a question begins (`[ -a FILE ]`)
operators words that stand for themselves (`test`, `find`)
commands  subcommands, each with the same keys
manager   what it installs, for the list of packages
effects   network, installs, removes
style     `long` (-name), `compiler` (-Ipath, -name); else as GNU's getopt
stops     options end at the first operand
first     the first word may be options without a dash (tar)
settings  NAME=VALUE words are settings
free      what is no known option is an operand
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).parent / "tools"

_SPELLED = {".": "dot", ":": "colon", "[": "test", "[[": "conditional", "((": "arithmetic"}
_NO_NAMES = ("dot", "colon", "conditional", "arithmetic")
"""Files that are not about the command of that name: `dot` is a program of Graphviz."""
_OF_PROGRAMS = ("bin", ".bin", "sbin", "busybox")
"""Directories in which programs are what their names say."""
_OF_A_PROJECT = ("configure", "gradlew", "mvnw", "rustup-init")
"""Programs that lie in a project itself, or were just downloaded, and are known by their names."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*\Z")
_VERSION = re.compile(r"-?\d+(?:\.\d+)*\Z")


class Option(NamedTuple):
    """`role` is what its value is, empty if it takes none. `optional`: only where it stands right behind it.

    `ends`: what follows its value is no option. `second`: the role of a second value.
    """

    text: str
    role: str = ""
    optional: bool = False
    ends: bool = False
    second: str = ""


class Operand(NamedTuple):
    """`many`: any number of them; `optional`: it may be missing."""

    role: str
    text: str
    many: bool = False
    optional: bool = False


class Tool(NamedTuple):
    """A tool, or a subcommand of one, which has its options too."""

    name: str
    summary: str
    source: str
    options: dict[str, Option]
    operands: tuple[Operand, ...]
    instead: dict[str, tuple[Operand, ...]]
    alone: dict[str, str]
    begins: dict[str, Option]
    operators: dict[str, str]
    commands: dict[str, "Tool"]
    manager: str
    effects: frozenset[str]
    style: str
    traits: frozenset[str]


@cache
def names() -> frozenset[str]:
    """All tools that have a file."""
    return frozenset(path.stem for path in HOME.glob("*.toml"))


@cache
def tool(name: str) -> Tool | None:
    """What is known of a command of this name; a path to programs counts by its last part, `python3.12` as `python`.

    Another path does not: `./aws/install` is a program of somebody's own.
    """
    directory, slash, name = name.rpartition("/")
    if slash and name not in _OF_A_PROJECT and directory.rpartition("/")[2] not in _OF_PROGRAMS:
        return None
    if name in _NO_NAMES:
        return None
    name = _SPELLED.get(name, name)
    if not _NAME.match(name):
        return None
    for candidate in (name, _VERSION.sub("", name), name.removesuffix(".exe")):
        if candidate in names():
            return _tool(name, _read(candidate), None)
    return None


def _read(name: str) -> dict[str, Any]:
    """A file's table, over that of the tool that it is the same as."""
    import tomllib

    with open(HOME / f"{name}.toml", "rb") as file:
        own = tomllib.load(file)
    return _over(_read(own["same"]), own) if "same" in own else own


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _over(below[key], value) if isinstance(value, dict) and key in below else value
    return merged


def _tool(name: str, table: dict[str, Any], parent: Tool | None) -> Tool:
    own = _options(table.get("options", {}))
    made = Tool(
        name,
        table.get("summary", ""),
        table.get("source", parent.source if parent else ""),
        {**parent.options, **own} if parent else own,
        tuple(map(_operand, table.get("operands", ()))),
        {key: tuple(map(_operand, value)) for key, value in table.get("instead", {}).items()},
        (parent.alone if parent else {})
        | {name: text for names, text in table.get("alone", {}).items() for name in names.split()},
        _options(table.get("begins", {})),
        table.get("operators", {}),
        {},
        table.get("manager", parent.manager if parent else ""),
        frozenset(table.get("effects", ())),
        table.get("style", parent.style if parent else ""),
        frozenset(trait for trait in ("stops", "first", "settings", "free") if table.get(trait)),
    )
    made.commands.update({key: _tool(f"{name} {key}", value, made) for key, value in table.get("commands", {}).items()})
    return made


def _options(table: dict[str, str]) -> dict[str, Option]:
    """Every name to its option. A value that one of the names takes, all of them take."""
    found: dict[str, Option] = {}
    for key, text in table.items():
        spellings = [name.partition("=") for name in key.split()]
        role = next((role for _, _, role in reversed(spellings) if role), "")
        takes = any(equals for _, equals, _ in spellings)
        first, _, second = role.rstrip("?!").partition(",")
        option = Option(text, first or ("value" if takes else ""), role.endswith("?"), role.endswith("!"), second)
        found |= {name: option for name, _, _ in spellings}
    return found


def _operand(text: str) -> Operand:
    role, _, says = text.partition(": ")
    return Operand(role.rstrip("*?"), says, role.endswith("*"), role.endswith("?"))
