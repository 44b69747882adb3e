"""`dock2sh verify --host`: a machine that `setup.sh` has set up, put before the judge. Plan, provision/ and verify/ meet here."""

from collections.abc import Mapping
from typing import Any

from dock2sh.instructions.secrets import looks_secret
from dock2sh.model import Plan
from dock2sh.plan.context import Project
from dock2sh.proof import Wish, case, dropped_links, unpack
from dock2sh.provision import Service
from dock2sh.provision.bundle import host_files
from dock2sh.provision.service import volumes
from dock2sh.verify import Verdict, engine
from dock2sh.verify.host import Wanted, verify_host
from dock2sh.verify.machine import machine
from dock2sh.verify.started import Files
from dock2sh.verify.started import Service as Looked

_KEPT = "setup.sh has kept it: a link, or the mode of a directory, that differs at the destination may be that and no drift"


def prove_host(plan: Plan, project: Project, file: str, wish: Wish, where: str, name: str) -> Verdict:
    """Build the reference and compare it with the machine `where`, on which setup.sh has set up the service `name`. Needs root.

    Raises NoReference for a place that cannot be one.
    """
    by = engine(wish.builder)
    dropped = dropped_links(plan, by)
    page = case(plan, project, file, lambda plan: "", wish, by)
    wanted = Wanted(machine(where), Looked(name, _files(plan, Service(name)), looks_secret), _own(plan, Service(name)))
    answer = verify_host(page, wish.how._replace(unpack=unpack), by, wanted)
    return answer._replace(notes=(*answer.notes, f"{dropped}. {_KEPT}")) if dropped else answer


def _files(plan: Plan, service: Service) -> Files:
    """What setup.sh installs to start an image of a config."""

    def wanted(config: Mapping[str, Any], way: str) -> dict[str, str]:
        image = plan._replace(config=dict(config))
        kinds = ("run", "unit", "tree") if way == "root" else ("run", "unit")
        return {file.path: file.text for file in host_files(image, service) if file.when in kinds}

    return wanted


def _own(plan: Plan, service: Service) -> frozenset[str]:
    """What setup.sh installs beside what the steps make, and the directories on the way."""
    paths = [file.path for file in host_files(plan, service)] + [where for where, _ in volumes(plan, service)]
    paths += [path.rstrip("/") for _, path in volumes(plan, service)]
    paths += [f"/etc/{folder}/{service.name}.conf" for folder in ("sysusers.d", "tmpfiles.d")]
    paths += [f"{service.unit}.d/volumes.conf"]
    above = {"/" + "/".join(path.strip("/").split("/")[:count]) for path in paths for count in range(1, path.count("/") + 1)}
    return frozenset(paths) | above
