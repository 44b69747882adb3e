"""README.md of a bundle: alone it is enough for an operator."""

from typing import TYPE_CHECKING

from dock2sh import __version__
from dock2sh.model import IMAGE_SCHEME, Plan
from dock2sh.plan.context import Project
from dock2sh.plan.contexts import is_image
from dock2sh.provision.dangers import dangers
from dock2sh.provision.releases import release
from dock2sh.provision.service import Service, health_test, ports, signal, starts, user, volumes
from dock2sh.provision.wish import Vendored, Wish

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried


def readme(plan: Plan, project: Project, service: Service, wish: Wish) -> str:
    """The page, in the order in which one needs it."""
    parts = [_what(plan, project, service, wish.vendored), _do(plan, service), _lock(wish.lock) if wish.lock else ""]
    parts += [_service(plan, service) if starts(plan) else "", _back(service), _fleet(wish.vendored), _tools(wish.tools)]
    return "\n".join(part for part in parts if part)


def _what(plan: Plan, project: Project, service: Service, vendored: tuple[Vendored, ...]) -> str:
    base = plan.chain()[0].base
    found = release(base)
    tree = f"a private tree of files in `{service.place}/rootfs` (*root*)"
    if base == "scratch":
        way = f"It gets {tree}; there is no base image (`FROM scratch`)."
    elif found and vendored:
        way = (
            f"On a machine that is {found.id} {found.version} it goes into the machine's own files (*merge*). Elsewhere it gets\n"
            f"{tree}, from the base image that setup.sh has in it."
        )
    elif vendored:
        way = f"It gets {tree}, from the base image that setup.sh has in it."
    elif found:
        way = (
            f"On a machine that is {found.id} {found.version} it goes into the machine's own files (*merge*). Elsewhere it gets\n"
            f"{tree}, for which the base image is needed:\n`--base {base}=SOURCE`."
        )
    else:
        way = (
            f"It gets {tree}, from the base image:\n`--base {base}=SOURCE` says where that is (a directory, a tar of its root\n"
            "file system, the output of `docker save`), unless docker or podman is there."
        )
    title = f"# {service.name}\n\nSets up what `{project.name}` describes, on machines without containers."
    return f"{title} Made by dock2sh {__version__}.\n\n{way}\n{_images(vendored)}{_contexts(plan, vendored)}"


def _images(vendored: tuple[Vendored, ...]) -> str:
    if not vendored:
        return ""
    names = ", ".join(f"{image.image} ({megabytes(image.size)})" for image in vendored)
    return f"\nsetup.sh has the base images in it, so that no registry is needed: {names}. It must be a file, not a pipe.\n"


def _contexts(plan: Plan, vendored: tuple[Vendored, ...]) -> str:
    """Named contexts that are images and not in the script."""
    here = {image.image for image in vendored}
    missing = {name: source for name, source in plan.contexts.items() if is_image(source) and name not in here}
    lines = [
        f"- `{name}`: `--build-context {name}=SOURCE`, unless docker or podman has {source.removeprefix(IMAGE_SCHEME)}"
        if source.startswith(IMAGE_SCHEME)
        else f"- `{name}`: `--build-context {name}=SOURCE`"
        for name, source in missing.items()
    ]
    if not lines:
        return ""
    what = "SOURCE is a directory, `oci-layout://DIR` or `docker-image://NAME`"
    return "\nIts steps take files from images that setup.sh has to be given:\n\n" + "\n".join(lines) + f"\n\n{what}.\n"


def megabytes(size: int) -> str:
    """As `docker images` counts."""
    return f"{size / 10**6:.1f} MB"


