"""From flags to API calls: what a command line names is found, parsed and evaluated; what is wrong with it ends the process."""

import os
from typing import TYPE_CHECKING, Any

from dock2sh.cli.say import REFUSED, USAGE, Complaints, note, stop, usage
from dock2sh.source import Refused

if TYPE_CHECKING:
    from dock2sh.dockerfile.syntax import Dockerfile
    from dock2sh.emit.carried import Carried
    from dock2sh.model import Plan
    from dock2sh.plan.context import Project
    from dock2sh.plan.contexts import Contexts
    from dock2sh.plan.walk import FindBase


def parsed(target: str, file: str, format: str = "text") -> "tuple[Project, Dockerfile]":
    from dock2sh.dockerfile.lines import parse
    from dock2sh.plan.context import locate

    try:
        project = locate(target, file)
    except Refused as refused:
        # what is wrong with an ignore file is wrong with the input: docker refuses the build
        status = REFUSED if refused.diagnostic.code in ("ignore", "pattern") else USAGE
        stop(refused.diagnostic, None, status, format)
    try:
        return project, parse(project.text)
    except Refused as refused:
        stop(refused.diagnostic, project, REFUSED, format)


def planned(
    target: str,
    file: str,
    build_arg: list[str] | None,
    stage: str,
    platform: str,
    label: list[str] | None,
    base: list[str] | None,
    build_context: list[str] | None,
    offline: bool,
    secret: list[str] | None,
    format: str = "text",
    find: "FindBase | None" = None,
    where: str = "container",
    network: str = "default",
    add_host: list[str] | None = None,
    allow: list[str] | None = None,
    ulimit: list[str] | None = None,
    shm_size: str = "",
) -> "tuple[Plan, Project, Dockerfile]":
    """What the flags of a command mean; `find` answers for base images, by default what is here without fetching anything.
    `allow` are the rights that a step may ask for, None where no step is run.

    What markers keep away from `where` is left out, and told.
    """
    from dock2sh.plan.evaluate import evaluate

    project, dockerfile = parsed(target, file, format)
    choose("--for", where, WHERE)
    options = evaluation_options(build_arg, stage, platform, label, where, build_context)
    options = with_machine(options, network, add_host, allow, ulimit, shm_size)
    if secret:
        from dock2sh.cli.secrets import checked_secrets

        checked_secrets(secret)
    with Complaints(project, format):
        project = with_contexts(project, build_context)
        find = _beginning(find, build_context) if find else finder(base, build_context, offline)
        plan = evaluate(dockerfile, options, find, None, project.ignore)
    for text in plan.notes:
        note(f"{project.name}: {text}")
    return plan, project, dockerfile


WHERE = ("container", "host")


def with_contexts(project: "Project", build_context: list[str] | None) -> "Project":
    """The project with what its named contexts' own ignore files say. Raises Refused."""
    if not build_context:
        return project
    from dock2sh.plan.context import named_contexts

    contexts = build_contexts(build_context)
    return project._replace(named=named_contexts(contexts), contexts=contexts)


def build_contexts(build_context: list[str] | None) -> "Contexts":
    """Named contexts. A name or a SOURCE that docker does not take, or no script, ends the process."""
    from dock2sh.plan.contexts import SCHEMES, Contexts

    given = pairs("--build-context", build_context)
    for name, source in given.items():
        flag = f"--build-context {name}={source}"
        if source.startswith(SCHEMES):
            continue
        if "://" in source or source.startswith("git@"):
            _check_repository(flag, source)
            continue
        if not os.path.exists(source):
            usage(f"{flag}: there is no {source}")
        if not os.path.isdir(source):
            usage(f"{flag}: not a directory. (--base {name}={source} takes it for the files of an image)")
    try:
        return Contexts(given)
    except Refused as refused:
        usage(f"--build-context: {refused.diagnostic.message}")


def _check_repository(flag: str, source: str) -> None:
    """A SOURCE that is elsewhere: a git repository, as docker takes it. Its URL stands in the script: one with a password, and
    what is none, ends the process."""
    from urllib.parse import urlsplit

    from dock2sh.plan.contexts import repository

    try:
        found = repository(source)
    except Refused as refused:
        usage(f"{flag}: {refused.diagnostic.message}")
    if not found:
        kinds = "a directory, docker-image://IMAGE, oci-layout://DIRECTORY or a git repository (git://HOST/PATH, https://HOST/PATH.git"
        usage(f"{flag}: it must be {kinds}, git@HOST:PATH; each with #REF:SUBDIR). What is elsewhere, fetch it first")
    if "://" in found.url and "@" in urlsplit(found.url).netloc:
        usage(f"{flag.partition('=')[0]}: a user or a password would stand in the script. Clone it, and name the directory")


def evaluation_options(
    build_arg: list[str] | None,
    stage: str,
    platform: str,
    label: list[str] | None,
    where: str = "",
    build_context: list[str] | None = None,
) -> Any:
    from dock2sh.plan.evaluate import Options

    arguments = pairs("--build-arg", build_arg, from_environment=True)
    options = Options(arguments, stage, platform, pairs("--label", label, bare=True), where)
    return options._replace(contexts=build_contexts(build_context)) if build_context else options


