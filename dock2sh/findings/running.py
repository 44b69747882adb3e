"""Findings about the commands of RUN."""

import re
from collections.abc import Iterator

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.commands.downloads import downloads
from dock2sh.findings import bashisms, packages, trust, unseen, urls
from dock2sh.findings.releases import first_base
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen, written
from dock2sh.model import Plan, Run
from dock2sh.shell import substituted

_USELESS = {
    "service": "the service ends with this RUN",
    "systemctl": "no systemd runs",
    "shutdown": "there is no machine",
    "reboot": "there is no machine",
    "mount": "mounts end with this RUN, and need more rights",
    "kill": "every RUN has its own processes",
    "modprobe": "the kernel is the host's",
    "sysctl": "the kernel is the host's",
    "top": "nobody watches it",
    "ufw": "the network is docker's",
    "iptables": "the network is docker's",
}
_HERE = "do it in the RUN that needs it"
_ENDS = {
    "cd": "write `WORKDIR` instead",
    "export": "write `ENV` instead",
    "source": _HERE,
    "dot": _HERE,
    "alias": _HERE,
    "umask": _HERE,
}
_NEVER_FAILS = ("echo", "printf", "yes", "cat", "true")


def find(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    yield from packages.find(plan, did)
    for one in did:
        if not isinstance(one.step, Run) or one.apart is None:
            continue
        yield from _downloads(one)
        yield from _pipes(one, one.step)
        yield from unseen.find(one)
        yield from _ends(one)
        yield from bashisms.find(one, one.step, first_base(plan, one.stage))
        for understood, known in one.commands():
            yield from _command(one, understood, known)


def _command(one: Seen, understood: Understood, known: Known) -> Iterator[Finding]:
    span, tool = one.step.span, known.title.partition(" ")[0]
    if tool == "sudo":
        yield Finding("D2S174", span, (), "sudo", ("DL3004",))
    if tool in _USELESS and not _only_enables(known):
        fields = (("command", tool), ("reason", _USELESS[tool]))
        yield Finding("D2S114", span, fields, tool, ("DL3001",))
    yield from trust.commands(one, understood, known)
    for path in dict.fromkeys(written(understood, known)):
        if path in ("/etc/hosts", "/etc/resolv.conf"):
            yield Finding("D2S113", span, (("path", path),), path)


def _only_enables(known: Known) -> bool:
    """`systemctl enable` writes links, which stay."""
    return known.title in ("systemctl enable", "systemctl disable", "systemctl mask", "systemctl unmask", "systemctl set-default")


def _downloads(one: Seen) -> Iterator[Finding]:
    assert one.apart is not None
    span = one.step.span
    for download in downloads(one.apart):
        url = download.url
        if download.known.title == "git clone":
            if not download.ref and not _checks_out(one):
                yield Finding("D2S103", span, (("url", url),), url)
        elif not download.check and not url.startswith(("$", "-")) and not urls.is_local(url):
            yield Finding("D2S104", span, (("url", url),), url)
        yield from urls.about(url, span)


def _checks_out(one: Seen) -> bool:
    return any(known.title in ("git checkout", "git reset", "git switch") for _, known in one.commands())


def _pipes(one: Seen, step: Run) -> Iterator[Finding]:
    """Pipes of which a part may fail unseen, and those that end in a shell."""
    found = one.apart.found if one.apart else ()
    sets = (known for _, known in one.commands() if known.title in ("set", "sh", "bash", "zsh", "ksh"))
    told = any("pipefail" in known.words("feature") for known in sets)
    own = ("pipefail" in step.shell and not step.script) or not step.shell  # no shell within has it from this one
    for at, after in enumerate(found):
        before = _handed_on(found[:at], after) if after.command.before in ("|", "|&") else None
        if after.command.before not in ("|", "|&") or before is None or before.known is None or after.known is None:
            continue
        first = before.known.chain()[-1]
        if not told and not (own and after.text == found[0].text) and first.title not in _NEVER_FAILS:
            told = True
            yield Finding("D2S131", step.span, (("pipe", f"{first.title} | {after.known.title}"),), "|", ("DL4006",))


def _handed_on(found: tuple[Understood, ...], after: Understood) -> Understood | None:
    """The command whose output a pipe hands on: the last one before it that is neither in a substitution nor in another text."""
    place = after.command.inside
    for each in reversed(found):
        inside = each.command.inside
        if each.text == after.text and inside[: len(place)] == place and not substituted(inside[len(place) :]):
            return each
    return None


def _ends(one: Seen) -> Iterator[Finding]:
    """`cd`, `export`, `source` as the last thing of a RUN; `cd` anywhere else."""
    own = _own(one)
    last = own[-1].known if own and not own[-1].command.inside else None
    found = [each for each in (one.apart.found if one.apart else ()) if "()" not in each.command.inside]
    if last is not None and last.title in _ENDS:
        name = last.parts[0].value
        yield Finding("D2S115", one.step.span, (("command", name), ("better", _ENDS[last.title])), name)
        return
    paths = (next(iter(each.known.words("path")), "") for each in found if each.known and each.known.title == "cd")
    path = next((path for path in paths if path and path != "-" and not _is_own(path, one)), "")
    if path:
        yield Finding("D2S130", one.step.span, (("path", path), ("directory", _directory(path, one))), "cd", ("DL3003",))


_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")


def _directory(path: str, one: Seen) -> str:
    """What WORKDIR would have to name: docker puts in neither `~` nor HOME, which no ENV sets."""
    if "HOME" in dict(one.before) and path[:1] != "~":
        return path
    user = one.step.user if isinstance(one.step, Run) else ""
    return _HOME.sub("/root", path) if user in ("", "root", "0") else "DIRECTORY" if _HOME.match(path) else path


def _own(one: Seen) -> list[Understood]:
    """The commands of the RUN's own text, without those of substitutions and of shells within (`bash -c '…'`)."""
    found = one.apart.found if one.apart else ()
    return [each for each in found if one.apart and each.text == one.apart.shell.text and not substituted(each.command.inside)]


def _is_own(path: str, one: Seen) -> bool:
    """Whether the RUN itself makes a variable of the path: no WORKDIR could name it."""
    text = one.apart.shell.text if one.apart else ""
    return any(re.search(rf"\b{name}\+?=", text) for name in re.findall(r"\$\{?([A-Za-z_]\w*)", path))
