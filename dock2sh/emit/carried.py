"""What a script carries of a lock (dock2sh.lock): lines for its steps, as data that nothing expands, and how they are meant.

What the lines say is the business of lock/, which writes them, and of runtime/lock.sh, which reads them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dock2sh.emit.display import delimiter
from dock2sh.emit.quoting import quote


class Carried(NamedTuple):
    """`steps` has the lines for each step, by its number; `texts` whole files that they name by number; `adds` the digest or
    commit of what an ADD fetches, by the step's number and the URL.

    `mode` is strict or prefer. `name` is the lock's, for the reader. `vendor` is a directory that has files of it, `records` one
    where the steps note what they get: then every RUN has something to do with it.
    """

    mode: str = "strict"
    steps: Mapping[int, Sequence[str]] = {}
    texts: Sequence[str] = ()
    adds: Mapping[tuple[int, str], str] = {}
    name: str = "dock2sh.lock"
    vendor: str = ""
    records: str = ""

    def concerns(self, number: int) -> bool:
        """Whether step `number` has to do with it."""
        return bool(self.records) or number in self.steps


def data(carried: Carried) -> str:
    """The functions and variables that runtime/lock.sh asks for."""
    lines = [
        f"# What {carried.name} holds for the steps. strict: exactly that, or it stops; prefer: that, and a word on the rest.",
        f"lock_mode={carried.mode} lock_vendor={quote(carried.vendor)} lock_records={quote(carried.records)}",
        _cases("lock_data", {number: "".join(f"{line}\n" for line in held) for number, held in carried.steps.items()}, "LOCK"),
    ]
    if carried.texts:
        lines.append(_cases("lock_text", dict(enumerate(carried.texts)), "TEXT"))
    return "\n".join(lines)


def _cases(name: str, texts: Mapping[int, str], wish: str) -> str:
    lines = [f"{name}() {{", "    case $1 in"]
    for number, text in texts.items():
        whole = text if text.endswith("\n") or not text else text + "\n"
        end = delimiter(whole, wish)
        lines.append(f"    {number})\n        cat <<'{end}'\n{whole}{end}\n        ;;")
    return "\n".join([*lines, "    *) ;;", "    esac", "}", ""])
