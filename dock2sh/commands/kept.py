"""Secrets that a RUN writes into files: what a mount or an argument lent it for a moment stays in its layer."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dock2sh.commands.apart import Apart, Understood
from dock2sh.commands.known import Known
from dock2sh.shell import Word

_PRINTS = frozenset("echo printf cat base64 envsubst sed tr tee".split())
"""Commands that print what they are given."""
_SETTINGS = {
    "git config": ".git/config",
    "git remote add": ".git/config",
    "git remote set-url": ".git/config",
    "npm config set": "~/.npmrc",
    "npm set": "~/.npmrc",
    "yarn config set": "~/.yarnrc",
    "pip config set": "~/.config/pip/pip.conf",
    "bundle config": "~/.bundle/config",
    "bundle config set": "~/.bundle/config",
    "composer config": "auth.json",
    "poetry config": "~/.config/pypoetry/auth.toml",
}
"""Commands that write what they are told into a file of their own."""
_FORGETS = frozenset("--unset --unset-all delete unset rm --remove-section remove".split())


class Kept(NamedTuple):
    """`what` names the secret (`$TOKEN`, or a mount's path); it is written into `file`. `near`: the word to point at."""

    what: str
    file: str
    near: str


def kept(apart: Apart, names: Iterable[str], mounted: Iterable[str], elsewhere: Iterable[str]) -> tuple[Kept, ...]:
    """What stays. `names` are variables that hold secrets, `mounted` files that do; what is `elsewhere` is in no layer."""
    finder = _Finder(names, mounted)
    for each in apart.found:
        finder.command(each)
    gone = ["/dev", "/proc", *finder.deleted, *elsewhere]
    stays = (each for each in finder.found if not any(_covers(path, each.file) for path in gone))
    return tuple(each for each in dict.fromkeys(stays) if not (finder.forgotten and each.file in _SETTINGS.values()))


class _Finder:
    def __init__(self, names: Iterable[str], mounted: Iterable[str]) -> None:
        self.names = {name: f"${name}" for name in names}
        self.mounted = tuple(mounted)
        self.found, self.deleted = list[Kept](), list[str]()
        self.piped, self.forgotten = "", False

    def command(self, each: Understood) -> None:
        command, known = each.command, each.known
        what = next(filter(None, map(self.said, command.words[1:])), "") or self.read(each)
        for word in (*command.assignments, *(command.words[1:] if known and known.title == "export" else ())):
            if secret := self.said(word):
                self.names[word.raw.partition("=")[0]] = secret
        if command.before in ("|", "|&"):
            what = what or self.piped
        last = known.chain()[-1] if known else None
        prints = last is not None and last.title in _PRINTS
        self.piped = what if prints else ""
        if last is None:
            return
        if last.title == "rm":
            self.deleted += last.words("path")
        self.forgotten = self.forgotten or bool(_FORGETS & {part.value for part in last.parts})
        if what:
            self.found += (Kept(what, file, near) for file, near in self.written(each, last, prints))

    def said(self, word: Word) -> str:
        """The secret that a word holds, by its name."""
        named = next((self.names[name] for name in word.variables if name in self.names), "")
        return named or next((path for path in self.mounted if re.search(re.escape(path) + r"(?![\w/.-])", word.raw)), "")

    def read(self, each: Understood) -> str:
        """The secret that comes in by a redirection: the file, or a text with its variable."""
        for redirect in each.command.redirects:
            if redirect.operator == "<" and redirect.target.strip("'\"") in self.mounted:
                return redirect.target.strip("'\"")
            if redirect.body and not re.search(r"['\"\\]", redirect.target):
                used = re.findall(r"\$\{?(\w+)", redirect.body)
                if secret := next((self.names[name] for name in used if name in self.names), ""):
                    return secret
        return ""

    def written(self, each: Understood, last: Known, prints: bool) -> Iterator[tuple[str, str]]:
        """The files that a command writes what it was given into, each with the word that says so."""
        for redirect in each.command.redirects:
            if prints and redirect.operator in (">", ">>", ">|", "&>", "&>>") and redirect.descriptor in ("", "1"):
                yield redirect.target.strip("'\""), last.title
        paths = last.words("path")
        if last.title == "tee":
            yield from ((path, "tee") for path in paths)
        elif last.title in ("cp", "mv", "install") and set(paths[:-1]) & set(self.mounted):
            yield paths[-1], last.title
        elif last.title in _SETTINGS:
            system = any(part.text == "--global" for part in last.parts) and last.title.startswith("git")
            yield "~/.gitconfig" if system else _SETTINGS[last.title], last.title
        elif last.title == "git clone" and any(self.said(word) for word in each.command.words if "://" in word.value):
            url = next((url for url in last.words("repository")), "")
            place = next(iter(paths), "") or url.rstrip("/").rpartition("/")[2].removesuffix(".git")
            yield f"{place.rstrip('/')}/.git/config", last.title


def _covers(path: str, file: str) -> bool:
    """Whether a path is the file's, or that of a directory above it."""
    path, file = (re.sub(r"^(?:~|\$\{?HOME\}?)(?=/)", "/root", text.strip("'\"")) for text in (path, file))
    path = path.removesuffix("*").rstrip("/") or "/"
    return file == path or file.startswith(f"{path}/")
