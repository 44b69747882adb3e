"""Random ADDs of what a server has (remote.py): URLs of files and archives, and git repositories in all the forms of a reference.

@SERVER@, @TOKEN@ and @COMMIT-SEED-REFERENCE@ are filled in when the case is written.
"""

import hashlib

from tests.fuzzing.dice import Dice
from tests.fuzzing.remote import CONTENT, DIRECTORIES, REFERENCES

_SEEDS = 12  # so many repositories are made in a run, however long
_RIGHT = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
_NAMES = (
    "f",
    "f.txt",
    "a.tar.gz",
    "d/f",
    "d/",
    "f?q=1/2",
    "f#part",
    ".hid",
    "a%20b",
    "%2e%2e",
    "a/./f",
    "a/../f",
    "é",
    "a%2Fb",
    "a+b",
)
_SERVER = "http://@SERVER@/@TOKEN@"


def url(dice: Dice) -> tuple[list[str], str]:
    """The flags that go with it, and a URL."""
    name = dice.pick(
        (
            "f",
            "f.txt",
            "a.tar.gz",
            "a%20b",
            "d/f",
            "d/",
            "f?q=1/2",
            "f#part",
            ".hid",
            "%2e%2e",
            "a/./f",
            "a/../f",
            "é",
            "a%2Fb",
            "a+b",
        )
    )
    kind = dice.weighted([(6, "plain"), (4, "dated"), (3, "moved"), (1 if dice.chance(30) else 0, "gone"), (5, "archive")])
    if kind == "archive":
        unpack = dice.weighted([(5, ["--unpack=true"]), (2, []), (1, ["--unpack=false"])])
        return unpack, f"{_SERVER}/archive/{dice.number(1, 999)}/{name}"
    checksum = dice.weighted([(8, []), (3, [f"--checksum={_RIGHT}"]), (1, ["--checksum=sha256:" + "0" * 64])])
    if kind != "plain":
        checksum = []  # docker has content of that sum, and takes it with its time: see docs/docker-oddities.md
    flags = [*checksum, *dice.weighted([(9, []), (1, ["--unpack=true"])])]
    return flags, dice.weighted([(14, f"{_SERVER}/{kind}/{name}"), (1, "http://@SERVER@/"), (1, "http://@SERVER@")])


def repository(dice: Dice) -> tuple[list[str], str]:
    """The flags that go with it, and a git repository, whole or a part, at any reference."""
    seed = str(dice.number(1, _SEEDS))
    address = f"{_SERVER}/{dice.weighted([(3, 'git'), (1, 'files')])}/{seed}/{dice.pick(('r', 'r.r', 'a%20b'))}.git"
    commit = f"@COMMIT-{seed}-{dice.pick(REFERENCES[:4])}@"
    reference = dice.weighted([(4, ""), (6, dice.pick(REFERENCES)), (3, commit), (1 if dice.chance(30) else 0, "nope")])
    directory = dice.weighted(
        [(5, ""), (3, dice.pick(DIRECTORIES)), (1 if dice.chance(30) else 0, dice.pick(("nope", "l", "x")))]
    )
    flags = dice.weighted([(9, []), (2, [f"--checksum=@COMMIT-{seed}-{reference or 'main'}@"]), (1, ["--checksum=" + "0" * 40])])
    if reference in ("nope", "v1") or reference.startswith("@"):  # of a tag that is an object engines ask for different ids
        flags = []
    return flags, address + _asked(dice, reference, directory)


def _asked(dice: Dice, reference: str, directory: str) -> str:
    """Behind a `#`, or as a query."""
    if dice.chance(60):
        return f"#{reference}:{directory}" if directory else f"#{reference}" if reference else ""
    name = dice.weighted([(3, "ref"), (1, "branch" if reference in ("main", "side") else "ref")])
    name = "tag" if reference in ("v1", "light") and dice.chance(30) else name
    words = [f"{name}={reference}"] * bool(reference) + [f"subdir={directory}"] * bool(directory)
    words += dice.weighted([(8, []), (1, ["submodules=false"]), (1, ["keep-git-dir=false"])])  # mtime= is BuildKit's of 2026
    return "?" + "&".join(words) if words else ""
