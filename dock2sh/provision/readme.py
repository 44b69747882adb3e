"""README.md of a bundle: alone it is enough for an operator."""

from typing import TYPE_CHECKING, NamedTuple

from dock2sh import __version__
from dock2sh.model import IMAGE_SCHEME, Fetch, Plan, Run
from dock2sh.plan.context import Project
from dock2sh.plan.contexts import is_image
from dock2sh.provision.dangers import dangers
from dock2sh.provision.environment import has_secret
from dock2sh.provision.health import health_test
from dock2sh.provision.names import Service
from dock2sh.provision.releases import release
from dock2sh.provision.service import ports, signal, starts, user, volumes
from dock2sh.provision.wish import Vendored, Wish

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried


class Page(NamedTuple):
    """What it tells of the other files: the size of cloud-init.yaml in bytes, 0 if there is none; whether something stands behind
    setup.sh, which then cannot come through a pipe."""

    user_data: int
    behind: bool


def readme(plan: Plan, project: Project, service: Service, wish: Wish, page: Page) -> str:
    """The page, in the order in which one needs it."""
    parts = [_what(plan, project, service, wish.vendored), _do(plan, service, page), _lock(wish.lock) if wish.lock else ""]
    parts += [_service(plan, service) if starts(plan) else "", _newer(plan, service), _back(service)]
    parts += [_fleet(service), _cloud(wish, page.user_data), _tools(wish.tools)]
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
    rest = f"{_images(vendored)}{_stages(plan, vendored)}{_contexts(plan, vendored)}"
    return f"{title} Made by dock2sh {__version__}.\n\n{way}\n{rest}"


def _images(vendored: tuple[Vendored, ...]) -> str:
    if not vendored:
        return ""
    names = ", ".join(f"{image.image} ({megabytes(image.size)})" for image in vendored)
    return f"\nsetup.sh has the base images in it, so that no registry is needed: {names}. It must be a file, not a pipe.\n"


def _stages(plan: Plan, vendored: tuple[Vendored, ...]) -> str:
    """The base images of stages that build what the last one takes."""
    here = {"scratch", plan.chain()[0].base, *plan.contexts, *(image.image for image in vendored)}
    bases = [base for base in dict.fromkeys(stage.base for stage in plan.stages if stage.parent is None) if base not in here]
    if not bases:
        return ""
    names = ", ".join(f"`{base}`" for base in bases)
    return f"""
Stages before the last build on {names}, and are gone in the end. That is what `--base IMAGE=SOURCE` names, what docker or
podman has, or, where the machine is that release, its own files, which stay as they are.
"""


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


def _do(plan: Plan, service: Service, page: Page) -> str:
    careful = "".join(f"- step {line}\n" for line in dangers(plan))
    warning = f"\nBe careful where a machine has other tasks, too:\n\n{careful}" if careful else ""
    secret = _SECRET.format(service.env) if has_secret(plan) else ""
    piped = "" if page.behind else _PIPED
    return f"""\
## Setting it up

    scp setup.sh HOST:           # it needs no other file
    ssh HOST
    sh setup.sh --list           # the steps
    sudo sh setup.sh --preview   # which files it would add (A), change (M) and delete (D); leaves nothing
    sudo sh setup.sh             # looks at the machine, asks, does it; --yes does not ask (D2S_YES=1 for what has no arguments)
{piped}
Run it again at any time: what is done and unchanged is not done again. `--status` says what is left: exit status 0 nothing, 1
something. `--dry-run` prints the steps command by command, `--help` has the rest. The other files here are in setup.sh, too, and
stand here to be read: to change one here changes nothing.

Of a step that fails nothing stays. What it said is on the screen, and with times in `{service.place}/setup.log`.
When the cause is mended the same command goes on at that step.{_clash(plan, service)}{_fetches(plan)}
{_given(plan)}{warning}{secret}"""


def _clash(plan: Plan, service: Service) -> str:
    base = plan.chain()[0].base
    if not release(base):
        return ""
    return f"""

Where it is the machine itself that is in the way (`groupadd: GID '999' already exists`), take back what was done (below), and
set it up in a tree of its own: `sudo sh setup.sh --way root --base {base}=SOURCE`. SOURCE is a directory, a tar of the
image's root file system, or the output of `docker save`.{_made_by_debootstrap(base)}"""


def _made_by_debootstrap(base: str) -> str:
    """What runtime/base.sh does where there is nothing else."""
    found = release(base)
    if not found or found.id != "debian":
        return ""
    return """ Without `--base`, debootstrap or mmdebstrap makes
one from today's packages, where it is installed: much like the image, not the same."""


def _given(plan: Plan) -> str:
    """Secrets and agents that steps ask for; what is not given is not there, as in `docker build`."""
    asked = [mount for stage in plan.stages for step in stage.steps if isinstance(step, Run) for mount in step.mounts]
    words = [f"`--secret id={mount.id},src=FILE`" for mount in asked if mount.type == "secret"]
    words += [f"`--ssh {mount.id or 'default'}`" for mount in asked if mount.type == "ssh"]
    if not words:
        return ""
    which = ", ".join(dict.fromkeys(words))
    return f"\nIts steps ask for what is not in this bundle. Give it to setup.sh each time that it has steps to do:\n{which}.\n"


