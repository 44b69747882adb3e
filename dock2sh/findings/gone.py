"""Packages that the release of the base image has no more: `gone.toml`, as far as the image's name tells the release."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.findings.releases import debian, first_base
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Copy, Fetch, Plan, Run, Stage

_SOURCES = (
    "sources.list",
    ".sources",
    "apt-repository",
    "/etc/apt",
    "| bash",
    "|bash",
    "| sh",
    "|sh",
    "dpkg -i",
    "deb.",
    "extrepo",
)
"""What tells that packages may come from elsewhere, too."""


NOTHING = "nothing that is the same: begin with an older release, or add a source of packages"


class Gone(NamedTuple):
    """The first release without it, and what is there instead (empty: nothing that is the same)."""

    since: int
    instead: str


@cache
def table() -> dict[str, Gone]:
    """All packages that are known to be gone."""
    import tomllib

    with open(Path(__file__).parent / "gone.toml", "rb") as file:
        return {name: Gone(**row) for name, row in tomllib.load(file).items()}


def find(plan: Plan, one: Seen, step: Run, known: Known) -> Iterator[Finding]:
    """An apt-get install that cannot go well. One that has another way out (`||`, `if`) is left alone, and so is a chain of
    stages in which somebody adds a source of packages."""
    if known.title not in ("apt-get install", "apt install"):
        return
    release = debian(first_base(plan, one.stage))
    text = step.handed()
    if not release or "||" in text or _is_conditional(one, known) or _has_sources(plan, one.stage, step):
        return
    texts = {part.text.partition("=")[0] for part in known.parts if part.kind == "option"}
    if texts & {"-t", "--target-release", "--default-release", "-s", "--simulate", "--dry-run", "-m", "--ignore-missing"}:
        return
    for word in known.words("package"):
        name = word.partition("=")[0].partition("/")[0].partition(":")[0]
        found = table().get(name)
        if found and found.since <= release:
            fields = (("package", name), ("release", f"Debian {release}"), ("better", found.instead or NOTHING))
            yield Finding("D2S116", step.span, fields, name)


def _is_conditional(one: Seen, known: Known) -> bool:
    """Whether it is done only sometimes."""
    return any(understood.command.inside for understood, each in one.commands() if each is known)


def _has_sources(plan: Plan, stage: Stage, step: Run) -> bool:
    """Whether anything up to this step may have added a source of packages."""
    by_key = {each.key: each for each in plan.stages}
    while True:
        for each in stage.steps:
            if isinstance(each, (Copy, Fetch)) and (each.destination.startswith("/etc/apt") or each.destination == "/"):
                return True
            if isinstance(each, Run) and any(word in each.text for word in _SOURCES):
                return True
            if each is step:
                break
        if stage.parent is None:
            return False
        stage = by_key[stage.parent]
