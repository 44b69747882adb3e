"""Lock + Plan: what a script carries of the lock, and a plan whose ADDs name a checksum or a commit."""

import datetime
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dock2sh.digest import sha256
from dock2sh.emit.carried import Carried
from dock2sh.lock.held import Apk, Archive, Deb, Gem, Git, Lock, Npm, Pip, Rpm, Step, Thing, Url, kind_of
from dock2sh.lock.records import plain
from dock2sh.model import Fetch, Plan, Repository, Run, Stage
from dock2sh.model import Step as PlanStep
from dock2sh.source import refuse

SNAPSHOTS = {"ubuntu": "http://snapshot.ubuntu.com/ubuntu/{time}", "": "http://snapshot.debian.org/archive/{archive}/{time}"}
"""Services that keep what archives were. Not https: an image without certificates has apt's signatures, and no more."""

_LATER = datetime.timedelta(hours=6)
"""A service takes its picture after an archive's release, and gives the last one before the time that is asked for; Debian's
archive is renewed every six hours."""


_ASKED = {"apt": "apt|apt-get|aptitude", "apk": "apk", "rpm": "dnf5?|yum|microdnf|zypper"}
"""By what a step may get packages of a kind: words of its text."""


class Terms(NamedTuple):
    """How a lock is meant: `mode` strict or prefer; `snapshot` a service instead of the known ones (what follows it is
    `/archive/NAME/TIME`), `off` for none; `moving` the names of packages that may move."""

    mode: str = "strict"
    snapshot: str = ""
    moving: frozenset[str] = frozenset()
    name: str = "dock2sh.lock"


class Fixed(NamedTuple):
    """`notes` are for stderr: what the lock does not know."""

    plan: Plan
    carried: Carried
    notes: tuple[str, ...] = ()


def digest(steps: Sequence[PlanStep]) -> str:
    """What finds the steps of a layer again: the text that its author wrote."""
    said = [["run", *step.argv, step.script.content if step.script else ""] for step in steps if isinstance(step, Run)]
    return "sha256:" + sha256(json.dumps([said, [step.text for step in steps]]))


def lockable(steps: Sequence[PlanStep]) -> bool:
    """Whether the steps of a layer may get something from outside."""
    return any(isinstance(step, (Run, Fetch)) for step in steps)


def platform(plan: Plan) -> str:
    """What its image is for, as docker writes it: linux/arm64/v8."""
    variant = plan.image.get("variant")
    return "/".join([plan.image.get("os", "linux"), plan.image.get("architecture", "amd64"), *([variant] if variant else [])])


def carry(lock: Lock, plan: Plan, terms: Terms) -> Fixed:
    """Raises Refused where strict is asked for and the lock does not know a step, or is for another platform."""
    return _Carrier(lock, terms).fixed(plan)


