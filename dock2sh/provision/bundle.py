"""The bundle: all files that an operator gets, as data. Writing them is the command line's business."""

from typing import NamedTuple

from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.provision import service as units
from dock2sh.provision.ansible import role, script_path
from dock2sh.provision.cloud_init import Sent, user_data
from dock2sh.provision.environment import env_file, has_secret, profile
from dock2sh.provision.health import health_test, health_timer, health_unit
from dock2sh.provision.machines import TOOLS, machine_file
from dock2sh.provision.names import Service
from dock2sh.provision.readme import Page, readme
from dock2sh.provision.setup import HostFile, health, setup, uninstall, wrapper
from dock2sh.provision.wish import Wish


class File(NamedTuple):
    """A file of the bundle: its path in there, its bytes, its mode; `behind` are files of this machine that follow the bytes."""

    path: str
    data: bytes
    mode: int = 0o644
    behind: tuple[str, ...] = ()


class Bundle(NamedTuple):
    """What `dock2sh provision` writes."""

    service: Service
    files: tuple[File, ...]


def bundle(plan: Plan, project: Project, escape: str, service: Service, wish: Wish | None = None) -> Bundle:
    """All files. Raises Refused for what no script can do."""
    wish = wish or Wish()
    installed = host_files(plan, service)
    text = setup(plan, project, escape, service, installed, wish)
    open_to = 0o700 if has_secret(plan) else 0o755
    script = File("setup.sh", text, open_to, tuple(image.path for image in wish.vendored))
    made = [file._replace(mode=open_to & 0o666) for file in _made(plan, script, service, wish)]
    user_data = next((len(file.data) for file in made if file.path == "cloud-init.yaml"), 0)
    page = Page(user_data, bool(script.behind) or not text.endswith(b'main "$@"\n'))
    files = [script, *map(_shown, installed), File("uninstall.sh", uninstall(service).encode(), 0o755)]
    files += [File("README.md", readme(plan, project, service, wish, page).encode())]
    return Bundle(service, (*files, *_fleet(script, service), *made))


def _fleet(script: File, service: Service) -> list[File]:
    """What sets up many: Ansible."""
    roles = [File(f"ansible/{path}", text.encode()) for path, text in role(service).items()]
    return [*roles, script._replace(path=f"ansible/{script_path(service)}")]


def _made(plan: Plan, script: File, service: Service, wish: Wish) -> list[File]:
    """For machines that are made. What goes into user-data has no room for base images: with these it needs an address."""
    sent = Sent(service, b"" if wish.url else script.data, wish.url, digest(script) if wish.url else "")
    fits = bool(wish.url) or not script.behind
    data = {"cloud-init.yaml": user_data(sent)} if fits else {}
    data |= {TOOLS[tool]: machine_file(tool, plan, sent) for tool in wish.tools if fits or tool != "lima"}
    return [File(path, text.encode()) for path, text in data.items()]


def digest(file: File) -> str:
    """SHA-256 of the whole file, what stands behind it too."""
    import hashlib

    whole = hashlib.sha256(file.data)
    for path in file.behind:
        with open(path, "rb") as more:
            while block := more.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()


def host_files(plan: Plan, service: Service) -> list[HostFile]:
    """What setup.sh installs besides the steps' own files."""
    secret = has_secret(plan)
    found = [  # root's: who runs as the service is not to write what root reads, too. Its group reads it
        HostFile(service.env, "0640" if secret else "0644", "run", env_file(plan, service.name)),
        HostFile(f"/etc/profile.d/{service.name}.sh", "0600" if secret else "0644", "profile", profile(plan, service.name)),
    ]
    if not units.starts(plan):
        return found
    found += [
        HostFile(service.runner, "0755", "run", wrapper(plan, service)),
        HostFile(service.unit, "0644", "unit", units.unit(plan, service)),
        HostFile(f"{service.unit}.d/tree.conf", "0644", "tree", units.tree(plan, service)),
    ]
    if health_test(plan):
        folder = "/etc/systemd/system"
        found += [
            HostFile(service.health, "0755", "unit", health(plan, service)),
            HostFile(f"{folder}/{service.name}-health.service", "0644", "unit", health_unit(service)),
            HostFile(f"{folder}/{service.name}-health.timer", "0644", "unit", health_timer(plan, service)),
        ]
    return found


def _shown(file: HostFile) -> File:
    """A file that setup.sh has in it, to be read beside it."""
    names = {"/etc/systemd/system/": "systemd/", "/usr/local/bin/": "", "/etc/profile.d/": "profile.d/"}
    path = next((to + file.path[len(start) :] for start, to in names.items() if file.path.startswith(start)), "env.sh")
    mode = int(file.mode, 8)
    return File(path, file.text.encode("utf-8", "surrogateescape"), mode if mode & 0o004 else mode & 0o700)
