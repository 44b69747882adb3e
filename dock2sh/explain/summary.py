"""The whole in one sentence: what it begins with, what it puts in, what a container starts."""

from dock2sh.explain.inventory import Did
from dock2sh.explain.language import Text, joined, listed, say
from dock2sh.explain.starting import form_of
from dock2sh.explain.tree import Fact
from dock2sh.model import Copy, Fetch, Plan


def sentence(plan: Plan, did: list[Did]) -> Text:
    """Clauses with commas, the last one about the start."""
    chain = _chain(plan)
    here = [one for one in did if one.stage.key in chain]
    clauses = [_begin(plan, chain)]
    clauses += [clause for clause in (_installed(here), _taken(here), _copied(here), _fetched(here)) if clause]
    others = len(plan.stages) - len(chain)
    if others and not any(isinstance(one.step, Copy) and one.step.origin for one in here):
        many = say("uses {count} stages that prepare things", count=others)
        clauses.append(say("uses another stage that prepares things") if others == 1 else many)
    clauses.append(_start(plan))
    return (*joined(clauses, ", ", plain_and_clause()), *say("."))


def plain_and_clause() -> str:
    return "".join(piece.text for piece in say(", and "))


def _chain(plan: Plan) -> list[str]:
    """The keys of the target and of the stages that it goes on from, the first one first."""
    by_key = {stage.key: stage for stage in plan.stages}
    stage, keys = plan.stages[-1], [plan.stages[-1].key]
    while stage.parent is not None:
        stage = by_key[stage.parent]
        keys.insert(0, stage.key)
    return keys


def _begin(plan: Plan, chain: list[str]) -> Text:
    first = next(stage for stage in plan.stages if stage.key == chain[0])
    if first.base == "scratch":
        return say("Begins with nothing")
    return say("Begins with the image `{image}`", image=first.base)


def _installed(did: list[Did]) -> Text:
    names, managers, files, held = list[str](), list[str](), list[str](), list[str]()
    for one in did:
        for understood in one.apart.found if one.apart else ():
            for known in understood.known.chain() if understood.known else ():
                if "installs" in known.effects and known.manager:
                    names += [name for name in known.words("package") if not name.startswith(("-", "$")) and name.strip("./")]
                    held += [name for name in known.words("package") if name.startswith("$")]
                    managers.append(known.manager)
                    files += [part.value for part in known.parts if part.role == "list" and part.kind in ("value", "option")]
    if not managers:
        return ()
    if not names and files:
        return say("installs what is listed in {files}", files=listed(list(dict.fromkeys(files)), 2))
    if not names and held:
        return say("installs what {variables} holds", variables=listed(list(dict.fromkeys(held)), 2))
    if not names:
        return say("installs {what} that the project lists", what=say(managers[0]))
    listing = listed(list(dict.fromkeys(files)), 2)
    if files:
        return say("installs {names} and what is listed in {files}", names=listed(list(dict.fromkeys(names)), 4), files=listing)
    return say("installs {names}", names=listed(list(dict.fromkeys(names)), 4))


def _taken(did: list[Did]) -> Text:
    named = [one.step.origin for one in did if isinstance(one.step, Copy) and one.step.origin not in ("", one.stage.key)]
    origins = list(dict.fromkeys(named))
    return say("takes files from {origins}", origins=listed(origins, 3)) if origins else ()


def _copied(did: list[Did]) -> Text:
    names = [
        source.lstrip("/") or "."
        for one in did
        if isinstance(one.step, Copy) and not one.step.origin
        for source in one.step.sources
    ]
    if not names:
        return ()
    if "." in names:
        return say("copies your folder in")
    return say("copies {names} from your folder", names=listed(list(dict.fromkeys(names)), 3))


def _fetched(did: list[Did]) -> Text:
    hosts = list[str]()
    from dock2sh.explain.details import host

    for one in did:
        urls = [one.step.source] if isinstance(one.step, Fetch) else []
        for understood in one.apart.found if one.apart else ():
            for known in understood.known.chain() if understood.known else ():
                if known.title.partition(" ")[0] in ("curl", "wget", "git", "aria2c"):
                    urls += known.words("url", "repository")
        hosts += [name for name in map(host, urls) if name]
    return say("downloads from {hosts}", hosts=listed(list(dict.fromkeys(hosts)), 3)) if hosts else ()


def _start(plan: Plan) -> Text:
    config = plan.config
    argv = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    if not argv:
        return (
            say("leaves it to the base image what a container starts")
            if not plan.stages[-1].known
            else say("says nothing of what a container starts")
        )
    shown = argv[-1] if form_of(argv).shell else " ".join(argv)
    shown = " ".join(shown.split())
    return say("notes that a container starts `{command}`", command=shown if len(shown) <= 90 else shown[:89] + "…")


def size(plan: Plan, lines: int, instructions: int, stages: int) -> Text:
    parts = [
        say("{count} line", count=lines) if lines == 1 else say("{count} lines", count=lines),
        say("{count} instruction", count=instructions) if instructions == 1 else say("{count} instructions", count=instructions),
        say("{count} stage", count=stages) if stages == 1 else say("{count} stages", count=stages),
    ]
    return joined(parts, " · ")


def glossary() -> tuple[Fact, ...]:
    """The words that a reader may meet for the first time."""
    return (
        Fact(say("image"), say("Files and settings, made once and never changed, from which containers are started.")),
        Fact(
            say("container"),
            say(
                "Processes that see an image's files as their whole machine. What they write is theirs alone, and goes with them."
            ),
        ),
        Fact(
            say("layer"),
            say(
                "The files that one instruction changed. Docker keeps each and takes it again as long as the"
                " instruction, what it copies and all before it are the same."
            ),
        ),
        Fact(
            say("build context"),
            say(
                "The folder that is given to `docker build`. `COPY` and `ADD` see it and nothing else of your"
                " machine; `.dockerignore` leaves things out."
            ),
        ),
        Fact(say("stage"), say("From one `FROM` to the next. The last one becomes the image; the others only lend it files.")),
        Fact(say("process 1"), say("The first process of a container. When it ends, the container ends; signals go to it.")),
    )
