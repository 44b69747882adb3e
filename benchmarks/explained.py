"""How much of public RUN lines `explain` explains:  ./dev python benchmarks/explained.py DIR... [--top 40]

DIR holds Dockerfiles, under any names; each RUN counts once, however often it is there. What is printed are shares, then what is
missing most: commands that no file is about, and words of known commands that stay unexplained.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dock2sh
from dock2sh.bases import assumed
from dock2sh.explain import explain
from dock2sh.explain.tree import Command, Step
from dock2sh.plan.evaluate import Options
from dock2sh.source import Refused


class Tally:
    """What was counted. `refused` are files that docker would refuse, too, or that are no Dockerfiles (templates)."""

    def __init__(self) -> None:
        self.files = self.refused = self.runs = self.whole = self.unread = 0
        self.commands = self.known = self.words = self.explained = 0
        self.strangers, self.missing = Counter[str](), Counter[str]()
        self.seen = set[str]()

    def file(self, path: Path) -> None:
        self.files += 1
        try:
            steps = tuple(runs(path.read_text(errors="replace"), path.name))
        except Refused:
            self.refused += 1
            return
        for step in steps:
            if step.source not in self.seen:
                self.seen.add(step.source)
                self.run(step)

    def run(self, step: Step) -> None:
        missing = sum(self.command(command) for command in step.commands)
        self.runs += 1
        self.unread += bool(step.unread)
        self.whole += not missing and not step.unread and bool(step.commands)

    def command(self, command: Command) -> int:
        """How many words of it are not explained. The name of one that nobody knows is a word, too."""
        unknown = [part.text for part in command.parts if part.kind == "unknown"]
        if command.title or not command.known:
            self.commands += 1
            self.known += command.known
        self.words += len(command.parts)
        self.explained += len(command.parts) - len(unknown) - (not command.known)
        if command.known:
            self.missing.update(f"{command.title}: {word[:60]}" for word in unknown)
        else:
            self.strangers[command.title[:60]] += 1
        return len(unknown) + (not command.known)


def runs(text: str, name: str) -> Iterator[Step]:
    """The RUNs of a Dockerfile, in the stages that are built, as explain has them. Raises Refused."""
    dockerfile = dock2sh.parse(text)
    plan = dock2sh.evaluate(dockerfile, Options(platform="linux/amd64"), assumed)
    for stage in explain(plan, dockerfile, name).stages:
        yield from (step for step in stage.steps if step.keyword == "RUN" and step.phase == "build")


def share(part: int, whole: int) -> str:
    return f"{part:>8,} of {whole:>8,}  {100 * part / max(whole, 1):5.1f} %"


def report(tally: Tally, top: int) -> Iterator[str]:
    yield f"files               {tally.files:>8,}, not to be read {tally.refused:,}"
    yield f"commands known      {share(tally.known, tally.commands)}"
    yield f"words explained     {share(tally.explained, tally.words)}"
    yield f"RUN lines whole     {share(tally.whole, tally.runs)}"
    yield f"...in part unread   {share(tally.unread, tally.runs)}"
    for title, counter in (("commands that no file is about", tally.strangers), ("words of known ones", tally.missing)):
        yield f"\n{title}"
        yield from (f"{count:>6}  {name!r}" for name, count in counter.most_common(top))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--top", type=int, default=40)
    given = parser.parse_args()
    tally, start = Tally(), time.process_time()
    for place in given.places:
        for path in sorted(each for each in place.rglob("*") if each.is_file()) if place.is_dir() else [place]:
            tally.file(path)
    print("\n".join(report(tally, given.top)))
    print(f"\n{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
