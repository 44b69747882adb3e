"""Many Dockerfiles, one after the other and side by side: on this machine, or over the workers of a Dask scheduler.

Each one is verified by a process of its own (`dock2sh verify --format json`): what breaks there breaks there. Every answer is
written to a file as soon as it is there, a line of JSON each, so that a run that was stopped goes on where it was.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from dock2sh.ending import with_us

from .report import SCHEMA, STATUS
from .snapshot import entries, look, read
from .workplace import workplace

Row = dict[str, Any]
_SKIPPED = {".git", ".hg", "node_modules", ".venv"}


class Job(NamedTuple):
    """A Dockerfile to verify. `name` is its path below the directory that was asked for, `key` tells what exactly was verified.

    `context` is a tar of its directory for a worker on another machine, or None: then `folder` is where it lies here.
    """

    name: str
    key: str
    folder: str
    options: tuple[str, ...]
    context: bytes | None = None


class Farm(NamedTuple):
    """What is done: `options` go to each `dock2sh verify`, `jobs` run at a time, or as many as the `scheduler` has workers."""

    folder: str
    options: tuple[str, ...] = ()
    results: str = ""
    jobs: int = 1
    scheduler: str = ""


def dockerfiles(folder: str) -> list[str]:
    """Every Dockerfile below a directory, by its path in there: Dockerfile, Containerfile, Dockerfile.NAME, NAME.Dockerfile."""
    found = []
    for place, directories, files in os.walk(folder):
        directories[:] = sorted(name for name in directories if name not in _SKIPPED)
        found += [os.path.relpath(os.path.join(place, name), folder) for name in files if _is_dockerfile(name)]
    return sorted(found)


def _is_dockerfile(name: str) -> bool:
    if name.endswith((".dockerignore", "~", ".orig", ".rej")):
        return False
    return name in ("Dockerfile", "Containerfile") or name.startswith("Dockerfile.") or name.lower().endswith(".dockerfile")


def run(farm: Farm, tell: Callable[[Row], None]) -> list[Row]:
    """Verify all that are not in the results yet; `tell` gets each row as it comes. All rows, by name."""
    jobs = list(_jobs(farm))
    done = {row["key"]: row for row in _kept(farm.results)}
    missing = [job for job in jobs if job.key not in done]
    with _appending(farm.results) as keep:
        for row in _distributed(farm, missing) if farm.scheduler else _here(farm, missing):
            keep(row)
            done[row["key"]] = row
            tell(row)
    return [done[job.key] for job in jobs]


def _jobs(farm: Farm) -> Iterator[Job]:
    """What is to be done. Another text of the Dockerfile, another option, or anything else in its context is another job."""
    contexts: dict[str, str] = {}
    for name in dockerfiles(farm.folder):
        place = os.path.join(farm.folder, name)
        folder = os.path.dirname(os.path.abspath(place))
        if folder not in contexts:
            contexts[folder] = _digest(folder, os.path.abspath(farm.results) if farm.results else "")
        parts = [name.encode(errors="surrogateescape"), Path(place).read_bytes(), repr(farm.options).encode()]
        key = hashlib.sha256(b"\0".join([*parts, contexts[folder].encode()])).hexdigest()
        yield Job(name, key, folder, farm.options)


def _digest(folder: str, results: str) -> str:
    """What docker may take of a directory: names, modes, contents and times of files; less the file that we write ourselves."""
    seen = look(folder)
    tree = read(folder, found := entries(folder, seen, seen), [path for path in found if folder + path != results])
    lines = [
        f"{path!r} {entry.kind} {entry.mode:o} {entry.mtime if entry.kind != 'd' else ''} {entry.digest} {entry.target!r}"
        for path, entry in sorted(tree.items())
        if folder + path != results
    ]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


# -- one -----------------------------------------------------------------------------------------------------------------------


Begun = Callable[["subprocess.Popen[bytes]"], None]


class _Running:
    """The processes of the jobs: they end with the farm, and in order, so that what they have built and mounted goes."""

    def __init__(self) -> None:
        self._begun: list[subprocess.Popen[bytes]] = []
        self._over = False

    def begun(self, process: "subprocess.Popen[bytes]") -> None:
        self._begun.append(process)
        if self._over:
            process.terminate()

    def end(self) -> None:
        self._over = True
        for process in self._begun:
            process.terminate()


def work(job: Job, begun: Begun = lambda process: None) -> Row:
    """Verify one Dockerfile; runs on whichever machine. Never raises: what goes wrong is the row's verdict and text."""
    with workplace() as folder:
        context = job.folder
        if job.context is not None:
            # docker tells contexts apart by little more than the folder's name
            context = os.path.join(folder, f"context-{job.key[:12]}")
            with tarfile.open(fileobj=io.BytesIO(job.context)) as tar:
                # made by us a moment ago, of the user's own files; Debian 12's Python has no `filter=` yet
                tar.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
                tar.extractall(context)
        file = os.path.join(context, os.path.basename(job.name))
        started = time.monotonic()
        command = [sys.executable, "-m", "dock2sh", "verify", "--format", "json", *job.options, "-f", file, context]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen([*with_us(), *command], stdin=nothing, stdout=pipe, stderr=pipe) as process:
            begun(process)
            said, complaints = process.communicate()
        done = subprocess.CompletedProcess(command, process.returncode, said, complaints)
        return _row(job, done, time.monotonic() - started)