class _Carrier:
    def __init__(self, lock: Lock, terms: Terms) -> None:
        self.terms, self.platform = terms, lock.platform
        self.known: dict[tuple[str, str], list[Step]] = defaultdict(list)
        for step in lock.steps:
            self.known[step.stage, step.digest].append(step)
            self.known["", step.digest].append(step)
        self.lines: dict[int, Sequence[str]] = {}
        self.texts: list[str] = []
        self.adds: dict[tuple[int, str], str] = {}
        self.contexts = {(one.name, one.url, one.ref): one.commit for one in lock.contexts}
        self.commits: dict[str, str] = {}
        self.notes: list[str] = []
        self.behind: dict[str, list[int]] = {}
        self.number = 0

    def fixed(self, plan: Plan) -> Fixed:
        self.suits(platform(plan))
        stages = tuple(self.stage(stage) for stage in plan.stages)
        repositories = {name: self.repository(name, found) for name, found in plan.repositories.items()}
        carried = Carried(self.terms.mode, self.lines, self.texts, self.adds, self.terms.name, contexts=self.commits)
        return Fixed(plan._replace(stages=stages, repositories=repositories), carried, tuple(self.notes))

    def suits(self, wanted: str) -> None:
        """A variant counts where both name one."""
        if all(ours == theirs for ours, theirs in zip(self.platform.split("/"), wanted.split("/"), strict=False)):
            return
        message = f"{self.terms.name} is a lock for {self.platform}, and this is for {wanted}"
        if self.terms.mode == "strict":
            cure = f"make one for it, of another name: `dock2sh lock --platform {wanted} --lock-file FILE`; or --lock prefer"
            raise refuse("lock-misses", message, hint=cure)
        self.notes.append(f"{message}. Most of it will be otherwise")

    def repository(self, name: str, found: Repository) -> Repository:
        """A named context, unless it says itself which commit it is. strict fetches that, wherever the reference is."""
        url = plain(found.url)
        if found.checksum or url in self.terms.moving:
            return found
        commit = self.contexts.get((name, url, found.git.ref or "HEAD"))
        if commit is None:
            return self.missed(name, found)
        self.commits[name] = commit
        exact = self.terms.mode == "strict"
        return found._replace(checksum=commit, git=found.git._replace(fetch_by_commit=True)) if exact else found

    def missed(self, name: str, found: Repository) -> Repository:
        what = f"{plain(found.url)} at {found.git.ref}" if found.git.ref else plain(found.url)
        message = f"{self.terms.name} does not know the context {name} ({what})"
        if self.terms.mode == "strict":
            raise refuse("lock-misses", message, hint="lock it: `dock2sh lock`; or do without for what is new: --lock prefer")
        self.notes.append(f"{message}. What it has is not fixed")
        return found

    def stage(self, stage: Stage) -> Stage:
        behind = list(self.behind.get(stage.parent or "", ()))
        replaced: dict[PlanStep, PlanStep] = {}
        for steps in stage.layers():
            self.number += 1
            if lockable(steps) and (held := self.held(stage, steps)):
                self.step(stage, held, behind, steps)
                replaced |= {step: self.add(step, held) for step in steps if isinstance(step, Fetch)}
        self.behind[stage.key] = behind
        return stage._replace(steps=tuple(replaced.get(step, step) for step in stage.steps))

    def held(self, stage: Stage, steps: Sequence[PlanStep]) -> Step | None:
        """The lock's step; each is one step's. A stage without a name is called by its number, which another stage before it
        changes: then the text alone tells."""
        found = self.known.get((stage.key, digest(steps))) or self.known["", digest(steps)]
        if found:
            return found.pop(0) if len(found) > 1 else found[0]
        message = f"{self.terms.name} does not know this step: it was written or changed after the lock was made"
        if self.terms.mode == "strict":
            cure = "lock it: `dock2sh lock`; or do without for what is new: --lock prefer"
            raise refuse("lock-misses", message, (steps[0].span,), cure)
        self.notes.append(f"line {steps[0].span.first}: {message}. What it gets is not fixed")
        return None

    def step(self, stage: Stage, held: Step, behind: list[int], steps: Sequence[PlanStep]) -> None:
        lines = list(self.said(stage, held, behind, steps))
        if lines and any(isinstance(step, Run) for step in steps):
            self.lines[self.number] = lines
            behind.append(self.number)

    def add(self, step: Fetch, held: Step) -> Fetch:
        """Note what an ADD fetches, unless it says so itself. strict fetches a repository's commit, wherever its reference is."""
        if step.checksum or plain(step.source) in self.terms.moving:
            return step
        for thing in held.things:
            if isinstance(thing, Git) and step.git and thing.url == plain(step.source):
                self.adds[self.number, step.source] = thing.commit
                exact = self.terms.mode == "strict"
                return step._replace(checksum=thing.commit, git=step.git._replace(fetch_by_commit=True)) if exact else step
            if isinstance(thing, Url) and not step.git and thing.url == plain(step.source):
                self.adds[self.number, step.source] = f"sha256:{thing.sha256}"
        return step

    def said(self, stage: Stage, held: Step, behind: Sequence[int], steps: Sequence[PlanStep]) -> Iterator[str]:
        """The lines of runtime/lock.sh for a step. One that asks apt, apk or dnf and got nothing may not get anything, either."""
        things = held.things
        asks = [kind for kind, words in _ASKED.items() if _says(words, steps)]
        if not things and not held.files and not asks:
            return
        if behind:
            yield f"after {' '.join(map(str, behind))}"
        if held.packages != "-":
            yield f"base {stage.base} {held.packages}"
        yield from (f"asks {kind}" for kind in asks)
        for thing in things:
            yield from self.thing(thing)
        yield from (f"constraint {name}" for name in _constraints(things, self.terms.moving))
        for file in held.files:
            yield f"file {len(self.texts)} {file.path}"
            self.texts.append(file.text)

    def thing(self, thing: Thing) -> Iterator[str]:
        moves = bool(_names(thing) & self.terms.moving)
        match thing:
            case Archive():
                yield from _archive(thing, self.terms.snapshot)
            case Deb(name, version, arch, digest) | Apk(name, version, arch, digest) | Rpm(name, version, arch, digest):
                gone = " gone" if thing.gone == "yes" else ""
                yield f"{kind_of(thing)} {name} {arch} {'*' if moves else version} {'-' if moves else digest}{gone}"
            case Pip(name, version, file, digest, path) if not moves:
                yield f"pip {name} {version} {digest} {file}"
                if path != "/":
                    yield f"at {path} {name} {version}"
            case Npm(_, version, path) if not moves:
                yield f"npm {path} {version}"
            case Gem(name, version, path) if not moves:
                yield f"at {path} {name} {version}"
            case Url(url, digest, size):
                yield f"url {url} {'-' if moves else digest} {size}"
            case Git(url, ref, commit):
                yield f"git {url} {ref} {'-' if moves else commit}"


