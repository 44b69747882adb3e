"""Imports run one way. What each package may import is said here once; ARCHITECTURE.md draws it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent / "dock2sh"

MAY_IMPORT = {
    "source": set[str](),
    "digest": set[str](),
    "ending": set[str](),
    "goquote": set[str](),
    "model": {"source"},
    "dockerfile": {"source", "goquote"},
    "instructions": {"source", "model", "dockerfile"},
    "plan": {"source", "digest", "model", "dockerfile", "instructions"},
    "checks": {"source", "dockerfile", "instructions", "plan"},
    "emit": {"source", "digest", "model"},
    "images": {"digest", "ending", "goquote"},
    "shell": set[str](),
    "commands": {"shell"},
    "findings": {"source", "model", "dockerfile", "shell", "commands"},
    "explain": {"source", "model", "dockerfile", "shell", "commands", "findings"},
    "sandbox": set[str](),
    "verify": {"ending"},
    "lock": {"source", "digest", "model", "emit"},
    "provision": {"source", "digest", "model", "plan", "emit", "shell", "commands"},
    "runtime": set[str](),  # programs that a script carries
    # these compose: they may know everything but the command line
    "bases": {"source", "model", "plan", "images"},
    "proof": {"source", "model", "plan", "images", "verify", "emulated", "sandbox"},
    "emulated": {"model", "plan", "images", "sandbox", "emulator", "verify"},
    "emulator": {"source", "digest", "model", "plan", "emit", "images", "sandbox"},
    "rivals": {"dockerfile", "plan", "verify"},
    "hosted": {"instructions", "model", "plan", "proof", "provision", "verify"},
    "measuring": {"model", "plan", "explain", "images", "sandbox", "emulator"},
    "packing": {"model", "images", "emulator", "provision"},
    "locking": {"model", "plan", "emit", "lock", "emulator"},
    "running": {"__init__", "model", "plan", "images", "sandbox", "emulator"},
    "__init__": {"bases", "source", "model", "dockerfile", "plan", "checks", "emit", "images", "sandbox", "verify"},
    "cli": {
        "__init__",
        "bases",
        "emulator",
        "measuring",
        "packing",
        "running",
        "proof",
        "source",
        "model",
        "dockerfile",
        "plan",
        "checks",
        "emit",
        "explain",
        "findings",
        "hosted",
        "images",
        "lock",
        "locking",
        "provision",
        "rivals",
        "sandbox",
        "verify",
    },
    "__main__": {"cli"},
}

# An arrow that the table forbids, and why it is there. A row that nothing needs fails the test.
NEVERTHELESS = {
    ("instructions", "plan.builder"): "the page that a keyword's plan_x writes on; it knows no keyword",
    ("instructions", "plan.paths"): "Go's path functions; they know nothing at all",
    ("plan", "checks.linter"): "`# check=error=true` makes a warning refuse the build, whatever is asked for",
    ("plan", "images.reference"): "the grammar of an image's name, of which FROM makes use",
    ("checks", "images.reference"): "the same",
    ("checks", "__init__"): "the version, for SARIF",
    ("sandbox", "images.layers"): "where a path leads in a root",
    ("images", "__init__"): "the version, for the User-Agent",
    ("emit", "__init__"): "the version, for a script's first lines",
    ("emit", "dockerfile.deferred"): "Deferred: a value that only the running script knows",
    ("emit", "dockerfile.gotext"): "what Go takes for a blank, and how it quotes",
    ("emit", "dockerfile.syntax"): "`dock2sh parse` prints the tree itself",
    ("emit", "plan.context"): "what the build context holds",
    ("emit", "plan.patterns"): "wildcards as regular expressions",
    ("emit", "plan.exclusions"): "the same, of ignore files",
    ("emit", "plan.ignore"): "the type of the ignore file's rules",
    ("emit", "plan.history"): "the image's history, which BuildKit words",
    ("emit", "plan.builder"): "docker's default SHELL",
    ("findings", "instructions.secrets"): "which names tell of a secret",
    ("findings", "plan.triggers"): "what an ONBUILD will do",
    ("explain", "checks.rules"): "what BuildKit's checks are about",
    ("explain", "plan.builder"): "the same",
    ("explain", "plan.context"): "what the build context holds",
    ("explain", "plan.triggers"): "what an ONBUILD will do",
    ("explain", "emit.manual"): "what one would type by hand has its rules there",
    ("explain", "emit.typed"): "the same",
    ("explain", "emit.quoting"): "the quoting function",
    ("explain", "instructions.variables"): "the ARGs that never become variables",
    ("explain", "instructions.secrets"): "which names tell of a secret",
    ("provision", "__init__"): "the version, for a script's first lines",
    ("provision", "images.reference"): "the grammar of an image's name: which distribution it is",
    ("provision", "instructions.secrets"): "which names tell of a secret",
}

THIRD_PARTY = {
    ("cli", "typer"),
    ("cli", "rich"),
    ("findings", "yaml"),
    ("images", "backports"),
    ("images", "compression"),
    ("images", "urllib3"),
    ("sandbox", "pexpect"),
    ("shell", "bashlex"),
    ("verify", "jinja2"),
    ("verify", "distributed"),
}


def imports() -> Iterator[tuple[str, str, str]]:
    """Who imports what where: (package, imported module, file:line); imports inside functions and for types count too."""
    for path in sorted(HOME.rglob("*.py")):
        parts = ("dock2sh", *path.relative_to(HOME).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            place = f"{path.relative_to(HOME.parent)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                yield from ((parts[1], alias.name, place) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = ".".join([*(parts[: len(parts) - node.level] if node.level else ()), *filter(None, [node.module])])
                yield from ((parts[1], _module(module, alias.name), place) for alias in node.names)


def _module(module: str, name: str) -> str:
    """`from package import name` names a module, or something in one."""
    return f"{module}.{name}" if (HOME.parent / module.replace(".", "/") / f"{name}.py").exists() else module


ALL = sorted(set(imports()))
OURS = [(importer, name[8:] or "__init__", place) for importer, name, place in ALL if name.split(".")[0] == "dock2sh"]


@pytest.mark.parametrize("package", sorted({importer for importer, _, _ in ALL}))
def test_imports_run_one_way(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = [f"{place} imports {name}" for importer, name, place in OURS
             if importer == package and name.split(".")[0] not in allowed and (package, name) not in NEVERTHELESS]  # fmt: skip
    assert not wrong


def test_every_exception_is_needed() -> None:
    assert NEVERTHELESS.keys() <= {(importer, name) for importer, name, _ in OURS}


def test_other_peoples_packages_stay_where_they_are() -> None:
    theirs = {(importer, name.split(".")[0]) for importer, name, _ in ALL}
    assert {pair for pair in theirs if pair[1] not in {"dock2sh", *sys.stdlib_module_names}} == THIRD_PARTY
