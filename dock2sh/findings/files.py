"""Findings about COPY, ADD, and what would stay of secrets."""

import re
from collections.abc import Iterator
from itertools import pairwise

from dock2sh.commands.apart import Understood
from dock2sh.commands.downloads import has_password, spoken_secrets
from dock2sh.commands.kept import kept
from dock2sh.findings import urls
from dock2sh.findings.rule import Finding
from dock2sh.findings.trust import opens
from dock2sh.findings.walk import Seen
from dock2sh.instructions.secrets import lent, looks_secret, looks_secret_file
from dock2sh.model import Copy, Fetch, MakeDirectory, Plan, Run

_ARCHIVE = (".tar", ".tgz", ".tbz", ".txz", ".gz", ".bz2", ".xz", ".zst", ".lzma")
"""What docker unpacks, or may: of a `.gz` it is the content that tells. A zip archive it leaves as it is."""


def find(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    keys = {stage.key for stage in plan.stages} | set(plan.contexts)
    stays = {stage.key for stage in plan.chain()}
    placed = set[str]()
    for one in did:
        if isinstance(one.step, MakeDirectory):
            placed.add(one.stage.key)
        elif isinstance(one.step, Copy):
            yield from _copy(one, one.step, keys)
            yield from _secret(one.step) if one.stage.key in stays else ()
            if one.stage.key not in placed and one.stage.parent is None and not one.later:
                yield from _relative(one, one.step)
        elif isinstance(one.step, Fetch) and not one.step.checksum and one.step.git is None:
            yield Finding("D2S104", one.step.span, (("url", one.step.source),), one.step.source)
        if isinstance(one.step, Fetch):
            yield from urls.about(one.step.source, one.step.span)
        if isinstance(one.step, Run):
            for origin in dict.fromkeys(mount.origin for mount in one.step.mounts):
                yield from _unnamed(one, origin, keys)
        if isinstance(one.step, (Copy, Fetch)) and opens(one.step.chmod):
            fields = (("mode", one.step.chmod), ("path", one.step.destination))
            yield Finding("D2S173", one.step.span, fields, one.step.chmod)
        yield from _spoken(one) if one.stage.key in stays else ()
        yield from _written(one, one.step) if one.stage.key in stays and isinstance(one.step, Run) else ()


def _copy(one: Seen, step: Copy, keys: set[str]) -> Iterator[Finding]:
    sources = [source.lstrip("/") for source in step.sources]
    if step.unpack and not any(source.lower().endswith(_ARCHIVE) for source in sources) and sources:
        yield Finding("D2S150", step.span, (("source", sources[0] or "."),), one.node.keyword, ("DL3020",))
    yield from _unnamed(one, step.origin, keys)


def _unnamed(one: Seen, origin: str, keys: set[str]) -> Iterator[Finding]:
    """A bare name that is no stage's. An ONBUILD means a stage of the other Dockerfile."""
    if not one.later and origin and origin not in keys and not any(char in origin for char in "/:.@"):
        yield Finding("D2S152", one.step.span, (("image", origin),), origin, ("DL3022",))


def _secret(step: Copy) -> Iterator[Finding]:
    """What a thrown away stage has is in no image."""
    for source in (source.lstrip("/") for source in step.sources if not step.origin):
        if looks_secret_file(source):
            yield Finding("D2S162", step.span, (("file", source),), source)


def _relative(one: Seen, step: Copy) -> Iterator[Finding]:
    written = step.words[-1] if step.words else ""
    if written and not written.startswith(("/", "$", "${")) and written not in ("",):
        yield Finding("D2S151", step.span, (("destination", written),), written, ("DL3045",))


def _spoken(one: Seen) -> Iterator[Finding]:
    if isinstance(one.step, Fetch) and has_password(one.step.text):
        yield Finding("D2S163", one.step.span, (("command", "ADD"),), "ADD")
    for _, known in one.commands():
        if any(spoken_secrets(known)):
            yield Finding("D2S163", one.step.span, (("command", known.title),), known.title.partition(" ")[0])
    for before, each in pairwise((None, *(one.apart.found if one.apart else ()))):
        if each and each.known and each.known.chain()[-1].title == "chpasswd" and any(map(_is_login, _reads(before, each))):
            yield Finding("D2S163", one.step.span, (("command", "chpasswd"),), "chpasswd")


def _written(one: Seen, step: Run) -> Iterator[Finding]:
    if one.apart is None:
        return
    names = [name for name, _ in one.before if looks_secret(name)]
    for what, file, near in kept(one.apart, *lent(step, names)):
        yield Finding("D2S165", step.span, (("what", what), ("file", file)), near)


def _reads(before: Understood | None, each: Understood) -> Iterator[str]:
    """The texts that a command reads, as far as they stand there."""
    yield from (redirect.body or redirect.target for redirect in each.command.redirects if redirect.operator.startswith("<<"))
    if before and before.known and before.known.title in ("echo", "printf") and each.command.before == "|":
        yield from (part.value for part in before.known.parts[1:])


def _is_login(text: str) -> bool:
    """`root:secret`, and not `root:$SECRET`."""
    return bool(re.search(r"(?m)^['\"]?[\w.-]+:[^\s$'\"]", text))
