"""What a machine brings about that was set up as a Dockerfile says: rows of data, each with its reason and its witness.

A row names differences from the image; it never hides one that it does not describe. tests/provision/test_host.py is the
witness of them all: one Dockerfile, as docker builds it and on a booted Debian.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from .changes import Sides, earlier, rotated, same_change, same_numbers
from .compare import Difference
from .machine import Record
from .reference import Built
from .snapshot import contents

ALWAYS = frozenset({"/etc/passwd", "/etc/group", "/var/lib/dpkg/status"})
"""What the rows read, whether it differs or not."""


_OURS = rb"(?m)^d2s-\d+:.*\n"


class Before:
    """Both sides (roots), and what they were before: the image's `base`, and what setup.sh has kept. `own` are paths of what it
    installs to start the service."""

    def __init__(self, mine: str, theirs: str, base: Built | None, record: Record, own: frozenset[str]) -> None:
        self.mine, self.theirs, self.base, self.record, self.own = mine, theirs, base, record, own

    def now(self, path: str) -> Sides:
        """Without the accounts that setup.sh has made for a service whose USER has none."""
        mine = _content(self.mine + path)
        if path in ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"):
            mine = re.sub(_OURS, b"", mine)
        return Sides(mine, _content(self.theirs + path))

    def before(self, path: str) -> Sides:
        """What setup.sh has not changed is on the machine as it was."""
        mine = (self.record.before if path in self.record.changes else self.mine) + path
        return Sides(_content(mine), _content(self.base.root + path) if self.base else b"")

    @cached_property
    def times(self) -> frozenset[int]:
        """The times that files of the base have, in seconds."""
        seen = self.base.seen.values() if self.base else ()
        return frozenset(about.st_mtime_ns // 10**9 for about in seen)

    @cached_property
    def names(self) -> tuple[tuple[Mapping[int, str], Mapping[int, str]], ...]:
        """Users' and groups' names by their numbers: ours, theirs."""
        return tuple((_numbers(root + "/etc/passwd"), _numbers(root + "/etc/group")) for root in (self.mine, self.theirs))

    @cached_property
    def packages(self) -> frozenset[bytes]:
        """The Debian packages that the machine had before."""
        return frozenset(re.findall(rb"(?m)^Package: (\S+)", self.before("/var/lib/dpkg/status").mine))

    @cached_property
    def taken(self) -> tuple[frozenset[int], frozenset[int]]:
        """The numbers of users and groups that the machine had before."""
        users, groups = (self.before(path).mine for path in ("/etc/passwd", "/etc/group"))
        return frozenset(_names(users)), frozenset(_names(groups))


class Row(NamedTuple):
    """Differences of `what`, at places that match `where` (whole), if `is_it` says so of them."""

    code: str
    what: str
    where: str
    is_it: Callable[[Difference, Before], bool]
    reason: str
    witness: str


def _content(place: str) -> bytes:
    return contents(place) if os.path.isfile(place) and not os.path.islink(place) else b""


def _numbers(place: str) -> dict[int, str]:
    return _names(_content(place))


def _names(content: bytes) -> dict[int, str]:
    """passwd(5), group(5): the first name that a number has."""
    rows = [line.split(":") for line in content.decode(errors="replace").splitlines()]
    return {int(row[2]): row[0] for row in reversed(rows) if len(row) > 2 and row[2].isdigit()}


def _always(one: Difference, on: Before) -> bool:
    return True


def _own(one: Difference, on: Before) -> bool:
    return one.where in on.own


def _masked(one: Difference, on: Before) -> bool:
    place = on.mine + one.where
    return os.path.islink(place) and os.readlink(place) == "/dev/null"


def _is_empty(one: Difference, on: Before) -> bool:
    """Nothing is in it but other such places."""
    place = on.mine + one.where
    if os.path.islink(place):
        return False
    return {*os.listdir(place)} <= {"tmp", "resolv.conf", "hosts"} if os.path.isdir(place) else not os.path.getsize(place)


def _records(one: Difference, on: Before) -> bool:
    """A copy of what the file was one change before is judged by the file; one of some changes ago, by what was first."""
    path = earlier(one.where)
    taken = {"/etc/passwd": on.taken, "/etc/group": on.taken[1:]}.get(path)
    if taken and not same_numbers(on.now(path), on.before(path).mine, taken):
        return False
    return same_change(path, on.now(path), on.before(rotated(path)), lambda record: _is_of_package(record, on.packages))


def _is_of_package(record: bytes, packages: frozenset[bytes]) -> bool:
    match = re.match(rb"Package: (\S+)\nArchitecture: \S+\nAuto-Installed: ", record)
    return bool(match and match[1] in packages)


def _account_made(one: Difference, on: Before) -> bool:
    """setup.sh has made an account, and that touches these files. Only a copy is made with another mode."""
    made = any(re.search(_OURS, _content(f"{on.mine}/etc/{file}")) for file in ("passwd", "group"))
    return made and (one.what != "mode" or one.where.endswith("-"))


def _copy(one: Difference, on: Before) -> bool:
    """A file has a copy of what it was only if it was something."""
    path = rotated(earlier(one.where))
    before = on.before(path)
    return one.where != path and bool(before.mine) and not before.theirs


def _same_accounts(one: Difference, on: Before) -> bool:
    """The same names; a number is another only where the machine had given theirs away before."""
    return all(
        mine == theirs or (theirs in taken and names[0].get(mine) == names[1].get(theirs) is not None)
        for mine, theirs, taken, names in zip(
            _pair(one.ours), _pair(one.theirs), on.taken, zip(*on.names, strict=True), strict=True
        )
    )


def _pair(owner: str) -> tuple[int, ...]:
    return tuple(int(number) for number in owner.split(":"))


def _untouched(one: Difference, on: Before) -> bool:
    return one.where not in on.record.changes


def _kept_time(one: Difference, on: Before) -> bool:
    """A copy has the time that its file had."""
    return one.where != earlier(one.where) and int(one.ours) < on.record.began


def _older(one: Difference, on: Before) -> bool:
    return int(one.theirs) in on.times and int(one.ours) < on.record.began


ROWS: tuple[Row, ...] = (
    Row("host-service", "extra", ".*", _own, "what setup.sh installs to start it", "dock2sh provision"),
    Row("host-guard", "extra", r"/etc/systemd/(system|user)/[^/]+", _masked,
        "units that packages would start are masked on a machine", "apt-get install cron"),
    Row("host-private", "missing", r"/(tmp|run|var/tmp|var/run)/.+", _always,
        "/tmp, /var/tmp and /run are the machine's own", "touch /tmp/x"),
    Row("host-records", "content", ".*", _records,
        "the same records were put in and taken out, of a file that has others besides", "useradd"),
    Row("host-records", "extra", r"/etc/[^/]+|/var/lib/(dpkg|apt|ucf)/.+|/var/cache/debconf/.+", _copy,
        "the same records were put in and taken out, of a file that has others besides", "dpkg-statoverride"),
    *(Row("host-account", what, r"/etc/(passwd|group|g?shadow)-?", _account_made,
          "the service's USER is a number that no account has: systemd wants one", "USER 4242")
      for what in ("content", "mtime", "mode", "extra")),
    Row("host-numbers", "owner", ".*", _same_accounts,
        "the same account, by another number: the machine had given that one away", "useradd -r"),
    Row("host-times", "mtime", ".*", _older,
        "a time that a step kept from a file which was there before it", "useradd -m copies /etc/skel"),
    Row("host-times", "mtime", r"/var/cache/debconf/.+", _kept_time,
        "a time that a step kept from a file which was there before it", "apt-get install tzdata"),
    Row("host-had", "mode", "/etc/machine-id", _untouched,
        "the machine had this file before, and setup.sh has not touched it", "apt-get install systemd"),
    Row("host-had", "mtime", ".*", _untouched,
        "the machine had this file before, and setup.sh has not touched it", "apt-get install python3"),
    *(Row("host-apt", what, r"/var/cache/apt/(archives/[^/]+\.deb|(src)?pkgcache\.bin)|/var/lib/apt/lists/[^/]+", _always,
          "apt is told otherwise on a machine what to keep and to fetch", "apt-get update") for what in ("extra", "missing")),
    Row("host-log", "content", r"/var/log/(apt/(history\.log|term\.log|eipp\.log\.xz)|dpkg\.log|alternatives\.log)", _always,
        "the installers' logs tell of a machine that had other packages", "apt-get install"),
    *(Row("host-libraries", what, "/var/cache/ldconfig/aux-cache", _always,
          "ldconfig is not called where all libraries are there, and else it counts the machine's own", "apt-get install python3")
      for what in ("missing", "content")),
)  # fmt: skip

SERVICE_ROWS = (
    Row("host-edit", "service", ".*", _always,
        "what a machine gives the service besides: limits, when it is started, what it waits for", "systemctl edit"),
)  # fmt: skip
"""Of what starts the service (started.py names them)."""

TREE_ROWS = (
    Row("host-mounts", "extra", r"/(proc|sys|dev|run|tmp|etc|var|var/tmp|etc/resolv\.conf|etc/hosts|run/[^/]+)", _is_empty,
        "systemd makes the places on which it mounts something in a private tree", "RootDirectory=, MountAPIVFS=yes"),
)  # fmt: skip
"""Of a private tree: nothing else is in it but the image."""


def named(one: Difference, on: Before) -> Difference:
    """The difference, with the row that says by what a machine brings it about."""
    if one.noise or one.what in ("config", "history"):
        return one
    rows = ROWS if on.record.way == "merge" else TREE_ROWS
    fitting = (row for row in rows if row.what == one.what and re.fullmatch(row.where, one.where) and row.is_it(one, on))
    return one._replace(noise=next((row.code for row in fitting), ""))
