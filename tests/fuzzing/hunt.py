"""Random texts, asked of docker and of us, until the time is over:  python -m tests.fuzzing.hunt --minutes 30

They are recorded Dockerfiles with a few characters changed, instructions with flags (both go through `docker build
--call=check`), and files of settings, which are built. Needs docker. What differs is printed and written to ./found.
Exit status: 0 no difference, 1 some, 2 usage.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.fuzzing.asked import checked_by_docker, checked_by_us, configured_by_docker, configured_by_us, difference
from tests.fuzzing.dice import Dice
from tests.fuzzing.flagged import flagged
from tests.fuzzing.texts import mutated, settings

TESTS = Path(__file__).parents[1]
LONGEST = 3000
"""Characters of a text that is changed: a change in a longer one hits what was hit before."""


def pool() -> list[str]:
    """The recorded cases' Dockerfiles and the samples'."""
    paths = sorted([*(TESTS / "conformance/cases").rglob("Dockerfile*"), *(TESTS.parent / "samples").glob("*/Dockerfile")])
    texts = [path.read_bytes().decode("utf-8", "surrogateescape") for path in paths if path.is_file()]
    return [text for text in texts if len(text) < LONGEST and "syntax" not in text[:100]]


def asked(seed: int, home: Path, texts: list[str]) -> tuple[str, str] | None:
    """The text of a seed and what differs; None if the engine could not say."""
    dice = Dice(Random(seed))
    match dice.pick(("settings", "mutated", "flagged")):
        case "settings":
            text = settings(dice)
            ours, theirs = configured_by_us(text), configured_by_docker(text, home)
        case kind:
            text = flagged(dice) if kind == "flagged" else mutated(dice, texts)
            ours, theirs = checked_by_us(text), checked_by_docker(text, home)
    return (text, difference(theirs, ours)) if theirs and ours else None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzzing.hunt", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=0, help="how long")
    parser.add_argument("--count", type=int, default=sys.maxsize, help="how many")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first text's seed (default: the time)")
    parser.add_argument("--output", "-o", type=Path, default=Path("found"), metavar="DIR", help="where differences are written")
    options = parser.parse_args()
    if not options.minutes and options.count == sys.maxsize:
        parser.error("how long? --minutes N, or --count N")
    with tempfile.TemporaryDirectory(prefix="dock2sh-texts-") as home:
        return _hunt(options, Path(home))


def _hunt(options: argparse.Namespace, home: Path) -> int:
    end, texts = time.monotonic() + (options.minutes or 1e9) * 60, pool()
    number = undecided = different = 0
    while number < options.count and time.monotonic() < end:
        answer = asked(options.seed + number, home, texts)
        number += 1
        undecided += answer is None
        if answer and answer[1]:
            different += 1
            options.output.mkdir(exist_ok=True)
            (options.output / f"text-{options.seed + number - 1}").write_text(answer[0], errors="surrogateescape", newline="")
            print(f"seed {options.seed + number - 1}:\n{answer[1]}\n", flush=True)
    print(f"seed {options.seed}: {number} texts, {undecided} undecided, {different} different", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
