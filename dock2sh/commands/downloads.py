"""What the commands of a RUN fetch from the network, what checks it, and which secrets they speak out."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands.apart import Apart, Understood
from dock2sh.commands.known import Known
from dock2sh.shell import substituted

CHECKS = frozenset("sha256sum sha512sum sha1sum sha384sum md5sum shasum b2sum gpg gpg2 gpgv cosign minisign".split())


class Download(NamedTuple):
    """`check` is the command in the same text that checks it; `ref` a repository's branch or tag; `known` who fetches it.

    `taken` is the version of a repository that a later command takes, and of which nothing is known but its name.
    """

    url: str
    check: str
    ref: str
    known: Known
    taken: str = ""


def downloads(apart: Apart) -> list[Download]:
    """All that curl, wget, git clone and pip (by URL) fetch."""
    each = [(one, inner) for one in apart.found if one.known for inner in one.known.chain()]
    known = [inner for _, inner in each]
    checks = next((inner.title for one, inner in each if verifies(inner) or _is_compared(one, inner)), "")
    found = list[Download]()
    for at, (one, inner) in enumerate(each, 1):
        check = "" if checks and _is_used_up(one, apart) else checks
        if inner.title == "git clone":
            found += [Download(url, check, _ref(inner), inner, _taken(known[at:])) for url in inner.words("repository")]
        elif inner.title.partition(" ")[0] in ("curl", "wget", "aria2c"):
            found += [Download(url, check, "", inner) for url in inner.words("url") if not url.startswith("/")]
        elif inner.title in ("pip install", "pip3 install"):
            found += [Download(url, check, "", inner) for url in inner.words("package") if "://" in url]
    return found


def _is_used_up(one: Understood, apart: Apart) -> bool:
    """Whether what a command prints goes to one that leaves no file to be checked: `curl URL | tar x`."""
    after = (each for each in apart.found if each.text is one.text and each.command.start >= one.command.end)
    following = next(after, None)
    if following is None or following.command.before not in ("|", "|&") or following.known is None:
        return False
    return not any(inner.title == "tee" or inner.title in CHECKS for inner in following.known.chain())


def _ref(known: Known) -> str:
    """What it names, or the variable that may hold an option which does."""
    return next((part.value for part in known.parts if part.role in ("ref", "options") and part.value), "")


def _taken(after: list[Known]) -> str:
    """What `git checkout` takes out of a repository, before the next one is cloned."""
    own = after[: next((at for at, known in enumerate(after) if known.title == "git clone"), len(after))]
    refs = (part.value for known in own if known.title in _TAKE for part in known.parts if part.role == "ref")
    return next((ref for ref in refs if not ref.startswith((".", "/"))), "")


_TAKE = ("git checkout", "git reset", "git switch")


def verifies(known: Known) -> bool:
    """Whether a command fails for a file that is not what it should be."""
    texts = {part.text for part in known.parts}
    if known.title not in CHECKS:
        return False
    if known.title in ("gpg", "gpg2"):
        return bool(texts & {"--verify", "--decrypt", "-d"})
    return known.title in ("gpgv", "cosign", "minisign") or any(text.startswith(("-c", "--check")) for text in texts)


def _is_compared(one: Understood, known: Known) -> bool:
    """A checksum in a substitution: `[ "$(openssl sha512 -r FILE)" = "$SUM" ]`."""
    digests = known.title == "openssl" and any(part.value.startswith(("sha", "dgst")) for part in known.parts[1:])
    return substituted(one.command.inside) and (digests or known.title in _SUMS)


_SUMS = CHECKS - {"gpg", "gpg2", "gpgv", "cosign", "minisign"}


def has_password(text: str) -> bool:
    """Whether a URL with a password stands in a text; a variable's is none."""
    return bool(re.search(r"://[^/@\s:$]+:[^/@\s$]+@", text))


def spoken_secrets(known: Known) -> Iterator[str]:
    """`password` or `url` for each secret that stands in the command itself."""
    for part in known.parts:
        if part.role == "secret" and _is_spoken(known, part.value):
            yield "password"
        if has_password(part.value):
            yield "url"


def _is_spoken(known: Known, value: str) -> bool:
    """Whether it stands there. curl's `-u NAME` asks for the password, and `-u NAME:$VARIABLE` has it from elsewhere."""
    if known.title == "curl":
        value = value.partition(":")[2]
    return bool(value) and not value.startswith("$")
