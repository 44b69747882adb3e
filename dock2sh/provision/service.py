"""What systemd gets: NAME.service, and its part for a private tree. HEALTHCHECK's units are health.py's."""

import re

from dock2sh.model import Plan
from dock2sh.plan.paths import clean
from dock2sh.provision.environment import is_shell_name, variables
from dock2sh.provision.health import health_test
from dock2sh.provision.names import Service

CAPABILITIES = (
    "chown dac_override fsetid fowner net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write"
)
"""What docker leaves to a container's root, less mknod: what makes that harmless there is a /dev of its own."""


READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys")
COVERED = (
    *("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/kmsg", "/proc/latency_stats", "/proc/timer_list"),
    *("/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", "/dev/kmsg"),
)
"""What docker lets nobody write to and read in a container (readonlyPaths, maskedPaths), and the kernel's log."""


NOBODY = "65534"
"""The number of `nobody` on every distribution that an image can be merged into."""


_LAST_WORDS = "for wait in 1 2 3 4 5 6 7 8 9; do [ -e /tmp/.run-{} ] || break; sleep 0.1; done"
"""Until all that it said has reached the journal: runtime/wrapper/output.sh."""


def starts(plan: Plan) -> bool:
    """Whether there is something to start."""
    return bool(plan.config.get("Entrypoint") or plan.config.get("Cmd"))


def user(plan: Plan) -> tuple[str, str]:
    """User and group of the service, as USER has them; empty for root, and for the user's own group."""
    name, _, group = str(plan.config.get("User") or "").partition(":")
    return ("", group) if name in ("", "0", "root") and not group else (name or "root", group)


def ports(plan: Plan) -> list[str]:
    """EXPOSE: `80/tcp`, by number."""
    return sorted(plan.config.get("ExposedPorts") or (), key=lambda port: (int(port.partition("/")[0]), port))


def volumes(plan: Plan, service: Service) -> list[tuple[str, str]]:
    """Where a VOLUME's data is kept on the host, and its path in the image, which docker takes from / on."""
    found: dict[str, str] = {}
    for path in sorted({clean(f"/{path}") for path in plan.config.get("Volumes") or ()} - {"/"}):
        place = _flat(path)
        while place in found:
            place += "-"
        found[place] = path
    return [(f"/var/lib/{service.name}-volumes/{place}", path) for place, path in found.items()]


def _flat(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.strip("/")).strip("-.") or "volume"


def unit(plan: Plan, service: Service) -> str:
    """NAME.service, for a setup in the machine's own files; `tree` is what a private tree has besides."""
    labels = plan.config.get("Labels") or {}
    title = labels.get("org.opencontainers.image.title") or service.name
    sections = {
        "Unit": [
            f"Description={_line(title)}",
            *_documentation(labels),
            "Wants=network-online.target",
            "After=network-online.target",
        ],
        "Service": [
            "Type=exec",
            f"ExecStart={service.runner}",
            *_user(plan),
            f"WorkingDirectory={_path(plan.config.get('WorkingDir') or '/')}",
            "UMask=0022",
            "",
            "# as `docker stop`: the image's signal for the first process, and after ten seconds SIGKILL for all",
            f"KillSignal={signal(plan)}",
            "KillMode=mixed",
            "TimeoutStopSec=10",
            f"SuccessExitStatus=143 {signal(plan)}",
            f"ExecStopPost=-/bin/sh -c {quoted(_LAST_WORDS.format(service.name))}",
            "Restart=on-failure",
            "RestartSec=1",
            *_volumes(plan, service),
            "",
            "# what a container keeps a program from, and no more",
            *_limits(plan),
        ],
        "Install": ["WantedBy=multi-user.target", *([f"Also={service.name}-health.timer"] if health_test(plan) else [])],
    }
    text = "\n\n".join("\n".join([f"[{name}]", *lines]) for name, lines in sections.items())
    first = f"# Made by dock2sh: starts {service.name}, as its Dockerfile says. Changes belong into `systemctl edit`."
    return f"{first}\n\n{text}\n"


def _documentation(labels: dict[str, str]) -> list[str]:
    urls = (labels.get(f"org.opencontainers.image.{key}", "") for key in ("documentation", "url", "source"))
    return [f"Documentation={url.replace('%', '%%')}" for url in urls if re.match(r"https?://[^\s\"'\\]+\Z", url)][:1]


def _user(plan: Plan) -> list[str]:
    name, group = user(plan)
    if name == "nobody":
        name = NOBODY
        remark = ["# nobody: by its number, since systemd warns of the name. Others may run as nobody here, too (NFS)"]
    else:
        remark = []
    return [*remark, *[f"User={_name(name)}"] * bool(name), *[f"Group={_name(group)}"] * bool(group)]


def _name(text: str) -> str:
    return text.replace("%", "%%")


def _line(text: str) -> str:
    return " ".join(text.split()).replace("%", "%%").rstrip("\\") or "-"


def _path(path: str) -> str:
    return path.replace("%", "%%")


def signal(plan: Plan) -> str:
    """STOPSIGNAL as systemd writes it."""
    text = str(plan.config.get("StopSignal") or "SIGTERM").upper()
    if text.isdigit():
        import signal as numbers

        return numbers.Signals(int(text)).name if int(text) in set(numbers.Signals) else text
    return text if text.startswith("SIG") else f"SIG{text}"


