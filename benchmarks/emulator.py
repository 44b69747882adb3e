"""The emulator beside `docker build`, as ratios of elapsed time:  ./dev python benchmarks/emulator.py [--large]

Needs root and a Docker Engine with the image busybox (tests/engine/start.sh starts one); base images are at hand for both.
--large adds a context of 10,000 files and 1 GiB. Exit status 1 if a goal is missed, 3 without docker.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from run import Row, show

ROUNDS = 5
STEPS = "FROM busybox\n" + "".join(f"RUN true {number}\n" for number in range(20))
SMALL = "FROM busybox\nCOPY . /x\n"
PACKAGE = "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends tree\nCOPY . /x\n"


def elapsed(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def beside(folder: Path, cold: bool, rounds: int = ROUNDS, before: Callable[[], None] = lambda: None) -> tuple[float, float]:
    """The best of ours and of docker's, in turns."""
    times: list[list[float]] = [[], []]
    flags = ["--no-cache"] if cold else []
    for _ in range(rounds):
        before()
        times[0].append(elapsed(sys.executable, "-m", "dock2sh", "emulate", "-q", *flags, str(folder)))
        before()
        times[1].append(elapsed("docker", "build", "-q", *flags, str(folder)))
    return min(times[0]), min(times[1])


def project(home: Path, name: str, dockerfile: str, files: int = 0, size: int = 0) -> Path:
    """A build context with so many files of that size (bytes)."""
    folder = home / f"bench-{name}-{os.getpid()}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    for number in range(files):
        place = folder / str(number // 100)
        place.mkdir(exist_ok=True)
        (place / str(number)).write_bytes(os.urandom(size))
    return folder


def rows(home: Path, large: bool) -> list[Row]:
    steps = project(home, "steps", STEPS)
    beside(steps, cold=False, rounds=1)
    found = [Row("20 steps, cold: docker build", *beside(steps, cold=True), 1 / 8)]
    found.append(Row("20 steps, nothing changed: docker build", *beside(steps, cold=False), 1))
    package = project(home, "package", PACKAGE, files=1000, size=4096)
    found.append(Row("apt-get and 1,000 files: docker build", *beside(package, cold=True, rounds=2), 1))
    if large:
        context = project(home, "large", SMALL, files=10_000, size=107_374)
        found.append(Row("10,000 files, 1 GiB, cold: docker build", *beside(context, cold=True, rounds=2), 1))

        def change() -> None:
            (context / "7/700").write_bytes(os.urandom(100))

        found.append(Row("the same, one file changed: docker build", *beside(context, False, 2, change), 1))
    return found


def main() -> int:
    if os.geteuid() or subprocess.run(["docker", "image", "inspect", "busybox"], capture_output=True, check=False).returncode:
        print('without docker: as root, eval "$(tests/engine/start.sh)"', file=sys.stderr)
        return 3
    home = Path(tempfile.mkdtemp(prefix="dock2sh-bench-", dir=os.environ.get("XDG_CACHE_HOME") or Path.home()))
    os.environ["XDG_DATA_HOME"] = str(home / "data")
    try:
        return show(rows(home, "--large" in sys.argv))
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    sys.exit(main())