def _says(words: str, steps: Iterable[PlanStep]) -> bool:
    """Whether one of the `words`, a regular expression, stands in a RUN of these."""
    texts = (" ".join([*step.argv, step.script.content if step.script else ""]) for step in steps if isinstance(step, Run))
    return any(re.search(rf"(?<![\w-])(?:{words})(?![\w-])", text) for text in texts)


def _constraints(things: Iterable[Thing], moving: frozenset[str]) -> Iterator[str]:
    """One version of each distribution of Python's; of what is there in two versions pip cannot be told which goes where."""
    pips = {(thing.name, thing.version) for thing in things if isinstance(thing, Pip)}
    count = Counter(name for name, _ in pips)
    yield from sorted(f"{name}=={version}" for name, version in pips if count[name] == 1 and name not in moving)


def _archive(archive: Archive, snapshot: str) -> Iterator[str]:
    """A source for apt that has what the archive had; and its host, whose packages count more than those of later days."""
    if archive.archive == "-" or snapshot == "off":
        return
    moment = datetime.datetime.strptime(archive.released, "%Y-%m-%dT%H:%M:%SZ") + _LATER
    form = f"{snapshot.rstrip('/')}/archive/{{archive}}/{{time}}" if snapshot else SNAPSHOTS.get(archive.archive, SNAPSHOTS[""])
    url = form.format(archive=archive.archive, time=moment.strftime("%Y%m%dT%H%M%SZ"))
    options = ["check-valid-until=no"]
    options += [f"signed-by={archive.keyring}"] if archive.keyring != "-" else []
    options += ["trusted=yes"] if archive.trusted == "yes" else []
    yield f"source deb [{' '.join(options)}] {url} {archive.suite} {archive.components}"
    yield f"origin {url.split('/')[2].partition(':')[0]}"  # as apt knows it: without a port


def unknown(lock: Lock, names: Iterable[str]) -> list[str]:
    """Those of the names that may move which no thing of the lock has."""
    known = {name for _, thing in lock.things() for name in _names(thing)} | {context.url for context in lock.contexts}
    return [name for name in names if name not in known]


def _names(thing: Thing) -> set[str]:
    """What a thing is called where it may move: its name, its source package, its URL."""
    return {getattr(thing, field, "-") for field in ("name", "source", "url")} - {"-"}
