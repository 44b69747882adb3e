"""The test bench: every case that was asked for, each in a directory of its own, as many at a time as there are processors."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import base
import recorded

from dock2sh.images import open_source, unpack
from dock2sh.verify.compare import Difference, Result, compare
from dock2sh.verify.ours import Outcome, Place, run_script
from dock2sh.verify.report import describe
from dock2sh.verify.snapshot import Tree, now, read, scan, snapshot

IMAGE = "busybox"
_PROJECT = Path(__file__).parents[2]
SECRET = "id=s,src={}/secret"
KEPT = "dash"  # the shell whose results are put beside a living engine's, too


class Translation(NamedTuple):
    """What the command line made of a Dockerfile: the script and the plan, or why not."""

    script: str
    plan: dict[str, Any]
    error: str


class Run(NamedTuple):
    """A script that ran: how it ended, what it made (None if nothing; kept for KEPT alone), what is wrong with it, or ""."""

    outcome: Outcome
    result: Result | None
    problem: str


class Bench:
    """Runs probes, each in each shell once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.rootfs, self.archive = home / "busybox.tar", home / "busybox-image.tar"
        base.make(self.rootfs)
        base.archive(self.rootfs, self.archive, IMAGE)
        unpack(open_source(str(self.rootfs), IMAGE), str(home / "busybox"))
        self.base: Tree = snapshot(str(home / "busybox"))
        self._pool = ThreadPoolExecutor(os.cpu_count() or 2)
        self._making = Lock()
        self._translations: dict[str, Future[Translation]] = {}
        self._runs: dict[tuple[str, str], Future[Run]] = {}
        (home / "secret").write_text("s3cret\n")

    def start(self, jobs: Iterable[tuple[str, str]]) -> None:
        """Begin with these (probe, shell)."""
        for name, shell in jobs:
            self.translation(name)
            if (name, shell) not in self._runs:
                self._runs[name, shell] = self._pool.submit(self._run, name, shell)

    def translation(self, name: str) -> "Future[Translation]":
        """What the command line makes of a probe, made once."""
        if name not in self._translations:
            self._translations[name] = self._pool.submit(self.translate, recorded.probe(name))
        return self._translations[name]

    def run(self, name: str, shell: str) -> Run:
        """How a probe's script ran in a shell."""
        self.start([(name, shell)])
        return self._runs[name, shell].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def context(self, case: recorded.Probe) -> Path:
        """The probe's build context. Its folder has a name of its own: BuildKit tells contexts apart by little more."""
        folder = self.home / f"context-{case.name}"
        with self._making:
            if not folder.exists():
                recorded.fill_context(case, folder)
        return folder

    def translate(self, case: recorded.Probe) -> Translation:
        """The script and the plan, by the command line as a user types it."""
        folder = self.context(case)
        file = str(case.folder / "Dockerfile")
        where = [str(folder), "-f", file, f"--base={IMAGE}={self.archive}", "--offline", *case.options()]
        script = _dock2sh(*where)
        plan = _dock2sh("plan", "--format", "json", *where) if script.returncode == 0 else script
        if plan.returncode:
            return Translation("", {}, f"exit status {plan.returncode}: {plan.stderr.decode(errors='replace')}")
        return Translation(script.stdout.decode("utf-8", "surrogateescape"), json.loads(plan.stdout), "")

    def emulate(self, case: recorded.Probe, *words: str) -> tuple[Outcome, Result | None]:
        """`dock2sh emulate` of it: how it ended, and what it made."""
        out, began = Path(tempfile.mkdtemp(dir=self.home)), int(time.time())
        file, secret = str(case.folder / "Dockerfile"), SECRET.format(self.home)
        where = [str(self.context(case)), "-f", file, f"--base={IMAGE}={self.archive}", f"--secret={secret}", "-o", str(out)]
        environment = os.environ | {"XDG_DATA_HOME": str(self.home / "data")}
        command = [sys.executable, "-m", "dock2sh", "emulate", *where, *case.options(), *words]
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        result = None
        if done.returncode == 0:
            about = json.loads((out / "config.json").read_text())
            history = tuple(row["created_by"] for row in about["History"])
            result = Result(snapshot(str(out / "rootfs")), about["Config"], history, began)
        subprocess.run(["rm", "-rf", out], check=True)
        return Outcome(done.returncode, done.stderr.decode(errors="replace")), result

    def inline(self, name: str) -> frozenset[str]:
        """The files that a probe's here-documents become."""
        stages = self.translation(name).result().plan.get("stages", [])
        return frozenset(path for stage in stages for step in stage["steps"] for path in _documents(step))

    def _run(self, name: str, shell: str) -> Run:
        case, work = recorded.probe(name), self.home / f"{name}-{shell}"
        outcome, ours = self._script(case, shell, work)
        problem = judge(case, outcome, ours, self.base)
        if not problem:
            subprocess.run(["rm", "-rf", "--one-file-system", work], check=True)
        said = f"{problem}\nthe script said:\n{outcome.output}" if problem else ""
        return Run(outcome, ours if shell == KEPT else None, said)

    def _script(self, case: recorded.Probe, shell: str, work: Path) -> tuple[Outcome, Result | None]:
        """Run our script on a fresh root in `work`."""
        made = self.translation(case.name).result()
        root = work / "root"
        root.mkdir(parents=True)
        if made.error:
            return Outcome(1, made.error), None
        if made.plan["stages"][-1]["base"] == IMAGE:
            unpack(open_source(str(self.rootfs), IMAGE), str(root))
        since = now(str(work))
        options = [f"--base={IMAGE}={self.rootfs}", f"--secret={SECRET.format(self.home)}"]
        outcome = run_script(made.script, shell, Place(str(root), str(self.context(case)), str(work)), options)
        look = scan(str(root), since)
        tree = read(str(root), look.tree, look.tree)
        return outcome, Result(tree, made.plan["config"], _history(made.plan), since // 10**9)


def judge(case: recorded.Probe, outcome: Outcome, ours: Result | None, base_tree: Tree) -> str:
    """What is wrong with our answer to a recorded case, in words."""
    if case.fails:
        refused = outcome.status == 1 and "Traceback" not in outcome.output
        return "" if refused else f"docker refuses it: {case.error}\nwe end with status {outcome.status}"
    if outcome.status or ours is None:
        return f"docker builds it; we end with status {outcome.status}"
    if case.tree is None or case.config is None:
        return ""
    return describe(differences(case, ours, recorded.result(case, on_base(case, base_tree))))


def on_base(case: recorded.Probe, base_tree: Tree) -> Tree:
    """What the recorded tree stands on: the base's, or nothing (scratch)."""
    assert case.config is not None
    return base_tree if case.config["history"][:1] == [{"created_by": base.HISTORY}] else {}


def differences(case: recorded.Probe, ours: Result, theirs: Result, inline: frozenset[str] = frozenset()) -> list[Difference]:
    """What differs, less what no recording can say. `inline` as in `compare`."""
    return compare(_sayable(case, ours), _sayable(case, theirs), inline=inline)


def _sayable(case: recorded.Probe, result: Result) -> Result:
    """Without the root directory itself, which is in no recording, and without contents that hold the time of the build."""
    dated = [path for name, path in recorded.DATED if name == case.name and path in result.tree]
    tree = result.tree | {path: result.tree[path]._replace(digest="") for path in dated}
    return result._replace(tree={path: entry for path, entry in tree.items() if path != "/"})


def _documents(step: dict[str, Any]) -> list[str]:
    destination = step.get("destination", "")
    return [destination + file["name"] if destination.endswith("/") else destination for file in step.get("files", [])]


def _history(plan: dict[str, Any]) -> tuple[str, ...] | None:
    rows = plan.get("image", {}).get("history")
    return None if rows is None else tuple(row["created_by"] for row in rows)


def _dock2sh(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "dock2sh", *words], check=False, capture_output=True, cwd=_PROJECT)
