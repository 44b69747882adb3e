"""Findings about package installers: questions, versions, catalogues, what stays of downloads."""

from collections.abc import Iterator
from typing import NamedTuple

from dock2sh.commands import Known
from dock2sh.commands.apart import Understood
from dock2sh.commands.fed import SHELLS
from dock2sh.commands.known import Part
from dock2sh.commands.pins import pinned
from dock2sh.findings import caches, gone
from dock2sh.findings.releases import first_base, managed
from dock2sh.findings.rule import Finding
from dock2sh.findings.walk import Seen
from dock2sh.model import Copy, Plan, Run, Stage


class _Yes(NamedTuple):
    """An installer that asks: with which option it does not, and hadolint's name for that.

    What it `asks` for stops the build whenever there is anything to do, what it `may` ask for where there is more than was named.
    """

    option: str
    others: tuple[str, ...]
    also: str
    asks: tuple[str, ...]
    may: tuple[str, ...] = ()


_YES = ("-y", "--yes")
_APT = ("remove", "purge")
_APT_MAY = ("install", "upgrade", "dist-upgrade", "full-upgrade", "autoremove", "build-dep")
_APT_YES = (*_YES, "--assume-yes", "-qq", "--force-yes", "-s", "--simulate", "--dry-run", "-d", "--download-only")
_YUM = ("install", "localinstall", "groupinstall", "reinstall", "remove", "erase")
_YUM_MAY = ("update", "upgrade")
_YUM_YES = ("-y", "--assumeyes")
_ZYPPER = ("install", "in", "remove", "rm")
_ZYPPER_MAY = ("update", "up", "patch", "dist-upgrade", "dup")
_ASKS = {
    "apt-get": _Yes("-y", _APT_YES, "DL3014", _APT, _APT_MAY),
    "apt": _Yes("-y", _APT_YES, "DL3014", _APT, _APT_MAY),
    "aptitude": _Yes("-y", ("-y", "--assume-yes", "-s", "--simulate", "-d", "--download-only"), "", _APT, _APT_MAY),
    "yum": _Yes("-y", _YUM_YES, "DL3030", _YUM, _YUM_MAY),
    "dnf": _Yes("-y", _YUM_YES, "DL3038", _YUM, _YUM_MAY),
    "microdnf": _Yes("-y", _YUM_YES, "DL3038", _YUM, _YUM_MAY),
    "zypper": _Yes("-y", ("-n", "--non-interactive", "-y", "--no-confirm"), "DL3034", _ZYPPER, _ZYPPER_MAY),
    "pip uninstall": _Yes("-y", _YES, "", ("",)),
    "pip3 uninstall": _Yes("-y", _YES, "", ("",)),
}
"""Not among them is conda: the end of its input is the answer that it proposes itself, which is yes."""

_PINS = {
    "Debian packages": "DL3008",
    "Python packages": "DL3013",
    "npm packages": "DL3016",
    "Alpine packages": "DL3018",
    "Ruby gems": "DL3028",
    "Go packages": "DL3062",
}
_RPM_PINS = {"yum": "DL3033", "zypper": "DL3037", "dnf": "DL3041", "microdnf": "DL3041"}


def find(plan: Plan, did: list[Seen]) -> Iterator[Finding]:
    updated = set[str]()
    for one in did:
        if not isinstance(one.step, Run) or one.apart is None:
            continue
        for understood, known in one.commands():
            yield from _asks(one, one.step, understood, known)
            yield from gone.find(plan, one, one.step, known)
            yield from _versions(one, known)
            yield from _pep668(plan, one, one.step, understood, known)
            yield from _apt(one, understood, known)
        yield from _catalogue(plan, one, one.step, updated)
        yield from caches.find(one, one.step)


def _split(known: Known) -> tuple[str, str]:
    tool, _, verb = known.title.partition(" ")
    return tool, verb


