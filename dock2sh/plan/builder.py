"""One stage while it is evaluated: the state that an instruction sees and changes.

The only mutable thing of the planner. What it leaves behind (`steps`, `config`) is frozen.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dock2sh.dockerfile.deferred import Deferred, deferred_variable
from dock2sh.dockerfile.gotext import scanned
from dock2sh.dockerfile.syntax import Node
from dock2sh.dockerfile.words import SPECIAL, expand
from dock2sh.model import DEFAULT_PATH, Env, Step
from dock2sh.plan.paths import join
from dock2sh.source import Span, refuse

if TYPE_CHECKING:
    from dock2sh.plan.watch import Watch

DEFAULT_SHELL = ("/bin/sh", "-c")


class Globals:
    """What all stages share: build arguments, what RUNs have of the build, global ARGs, the ignore file, who watches."""

    def __init__(self, build_args: Mapping[str, str], escape: str, windows: bool = False) -> None:
        self.build_args = build_args
        self.escape = escape
        self.args: dict[str, str] = {}
        self.windows = windows
        self.proxy = _proxy(build_args)
        self.network = "default"
        self.hosts: tuple[tuple[str, str], ...] = ()
        self.limits: tuple[str, ...] = ()
        self.shm = 0
        self.hostname = build_args.get("BUILDKIT_SANDBOX_HOSTNAME", "")
        self.cache_space = build_args.get("BUILDKIT_CACHE_MOUNT_NS", "")
        self.gone: Mapping[int, Mapping[str, Span]] = {}
        self.watch: Watch | None = None


def _proxy(build_args: Mapping[str, str]) -> tuple[str, ...]:
    """The predefined proxy arguments as every RUN sees them: both cases, in BuildKit's order (semantics.md 1.2)."""
    given: dict[str, str] = {}
    for name in sorted(build_args):
        if name.lower() in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"):
            given[name.lower()] = build_args[name]
    order = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
    return tuple(f"{form}={given[name]}" for name in order if given.get(name) for form in (name.upper(), name))


