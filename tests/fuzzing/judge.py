"""The judge of random builds: docker and our script build the same case, and what differs is told."""

import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import dock2sh
from dock2sh import proof
from dock2sh.bases import beginning
from dock2sh.emulated import Emulation, emulated
from dock2sh.images import open_source, unpack
from dock2sh.plan.context import Project, locate, named_contexts
from dock2sh.plan.contexts import Contexts
from dock2sh.plan.evaluate import Options, evaluate
from dock2sh.proof import Wish
from dock2sh.rivals import judged
from dock2sh.source import Refused
from dock2sh.verify import Difference, How, NotBuilt, Verdict, built, engine, snapshot, text, verify
from dock2sh.verify.snapshot import Tree, read
from tests.conformance import base as base_image
from tests.fuzzing.case import Case, beside, write
from tests.fuzzing.instructions import NAMED
from tests.fuzzing.remote import Remote

IMAGE = "busybox"
_LACKING = "missing: GNU tar"
_COMMIT = re.compile(r"@COMMIT-(\d+)-([a-z0-9/]+)@")
# docker looks for a COPY's sources while the RUNs before it still run: of two failures it may name the later one
_EARLY = "failed to compute cache key"


class Finding(NamedTuple):
    """What came of a case. `kind`: same, refused (by both), lacking (our side, and says what: busybox has no GNU tar), undecided
    (the engine or the network failed, so that nothing is known), different, crash (of ours); `text` says it in words."""

    kind: str
    text: str

    @property
    def bad(self) -> bool:
        return self.kind in ("different", "crash")


