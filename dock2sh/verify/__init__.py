"""The judge: the same Dockerfile built by docker and by our script, and every difference by name.

Knows neither the syntax of Dockerfiles nor where images come from: it is given a script, a config, and a way to unpack.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .compare import Difference, Result, compare, verdict
from .ours import SHELLS, Place, run_script
from .reference import Built, NoReference, NotBuilt, built
from .report import Verdict, as_json, text
from .snapshot import Scan, now, read, scan, snapshot

__all__ = [
    "SHELLS", "Case", "Difference", "Place", "Result", "Verdict", "as_json", "compare", "run_script", "snapshot", "text",
    "verdict", "verify",
]  # fmt: skip


class Case(NamedTuple):
    """What is verified. `script`, `config` and `history` are ours; `context`, `file` and `options` are docker's command line.

    `base` is the image that the target stage stands on ("" for scratch), `script_options` what the script is given besides its
    root and context (`--secret`, `--base`, ...). `history` holds our own instructions' entries, without the base's; None if
    it is not to be compared.
    """

    script: str
    config: Mapping[str, Any]
    context: str
    file: str
    base: str = ""
    history: tuple[str, ...] | None = None
    options: Sequence[str] = ()
    script_options: Sequence[str] = ()


class _Ours(NamedTuple):
    root: str
    scan: Scan
    began: int


def verify(case: Case, unpack: Callable[[str, str], None], shell: str = "dash") -> Verdict:
    """Build with docker and by our script, and compare. Needs root and a docker.

    `unpack(image, directory)` gives the root file system of an image; it must be the very one that docker builds on. Every
    error of a side is in the verdict's notes; a side that refuses what the other one builds is `not built`.
    """
    with tempfile.TemporaryDirectory(prefix="dock2sh-verify-") as work:
        mine = _ours(case, unpack, shell, work)
        try:
            with built(case.context, case.file, case.options, case.base) as theirs:
                if isinstance(mine, str):
                    return Verdict("not built", notes=(f"docker builds it, the script does not: {mine}",))
                return _judge(case, mine, theirs)
        except NotBuilt as error:
            if isinstance(mine, str):
                return Verdict("identical", notes=(f"both refuse it. docker: {error}", f"the script: {mine}"))
            return Verdict("not built", notes=(f"the script builds it, docker does not: {error}",))
        except NoReference as error:
            return Verdict("inconclusive", notes=(str(error),))


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

    differences = tuple(compare(ours, reference, contents))
    return Verdict(verdict(differences), differences, len(theirs.scan.tree))


def _bytes(place: str) -> bytes:
    with open(place, "rb") as file:
        return file.read()