def with_machine(
    options: Any,
    network: str,
    add_host: list[str] | None,
    allow: list[str] | None,
    ulimit: list[str] | None = None,
    shm_size: str = "",
) -> Any:
    """What every RUN's machine has: docker's --network, which allows what it asks for, --add-host, --ulimit and --shm-size; and
    --allow."""
    choose("--network", network, ("default", "none", "host"))
    for right in allow or ():
        choose("--allow", right, ("network.host", "security.insecure"))
    rights = None if allow is None else (*allow, *(["network.host"] if network == "host" else []))
    options = options._replace(network=network, hosts=tuple(map(_known_host, add_host or ())), allowed=rights)
    if not (ulimit or shm_size):
        return options
    from dock2sh.cli.processes import Bad, limits, shared_memory

    try:
        return options._replace(limits=tuple(limits(ulimit or ())), shm=shared_memory(shm_size))
    except Bad as error:
        usage(str(error))


def _known_host(text: str) -> tuple[str, str]:
    """The address and the name of NAME:ADDRESS or NAME=ADDRESS; host-gateway is the machine that builds: the script finds out."""
    from ipaddress import ip_address

    name, _, address = text.partition("=" if "=" in text else ":")
    if address == "host-gateway" and name and name.isprintable():
        return address, name
    address = address.removeprefix("[").removesuffix("]")
    try:
        known = str(ip_address(address))
    except ValueError:
        known = ""
    if not known or not name or not name.isprintable():
        usage(f"--add-host {text}: invalid host; write NAME:ADDRESS, for example db:10.0.0.2")
    return known, name


def pairs(flag: str, values: list[str] | None, from_environment: bool = False, bare: bool = False) -> dict[str, str]:
    """NAME=VALUE arguments. Docker takes a --build-arg without VALUE from the environment, a --label without one as empty."""
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not name or not (equals or from_environment or bare):
            usage(f"{flag} {text}: write NAME=VALUE")
        if equals or bare:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def finder(
    base: list[str] | None, build_context: list[str] | None, offline: bool, quiet: bool = False, host: bool = False
) -> Any:
    from dock2sh.bases import finder

    sources = {**pairs("--base", base), **build_contexts(build_context)}
    return _beginning(finder(sources, offline, (lambda text: None) if quiet else note, host), build_context)


def _beginning(find: "FindBase", build_context: list[str] | None) -> "FindBase":
    from dock2sh.bases import beginning

    return beginning(find, build_contexts(build_context)) if build_context else find


def locked(
    plan: "Plan", project: "Project", target: str, file: str, mode: str, lock_file: str, snapshot: str
) -> "tuple[Plan, Carried | None]":
    """The plan as a lock fixes it, if there is one and it counts. That one counts that nobody has asked for is said."""
    if mode:
        choose("--lock", mode, ("strict", "prefer", "off"))
    if mode == "off":
        return plan, None
    place = lock_file or beside(target, file)
    if not mode and not lock_file and not (place and os.path.exists(place)):
        return plan, None
    if not place:
        usage("a Dockerfile from standard input has no lock beside it: name one with --lock-file FILE")
    if not mode:
        note(f"{place} counts (--lock strict); --lock off makes it as if there were none")
    return fixed_by_lock(plan, project, place, mode or "strict", snapshot, frozenset())


def beside(target: str, file: str) -> str:
    """dock2sh.lock beside the Dockerfile; beside one of another name NAME.dock2sh.lock."""
    if "-" in (target, file):
        return ""
    place = file or (os.path.join(target, "Dockerfile") if os.path.isdir(target) else target)
    name = os.path.basename(place)
    return os.path.join(os.path.dirname(place), "dock2sh.lock" if name.lower() == "dockerfile" else f"{name}.dock2sh.lock")


def fixed_by_lock(
    plan: "Plan", project: "Project", place: str, mode: str, snapshot: str, moving: frozenset[str]
) -> "tuple[Plan, Carried | None]":
    """What the lock at `place` makes of a plan; one that does not fit ends the process."""
    from dock2sh.lock.carry import Terms
    from dock2sh.lock.held import LockError
    from dock2sh.locking import fixed

    try:
        with Complaints(project):
            found = fixed(plan, place, Terms(mode, snapshot, moving))
    except LockError as error:
        note(str(error))
        raise SystemExit(REFUSED) from None
    for text in found.notes:
        note(text)
    return found.plan, found.carried


def choose(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        usage(f"{flag} {value}: one of {', '.join(choices)}")


def service(name: str, project: "Project") -> str:
    """What a service is called: the `--name` that was given, else after the context's directory."""
    import re

    from dock2sh.provision import service_name

    wish = name or service_name(os.path.basename(os.path.realpath(project.context or ".")))
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", wish):
        usage(f"--name {wish}: small letters, digits and -, beginning with a letter, at most 40")
    return wish