def _row(job: Job, done: "subprocess.CompletedProcess[bytes]", seconds: float) -> Row:
    """What the process answered, in short; one that is no answer (a usage error, a crash) is `not built`."""
    about = {"name": job.name, "key": job.key, "seconds": round(seconds, 1), "machine": os.uname().nodename}
    try:
        told = json.loads(done.stdout)
        if not isinstance(told, dict) or told.get("schema") != SCHEMA:
            raise ValueError("not a verdict")
    except ValueError:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
        return {
            **about,
            "verdict": "not built",
            "files": 0,
            "real": 0,
            "noise": 0,
            "text": said or f"exit status {done.returncode}",
        }
    real = [one for one in told["differences"] if not one["noise"]]
    lines = [f"{one['what']} {one['where']}: ours {one['ours']}, theirs {one['theirs']}" for one in real[:50]]
    return {
        **about,
        "verdict": told["verdict"],
        "files": told["files"],
        "real": len(real),
        "noise": len(told["differences"]) - len(real),
        "text": "\n".join([*lines, *told["notes"]]),
    }


# -- all -----------------------------------------------------------------------------------------------------------------------


def _here(farm: Farm, jobs: Sequence[Job]) -> Iterator[Row]:
    pool, running = ThreadPoolExecutor(farm.jobs), _Running()
    try:
        for future in as_completed([pool.submit(work, job, running.begun) for job in jobs]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        running.end()
        pool.shutdown()


def _distributed(farm: Farm, jobs: Sequence[Job]) -> Iterator[Row]:
    """Over the workers of a Dask scheduler. A worker that is lost costs no answer: another one gets its job."""
    from distributed import Client
    from distributed import as_completed as completed

    with Client(farm.scheduler, timeout=10) as client:
        futures = client.map(work, [_packed(job) for job in jobs], pure=False, retries=2)
        for future in completed(futures):
            yield future.result()


def _packed(job: Job) -> Job:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.add(job.folder, ".")
    return job._replace(context=made.getvalue())


# -- the results ---------------------------------------------------------------------------------------------------------------


def _kept(results: str) -> Iterable[Row]:
    """The rows of an earlier run. The last line may be torn: the run was stopped while it was written."""
    if not results or not os.path.exists(results):
        return
    for line in Path(results).read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("key") and row.get("verdict") in STATUS:
            yield row


class _appending:
    """Writes each row to the end of a file, at once; nowhere if the file has no name."""

    def __init__(self, results: str) -> None:
        self._file = open(results, "a+", encoding="utf-8") if results else None  # noqa: SIM115  (closed by __exit__)

    def __enter__(self) -> Callable[[Row], None]:
        if self._file and self._file.tell() and not Path(self._file.name).read_bytes().endswith(b"\n"):
            self._file.write("\n")
        return self._keep

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.close()

    def _keep(self, row: Row) -> None:
        if self._file:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def table(rows: Sequence[Row]) -> str:
    """All answers, a line each, the worst first, and the counts."""
    order = ("different", "not built", "inconclusive", "equivalent", "identical")
    width = max((len(row["name"]) for row in rows), default=0)
    numbers = "{files:7} files {real:5} differences {noise:5} noise {seconds:7.1f} s"
    worst_first = sorted(rows, key=lambda row: (order.index(row["verdict"]), row["name"]))
    lines = [f"{row['verdict'].upper():13} {row['name']:{width}}  " + numbers.format(**row) for row in worst_first]
    counts = ", ".join(f"{count} {word}" for word in order if (count := sum(row["verdict"] == word for row in rows)))
    return "\n".join([*lines, f"{len(rows)} Dockerfiles: {counts or 'none'}"]) + "\n"


def status(rows: Sequence[Row]) -> int:
    """The exit status of all: that of the worst (different before not built before inconclusive)."""
    found = {STATUS[row["verdict"]] for row in rows}
    return next((number for number in (1, 3, 4) if number in found), 0)
