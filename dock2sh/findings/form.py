"""Findings of form and economy: layers, logs, what is copied twice, what an ENV sees of itself."""

import re
from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.findings import trust
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Configure, Copy, Plan, Run

_LITTLE = 1
"""Commands of a RUN that is worth joining with its neighbour (hadolint 2.15 draws the line there)."""
_HIGH = 6
"""Digits of a user's number from which the login logs are large (hadolint's number)."""
_UNPACK = ("unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat")
_ADD_UNPACKS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lzma", ".tzst")


def find(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    own = [one for one in did if not one.later]
    yield from _neighbours(own)
    yield from _two_tools(own)
    yield from _archives(own)
    for one in did:
        if isinstance(one.step, Run):
            for _, known in one.commands():
                yield from _command(one, known)
        elif isinstance(one.step, Copy):
            yield from _copy(one, one.step)
        elif isinstance(one.step, Configure):
            yield from _setting(one, one.step)


def _neighbours(did: list[Seen]) -> Iterator[Finding]:
    """RUNs in a row with the same flags, both small."""
    before: tuple[object, int] | None = None
    last: Seen | None = None
    for one in did:
        if not isinstance(one.step, Run):
            before = None
        else:
            flags, count = sorted(one.node.flags), len(one.apart.found) if one.apart else 1
            joins = before is not None and last is not None and last.stage is one.stage and before[0] == flags
            if joins and before and before[1] <= _LITTLE and count <= _LITTLE:
                yield Finding("D2S133", one.step.span, (), one.node.keyword, ("DL3059",))
            else:
                before = (flags, count)
        last = one


def _two_tools(did: list[Seen]) -> Iterator[Finding]:
    """The first RUN of a stage by which both curl and wget are used."""
    used: dict[str, set[str]] = {}
    told = set[str]()
    for one in did:
        here = {known.title for _, known in one.commands()} & {"curl", "wget"}
        tools = used.setdefault(one.stage.key, set())
        tools |= here
        if here and len(tools) > 1 and one.stage.key not in told:
            told.add(one.stage.key)
            yield Finding("D2S134", one.step.span, (), sorted(here)[-1], ("DL4001",))


def _archives(did: list[Seen]) -> Iterator[Finding]:
    """Archives of the context that a later RUN of the stage unpacks; told at the COPY."""
    copied: dict[tuple[str, str], Seen] = {}
    for one in did:
        if isinstance(one.step, Copy) and one.step.unpack is None and not one.step.origin:
            names = [source.rpartition("/")[2] for source in one.step.sources if source.lower().endswith(_ADD_UNPACKS)]
            only = one.step.destination.rpartition("/")[2] if len(names) == len(one.step.sources) == 1 else ""
            copied |= {(one.stage.key, name): one for name in (*names, *([only] if only else []))}
        for name in (name for _, known in one.commands() if _unpacks(known) for name in _files(known)):
            if copy := copied.pop((one.stage.key, name), None):
                yield Finding("D2S153", copy.step.span, (("file", name),), name, ("DL3010",))


def _unpacks(known: Known) -> bool:
    texts = {part.text for part in known.parts if part.kind == "option"}
    return known.title in _UNPACK or (known.title == "tar" and bool(texts & {"-x", "x", "--extract", "--get"}))


def _files(known: Known) -> set[str]:
    return {part.value.rpartition("/")[2] for part in known.parts if part.kind in ("operand", "value", "option") and part.value}


def _command(one: Seen, known: Known) -> Iterator[Finding]:
    texts = {part.text.partition("=")[0].split(" ")[0] for part in known.parts if part.kind == "option"}
    quiet = ("-q", "--quiet", "-nv", "--no-verbose", "-o", "--output-file", "-a", "--append-output", "--progress", "-b", "-V")
    if known.title == "wget" and known.words("url") and not texts.intersection(quiet):
        yield Finding("D2S125", one.step.span, (), "wget", ("DL3047",))
    if known.title == "useradd" and not texts & {"-l", "--no-log-init"}:
        uid = next((value for value in known.words("number") if len(value) >= _HIGH and value.isdigit()), "")
        if uid and any(text.startswith("-u") or text == "--uid" for text in texts):
            yield Finding("D2S126", one.step.span, (("uid", uid),), "useradd", ("DL3046",))


def _copy(one: Seen, step: Copy) -> Iterator[Finding]:
    written = step.words[-1] if step.words else ""
    many = len(step.sources) + len(step.files) > 1
    if many and not step.parents and not written.endswith(("/", "/.", "\\")) and written not in (".", "..", ""):
        yield Finding("D2S154", step.span, (("destination", written),), written, ("DL3021",))
    if step.origin and "/" in step.sources and step.destination == "/" and one.stage.base != "scratch":
        yield Finding("D2S156", step.span, (("image", step.origin),), step.origin, ("DL3067",))


def _setting(one: Seen, step: Configure) -> Iterator[Finding]:
    yield from trust.settings(one, step)
    if step.keyword == "ENV":
        yield from _own_names(one, step)
    if step.keyword == "USER":
        name = step.words[0].partition(":")[0]
        if name and not name.isdigit() and name != "root" and "$" not in one.node.original:
            yield Finding("D2S164", step.span, (("user", step.words[0]),), name, ("DL3066",))


def _own_names(one: Seen, step: Configure) -> Iterator[Finding]:
    """A pair that uses a variable which another pair of the same ENV sets; one that has a value from before is left alone.

    `ENV PATH=/a:$PATH PATH=/b:$PATH` is not: there nothing is left of the first.
    """
    args = one.node.args
    names = args[::3]
    before = dict(one.before)
    for index, value in enumerate(_expanded(value, one.file.escape if one.file else "\\") for value in args[1::3]):
        for name in names[:index] + names[index + 1 :]:
            lost = name in names[:index]  # of a name that is set twice, the first value is gone whatever was before
            if (lost if name == names[index] else name not in before) and re.search(
                rf"\$(?:{re.escape(name)}(?!\w)|\{{{re.escape(name)}\W)", value
            ):
                yield Finding("D2S135", step.span, (("name", name),), f"${name}", ("DL3044",))
                return


def _expanded(value: str, escape: str) -> str:
    """What of a value as written may name variables: not what is in single quotes or behind the escape character."""
    escaped = re.escape(escape) + "."
    outside = re.sub(rf"\"(?:{escaped}|[^\"])*\"|'[^']*'|{escaped}", lambda found: found[0] if found[0][0] == '"' else "", value)
    return re.sub(escaped, "", outside)