def _do(plan: Plan, service: Service) -> str:
    careful = "".join(f"- step {line}\n" for line in dangers(plan))
    warning = f"\nBe careful where a machine has other tasks, too:\n\n{careful}" if careful else ""
    return f"""\
## Setting it up

    scp setup.sh HOST:           # it needs no other file
    ssh HOST
    sh setup.sh --list           # the steps
    sudo sh setup.sh --preview   # which files it would add, change and delete; leaves nothing
    sudo sh setup.sh             # looks at the machine, asks, does it; --yes does not ask (D2S_YES=1 for what has no arguments)

Run it again at any time: what is done and unchanged is not done again; after a failure it goes on at that step. `--status` says
what is left: exit status 0 nothing, 1 something. The log is `{service.place}/setup.log`. `--help` has the rest.
{warning}"""


def _lock(lock: "Carried") -> str:
    if lock.mode == "prefer":
        meant = "It takes what is locked where that can be had, and warns of each thing that is otherwise."
    else:
        meant = (
            "It gets exactly what is locked. Whatever is not as it was locked stops the step before anything of it is in place.\n"
            "A machine that has newer packages than the lock cannot have the old ones: make the bundle with `--lock prefer`, or\n"
            "set it up in a tree of its own (`--way root`)."
        )
    return f"""\
## What it gets

What the steps fetch is fixed by `{lock.name}` ({lock.mode}). {meant}

Without a network: `dock2sh lock --vendor kept` has kept the files; copy `kept` to the machine, and
`sudo sh setup.sh --vendor kept` takes them from there.
"""


def _service(plan: Plan, service: Service) -> str:
    facts = [f"- starts as {'user ' + user(plan)[0] if user(plan)[0] else 'root'}, in `{plan.config.get('WorkingDir') or '/'}`"]
    if found := ports(plan):
        facts.append(f"- listens on {', '.join(found)} of this machine (EXPOSE opens no firewall)")
    facts += [f"- data of `{path}`: `{here}`" for here, path in volumes(plan, service)]
    facts.append(f"- stops with {signal(plan)}, and after ten seconds with SIGKILL")
    if health_test(plan):
        facts.append(f"- its HEALTHCHECK: `systemctl status {service.name}-health`; it restarts nothing")
    return f"""\
## The service

    systemctl status {service.name}
    journalctl -u {service.name}
    run-{service.name} ARG...        # in the foreground, as `docker run IMAGE ARG...`

{chr(10).join(facts)}

Its environment is `{service.env}`. Change it there, then `systemctl restart {service.name}`.
"""


def _back(service: Service) -> str:
    return f"""\
## Taking it back

    sudo sh {service.place}/uninstall.sh      # --dry-run shows what; --purge the data of its volumes, too

Every file that was added goes, every one that was changed or deleted comes back, but for those that somebody has
changed since: these are named.
"""


def _fleet(vendored: tuple[Vendored, ...]) -> str:
    cloud = _CLOUD_FETCHES if vendored else _CLOUD
    return f"""\
## Many machines

With Ansible (`ansible-core` is enough); the hosts need no Python:

    cd ansible                                  # name your hosts in inventory.yml
    ansible-playbook -i inventory.yml playbook.yml --check     # which hosts have steps left
    ansible-playbook -i inventory.yml playbook.yml             # does them; run it again after a failure

{cloud}"""


def _tools(tools: tuple[str, ...]) -> str:
    said = {
        "lima": "    limactl start --name NAME ./lima.yaml     # a virtual machine on this computer",
        "vagrant": "    vagrant up                                # the same; Vagrantfile wants setup.sh beside it",
        "packer": "    packer init . && packer build -var image=IMAGE.qcow2 .    # an image of a machine; setup.sh is beside it",
    }
    return "## By other tools\n\n" + "".join(said[tool] + "\n" for tool in tools) if tools else ""


_CLOUD = """\
`cloud-init.yaml` is user-data for new machines. Unless it was made with `--url` it holds all of setup.sh; for a cloud
that takes less than that (Amazon EC2 16 KB, OpenStack 64 KB) put setup.sh on a server, and make the bundle with its address.
"""
_CLOUD_FETCHES = """\
User-data has no room for base images: `cloud-init.yaml` is there only where the bundle was made with `--url`, the address of a
server that has setup.sh.
"""
