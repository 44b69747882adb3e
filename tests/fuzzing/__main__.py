"""Random Dockerfiles, built by docker and by the script, until the time is over: see `--help`."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event, Lock

from dock2sh.verify import SHELLS
from tests.fuzzing.case import Case, save
from tests.fuzzing.dice import Dice
from tests.fuzzing.generate import generate
from tests.fuzzing.instructions import Engine
from tests.fuzzing.judge import Finding, Judge
from tests.fuzzing.shrink import shrink

EXAMPLES = """\
  python -m tests.fuzzing --minutes 60                   an hour; what is found goes to ./found
  python -m tests.fuzzing --seed 4711 --count 1          this one again
  python -m tests.fuzzing --seed 4711 --count 1 --show   what it is made of, and nothing built

Needs root and docker; where BUILDX_BUILDER names a builder, that one is asked. Each difference becomes a directory as those in
tests/fuzzed, with `finding.txt`, what differs.
Exit status: 0 no difference, 1 some, 2 usage.
"""
WITH = "what the engine can, too: link, COPY --link (its image store must merge layers); new, BuildKit of 2026 (COPY --parents)"


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    engine = Engine("link" in options.with_, "new" in options.with_)
    if options.show:
        show(generate(Dice(Random(options.seed)), engine))
        return 0
    with tempfile.TemporaryDirectory(prefix="dock2sh-fuzzing-") as home:
        judge = Judge(Path(home), tuple(options.shell), emulating=options.emulate)
        try:
            return _Hunt(judge, engine, Path(options.output), options.shrink).run(options)
        finally:
            judge.close()


def show(case: Case) -> None:
    """A case in words."""
    print(case.text)
    for item in case.items:
        print(
            f"{item.kind} {item.mode:04o} {item.owner} {item.path!r}", f"-> {item.target}" if item.target else item.content[:60]
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzzing", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--minutes", type=float, default=0, help="how long (default: until --count)")
    add("--count", type=int, default=0, help="how many builds (default: until --minutes)")
    add("--seed", type=int, default=None, help="the first build's seed; the next have the next (default: the time)")
    add("--jobs", type=int, default=2, help="how many at a time")
    add("--shell", action="append", choices=tuple(SHELLS), help="who runs the script (default: dash; may be repeated)")
    add("--output", "-o", default="found", metavar="DIR", help="where differences are written (default: ./found)")
    add("--shrink", type=int, default=80, metavar="N", help="builds spent on making a difference small")
    add("--show", action="store_true", help="print the first case, build nothing")
    add("--emulate", action="store_true", help="our side is the emulator, a layer a step, instead of the script alone; one job")
    add("--with", dest="with_", action="append", default=[], choices=("link", "new"), help=WITH)
    options = parser.parse_args()
    if not (options.minutes or options.count or options.show):
        parser.error("how long? --minutes N, or --count N")
    options.seed = int(time.time()) if options.seed is None else options.seed
    options.shell = options.shell or ["dash"]
    options.jobs = 1 if options.emulate else options.jobs  # its mounts are a process's own
    return options


class _Hunt:
    def __init__(self, judge: Judge, engine: Engine, output: Path, tries: int) -> None:
        self.judge, self.engine, self.output, self.tries = judge, engine, output, tries
        self.counts: Counter[str] = Counter()
        self._writing, self._over = Lock(), Event()

    def run(self, options: argparse.Namespace) -> int:
        """All builds; 1 if there was a difference."""
        end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
        seeds = iter(range(options.seed, options.seed + options.count) if options.count else range(options.seed, sys.maxsize))
        with ThreadPoolExecutor(options.jobs) as pool:
            try:
                list(pool.map(lambda _: self._work(seeds, end), range(options.jobs)))
            finally:  # also after Ctrl-C: the builds that are under way end, and what they made goes
                self._over.set()
        print(f"seed {options.seed}: {dict(self.counts)}", file=sys.stderr)
        return 1 if self.counts["different"] + self.counts["crash"] else 0

    def _work(self, seeds: Iterator[int], end: float) -> None:
        while time.monotonic() < end and not self._over.is_set():
            with self._writing:
                seed = next(seeds, None)
            if seed is None:
                return
            self._one(seed)

    def _one(self, seed: int) -> None:
        case = generate(Dice(Random(seed)), self.engine)
        finding = self.judge.ask(case)
        with self._writing:
            self.counts[finding.kind] += 1
            if sum(self.counts.values()) % 100 == 0:
                print(f"after {sum(self.counts.values())}: {dict(self.counts)}", file=sys.stderr)
        if finding.bad:
            small = shrink(case, lambda candidate: self.judge.ask(candidate).bad, self.tries)
            first = f"{case.text}\n{finding.kind}: {finding.text}"  # what is not there a second time is known from here alone
            self._write(f"seed-{seed}", small, self.judge.ask(small) if small != case else finding, first)

    def _write(self, name: str, case: Case, finding: Finding, first: str) -> None:
        answer = self.judge.record(case)
        notes = {"finding.txt": finding.text, "first.txt": first} | ({"error.txt": answer} if isinstance(answer, str) else {})
        with self._writing:
            save(case, self.output / name, notes, None if isinstance(answer, str) else answer)
            print(f"{name}: {finding.kind}: {self.output / name}", file=sys.stderr)


try:
    status = main()
    sys.stdout.flush()
    sys.exit(status)
except KeyboardInterrupt:
    sys.exit(130)
except BrokenPipeError:  # `--show | head`; what Python flushes at its end has nowhere to go either
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)
