"""`--style manual`: what a person would type into `docker run -it IMAGE bash` to do the same by hand.

To be read and typed, not run: what cannot be typed there (another container, another terminal) is a comment. The script is the
form that can be trusted; this one explains it.
"""

import re
from posixpath import basename, dirname
from typing import TYPE_CHECKING, NamedTuple, assert_never

from dock2sh.emit.carrying import above, brought, folder_of, place
from dock2sh.emit.mounting import ByHand as ByMount
from dock2sh.emit.mounting import by_hand as by_mount
from dock2sh.emit.quoting import assignment, quote
from dock2sh.emit.typed import command_of, container_of, heredoc, machine, made, owner_of, plain_name, shell_in, shell_of
from dock2sh.model import Configure, Copy, Fetch, File, LeftOut, MakeDirectory, Mount, Plan, Run, Stage, Step

if TYPE_CHECKING:
    from dock2sh.plan.context import Tree

# where a command that makes no directory will find one
_THERE = ("/", "/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr/bin", "/usr/local", "/usr/local/bin", "/var")
# what a script knows of a base image that was not at hand (dockerfile/deferred.py)
_BASE = re.compile(r"\$\{BASE_([A-Za-z_][A-Za-z0-9_]*)(?=[-+:])")
ELSEWHERE = "from another terminal:  "
ONLY_MADE = "docker create"
"""How a container begins that nobody can type into."""


def manual(plan: Plan, name: str, text: str, escape: str, tree: "Tree | None" = None) -> str:
    """The commands, stage by stage. `tree` is what the context holds, if known. Raises Refused for what no shell can say."""
    return "\n".join(items(plan, name, text, escape, tree)).strip("\n") + "\n"


def items(plan: Plan, name: str, text: str, escape: str, tree: "Tree | None" = None) -> tuple[str, ...]:
    """The manual, item by item: a remark in a line that begins with `#`, or a command, which may have several lines."""
    writer = _Manual(plan, name, text.split("\n"), escape, tree)
    for stage in plan.stages:
        writer.stage(stage)
    writer.start()
    return tuple(writer.lines)


class ByHand(NamedTuple):
    """`manual` in pieces: the lines that begin each stage, those of each step (all stages' in a row), and how it starts."""

    begins: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    start: str


def by_hand(plan: Plan, name: str, text: str, escape: str, tree: "Tree | None" = None) -> ByHand:
    """What one would type, piece by piece. Raises Refused for what no shell can be told."""
    writer = _Manual(plan, name, text.split("\n"), escape, tree)
    begins, steps = list[str](), list[tuple[str, ...]]()
    for stage in plan.stages:
        writer.begin(stage)
        begins.append("\n".join(line for line in writer.taken() if line and not line.startswith("# ----")))
        for step in stage.steps:
            writer.step(step)
            steps.append(writer.taken())
    writer.start()
    return ByHand(tuple(begins), tuple(steps), "".join(writer.taken()[2:]))