def _volumes(plan: Plan, service: Service) -> list[str]:
    found = volumes(plan, service)
    if not found:
        return []
    states = " ".join(here.removeprefix("/var/lib/") for here, _ in found)
    binds = [f"BindPaths={here}:{_listed(path)}" for here, path in found]
    return [
        "",
        "# VOLUME: the data stays in /var/lib, the program sees it where the image has it. At each start systemd",
        "# would change owners and modes: setup.sh takes StateDirectory= back when the directories are made",
        f"StateDirectory={states}",
        *binds,
    ]


def _listed(path: str) -> str:
    """A path in a list of paths; in double quotes blanks and colons are its own, and `$` has no meaning there."""
    text = _path(path)
    if re.fullmatch(r"[^\s:\"'\\]+", path):
        return text
    return '"' + "".join("\\" + char if char in '\\"' else char for char in text) + '"'


def _limits(plan: Plan) -> list[str]:
    kept = " ".join(f"CAP_{name.upper()}" for name in CAPABILITIES.split())
    lines = [f"CapabilityBoundingSet={kept}"]
    as_root = user(plan)[0] in ("", "root", "0")
    if not as_root and any(int(port.partition("/")[0]) < 1024 for port in ports(plan)):
        lines += ["# EXPOSE of a port below 1024: docker lets every user have it", "AmbientCapabilities=CAP_NET_BIND_SERVICE"]
    return [
        *lines,
        "PrivateTmp=yes",
        # + is the service's own root: a private tree's
        f"ReadOnlyPaths={' '.join(f'-+{path}' for path in READ_ONLY)}",
        f"InaccessiblePaths={' '.join(f'-+{path}' for path in COVERED)}",
        *_devices(plan),
    ]


def _devices(plan: Plan) -> list[str]:
    """To systemd before 254 every setting that is a filter of system calls (PrivateDevices= is one) means NoNewPrivileges=yes,
    unless root is started: then sudo, su and ping fail, which they do not in a container. Root alone could write to the
    machine's own /dev. What other such settings keep away (modules, the clock) needs capabilities that the service has not."""
    if user(plan)[0] in ("", "root", "0"):
        return ["PrivateDevices=yes", "RestrictNamespaces=yes"]
    return ["DevicePolicy=closed"]


def tree(plan: Plan, service: Service) -> str:
    """The unit's part for a private tree. There may be no shell in it, so that the command stands here, in systemd's quoting."""
    words = _words(plan)
    return "\n".join(
        [
            f"# Made by dock2sh: {service.name} in its private tree. setup.sh adds what its user has there: numbers, HOME.",
            "[Service]",
            f"RootDirectory={service.place}/rootfs",
            "MountAPIVFS=yes",
            "BindReadOnlyPaths=-/etc/resolv.conf -/etc/hosts",
            "Environment=HOSTNAME=%H",
            f"EnvironmentFile={service.env}",
            *_unset(plan),
            f"ExecSearchPath={_path(_search(plan))}",
            "ExecStart=",
            f"ExecStart={' '.join(map(quoted, words))}",
            "ExecStopPost=",
            "",
        ]
    )


def _unset(plan: Plan) -> list[str]:
    """What systemd adds, and nobody would write into env.sh: this setting has the last word. (LANG, USER somebody would.)"""
    own = [name for name in ("INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID") if name not in variables(plan)]
    return [f"UnsetEnvironment={' '.join(own)}"] if own else []


def _words(plan: Plan) -> list[str]:
    words = [*(plan.config.get("Entrypoint") or ()), *(plan.config.get("Cmd") or ())]
    if words and "/" in words[0]:  # systemd wants it absolute
        words[0] = clean(f"{plan.config.get('WorkingDir') or '/'}/{words[0]}" if not words[0].startswith("/") else words[0])
    return words


def tree_start(plan: Plan) -> str:
    """Lines for the same part where the tree has /usr/bin/env: with the variables whose names are none to systemd (`a.b`). Empty
    without such ones."""
    odd = [f"{key}={value}" for key, value in variables(plan).items() if not is_shell_name(key)]
    words = _words(plan)
    if not odd or not words:
        return ""
    start = " ".join(map(quoted, ["/usr/bin/env", "--", *odd, *words]))
    return f"ExecStart=\nExecStart={start}\nSyslogIdentifier={_path(words[0].rpartition('/')[2])}"


def _search(plan: Plan) -> str:
    """PATH. Systemd takes no relative ones, which count from the directory that it starts in."""
    start = plan.config.get("WorkingDir") or "/"
    parts = [part if part.startswith("/") else f"{start}/{part}" for part in variables(plan)["PATH"].split(":")]
    return ":".join(dict.fromkeys(clean(part) for part in parts))


def quoted(word: str) -> str:
    """A word of systemd's command lines and lists: in double quotes; there only backslash, `$`, `%` and `"` have a meaning."""
    escapes = {"\\": "\\\\", '"': '\\"', "$": "$$", "%": "%%", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(char, char) for char in word) + '"'