def _asks(one: Seen, step: Run, understood: Understood, known: Known) -> Iterator[Finding]:
    tool, verb = _split(known)
    ask = _ASKS.get(known.title) or _ASKS.get(tool)
    if ask is None or (verb not in (*ask.asks, *ask.may) and "" not in ask.asks):
        return
    given = {part.text.strip("'\"").partition("=")[0] for part in known.parts if part.kind == "option"}
    loose = any(part.text.strip('"').startswith("$") for part in known.parts)  # it may be in a variable
    settings = any(part.value.startswith(("APT::Get::Assume-Yes", "assumeyes")) for part in known.parts)
    if given & set(ask.others) or loose or _is_answered(understood) or settings or _many_q(known) or _is_configured(one, tool):
        return
    fields = (("command", known.title), ("option", ask.option))
    code = "D2S111" if verb in ask.may else "D2S117"
    also = (ask.also,) if ask.also else ()
    yield Finding(code, step.span, fields, known.title, also, at=one.place(understood, *_named(known)))


def _named(known: Known) -> tuple[Part, ...]:
    """The words of its title: the tool, and the subcommand if there is one."""
    return tuple(part for part in known.parts if part.kind in ("command", "subcommand"))


def _is_answered(understood: Understood) -> bool:
    """Whether it reads something: a pipe, a file, a here-document. An `xargs` in front takes the input for itself."""
    redirects = understood.command.redirects
    reads = any(each.operator in ("<", "<<", "<<-", "<<<") and each.target != "/dev/null" for each in redirects)
    xargs = understood.known is not None and understood.known.title == "xargs"
    return (understood.command.before in ("|", "|&") or reads) and not xargs


def _is_configured(one: Seen, tool: str) -> bool:
    """Whether this or an earlier step of the stage may have told apt to ask nothing."""
    steps = [step for step in one.stage.steps if step.span.first <= one.step.span.first]
    said = any("Assume-Yes" in step.handed() for step in steps if isinstance(step, Run))
    copied = any(step.destination.startswith("/etc/apt") for step in steps if isinstance(step, Copy))
    return tool in ("apt", "apt-get") and (said or copied)


def _many_q(known: Known) -> bool:
    """Two -q of apt-get answer, too, and `-q=2`."""
    return sum(part.text in ("-q", "--quiet") for part in known.parts) > 1 or any(
        part.text.startswith("-q=2") for part in known.parts
    )


def _versions(one: Seen, known: Known) -> Iterator[Finding]:
    tool, verb = _split(known)
    if not known.manager or "installs" not in known.effects:
        return
    also = _PINS.get(known.manager) or _RPM_PINS.get(tool, "")
    names = [name for name in known.words("package") if not name.startswith(("-", "$", ".", "/")) and "://" not in name]
    loose = [name for name in names if not pinned(known.manager, name) and "$" not in name and _is_name(known.manager, name)]
    if tool == "gem" and any(part.text.partition("=")[0] in ("-v", "--version") for part in known.parts):
        return  # one version for all that are named
    if tool.startswith("pip") and (
        _has_constraints(known) or (isinstance(one.step, Run) and one.step.env.items().get("PIP_CONSTRAINT"))
    ):
        return
    if loose and (verb in ("install", "add", "i", "in", "get") or tool in ("cpanm",)):
        shown = ", ".join(loose[:6]) + (", …" if len(loose) > 6 else "")
        fields = (("count", str(len(loose))), ("manager", known.manager), ("names", shown))
        yield Finding("D2S102", one.step.span, fields, loose[0], (also,) if also else ())


def _is_name(manager: str, name: str) -> bool:
    """A package's name, and not a place or a file. Go's packages are called by their place, npm's may have a scope."""
    scoped = manager == "npm packages" and name.startswith("@") and name.count("/") == 1
    return manager == "Go packages" or scoped or not ("/" in name.lstrip("@")[1:] or name.endswith(_FILES))


_FILES = (".whl", ".deb", ".rpm", ".apk", ".gem", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".zip")


