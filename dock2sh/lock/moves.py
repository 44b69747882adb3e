"""What moved between two locks."""

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from dock2sh.lock.held import Apk, Archive, Deb, Gem, Git, Lock, Npm, Pip, Rpm, Step, Thing, Url, kind_of


class Move(NamedTuple):
    """`sign` is + (new), - (gone), ~ (another one); `old` and `new` what it was and is."""

    sign: str
    kind: str
    name: str
    old: str
    new: str
    step: str


def moves(old: Lock, new: Lock) -> list[Move]:
    """In the order of the steps."""
    before, after = dict(_rows(old)), dict(_rows(new))
    found = []
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, ("", "")), after.get(key, ("", ""))
        if was[0] != now[0]:
            sign = "+" if not was[0] else "-" if not now[0] else "~"
            found.append(Move(sign, key[0], key[2], was[0], now[0], was[1] or now[1]))
    return found


def _rows(lock: Lock) -> Iterator[tuple[tuple[str, str, str], tuple[str, str]]]:
    """(kind, where, name) -> (what it is, the step)."""
    for base in lock.bases:
        yield ("base", "", base.image), (base.digest if base.digest != "-" else base.id, "")
    for context in lock.contexts:
        yield ("context", "", f"{context.name} {context.url} {context.ref}"), (context.commit, "")
    for step, thing in lock.things():
        name, value = _named(thing)
        yield (kind_of(thing), _where(step, thing), name), (value, step.text)


def _where(step: Step, thing: Thing) -> str:
    """What is in a root at most once is the same package, whichever step brings it."""
    return step.stage if isinstance(thing, (Deb, Apk, Rpm)) else f"{step.stage} {step.text}"


def _named(thing: Thing) -> tuple[str, str]:
    """What it is called, and what it is."""
    words: tuple[str, ...]
    match thing:
        case Archive(url, suite, _, released):
            name, words = f"{url} {suite}", (released,)
        case Deb(package, version, arch, digest) | Apk(package, version, arch, digest) | Rpm(package, version, arch, digest):
            name, words = f"{package}:{arch}", (version, digest)
        case Pip(name, version, _, digest):
            words = (version, digest)
        case Npm(_, version, name, integrity):
            words = (version, integrity)
        case Gem(name, version, _):
            words = (version,)
        case Url(name, digest, _):
            words = (digest,)
        case Git(url, ref, commit):
            name, words = f"{url} {ref}", (commit,)
        case _:
            assert_never(thing)
    return name, " ".join(word for word in words if word != "-")