def _fetches(plan: Plan) -> str:
    """What a machine without a network is to know."""
    network = any(isinstance(step, Run | Fetch) for stage in plan.stages for step in stage.steps)
    if not network:
        return " Nothing is fetched from a network."
    return """

What its steps fetch (packages, downloads) comes from the network of the machine; proxies are asked for by `--build-arg` when the
bundle is made. For machines without a network a bundle is made with `--vendor-base`, and with a lock whose files
`dock2sh lock --vendor` has kept."""


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
    name = service.name
    facts = [f"- starts as {'user ' + user(plan)[0] if user(plan)[0] else 'root'}, in `{plan.config.get('WorkingDir') or '/'}`"]
    if found := ports(plan):
        facts.append(f"- listens on {', '.join(found)} of this machine (EXPOSE opens no firewall)")
    facts += [f"- data of `{path}`: `{here}`" for here, path in volumes(plan, service)]
    facts.append("- is not process 1, as it would be in a container: that is systemd, which looks after orphans")
    facts.append(f"- stops with {signal(plan)}, and after ten seconds with SIGKILL")
    if health_test(plan):
        facts.append(f"- its HEALTHCHECK: `systemctl status {name}-health`, `/run/{name}-health/state`; it restarts nothing")
    return f"""\
## The service

    systemctl status {name}            # also start, stop, restart, disable
    journalctl -u {name}               # what it says
    run-{name} --exec COMMAND          # a command where it runs, as `docker exec`; also: run-{name} --exec sh
    run-{name} ARG...                  # in the foreground, as `docker run IMAGE ARG...`; its ports must be free

{chr(10).join(facts)}

Its environment is `{service.env}`. Change it there, then `systemctl restart {name}`; limits and the like by
`systemctl edit {name}`. In a private tree whose logs are links to /dev/stdout (nginx) what it says goes to
`/var/log/dock2sh/{name}.output` instead of the journal.

When it does not start, `journalctl -u {name} -n 50` has what it said, and
`systemctl stop {name}; run-{name}` shows it in the foreground.{_without(plan, service)}
"""


def _without(plan: Plan, service: Service) -> str:
    if not volumes(plan, service):
        return ""
    return f"""
That has not the service's data: as `docker run` without `-v` it begins with none. What it writes stays where the image has it.

To back up the data: `systemctl stop {service.name}`, a copy of `/var/lib/{service.name}-volumes` with owners and modes
(`tar --numeric-owner -cpf`), `systemctl start {service.name}`."""


def _newer(plan: Plan, service: Service) -> str:
    kept = [f"- `{service.env}`, if it was changed here: then what it would be is beside it, `env.sh.new`"]
    kept += ["- the data of its volumes"] if volumes(plan, service) else []
    restart = "At the end the service is started again. One that was disabled here stays disabled.\n" if starts(plan) else ""
    return f"""\
## A newer version

is another setup.sh of the same name: run that in the same way. Steps that are as they were are not done again. In the machine's
own files what the others, and those behind them, had done is taken back first (but for what somebody has changed since, which is
named); if the first of them fails, all is as it was. A private tree is made anew (where `--base` was needed, it is again); until
that is complete the service has the old one.
{restart}
What stays:

{chr(10).join(kept)}
"""


def _back(service: Service) -> str:
    return f"""\
## Taking it back

    sudo sh {service.place}/uninstall.sh      # --dry-run lists what; --purge the data of its volumes, too

Every file that was added goes, every one that was changed or deleted comes back, but for those that somebody has
changed since: these are named, as are directories in which the service itself has left something. Of several services in one
machine's files take the last one back first. Packages that others need by now stay, and are named.
"""


def _fleet(service: Service) -> str:
    role = service.name.replace("-", "_")
    return f"""\
## Many machines

With Ansible (`ansible-core` is enough); the hosts need no Python:

    cd ansible                                  # name your hosts, and who one is there, in inventory.yml
    ansible-playbook -i inventory.yml playbook.yml --check     # which hosts have steps left
    ansible-playbook -i inventory.yml playbook.yml             # does them; run it again after a failure

Options of setup.sh for all of them, or for one: `{role}_options` (`ansible/roles/{role}/defaults/main.yml`).
"""


def _cloud(wish: Wish, user_data: int) -> str:
    if not user_data:
        return _CLOUD_FETCHES
    after = "Afterwards `cloud-init status` on the machine says whether it went well, /var/log/cloud-init-output.log why not.\n"
    if wish.url:
        begin = "`cloud-init.yaml` is user-data for new machines: they fetch setup.sh from"
        return f"{begin}\n{wish.url}, and run it if it is the one that is here.\n{after}"
    small = "That is more than clouds take:" if user_data > 64 << 10 else "Where a cloud takes less:"
    return f"""\
`cloud-init.yaml` is user-data for new machines, with all of setup.sh in it: {-(-user_data // 1024)} KB. {small}
Amazon EC2 16 KB, OpenStack 64 KB. Then put setup.sh on a server, and make the bundle with `--url`, its address there.
{after}"""


def _tools(tools: tuple[str, ...]) -> str:
    said = {
        "lima": "    limactl start --name NAME ./lima.yaml     # a virtual machine on this computer",
        "vagrant": "    vagrant up                                # the same; Vagrantfile wants setup.sh beside it",
        "packer": "    packer init . && packer build -var image=IMAGE.qcow2 .    # an image of a machine; setup.sh is beside it",
    }
    return "## By other tools\n\n" + "".join(said[tool] + "\n" for tool in tools) if tools else ""


_CLOUD_FETCHES = """\
User-data has no room for base images: `cloud-init.yaml` is there only where the bundle was made with `--url`, the address of a
server that has setup.sh.
"""
_PIPED = """\
    curl -fsS URL/setup.sh | sudo sh -s -- --yes     # the same from a server; nothing is done before all of it has come
"""
_SECRET = """
ENV has values that look secret. They stand in setup.sh, in what carries it (ansible/, cloud-init.yaml), and on the machine in
`{}` (0640, readable for the service's group): give these files to nobody else.
"""
