"""setup.sh: the script for hosts. The same `build` as a container's script, with runtime/host around it, and all files in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dock2sh import __version__
from dock2sh.digest import sha256
from dock2sh.emit.bundle import bundle
from dock2sh.emit.display import delimiter
from dock2sh.emit.frame import Frame, Setting, image, left_out_lines, lock_lines
from dock2sh.emit.quoting import assignment, quote
from dock2sh.emit.script import script
from dock2sh.model import Fetch, Plan, Run
from dock2sh.plan.bundle import carried_contexts, context_tar, needed
from dock2sh.plan.context import Project
from dock2sh.provision.accounts import accounts
from dock2sh.provision.dangers import dangers
from dock2sh.provision.environment import is_shell_name, variables
from dock2sh.provision.health import health_test, health_times
from dock2sh.provision.names import Service
from dock2sh.provision.releases import release
from dock2sh.provision.service import ports, starts, tree_start, volumes
from dock2sh.provision.steps import table
from dock2sh.provision.wish import Vendored, Wish

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried

INLINE = 1 << 20
"""Bytes of a context that a here-document may hold. Beyond it the files stand behind the script: bash reads a pipe byte by byte,
ten megabytes in 24 seconds."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l"}
"""What `uname -m` says, for docker's names where they are others."""


class HostFile(NamedTuple):
    """A file that setup.sh installs: where, its mode (octal, as text), when (run, unit, tree, profile), what is in it."""

    path: str
    mode: str
    when: str
    text: str