def _last(pairs: list[str]) -> dict[str, str]:
    """Name to value, each at the place of its last pair."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        found.pop(name, None)
        found[name] = value
    return found


class StageBuilder:
    """The environment, directory, user and config of a stage as its instructions leave them.

    `known` is False where the base image was not at hand: a variable that no instruction set is then the base's, a Deferred.
    """

    def __init__(self, shared: Globals, key: str, known: bool, config: Mapping[str, Any]) -> None:
        self.shared, self.key, self.known = shared, key, known
        self.config: dict[str, Any] = dict(config)
        self.steps: list[Step] = []
        self.variables: dict[str, str] = {}
        self._log: list[tuple[str, str]] = []
        self.env: dict[str, str] = {}
        self.listed: list[str] = list(self.config.get("Env") or ())
        self._places: dict[str, int] = {}
        self.declared: dict[str, str | None] = {}
        self.node: Node
        self.span = Span(0, 0)
        self.text = ""
        self.onbuild = False
        self.workdir_set = False
        self.used: dict[str, Span] = {}
        self.gone: dict[str, Span] = {}
        self.find_origin: Callable[[str, str | None], str] = lambda origin, mounted: origin
        self.has_stage: Callable[[str], bool] = lambda name: False
        self.start_config: Mapping[str, Any] = {}
        self.start_args: tuple[tuple[str, str], ...] = ()
        self.start_env: tuple[tuple[str, str], ...] = ()
        self._image_env()
        self._image_directory()

    def _image_env(self) -> None:
        """The image's Env stays as it is written, names twice and without a value, too; of one name the last value counts."""
        for place, pair in enumerate(self.listed):
            self._places.setdefault(pair.partition("=")[0], place)
        self.env = _last(self.listed)
        if "PATH" not in self.env and self.known and not self.shared.windows:
            self.set_env("PATH", DEFAULT_PATH)
        for name, value in self.env.items():
            self.assign(name, value)

    def _image_directory(self) -> None:
        """Where the image's WorkingDir is; a relative one is joined to itself (BuildKit: dispatchWorkdir of the base's own)."""
        self.cwd: str = self.config.get("WorkingDir") or "/"
        if not isinstance(self.cwd, Deferred) and not self.cwd.startswith("/") and not self.shared.windows:
            self.config["WorkingDir"] = self.cwd = join(self.cwd, self.cwd)

    def inherit(self, parent: "StageBuilder") -> None:
        """Take over what `FROM stage` passes on beyond the config: ARG values, directory.

        The image's ENV is set anew: it wins over an ARG that the parent set after it, also where nobody knows if it is there.
        """
        given = [(name, value) for name, value in parent.environment().items().items() if name not in parent.env]
        self.start_args = tuple(given)
        for name, value in given:
            self.assign(name, value if self.known else deferred_variable(name, value))
        self.listed, self._places = list(parent.listed), dict(parent._places)
        self.env = dict(parent.env) if len(parent.env) == len(parent.listed) else _last(parent.listed)
        for name, value in self.env.items():
            self.assign(name, value)
        self.declared.update(parent.declared)
        self.gone.update(parent.gone)
        self.workdir_set, self.cwd = parent.workdir_set, parent.cwd

    def begin(self, node: Node, span: Span, onbuild: bool) -> None:
        """Turn to the next instruction."""
        self.node, self.span, self.onbuild = node, span, onbuild
        self.text = node.original.strip()
        if self.shared.watch:
            self.shared.watch.begin(node, span)

    @property
    def user(self) -> str:
        user: str = self.config.get("User") or ""
        return user

    @property
    def shell(self) -> tuple[str, ...]:
        return tuple(self.config.get("Shell") or ()) or (("cmd", "/S", "/C") if self.shared.windows else DEFAULT_SHELL)

    def assign(self, name: str, value: str) -> None:
        """Set a variable for expansions and RUNs (not the image's config)."""
        if isinstance(value, Deferred) and value.unset:
            value = value.assigned()
        self.variables.pop(name, None)  # the order of the last settings: the first of two names as near is meant
        self.variables[name] = value
        self._log.append((name, value))

    def set_env(self, name: str, value: str) -> None:
        """Set a variable of the image: where its name stands first, else behind all."""
        self.env[name] = value
        place = self._places.setdefault(name, len(self.listed))
        self.listed[place : place + 1] = [f"{name}={value}"]

    def environment(self) -> Env:
        """The environment as it is now."""
        return Env(self._log, len(self._log))

    def lookup(self, name: str) -> str | None:
        """A variable's value: None if unset, a Deferred if only the base image can tell."""
        found = self.variables.get(name)
        if found is not None or self.known or name in SPECIAL:
            return found
        if name != "PATH":  # every base image has a PATH; else nobody can tell here
            self._refuse_gone(name, "nobody knows whether the base image has it, too: tell with --base NAME=SOURCE")
        return deferred_variable(name)

    def expand(self, word: str) -> str:
        """One word, expanded by what the stage knows now. Raises Refused."""
        if "$" not in word and "'" not in word and '"' not in word and self.shared.escape not in word:
            return scanned(word)
        unmatched: set[str] | None = set() if self.shared.watch or self.gone else None
        try:
            return expand(word, self.lookup, self.shared.escape, unmatched)
        finally:
            self.report_unset(unmatched, word)

    def expand_content(self, text: str) -> str:
        """A here-document's content: quotes are ordinary, and the escape is always a backslash (semantics.md 1.0)."""
        unmatched: set[str] | None = set() if self.shared.watch or self.gone else None
        try:
            return expand(text, self.lookup, "\\", unmatched, quotes=False)
        finally:
            self.report_unset(unmatched, text)

    def report_unset(self, names: set[str] | None, word: str) -> None:
        """Tell who watches which variables of `word` are unset. Raises Refused where docker has a value for it."""
        if names:
            self.check_gone(names, word)
        if names and self.shared.watch:
            self.shared.watch.unset(names - self.declared.keys(), list(self.variables))

    def check_gone(self, names: set[str], word: str) -> None:
        """Refuse the names of unset variables that `word` says nothing for and a left out instruction sets."""
        for name in sorted(names & self.gone.keys()):
            key = re.escape(name)
            if re.search(rf"\$(?:{key}(?!\w)|\{{{key}(?!\w)(?!:?[-+]))", word):
                self._refuse_gone(name, f"leave this one out, too, or say what it is without: ${{{name}:-VALUE}}")

    def _refuse_gone(self, name: str, hint: str) -> None:
        """Refuse what would be empty here, while docker has the value that an instruction sets which is left out."""
        if name in self.gone and name not in self.declared:
            message = f"{name} is set in line {self.gone[name].first}, which its marker leaves out"
            raise refuse("marker", message, (), hint, name)