class Judge:
    """Holds the base image of the recorded cases, in docker under a name of its own and as files."""

    def __init__(self, home: Path, shells: tuple[str, ...] = ("dash",), name: str = "", emulating: bool = False) -> None:
        self.home, self.shells, self.emulating = home, shells, emulating
        self.name = name or f"busybox:dock2sh-fuzzing-{os.getpid()}"  # each run removes its own
        self.rootfs, self.archive = home / "busybox.tar", home / "image.tar"
        base_image.make(self.rootfs)
        base_image.archive(self.rootfs, self.archive, self.name)
        unpack(open_source(str(self.rootfs), IMAGE), str(home / "busybox"))
        self.base: Tree = snapshot(str(home / "busybox"))
        subprocess.run(["docker", "load", "-q", "-i", self.archive], check=True, capture_output=True)
        self.context = self._layout() if os.environ.get("BUILDX_BUILDER") else f"docker-image://{self.name}"
        self.remote = Remote(home)

    def close(self) -> None:
        self.remote.close()
        subprocess.run(["docker", "image", "rm", self.name], check=False, capture_output=True)

    def _layout(self) -> str:
        """The base for a builder of its own (BUILDX_BUILDER), which does not see the engine's images."""
        layout = self.home / "layout"
        layout.mkdir()
        subprocess.run(["docker", "save", "-o", self.home / "saved.tar", self.name], check=True)
        subprocess.run(["tar", "-C", layout, "-xf", self.home / "saved.tar"], check=True)
        return f"oci-layout://{layout}:{self.name.partition(':')[2]}"

    def ask(self, case: Case) -> Finding:
        """Build a case on both sides."""
        folder = self._write(case)
        try:
            return self._ask(case, folder)
        finally:
            _remove(folder)

    def record(self, case: Case) -> tuple[Tree, dict[str, Any]] | str:
        """What docker makes of a case: the entries that are not as in the base, config and history; or its message."""
        folder = self._write(case)
        try:
            with built(str(folder), str(folder / "Dockerfile"), self._options(case, folder), "") as made:
                tree = read(made.root, made.scan.tree, made.scan.tree)
                rows = [{"created_by": row} for row in made.history]
                return {path: entry for path, entry in tree.items() if path != "/" and entry != self.base.get(path)}, {
                    "config": {key: value for key, value in made.config.items() if value},
                    "history": rows,
                }
        except NotBuilt as error:
            return f"error: failed to solve: {error}\n"
        finally:
            _remove(folder)

    def _write(self, case: Case) -> Path:
        """The context in a folder with a name of its own, and in the Dockerfile caches and addresses of its own."""
        token = uuid.uuid4().hex[:12]
        folder = self.home / f"context-{token}"
        write(case._replace(blocks=tuple(self._filled_in(block, token) for block in case.blocks)), folder)
        return folder

    def _filled_in(self, block: str, token: str) -> str:
        words = block.replace("@TOKEN@", token).replace("@SERVER@", self.remote.address)
        return _COMMIT.sub(lambda match: self.remote.commit(match[1], match[2]), words)

    def _options(self, case: Case, folder: Path) -> list[str]:
        named = [f"--build-context={NAMED}={beside(folder)}"] if case.named else []
        return [f"--build-context={IMAGE}={self.context}", *named, *case.options]

    def _ask(self, case: Case, folder: Path) -> Finding:
        file = str(folder / "Dockerfile")
        contexts = Contexts({NAMED: str(beside(folder))} if case.named else {})
        named = [word for pair in contexts.items() for word in ("--build-context", "=".join(pair))]
        find = beginning(dock2sh.find_bases({IMAGE: str(self.archive)}, offline=True), contexts)
        project = locate(str(folder), file)._replace(named=named_contexts(contexts), contexts=contexts)

        def verdict(project: Project, file: str, shell: str) -> Verdict:
            dockerfile = dock2sh.parse(project.text)
            plan = evaluate(dockerfile, Options(dict(case.arguments), contexts=contexts), find, None, project.ignore)
            wish = Wish(self._options(case, folder), ["--base", f"{IMAGE}={self.rootfs}", *named], contexts=contexts)
            page = proof.case(
                plan, project, file, lambda one: dock2sh.script(one, project, dockerfile.escape), wish, engine("docker")
            )
            page = page._replace(base=self.name if page.base else "", images=())  # the bases are here already
            make = None
            if self.emulating:
                roots = {IMAGE: f"{self.home}/busybox"}
                make = emulated(Emulation(plan, project, dockerfile.escape, sources=contexts, roots=roots))
            return verify(page, How(shell), fill=self._fill, make=make)

        def finding(shell: str) -> Finding:
            return _finding(judged(project, file, lambda project, file: verdict(project, file, shell)), shell)

        try:
            return _worst([finding(shell) for shell in self.shells])
        except Refused as refused:
            return self._refused(case, folder, refused.diagnostic.message)

    def _refused(self, case: Case, folder: Path, message: str) -> Finding:
        try:
            with built(str(folder), str(folder / "Dockerfile"), self._options(case, folder)):
                return Finding("different", f"docker builds it; we refuse: {message}")
        except NotBuilt as error:
            return Finding("refused", f"ours: {message}\ndocker: {error}")

    def _fill(self, image: str, directory: str) -> None:
        subprocess.run(["cp", "-a", "--", f"{self.home}/busybox/.", directory], check=True)


def _remove(folder: Path) -> None:
    for place in (folder, beside(folder)):
        shutil.rmtree(place, ignore_errors=True)


def _finding(verdict: Verdict, shell: str) -> Finding:
    real = tuple(difference for difference in verdict.differences if not _cached(difference))
    if verdict.differences and not real:
        verdict = Verdict("identical", (), verdict.files)
    words = f"({shell})\n{text(verdict._replace(differences=real), False)}"
    if verdict.verdict == "identical" and verdict.notes:
        return Finding("refused", words)
    if verdict.verdict == "inconclusive" and "neither side builds it" in words and _EARLY in words:
        return Finding("refused", words)
    if verdict.verdict == "inconclusive" and "neither side builds it" not in words:
        return Finding("undecided", words)
    if verdict.verdict == "not built" and _LACKING in words:
        return Finding("lacking", words)
    if "Traceback" in words or "syntax error" in words:
        return Finding("crash", words)
    return Finding("same" if verdict.verdict in ("identical", "equivalent") else "different", words)


def _cached(difference: Difference) -> bool:
    """Two times of builds: docker takes here-documents from its cache even with --no-cache, and they may be copied on."""
    return difference.what == "mtime" and min(int(difference.ours), int(difference.theirs)) > base_image.MTIME


def _worst(findings: list[Finding]) -> Finding:
    return max(
        findings, key=lambda finding: ("same", "refused", "lacking", "undecided", "different", "crash").index(finding.kind)
    )
