"""Make every sample's setup.sh again:  ./dev python samples/update.py

With --check nothing is written; the exit status tells whether there was something to write (tests/test_samples.py asks so).
"""

import sys
from pathlib import Path

import dock2sh
from dock2sh.plan.context import locate

HERE = Path(__file__).parent

# Their base image stays unknown, as on a machine without docker; debian's is docker's default (PATH, a shell) indeed.
OPEN = {"node"}


def samples() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/Dockerfile"))


def made(sample: Path) -> str:
    """What `dock2sh --offline SAMPLE` writes; without --offline for those in OPEN."""
    project = locate(str(sample))
    dockerfile = dock2sh.parse(project.text)
    plan = dock2sh.evaluate(dockerfile, find_base=None if sample.name in OPEN else dock2sh.find_bases({}, offline=True))
    return dock2sh.script(plan, project, dockerfile.escape)


def main() -> int:
    stale = [sample for sample in samples() if not _is(sample / "setup.sh", made(sample))]
    for sample in stale:
        print(f"samples/{sample.name}/setup.sh")
        if "--check" not in sys.argv[1:]:
            (sample / "setup.sh").write_text(made(sample))
    return int(bool(stale) and "--check" in sys.argv[1:])


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