def _has_constraints(known: Known) -> bool:
    """Whether pip is told to keep to the versions in a file."""
    return any(part.text.startswith(("-c", "--constraint")) for part in known.parts if part.kind == "option")


def _pep668(plan: Plan, one: Seen, step: Run, understood: Understood, known: Known) -> Iterator[Finding]:
    if known.title not in ("pip install", "pip3 install") or _is_in_a_directory(understood):
        return
    env = step.env.items()
    options = {part.text.partition("=")[0] for part in known.parts if part.kind == "option"}
    image = first_base(plan, one.stage)
    elsewhere = {"--break-system-packages", "--target", "-t", "--prefix", "--root", "--python", "--dry-run", "--help", "-h"}
    entered = any(word in env.get("PATH", "") for word in ("venv", "conda")) or "VIRTUAL_ENV" in env or _has_own(one, env)
    if options & elsewhere or entered or env.get("PIP_BREAK_SYSTEM_PACKAGES") or not managed(image) or _prepared(plan, one):
        return
    yield Finding("D2S110", step.span, (("image", image),), "pip")


def _is_in_a_directory(understood: Understood) -> bool:
    """Whether pip, or the Python that runs it (`/opt/venv/bin/python -m pip`), is called by a path that is not the system's."""
    called = [each.parts[0].value.rpartition("/")[0] for each in understood.known.chain()] if understood.known else []
    return any(directory not in {"", *_SYSTEM} for directory in called)


_SYSTEM = frozenset(f"{root}/{name}" for root in ("/usr/local", "/usr", "") for name in ("bin", "sbin"))


def _has_own(one: Seen, env: dict[str, str]) -> bool:
    """Whether the stage makes an environment, and PATH begins elsewhere than in the system."""
    made = any("venv" in step.text or "virtualenv" in step.text for step in one.stage.steps if isinstance(step, Run))
    return made and env.get("PATH", "").partition(":")[0] not in {"", *_SYSTEM}


def _prepared(plan: Plan, one: Seen) -> bool:
    """Whether an environment is entered, or the mark is deleted, in the RUN or before it."""
    texts = [step.text for step in one.stage.steps if isinstance(step, Run) and step.span.first <= one.step.span.first]
    return any(
        word in text
        for text in texts
        for word in ("EXTERNALLY-MANAGED", "/activate", "break-system-packages", "pyenv", "get-pip")
    )


_APT_GET = frozenset(
    "install update upgrade full-upgrade dist-upgrade remove purge autoremove autopurge clean autoclean build-dep source download"
    " satisfy reinstall changelog".split()
)
_APT_CACHE = ("search", "show", "policy", "depends", "rdepends", "showsrc", "madison")


def _instead_of_apt(verb: str) -> str:
    """What does the same and stays as it is."""
    if verb == "list":
        return "dpkg-query --list"
    return f"apt-get {verb}" if verb in _APT_GET else f"apt-cache {verb}" if verb in _APT_CACHE else "apt-get"


_UPDATES = ("yum update", "yum upgrade", "dnf update", "dnf upgrade", "microdnf update", "microdnf upgrade", "zypper update")


def _apt(one: Seen, understood: Understood, known: Known) -> Iterator[Finding]:
    tool, verb = _split(known)
    span = one.step.span
    if tool == "apt":
        fields = (("instead", _instead_of_apt(verb)),)
        yield Finding("D2S112", span, fields, "apt", ("DL3027",), at=one.place(understood, known.parts[0]))
    if known.title in (
        "apt-get upgrade",
        "apt-get dist-upgrade",
        "apt-get full-upgrade",
        "apk upgrade",
        "apt upgrade",
        "zypper dist-upgrade",
        "zypper dup",
    ) or (known.title in _UPDATES and not known.words("package")):
        dist_upgrade = ("DL3005",) if "dist" in verb or "full" in verb else ()
        also = (_EVERYTHING[tool],) if tool in _EVERYTHING else dist_upgrade
        yield Finding("D2S106", span, (("command", known.title),), verb, also)
    if known.title in ("apt-get install", "apt install"):
        texts = {part.text for part in known.parts} | {part.value for part in known.parts}
        off = "--no-install-recommends" in texts or any("Install-Recommends=" in text for text in texts)
        if not off and known.words("package"):
            yield Finding("D2S123", span, (("command", known.title),), known.title, ("DL3015",))