def setup(
    plan: Plan,
    project: Project,
    escape: str,
    service: Service,
    files: list[HostFile],
    wish: Wish,
) -> bytes:
    """The script, but for what is `vendored`, which is to stand behind it. Raises Refused for what no script can do."""
    packed, tail, carried = None, False, carried_contexts(plan, project)
    if project.context is not None and plan.reads_context():
        packed = context_tar(needed(plan, project).files, project)
        tail = len(packed) > INLINE
    behind = sum(image.size for image in wish.vendored)
    setting = Setting(
        project.name,
        project.text,
        escape,
        project.ignore,
        packed,
        tail,
        behind,
        lock=wish.lock,
        named=project.named,
        carried=carried,
    )
    here = {image.image for image in wish.vendored}  # an engine is not asked for these
    shown = plan._replace(contexts={name: name if name in here else source for name, source in plan.contexts.items()})
    data = {
        "room_needed": str(512 + (3 * len(packed or b"") + 4 * behind) // (1 << 20)),
        "vendored_images": _places(wish.vendored),
    }
    frame = Frame(_head(plan, setting, service), _data(plan, project, service, files, wish.lock, data), "host")
    text = script(shown, setting, frame).encode("utf-8", "surrogateescape")
    return text + packed if tail and packed else text


_CUT_OFF = """
# to the shell the half of it that a broken `curl | sh` brings is a script that has ended well
trap 'echo "setup.sh is cut off: not all of it has come. Nothing was done" >&2; exit 3' EXIT
"""
"""Until main, which is called in the last line."""


def _head(plan: Plan, setting: Setting, service: Service) -> str:
    base = plan.chain()[0].base
    merged = f"its own files where it is {_shown(base)}, else a private tree, {service.place}/rootfs" if release(base) else (
        f"a private tree, {service.place}/rootfs: {base} is no release of a distribution"
    )  # fmt: skip
    lines = [
        f"Sets up {service.name} on a machine, as {setting.name} says, without containers.",
        f"Made by dock2sh {__version__} from {setting.name} (sha256:{sha256(setting.text)[:12]}), FROM {base}.",
        *left_out_lines(plan),
        *lock_lines(setting.lock),
        "",
        f"It changes the machine: {merged}.",
        f"What was there is kept in {service.place}, and uninstall.sh there takes it all back.",
        "",
        "  sudo sh setup.sh            looks at the machine, asks, does what is left to do     --yes  without asking",
        "  sh setup.sh --list          the steps                --dry-run  command by command",
        "  sudo sh setup.sh --preview  which files would be added, changed, deleted; leaves nothing",
        "  sudo sh setup.sh --status   0: nothing to do         --help     the rest",
    ]
    return "#!/bin/sh\n" + "\n".join(("# " + line).rstrip() for line in lines) + "\n" + _CUT_OFF


def _shown(base: str) -> str:
    found = release(base)
    return f"{found.id} {found.version}".removesuffix(" *") if found else base


def _places(vendored: tuple[Vendored, ...]) -> str:
    """A line for each image: where it begins, counted from the file's end, its bytes, its digest, its name."""
    left, lines = sum(one.size for one in vendored), list[str]()
    for one in vendored:
        lines.append(f"{left} {one.size} {one.sha256} {one.image}")
        left -= one.size
    return "\n".join(lines)


def _data(
    plan: Plan, project: Project, service: Service, files: list[HostFile], lock: "Carried | None", more: dict[str, str]
) -> str:
    """What the helpers in runtime/host want to know."""
    rows = [" ".join([str(row.number), row.stage, row.digest, *row.needs]) for row in table(plan, project, lock)]
    known = {stage.base: release(stage.base) for stage in plan.stages if stage.parent is None}
    arch = str(plan.image.get("architecture", ""))
    values = {
        "service_name": service.name,
        "service_place": service.place,
        "dockerfile_digest": sha256(project.text),
        "target_base": plan.chain()[0].base,
        "releases": "\n".join(f"{image} {found.id} {found.version}" for image, found in known.items() if found),
        "architecture": MACHINES.get(arch, arch),
        "steps": "\n".join(rows),
        "service_user": str(plan.config.get("User") or ""),
        "service_unit": "yes" if starts(plan) else "",
        "service_tree_start": tree_start(plan),
        "service_ports": " ".join(port for port in ports(plan) if port.endswith("/tcp")),
        "service_volumes": "\n".join(f"{here} {path}" for here, path in volumes(plan, service)),
        "fetch_hosts": " ".join(_hosts(plan)),
        "fetch_with": " ".join(_fetchers(plan)),
        **more,
        "dangers": "\n".join(dangers(plan)),
        "made_accounts": "\n".join(" ".join(map(str, account)) for account in accounts(plan)),
        "service_files": "\n".join(f"{file.path} {file.mode} {file.when}" for file in files),
    }
    lines = ["# What the helpers below go by: the steps with the digests of what they depend on, and the files that start it."]
    lines += [f"{key}={quote(value) if value else ''}" for key, value in values.items()]
    return "\n".join(lines) + "\n\n" + _texts(files) + "\n" + _here("uninstall_text", uninstall(service))


def _hosts(plan: Plan) -> list[str]:
    """What is fetched from, as far as it stands in the Dockerfile: `https://example.org`."""
    import re

    url = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?::\d+)?(?=[/\s'\"]|\Z)")
    steps = [step for stage in plan.stages for step in stage.steps]
    texts = [step.source for step in steps if isinstance(step, Fetch)]
    texts += [step.argv[-1] for step in steps if isinstance(step, Run) and step.argv]
    return list(dict.fromkeys(found for text in texts for found in url.findall(text)))[:10]


def _fetchers(plan: Plan) -> list[str]:
    """What the script itself fetches: `git` for repositories, `url` for what ADD names otherwise; `apt` where a RUN does."""
    import re

    steps = [step for stage in plan.stages for step in stage.steps]
    kinds = {"git" if step.git else "url" for step in steps if isinstance(step, Fetch)}
    kinds |= {"git"} if plan.repositories else set()
    texts = [step.argv[-1] for step in steps if isinstance(step, Run) and step.argv]
    packages = any(re.search(r"\bapt(-get|itude)?\b[^;&|\n]*\b(update|install)\b", text) for text in texts)
    return sorted(kinds | ({"apt"} if packages else set()))


def _texts(files: list[HostFile]) -> str:
    """`file_text PATH`: each file in a here-document."""
    cases = []
    for file in files:
        end = delimiter(file.text, "FILE")
        cases.append(f"    {quote(file.path)})\n        cat <<'{end}'\n{file.text}{end}\n        ;;\n")
    return 'file_text() {\n    case $1 in\n' + "".join(cases) + "    esac\n}\n"  # fmt: skip


def _here(function: str, text: str) -> str:
    end = delimiter(text, "SCRIPT")
    return f"{function}() {{\n    cat <<'{end}'\n{text}{end}\n}}\n"


def wrapper(plan: Plan, service: Service) -> str:
    """run-NAME: starts it in the foreground, as `docker run IMAGE ARG...` does."""
    odd = [assignment(key, value) for key, value in variables(plan).items() if not is_shell_name(key)]
    data = {"service_name": service.name, "service_place": service.place, "service_env": service.env}
    data |= {"service_user": str(plan.config.get("User") or ""), "service_directory": plan.config.get("WorkingDir") or "/"}
    text = [
        f"# Starts {service.name} in the foreground, as `docker run IMAGE ARG...` does: run-{service.name} --help says more.",
        f"# Made by dock2sh {__version__}.",
        "",
        image(plan).replace("# What `sh setup.sh start` starts: ENTRYPOINT and CMD.\n", ""),
        *(f"{key}={quote(value) if value else ''}" for key, value in data.items()),
        "",
        "# What no shell can have as a variable.",
        "more_environment() {",
        f"    env_add {' '.join(odd)}" if odd else "    :",
        "}",
        "",
    ]
    words = {"main", *(word for word in ("entrypoint", "cmd") if plan.config.get(word.title()))}
    return "#!/bin/sh\n" + "\n".join(text) + "\n" + bundle(words, "wrapper") + '\nmain "$@"\n'


def health(plan: Plan, service: Service) -> str:
    """health-NAME: one probe, and what it means after those before it."""
    times = health_times(plan)
    words = health_test(plan)
    data: Mapping[str, str] = {
        "service_name": service.name,
        "timeout": f"{times.timeout:g}",
        "start_period": f"{times.start_period:.0f}",
        "retries": str(times.retries),
    }
    text = [
        f"# One probe of {service.name}'s HEALTHCHECK. Exit status: 0 healthy or starting, 1 unhealthy.",
        f"# Made by dock2sh {__version__}.",
        "",
        "probe() {",
        f"    {service.runner} --exec -- {' '.join(map(quote, words))}",
        "}",
        "",
        *(f"{key}={quote(value)}" for key, value in data.items()),
        "",
    ]
    return "#!/bin/sh\n" + "\n".join(text) + "\n" + bundle({"main"}, "health") + '\nmain "$@"\n'


def uninstall(service: Service) -> str:
    """uninstall.sh: takes back what setup.sh did, from its record."""
    text = [
        f"# Takes {service.name} from this machine: --help says more. Made by dock2sh {__version__}.",
        "",
        f"service_name={service.name}",
        f"service_place={service.place}",
        "",
    ]
    return "#!/bin/sh\n" + "\n".join(text) + "\n" + bundle({"main"}, "uninstall") + '\nmain "$@"\n'
