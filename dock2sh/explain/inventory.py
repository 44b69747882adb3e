"""What the image needs and leaves: packages, downloads, files of the context, users, what would stay of secrets."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Apart
from dock2sh.commands.downloads import Download, downloads, spoken_secrets
from dock2sh.commands.kept import kept
from dock2sh.commands.pins import is_name, pinned
from dock2sh.explain.language import Text, code, listed, say, words
from dock2sh.explain.scope import assigned_in, expanded_in
from dock2sh.explain.tree import Item, Section
from dock2sh.findings.urls import is_local
from dock2sh.instructions.secrets import lent, looks_secret, looks_secret_file
from dock2sh.model import Configure, Copy, Fetch, Plan, Run, Stage, Step, origins


class Did(NamedTuple):
    """A step, its stage, and its shell text taken apart where it has one."""

    stage: Stage
    step: Step
    apart: Apart | None


def sections(plan: Plan, did: list[Did]) -> tuple[Section, ...]:
    """Only those that have something in them."""
    chain = {stage.key for stage in plan.chain()}
    made = [
        Section(say("Images that it begins with or takes files from"), tuple(_images(plan, did))),
        Section(say("Values that can be given to the build"), tuple(_arguments(plan, did))),
        Section(say("Files of the build context"), tuple(_context(did, plan.for_windows()))),
        Section(say("Packages"), tuple(_packages(did))),
        Section(say("Downloads"), tuple(_downloads(did))),
        Section(say("Users and groups"), tuple(_users(did))),
        Section(say("Ports and volumes"), tuple(_noted(did))),
        Section(say("Secrets, caches and other mounts"), tuple(_mounts(did))),
        Section(say("Secrets that would stay in the image"), tuple(_secrets([one for one in did if one.stage.key in chain]))),
    ]
    return tuple(section for section in made if section.items)


def _images(plan: Plan, did: list[Did]) -> Iterator[Item]:
    keys = {stage.key for stage in plan.stages}
    for stage in plan.stages:
        if stage.parent is None and stage.base != "scratch":
            yield Item(stage.span.first, *_image(stage.base, plan))
    for _, step, _ in did:
        for origin in origins(step):
            if origin and origin not in keys:
                yield Item(step.span.first, *_image(origin, plan))


def _image(name: str, plan: Plan) -> tuple[Text, bool]:
    if name in plan.contexts:
        return say("`{name}`: what `--build-context` names", name=name), False
    if "@sha256:" in name:
        return say("`{image}`: exactly this one, by its digest", image=name), False
    tag = name.rpartition("/")[2].partition(":")[2]
    if not tag or tag == "latest":
        return say("`{image}`: whatever is newest on the day of the build", image=name), True
    return say("`{image}`: the tag may come to mean another image", image=name), False


def _arguments(plan: Plan, did: list[Did]) -> Iterator[Item]:
    for _, step, _ in did:
        if isinstance(step, Configure) and step.keyword == "ARG":
            for name, value in step.pairs:
                yield Item(
                    step.span.first,
                    say("`{name}`, `{value}` unless given", name=name, value=value)
                    if value
                    else say("`{name}`, empty unless given", name=name),
                )


def _context(did: list[Did], windows: bool) -> Iterator[Item]:
    for _, step, _ in did:
        if isinstance(step, Copy) and not step.origin and step.sources:
            names = [source.lstrip("/") or "." for source in step.sources]
            everything, place = "." in names, step.words[-1] if windows and step.words else step.destination
            yield Item(
                step.span.first,
                (*listed(names), *words(" → "), *code(place))
                if not everything
                else (*say("everything that `.dockerignore` leaves"), *words(" → "), *code(place)),
            )
        if isinstance(step, Run):
            for mount in step.mounts:
                if mount.type == "bind" and not mount.origin:
                    yield Item(
                        step.span.first,
                        say(
                            "`{source}`, seen at `{target}` and not copied",
                            source=mount.source.lstrip("/") or ".",
                            target=mount.target,
                        ),
                    )


def _chains(did: list[Did]) -> Iterator[tuple[Step, Known]]:
    for _, step, apart in did:
        for understood in apart.found if apart else ():
            for known in understood.known.chain() if understood.known else ():
                yield step, known


def _packages(did: list[Did]) -> Iterator[Item]:
    for step, known in _chains(did):
        if not known.manager or "installs" not in known.effects:
            continue
        names = [name for name in known.words("package") if not name.startswith("-")]
        files = [part.value for part in known.parts if part.role == "list" and part.kind in ("value", "option")]
        if names:
            loose = _loose(known, names)
            said = say("{manager}: {names}", manager=say(known.manager), names=listed(names, 24))
            if loose is not None:
                versions = say("{count} without a version", count=loose) if loose else say("all with a version")
                said = (*said, *words(" ("), *versions, *words(")"))
            yield Item(step.span.first, said, bool(loose))
        if files:
            said = say("{manager}: what is listed in {files}", manager=say(known.manager), files=listed(files))
            yield Item(step.span.first, said)
        if not names and not files:
            yield Item(
                step.span.first,
                say("{manager}: what the project's files list (`{command}`)", manager=say(known.manager), command=known.title),
            )


def _loose(known: Known, names: list[str]) -> int | None:
    """How many packages are asked for without a version; None where that cannot be told: a variable, a file, a repository."""
    if any(part.says in ("that version", "which version") for part in known.parts):  # of gem and luarocks
        return 0
    open_ones = [name for name in names if not pinned(known.manager, name)]
    loose = [name for name in open_ones if is_name(name)]
    return len(loose) if loose or not open_ones else None


def _downloads(did: list[Did]) -> Iterator[Item]:
    for _, step, apart in did:
        if isinstance(step, Fetch):
            checked = say("checked against `{checksum}`", checksum=step.checksum) if step.checksum else say("nothing checks it")
            yield Item(step.span.first, (*code(step.source), *words(": "), *checked), not step.checksum)
        if apart is not None:
            yield from _fetched(step, apart)


def _fetched(step: Step, apart: Apart) -> Iterator[Item]:
    """URLs in a RUN, and what in the same RUN checks them."""
    told = list[Item]()
    for download in (each for each in downloads(apart) if not is_local(each.url)):
        if download.known.title == "git clone":
            says, warns = _version(download), not download.ref and not download.taken
        else:
            check = say("checked by `{check}` in the same RUN", check=download.check)
            says, warns = check if download.check else say("nothing checks it"), not download.check
        told.append(
            Item(step.span.first, (*code(download.url), *_comes_to(download.url, step, apart), *words(": "), *says), warns)
        )
    yield from dict.fromkeys(told)


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def _comes_to(url: str, step: Step, apart: Apart) -> Text:
    """What a URL with variables comes to, where the RUN begins with all of them and sets none itself."""
    env = step.env.items() if isinstance(step, Run) else {}
    names = {match[1] or match[2] for match in _VARIABLE.finditer(url)}
    if not names or any(not env.get(name) for name in names) or names - (frozenset(expanded_in(apart)) - assigned_in(apart)):
        return ()
    value = _VARIABLE.sub(lambda match: str(env[match[1] or match[2]]), url)
    return () if "$" in value else (*words(", "), *say("`{value}` here", value=value))


def _version(clone: Download) -> Text:
    """Which version of a repository a RUN takes."""
    if clone.taken:
        return say("of it the version `{ref}`, which the same RUN takes", ref=clone.taken)
    if clone.ref:
        return say("the branch or tag `{ref}`, as it is on that day", ref=clone.ref)
    return say("whatever is newest on the day of the build")


def _users(did: list[Did]) -> Iterator[Item]:
    for step, known in _chains(did):
        names = [part.value for part in known.parts if part.kind == "operand" and part.role in ("user", "group")]
        if known.title in ("adduser", "addgroup") and len(names) == 2:  # of busybox, and of Debian
            yield Item(step.span.first, say("the user `{user}` joins the group `{group}`", user=names[0], group=names[1]))
        elif known.title in ("useradd", "adduser") and names:
            yield Item(step.span.first, say("the user `{name}` is made", name=names[0]))
        elif known.title in ("groupadd", "addgroup") and names:
            yield Item(step.span.first, say("the group `{name}` is made", name=names[0]))
    for _, step, _ in did:
        if isinstance(step, Configure) and step.keyword == "USER":
            yield Item(step.span.first, say("from here on `{user}`", user=step.words[0]))


def _noted(did: list[Did]) -> Iterator[Item]:
    for _, step, _ in did:
        if isinstance(step, Configure) and step.keyword == "EXPOSE":
            yield Item(step.span.first, say("listens on {ports}", ports=listed(list(step.words))))
        if isinstance(step, Configure) and step.keyword == "VOLUME":
            yield Item(step.span.first, say("keeps data in {paths}", paths=listed(list(step.words))))


def _mounts(did: list[Did]) -> Iterator[Item]:
    for _, step, _ in did:
        for mount in step.mounts if isinstance(step, Run) else ():
            if mount.type == "secret":
                needed = say("needed") if mount.required else say("may be missing")
                yield Item(step.span.first, say("the secret `{id}` ({needed}); it does not stay", id=mount.id, needed=needed))
            elif mount.type == "ssh":
                yield Item(step.span.first, say("your ssh keys, while it runs; they do not stay"))
            elif mount.type == "cache":
                yield Item(step.span.first, say("a cache at `{target}`, kept on the machine that builds", target=mount.target))


def _secrets(did: list[Did]) -> Iterator[Item]:
    names = list[str]()
    for _, step, apart in did:
        line = step.span.first
        if isinstance(step, Configure) and step.keyword in ("ENV", "ARG"):
            for name, _value in step.pairs:
                if looks_secret(name):
                    names.append(name)
                    where = (
                        say("in every container and in `docker inspect`") if step.keyword == "ENV" else say("in `docker history`")
                    )
                    yield Item(line, say("`{name}` can be read {where}", name=name, where=where), True)
        if isinstance(step, Copy) and not step.origin:
            for source in step.sources:
                if looks_secret_file(source):
                    yield Item(
                        line,
                        say(
                            "`{file}` looks like a secret; whoever has the image can read it, even if a later line deletes it",
                            file=source.lstrip("/"),
                        ),
                        True,
                    )
        for understood in apart.found if apart else ():
            for known in understood.known.chain() if understood.known else ():
                yield from (Item(line, said, True) for said in _typed(known))
        if isinstance(step, Run) and apart:
            for what, file, _ in kept(apart, *lent(step, names)):
                yield Item(line, say("`{what}` is written into `{file}`, which stays in the layer", what=what, file=file), True)


def _typed(known: Known) -> Iterator[Text]:
    """Passwords on a command line, and in URLs. Their values are not repeated."""
    for kind in spoken_secrets(known):
        if kind == "password":
            yield say("a password is written into `{command}`, and so into `docker history`", command=known.title)
        else:
            yield say("a password in a URL of `{command}`, and so in `docker history`", command=known.title)
