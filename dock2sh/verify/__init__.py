"""The judge: the same Dockerfile built by docker and by our script, and every difference by name.

Knows neither the syntax of Dockerfiles nor where images come from: it is given a script, a config, and a way to unpack.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .compare import Difference, Result, compare, verdict
from .ours import SHELLS, Place, run_script
from .record import dump, load
from .reference import Built, NoReference, NotBuilt, built, copy_image, version
from .report import Verdict, as_json, text
from .snapshot import Scan, now, read, scan, snapshot

__all__ = [
    "SHELLS", "Case", "Difference", "NoReference", "NotBuilt", "Place", "Result", "Verdict", "as_json", "compare", "load",
    "record", "run_script", "snapshot", "text", "verdict", "verify",
]  # fmt: skip


class Case(NamedTuple):
    """What is verified. `script`, `config` and `history` are ours; `context`, `file` and `options` are docker's command line.

    `base` is the image that the target stage stands on ("" for scratch), `script_options` what the script is given besides its
    root and context (`--secret`, `--base`, ...). `history` holds our own instructions' entries, without the base's; None if
    it is not to be compared. `inline` as in `compare`.
    """

    script: str
    config: Mapping[str, Any]
    context: str
    file: str
    base: str = ""
    history: tuple[str, ...] | None = None
    options: Sequence[str] = ()
    script_options: Sequence[str] = ()
    inline: frozenset[str] = frozenset()


class _Ours(NamedTuple):
    root: str
    scan: Scan
    began: int


def verify(
    case: Case, unpack: Callable[[str, str], None] = copy_image, shell: str = "dash", against: Result | None = None
) -> Verdict:
    """Run our script, build with docker (or take the recorded result `against`), and compare. Needs root.

    `unpack(image, directory)` gives the root file system of an image, by default docker's own copy of it; it must be the very
    one that docker builds on. Every error of a side is in the verdict's notes; a side that refuses what the other one builds is
    `not built`.
    """
    with tempfile.TemporaryDirectory(prefix="dock2sh-verify-") as work:
        try:
            mine = _ours(case, unpack, shell, work)
            if against:
                return (
                    _failed("it was recorded as built", mine) if isinstance(mine, str) else _judge_recorded(case, mine, against)
                )
            with built(case.context, case.file, case.options, case.base) as theirs:
                return _failed("docker builds it", mine) if isinstance(mine, str) else _judge(case, mine, theirs)
        except NotBuilt as error:
            if isinstance(mine, str):
                return Verdict("identical", notes=(f"both refuse it. docker: {error}", f"the script: {mine}"))
            return Verdict("not built", notes=(f"the script builds it, docker does not: {error}",))
        except NoReference as error:
            return Verdict("inconclusive", notes=(str(error),))


def record(case: Case) -> str:
    """What docker makes of it, as a text that `record.load` reads. Raises NotBuilt, NoReference."""
    with built(case.context, case.file, case.options, case.base) as theirs:
        tree = read(theirs.root, theirs.scan.tree, theirs.scan.tree)
        history = theirs.history[-len(case.history) :] if case.history else None
        return dump(Result(tree, theirs.config, history, theirs.began), f"docker {version()}")


def _failed(other: str, said: str) -> Verdict:
    return Verdict("not built", notes=(f"{other}, the script does not: {said}",))


def _ours(case: Case, unpack: Callable[[str, str], None], shell: str, work: str) -> _Ours | str:
    """Run our script on a fresh root; the tail of what it said if it failed."""
    root = os.path.join(work, "root")
    os.mkdir(root)
    os.chmod(root, 0o755)
    if case.base:
        unpack(case.base, root)
    since = now(work)
    outcome = run_script(case.script, shell, Place(root, case.context, work), case.script_options)
    if outcome.status:
        return f"exit status {outcome.status}: {outcome.output.strip()[-2000:]}"
    return _Ours(root, scan(root, since), since // 10**9)


def _judge(case: Case, mine: _Ours, theirs: Built) -> Verdict:
    """Read what either side changed, on both sides, and compare."""
    paths = mine.scan.changed | theirs.scan.changed
    length = len(case.history or ())
    ours = Result(read(mine.root, mine.scan.tree, paths), case.config, case.history, mine.began)
    history = theirs.history[-length:] if length else ()
    reference = Result(
        read(theirs.root, theirs.scan.tree, paths), theirs.config, history if case.history is not None else None, theirs.began
    )

    def contents(path: str) -> tuple[bytes, bytes]:
        return _bytes(mine.root + path), _bytes(theirs.root + path)

    differences = tuple(compare(ours, reference, contents, case.inline))
    return Verdict(verdict(differences), differences, len(theirs.scan.tree))


def _judge_recorded(case: Case, mine: _Ours, against: Result) -> Verdict:
    """Read everything: what was recorded has no base that could be shared."""
    ours = Result(read(mine.root, mine.scan.tree, mine.scan.tree), case.config, case.history, mine.began)
    differences = tuple(compare(ours, against, inline=case.inline))
    note = "compared with a record: what differs could not be searched for known noise"
    return Verdict(verdict(differences), differences, len(against.tree), (note,) if differences else ())


def _bytes(place: str) -> bytes:
    with open(place, "rb") as file:
        return file.read()
