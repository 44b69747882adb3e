"""What comparing costs, as root:  ./dev python benchmarks/verify.py

Two roots over one base of a GiB, as `dock2sh verify` has them. Nothing changed: all of the comparing, in less than a second. Much
changed: at most one and a half times as long as reading what was written once, on two processors. Exit status 1 if a goal is
missed.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from dock2sh.verify import Case, Ours
from dock2sh.verify.layers import in_directories, mounted
from dock2sh.verify.reading import read_sides
from dock2sh.verify.reference import Built
from dock2sh.verify.snapshot import look, now, written

FILES, SIZE = 20_000, 53_687  # of the base: a GiB
WRITTEN, LARGE = 800, 536_870  # by both sides
ROUNDS = 5


def fill(folder: Path, count: int, size: int) -> None:
    block = random.Random(size).randbytes(size)  # the same on both sides
    for number in range(count):
        place = folder / str(number // 100)
        place.mkdir(parents=True, exist_ok=True)
        (place / str(number)).write_bytes(number.to_bytes(8, "big") + block[8:])


def read_once(folder: Path) -> None:
    buffer = bytearray(1 << 18)
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass


def best(action: Callable[[], object]) -> float:
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()  # of all threads; what else is at work on this machine does not count
        action()
        found.append(time.process_time() - start)
    return min(found)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dock2sh-benchmark-") as work, ExitStack() as stack:
        base = Path(work, "base")
        fill(base, FILES, SIZE)
        roots = []
        for side in ("ours", "theirs"):
            Path(work, side).mkdir()
            roots.append(stack.enter_context(mounted([str(base)], os.path.join(work, side), writable=True)))
        since = now(work)

        def compare() -> int:
            seen = look(roots[0])
            mine = Ours(roots[0], work, seen, since, written(seen, since), {})
            layers = in_directories([os.path.join(work, "theirs", "upper")])
            theirs = Built("", roots[1], look(roots[1]), layers, {}, (), since // 10**9, base=("base",))
            return read_sides(Case("", {}, "", "", "base"), mine, theirs).size

        nothing = best(compare)
        print(f"nothing changed, {FILES} files of a base of 1 GiB   {nothing * 1000:8.0f} ms   goal 1000 ms")
        for root in roots:
            fill(Path(root, "written"), WRITTEN, LARGE)
        size = compare()
        # both sides are read, each by a thread of its own
        changed, once = (
            (best(compare) - nothing) / min(2, os.cpu_count() or 1),
            best(lambda: read_once(Path(roots[1], "written"))),
        )
        print(f"{size / 1e6:.0f} MB written, beyond that {changed * 1000:8.0f} ms, read once {once * 1000:8.0f} ms: "
              f"{changed / once:.2f}   goal 1.50")  # fmt: skip
        return int(nothing > 1 or changed > 1.5 * once)


if __name__ == "__main__":
    sys.exit(main())