class _Manual:
    def __init__(self, plan: Plan, name: str, source: list[str], escape: str, tree: "Tree | None") -> None:
        self.plan, self.name, self.source, self.escape = plan, name, source, escape
        self.lines: list[str] = []
        self.user = ""
        self.container = "CONTAINER"
        self.there = set(_THERE)
        self.known: set[str] = set()
        self.tree = tree
        self.made = {stage.key: _folders(plan, stage) for stage in plan.stages}

    def say(self, text: str) -> None:
        self.lines += [f"# {line}".rstrip() for line in text.split("\n")]

    def taken(self) -> tuple[str, ...]:
        """The lines so far, which begin anew."""
        lines, self.lines = tuple(self.lines), []
        return lines

    def stage(self, stage: Stage) -> None:
        self.begin(stage)
        first = len(self.lines)
        for step in self.plan.in_order(stage):
            if isinstance(step, LeftOut):
                self.say(f"left out ({step.marker}): {' '.join(step.text.split())}")
            else:
                self.step(step)
        kept = sorted({found[1] for line in self.lines[first:] for found in _BASE.finditer(line)})
        self.lines[first:first] = [f'[ -z "${{{name}+x}}" ] || BASE_{name}=${name}' for name in kept]

    def begin(self, stage: Stage) -> None:
        """A container for each stage; the last one is the one that stays."""
        last = stage is self.plan.stages[-1]
        self.there = set(_THERE)
        self.assigned: set[str] = set()
        self.own = stage.key
        self.container = "CONTAINER" if last and len(self.plan.stages) == 1 else container_of(stage.key)
        self.user = stage.start.get("User") or ""
        naming = "" if self.container == "CONTAINER" else f" --name {self.container}"
        self.lines.append("")
        if len(self.plan.stages) > 1:
            self.say(
                f"---- stage {stage.name or stage.index} ({self.name}:{stage.span.first})" + (": the result" if last else "")
            )
        if stage.base == "scratch":
            self.say(
                "FROM scratch: an empty root file system, nothing to run in it. Put its files into an empty directory instead."
            )
        elif stage.parent is not None:
            self.say(f"docker commit {container_of(stage.parent)} stage-{stage.parent}")
            self.open(f"{naming}{machine(stage)} stage-{stage.parent}", shell_in(self.first_base(stage)))
            self.go_on(stage)
        elif self.plan.contexts.get(stage.base) == "" or stage.base in self.plan.repositories:
            kind = "repository" if stage.base in self.plan.repositories else "directory"
            self.say(f"FROM scratch: the build context {stage.base} is a {kind}, nothing to run in it. Put its files elsewhere.")
        else:
            image = self.plan.image_meant(stage.base) or self.imported(stage.base)
            self.open(f"{naming}{machine(stage)} {image}", shell_in(image))

    def open(self, container: str, shell: str) -> None:
        """A container to type into; one that is only made, for docker cp, where there is no shell."""
        if shell:
            self.say(f"docker run -it{container} {shell}")
        else:
            self.say(
                f"{ONLY_MADE}{container} x    # there is no shell in it: docker cp reaches it, nothing that is typed below does"
            )

    def first_base(self, stage: Stage) -> str:
        """The image that a line of stages begins with."""
        by_key = {other.key: other for other in self.plan.stages}
        while stage.parent is not None:
            stage = by_key[stage.parent]
        return stage.base

    def go_on(self, stage: Stage) -> None:
        """What a committed container does not know of the shell that was in it."""
        image = self.plan.chain(stage)[0]
        self.user = image.start.get("User") or ""
        if self.user != (stage.start.get("User") or ""):
            self.become(stage.start.get("User") or "")
        pairs = [pair for pair in (*stage.start_args, *stage.start_env) if pair not in image.start_env]
        if pairs:
            self.lines.append("export " + " ".join(assignment(name, value) for name, value in pairs))
        if stage.start.get("WorkingDir") not in (None, "", "/"):
            self.lines.append(f"cd {quote(stage.start['WorkingDir'])}")

    def step(self, step: Step) -> None:
        first = len(self.lines)
        self.type(step)
        if not isinstance(step, Run):
            self.lines[first:] = [self.in_container(line) for line in self.lines[first:]]
        if isinstance(step, Configure) and step.keyword in ("ENV", "ARG"):
            self.assigned |= {name for name, _ in step.pairs}

    def in_container(self, line: str) -> str:
        """What the base image has in a variable the container's shell has, too, until it is assigned."""
        shown = _BASE.sub(lambda found: found[0] if found[1] in self.assigned else "${" + found[1], line)
        told = ", ".join(dict.fromkeys(found[1] for found in _BASE.finditer(line)))
        return f"{shown}     ({told}: as the container has it)" if told and line.startswith(f"# {ELSEWHERE}") else shown

    def type(self, step: Step) -> None:
        match step:
            case Run():
                self.run(step)
            case Copy():
                self.copy(step)
            case Fetch():
                self.fetch(step)
            case MakeDirectory():
                self.directory(step)
            case Configure():
                self.configure(step)
            case _:
                assert_never(step)

    def directory(self, step: MakeDirectory) -> None:
        """A new directory is its user's, though he could not make it himself."""
        made = quote(step.cwd)
        self.there.add(step.cwd)
        if step.path and self.is_user():
            owner = self.user if ":" in self.user or self.user.isdigit() else f"{self.user}:"
            self.as_root(f"mkdir -p {made} && chown {quote(owner)} {made}")
        elif step.path:
            self.lines.append(f"mkdir -p {made} && cd {made}")
            return
        self.lines.append(f"cd {made}" if step.path else "cd /")

    def is_user(self) -> bool:
        """Whether the shell is not root's at this point."""
        return self.user not in ("", "root", "0")

    def as_root(self, command: str) -> None:
        """What docker does as root, whoever is typing."""
        if self.is_user():
            self.lines.append(f"# {ELSEWHERE}docker exec -u 0 {self.container} sh -c {quote(command)}".replace("\n", "\n# "))
        else:
            self.lines.append(command)

    def configure(self, step: Configure) -> None:
        words = list(step.words)
        if step.keyword in ("ENV", "ARG"):
            given = [assignment(name, value) for name, value in step.pairs if value is not None]
            note = "     # while building only" if step.keyword == "ARG" else ""
            self.lines += [f"export {' '.join(given)}{note}"] if given else []
        elif step.keyword == "USER":
            self.become(words[0])
        elif step.keyword == "EXPOSE":
            ports = " ".join(f"-p {port.partition('/')[0]}:{port}" for port in words[:6])
            self.say(f"{step.text}: when it is started, docker run {ports} makes it reachable")
        elif step.keyword == "VOLUME":
            self.say(
                f"{step.text}: when it is started, docker run {' '.join(f'-v DATA:{quote(path)}' for path in words)} keeps it"
            )
        elif step.keyword not in ("CMD", "ENTRYPOINT", "SHELL"):
            self.say(" ".join(step.text.split()))

    def become(self, user: str) -> None:
        """Another user's shell for what follows."""
        if self.is_user():
            self.lines.append("exit                                        # back to root")
        self.user = user
        if self.is_user():
            self.lines.append(f"{shell_of(user)}    # you are {user} from here on, until `exit`")

    def run(self, step: Run) -> None:
        mounts = [by_mount(mount, step, self.container, self.tree, self.origin(mount)) for mount in step.mounts]
        for mount in mounts:
            self.bring(mount)
        self.again(step)
        if step.network == "none":
            self.say("without network: docker run --network=none")
        self.lines += command_of(step, [] if step.onbuild else self.source[step.span.first - 1 : step.span.last], self.escape)
        for mount in reversed(mounts):
            self.lines += [mount.untyped] if mount.untyped else []
            if mount.end:
                self.as_root(mount.end)
        self.again(step)

    def bring(self, mount: ByMount) -> None:
        """What stands for a mount, before the command."""
        self.say(mount.why)
        if mount.begin:
            self.as_root(mount.begin)
        for command in mount.elsewhere:
            self.say(f"{ELSEWHERE}{command}")
        self.lines += [mount.typed] if mount.typed else []

    def again(self, step: Run) -> None:
        """Where the shell is in a directory that was put aside, it goes into the one that has its name now."""
        if any(f"{step.cwd}/".startswith(f"{mount.target.rstrip('/')}/") for mount in step.mounts if mount.target):
            self.lines.append(f"cd {quote(step.cwd)}")

    def copy(self, step: Copy) -> None:
        come = brought(step, self.container, self.tree, self.origin(step), self.made.get(step.origin, frozenset()))
        if step.sources:
            self.folder(folder_of(step.destination) if come.into else above(step.destination), step.chown)
        for command in come.commands:
            self.say(f"{ELSEWHERE}{command}")
        for file in step.files:
            self.file(file, step)
        written = [place(step.destination, file.name) for file in step.files]
        self.owner(step, (*come.paths, *written), come.guessed)

    def origin(self, step: Copy | Mount) -> str:
        """The container that --from, or a mount's from, means. A named context that is a directory becomes an image first, and
        so does this stage as it is now: it would be read while it is written."""
        if step.origin == self.own:
            return f"$(docker create $(docker commit {self.container}))"
        stage = next((stage for stage in self.plan.stages if stage.key == step.origin), None)
        context = step.origin if not stage else stage.base if stage.replaced else ""
        if context in self.plan.contexts and not self.plan.image_meant(context):
            return f"$(docker create {self.imported(context)} x)"
        if not step.origin or stage:
            return container_of(step.origin) if step.origin else ""
        return f"$(docker create {quote(self.plan.image_meant(context))})"

    def imported(self, context: str) -> str:
        """A named context that no engine has, as an image of docker's; how it becomes one is said once."""
        image = f"context-{plain_name(context)}"
        if context not in self.known:
            where, make = "directory", f"tar -c . | docker import - {image}"
            if context in self.plan.repositories:
                where = "repository"
            elif self.plan.contexts[context]:
                where, make = "OCI layout", f"skopeo copy oci:. docker-daemon:{image}:latest"
            self.say(f"from the {where} of the build context {context}:  {make}")
        self.known.add(context)
        return image

    def folder(self, path: str, chown: str) -> None:
        """Docker makes the directories on the way, and gives them to whom it gives the files; what is there it leaves alone."""
        if not path or path in self.there:
            return
        levels = [path]
        while (upper := dirname(levels[0])) and upper not in self.there:  # nothing is upper a variable of the base image
            levels.insert(0, upper)
        self.there |= set(levels)
        self.as_root(made(levels, chown))

    def file(self, file: File, step: Copy) -> None:
        name = place(step.destination, file.name)
        self.as_root(self.parent(name) + heredoc(f"cat > {quote(name)}", file.content))

    def parent(self, name: str) -> str:
        """Docker makes the directories on the way; what is sure to be there needs no word."""
        folder = above(name)
        if not folder or folder in self.there:  # a directory that only the base image can tell has no name above it
            return ""
        self.there.add(folder)
        return f"mkdir -p {quote(folder)} && "

    def owner(self, step: Copy | Fetch, paths: tuple[str, ...], guessed: bool = False) -> None:
        names = " ".join(map(quote, dict.fromkeys(paths)))
        only = "only what was copied" + (" (of a directory: what was in it)" if guessed else "")
        if step.chown and names:
            self.as_root(f"chown -R {quote(owner_of(step.chown))} {names}    # {only}")
        if step.chmod and names:
            self.as_root(f"chmod -R {quote(step.chmod)} {names}    # {only}")

    def fetch(self, step: Fetch) -> None:
        if step.git:
            branch = f" --branch {quote(step.git.ref)}" if step.git.ref else ""
            self.as_root(f"git clone{branch} {quote(step.source)} {quote(step.destination)}")
            return
        name = step.destination
        if name.endswith("/"):
            name += basename(step.source.partition("?")[0]) or "__unnamed__"
        self.as_root(
            self.parent(name)
            + f"curl -fL -o {quote(name)} {quote(step.source)} && chmod {quote(step.chmod or '600')} {quote(name)}"
        )
        if step.checksum:
            algorithm, _, digest = step.checksum.partition(":")
            self.lines.append(f"echo {quote(digest + '  ' + name)} | {algorithm}sum -c")
        self.owner(step._replace(chmod=""), (name,))

    def start(self) -> None:
        """How the image starts."""
        config = self.plan.config
        command = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
        if command:
            self.lines.append("")
            self.say("what `docker run` would start:")
            self.lines.append(" ".join(map(quote, command)))


def _folders(plan: Plan, stage: Stage) -> frozenset[str]:
    """The directories that a stage surely has: those that WORKDIR made, and what is above them."""
    found = set[str]()
    for one in plan.chain(stage):
        for step in one.steps:
            path = step.path if isinstance(step, MakeDirectory) else ""
            while path not in ("", "/"):  # a word that nobody knows yet has no directory above it
                found.add(path)
                path = dirname(path)
    return frozenset(found)