_EVERYTHING = {"zypper": "DL3035", "apk": "DL3017", "yum": "DL3031", "dnf": "DL3039", "microdnf": "DL3039"}


def _catalogue(plan: Plan, one: Seen, step: Run, updated: set[str]) -> Iterator[Finding]:
    """update and install of apt: together in a RUN, and the lists deleted there."""
    titles = [known.title for _, known in one.commands()]
    updates = [
        known.title
        for _, known in one.commands()
        if known.title in ("apt-get update", "apt update", "aptitude update") or _updates(known)
    ]
    installs = [title for title in titles if title in ("apt-get install", "apt install", "apt-get build-dep", "aptitude install")]
    others = any(title in _NEED_IT for title in titles) or any(not known.known for _, known in one.commands())  # a script
    image = first_base(plan, one.stage).partition(":")[0]
    text = step.handed()
    deleted = any(word in text for word in ("/var/lib/apt/lists", "dist-clean", "distclean")) or any(
        path.rstrip("/*") in _ABOVE for _, known in one.commands() if known.title == "rm" for path in known.words("path")
    )
    if updates and not installs and not others and not deleted and not any("upgrade" in title for title in titles):
        yield Finding("D2S120", step.span, (("command", updates[0]),), updates[0])
    if (
        installs
        and not updates
        and not _are_files(one)
        and not _reaches(plan, one.stage, updated)
        and image in ("debian", "ubuntu")
    ):
        yield Finding("D2S121", step.span, (("command", installs[0]),), installs[0])
    if updates or any(_may_update(known) for _, known in one.commands()):
        updated.add(one.stage.key)
    mounted = any(mount.target.startswith("/var/lib/apt") for mount in step.mounts)
    if updates and one.stage in plan.chain() and not mounted and not deleted:  # what a thrown away stage has is in no image
        yield Finding("D2S122", step.span, (), updates[0], ("DL3009",))


_NEED_IT = frozenset({
    "apt-get source", "apt-get download", "apt-get satisfy", "apt-get reinstall", "apt reinstall", "aptitude install",
    "apt-file update", "xx-apt install", "xx-apt-get install", "mk-build-deps", "rosdep install", "opam install", "opam depext",
    "ansible-playbook",
})  # fmt: skip
"""What else asks for packages of the catalogue, or may."""
_ABOVE = ("/var/lib/apt", "/var/lib", "/var")
"""Directories that take the lists along when they are deleted."""


def _may_update(known: Known) -> bool:
    """A program that nobody knows, or a shell's file: what it does stands elsewhere."""
    return not known.known or (known.title in (*SHELLS, "dot", "source") and bool(known.words("path", "program")))


def _are_files(one: Seen) -> bool:
    """Whether only packages that lie there are installed."""
    names = [name for _, known in one.commands() if known.title.endswith(" install") for name in known.words("package")]
    return bool(names) and all(name.startswith(("./", "/", "../")) for name in names)


def _updates(known: Known) -> bool:
    """`apt-get install -U` fetches the catalogue first."""
    return known.title.startswith(("apt-get ", "apt ")) and any(part.text in ("-U", "--update") for part in known.parts)


def _reaches(plan: Plan, stage: Stage, updated: set[str]) -> bool:
    """Whether the stage, or one that it goes on from, has had an update."""
    by_key = {each.key: each for each in plan.stages}
    while stage.key not in updated:
        if stage.parent is None:
            return False
        stage = by_key[stage.parent]
    return True
