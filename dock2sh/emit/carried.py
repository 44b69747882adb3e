"""What a script carries of a lock (dock2sh.lock): lines for its steps, as data that nothing expands, and how they are meant.

What the lines say is the business of lock/, which writes them, and of runtime/lock.sh, which reads them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dock2sh.emit.display import delimiter
from dock2sh.emit.quoting import quote


class Carried(NamedTuple):
    """`steps` has the lines for each step, by its number; `texts` whole files that they name by number; `adds` the digest or
    commit of what an ADD fetches, by the step's number and the URL; `contexts` the commits of named contexts, by their names.

    `mode` is strict or prefer. `name` is the lock's, for the reader. `records` is a directory where the steps note what they get:
    then every RUN has something to do with it; with `keep` the files are kept there, too.
    """

    mode: str = "strict"
    steps: Mapping[int, Sequence[str]] = {}
    texts: Sequence[str] = ()
    adds: Mapping[tuple[int, str], str] = {}
    name: str = "dock2sh.lock"
    records: str = ""
    keep: bool = False
    contexts: Mapping[str, str] = {}

    def concerns(self, number: int) -> bool:
        """Whether step `number` has to do with it."""
        return bool(self.records) or number in self.steps

    def held(self, number: int) -> list[str]:
        """All that the lock says of step `number`, but how strictly it is meant."""
        lines = [line for line in self.steps.get(number, ()) if not line.startswith("file ")]
        files = [line.split(" ", 2) for line in self.steps.get(number, ()) if line.startswith("file ")]
        adds = [f"{url} {digest}" for (step, url), digest in self.adds.items() if step == number]
        return [*lines, *(f"file {path} {self.texts[int(text)]}" for _, text, path in files), *adds]


def data(carried: Carried) -> str:
    """The functions and variables that runtime/lock.sh asks for."""
    lines = [
        f"# What {carried.name} holds for the steps. strict: exactly that, or it stops; prefer: that, and a word on the rest.",
        f"lock_mode={carried.mode}",
        *([f"lock_records={quote(carried.records)} lock_keep={'yes' if carried.keep else quote('')}"] if carried.records else []),
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
