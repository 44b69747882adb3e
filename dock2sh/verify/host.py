"""A machine that setup.sh has set up, beside a real build: the final file system on the host against the image's.

A machine is not the image's base: it has more packages, accounts and units. So only what setup.sh has noted, and what the image's
own layers write or delete, is compared. `machines.py` names what a machine brings about.
"""

import os
from contextlib import ExitStack
from typing import NamedTuple

from .case import Case, How
from .docker import Docker
from .engines import Engine, NoReference, NotBuilt
from .judge import judged, their_side
from .machine import Machine, Record, files, look_at, read_record
from .machines import ALWAYS, Before, named
from .reference import Built, opened
from .report import Verdict
from .side import Ours
from .snapshot import look
from .started import Service, numbers, started
from .workplace import sweep, workplace


class Wanted(NamedTuple):
    """The machine, its service, and the paths of what setup.sh installs to start it."""

    machine: Machine
    service: Service
    own: frozenset[str] = frozenset()


def verify_host(case: Case, how: How, by: Engine | None, wanted: Wanted) -> Verdict:
    """Build the reference, read the machine, and compare. What goes wrong is in the verdict's notes, as with `verify`."""
    by = by or Docker()
    sweep()
    with workplace() as work, ExitStack() as stack:
        try:
            record = read_record(wanted.machine, wanted.service.name, work)
            theirs = their_side(case, how, by, stack)
            mine = (_private_tree if record.way == "root" else _merged)(wanted, record, theirs, work)
            base = by.tell(case.base) if case.base else None
            below = stack.enter_context(opened(by, base, unpack=how.unpack)) if base else None
            on = Before(mine.root, theirs.root, below, record, wanted.own)
            theirs = theirs._replace(seen={path: theirs.seen[path] for path in mine.changed if path in theirs.seen})
            ids = numbers(str(theirs.config.get("User") or ""), theirs.root)
            starts = started(wanted.machine, wanted.service, record, theirs.config, ids, work)
            return judged(case, how, by, mine, theirs, stack, lambda found: [*(named(one, on) for one in found), *starts])
        except NotBuilt as error:
            return Verdict("not built", notes=(f"{by.name} does not build it: {error}",))
        except NoReference as error:
            return Verdict("inconclusive", notes=(str(error),))


def _private_tree(wanted: Wanted, record: Record, theirs: Built, work: str) -> Ours:
    """A tree of its own: all of it is compared."""
    below = f"/var/lib/dock2sh/{wanted.service.name}/rootfs"
    root = files(wanted.machine, below, ("/",), os.path.join(work, "host"), tree=True)
    seen = look(root)
    paths = frozenset(seen.keys() | theirs.seen.keys())
    return Ours(root, work, seen, record.began * 10**9, paths, {}, f"{wanted.machine.where}{below}")


def _merged(wanted: Wanted, record: Record, theirs: Built, work: str) -> Ours:
    """What the machine's own files have become: of those that setup.sh noted, and that the image writes or deletes."""
    paths = frozenset(path for path in record.changes.keys() | theirs.changed if not _is_ours(path))
    root = files(wanted.machine, "/", paths | ALWAYS, os.path.join(work, "host"))
    return Ours(root, work, look_at(root, paths), record.began * 10**9, paths, {}, wanted.machine.where)


def _is_ours(path: str) -> bool:
    return path == "/var/lib/dock2sh" or path.startswith("/var/lib/dock2sh/")
