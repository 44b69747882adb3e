"""The bundle: all files that an operator gets, as data. Writing them is the command line's business."""

from typing import NamedTuple

from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.provision import service as units
from dock2sh.provision.ansible import role, script_path
from dock2sh.provision.cloud_init import user_data
from dock2sh.provision.environment import env_file, has_secret, profile
from dock2sh.provision.readme import readme
from dock2sh.provision.service import Service
from dock2sh.provision.setup import HostFile, health, setup, uninstall, wrapper


class File(NamedTuple):
    """A file of the bundle: its path in there, its bytes, its mode."""

    path: str
    data: bytes
    mode: int = 0o644


class Bundle(NamedTuple):
    """What `dock2sh provision` writes."""

    service: Service
    files: tuple[File, ...]


def bundle(plan: Plan, project: Project, escape: str, service: Service, url: str = "") -> Bundle:
    """All files; `url` is where machines that are made new will find setup.sh. Raises Refused for what no script can do."""
    installed = host_files(plan, service)
    script = setup(plan, project, escape, service, installed, units.starts(plan))
    files = [File("setup.sh", script, 0o755)]
    files += [_shown(file) for file in installed]
    files += [
        File("uninstall.sh", uninstall(service).encode(), 0o755),
        File("README.md", readme(plan, project, service).encode()),
    ]
    return Bundle(service, (*files, *_fleet(script, service, url)))


def _fleet(script: bytes, service: Service, url: str) -> list[File]:
    """What sets up many: Ansible, and cloud-init for machines that are made."""
    roles = [File(f"ansible/{path}", text.encode()) for path, text in role(service).items()]
    return [
        *roles,
        File(f"ansible/{script_path(service)}", script, 0o755),
        File("cloud-init.yaml", user_data(script, service, url).encode()),
    ]


def host_files(plan: Plan, service: Service) -> list[HostFile]:
    """What setup.sh installs besides the steps' own files."""
    secret = has_secret(plan)
    found = [
        HostFile(service.env, "0600" if secret else "0644", "run", env_file(plan, service.name)),
        HostFile(f"/etc/profile.d/{service.name}.sh", "0600" if secret else "0644", "profile", profile(plan, service.name)),
    ]
    if not units.starts(plan):
        return found
    found += [
        HostFile(service.runner, "0755", "run", wrapper(plan, service)),
        HostFile(service.unit, "0644", "unit", units.unit(plan, service)),
        HostFile(f"{service.unit}.d/tree.conf", "0644", "tree", units.tree(plan, service)),
    ]
    if units.health_test(plan):
        folder = "/etc/systemd/system"
        found += [
            HostFile(service.health, "0755", "unit", health(plan, service)),
            HostFile(f"{folder}/{service.name}-health.service", "0644", "unit", units.health_unit(service)),
            HostFile(f"{folder}/{service.name}-health.timer", "0644", "unit", units.health_timer(plan, service)),
        ]
    return found


def _shown(file: HostFile) -> File:
    """A file that setup.sh has in it, to be read beside it."""
    names = {"/etc/systemd/system/": "systemd/", "/usr/local/bin/": "", "/etc/profile.d/": "profile.d/"}
    path = next((to + file.path[len(start) :] for start, to in names.items() if file.path.startswith(start)), "env.sh")
    return File(path, file.text.encode("utf-8", "surrogateescape"), int(file.mode, 8))
