"""Plan to script: the top half, in the words of docs/script.md, and under it the helpers that it uses.

The walk is a straight line: stages in order, steps in order, one function a step kind. What the words do is runtime/'s business.
"""

from typing import TypeVar, assert_never

from dock2sh.dockerfile.deferred import Deferred
from dock2sh.emit import data
from dock2sh.emit.arguments import of_mount, of_owner, with_newline, without_dot
from dock2sh.emit.bundle import bundle
from dock2sh.emit.display import as_written, delimiter, short
from dock2sh.emit.frame import STARTERS, Frame, Setting, head, image, numbers
from dock2sh.emit.pen import Pen
from dock2sh.emit.quoting import assignment, quote
from dock2sh.model import Configure, Copy, Fetch, File, LeftOut, MakeDirectory, Mount, Plan, Run, Stage, Step, origins
from dock2sh.source import Refused, located, refuse


def script(plan: Plan, setting: Setting, frame: Frame | None = None) -> str:
    """The whole script; with `frame` one of another kind. Raises Refused for what no script can do (a Windows image)."""
    if plan.image.get("os") == "windows":
        span = (plan.stages[-1].span,)
        raise refuse("windows", "a Windows image has no POSIX shell script", span, "parse, check and plan still serve it")
    writer = _Writer(plan, setting)
    body = writer.build()
    parts = [
        frame.head if frame else head(plan, setting),
        body,
        image(plan),
        *writer.data(),
        numbers(plan, setting, writer.number),
        frame.data if frame else "",
    ]
    helpers = bundle(writer.used, frame.library if frame else "")
    last = "exit\n" if setting.tail or setting.behind else ""
    top = "\n".join(part for part in parts if part)
    return f'{top}\n{_HELPERS}{helpers}\nmain "$@"\n{last}'  # the helpers are copied once: they are long


_Reader = TypeVar("_Reader", Run, Copy)
_HELPERS = "# ---- The words above, and what they need. (0BSD; dock2sh's runtime.)\n\n"


class _Writer(Pen):
    """The lines of `build` for a plan, and the data that they ask for."""

    def __init__(self, plan: Plan, setting: Setting) -> None:
        super().__init__(setting.name, {"main", "image", *(word for word, key in STARTERS.items() if plan.config.get(key))})
        self.plan, self.setting = plan, setting
        self.uses_context = False
        self.source = setting.text.split("\n")
        self.chain = [stage.key for stage in plan.chain()]

    # -- stages --------------------------------------------------------------------------------------------------------

    def build(self) -> str:
        self.machine()
        for stage in self.plan.stages:
            self.stage(stage)
        return "build() {\n" + "\n".join(self.lines).lstrip("\n") + "\n}\n"

    def stage(self, stage: Stage) -> None:
        if self.lines:
            self.lines.append("")
        self.begin(stage)
        self.start(stage)
        previous: Step | None = None
        for step in self.plan.in_order(stage):
            if isinstance(step, LeftOut):
                self.lines.append(
                    f"    # {self.place(step.span):<{len(self.name) + 4}}  left out ({step.marker}): {short(step.text)}"
                )
                continue
            try:
                self.emit(step, previous, stage.key)
            except Refused as refused:
                raise refused if refused.diagnostic.spans else located(refused, step.span) from None
            previous = step
        if self.is_kept(stage):
            self.word("keep", quote(stage.key))

    def machine(self) -> None:
        """What every RUN's machine calls itself, knows by name, and is limited to: the Dockerfile does not say."""
        run = next((step for stage in self.plan.stages for step in stage.steps if isinstance(step, Run)), None)
        if run and run.hostname:
            self.word("host_name", quote(run.hostname))
        for address, name in run.hosts if run else ():
            self.word("host_known", quote(address), quote(name))
        if run and run.limits:
            self.word("limits", *map(quote, run.limits))
        if run and run.shm:
            self.word("shm_size", str(run.shm))

    def is_kept(self, stage: Stage) -> bool:
        """Whether a stage that the target goes on from is also needed as it is at its end."""
        return stage.key in self.chain[:-1] and _copied_from(self.plan, stage.key, self.chain)

    def begin(self, stage: Stage) -> None:
        """Where the stage's root comes from."""
        own, parent = quote(stage.key), stage.parent
        if stage.key in self.chain:
            names = [own] if stage.key != self.chain[-1] else []
            if parent is None:
                self.word("from", quote(stage.base), *names, span=stage.span)
            else:
                self.word("from_stage", quote(parent), *names, span=stage.span)
        elif parent is None:
            self.word("stage", own, quote(stage.base), span=stage.span)
        else:
            self.word("stage_from", own, quote(parent), span=stage.span)

    def start(self, stage: Stage) -> None:
        """The state that the base image or the parent hands on. The image's variables come last: they win."""
        if stage.start_args:
            self.word("arg", *(assignment(*pair) for pair in stage.start_args))
        if stage.known:
            self.word("base_env", *(assignment(*pair) for pair in stage.start_env))
        else:
            if stage.parent is not None:
                self.word("base_image", quote(self.plan.chain(stage)[0].base))
            self.word("find_base_env", note="what the base image has: not known when this was made")
            if stage.start_env:
                self.word("env", *(assignment(*pair) for pair in stage.start_env))
        if proxy := next((step.proxy for step in stage.steps if isinstance(step, Run) and step.proxy), ()):
            self.word("proxy", *(assignment(*pair.split("=", 1)) for pair in proxy))
        config = stage.start
        if config.get("Shell"):
            self.word("shell", *map(quote, config["Shell"]))
        if config.get("User"):
            self.word("user", quote(config["User"]))
        if config.get("WorkingDir") not in (None, "", "/"):
            self.word("directory", quote(config["WorkingDir"]))

    # -- steps ---------------------------------------------------------------------------------------------------------

    def emit(self, step: Step, previous: Step | None, own: str) -> None:
        match step:
            case Run():
                self.step(step)
                self.run(self.of_moment(step, own))
            case Copy() | Fetch():
                if not (isinstance(previous, (Copy, Fetch)) and previous.words == step.words and previous.span == step.span):
                    self.step(step)
                self.copy(self.of_moment(step, own)) if isinstance(step, Copy) else self.fetch(step)
            case MakeDirectory():
                if step.path:
                    self.step(step)
                    self.word("workdir", quote(without_dot(step.cwd)))
                else:
                    self.word("directory", "/", span=step.span)
            case Configure():
                self.configure(step)
            case _:
                assert_never(step)

    def configure(self, step: Configure) -> None:
        """State that later steps see; the rest of the image config is a comment here (it has no place in a root)."""
        match step.keyword:
            case "ENV":
                self.word("env", *(assignment(name, value or "") for name, value in step.pairs), span=step.span)
            case "ARG":
                given = [(name, value) for name, value in step.pairs if value is not None]
                if given:
                    self.word("arg", *(assignment(name, value) for name, value in given), span=step.span)
            case "USER":
                self.word("user", quote(step.words[0]), span=step.span)
            case "SHELL":
                self.word("shell", *map(quote, step.words), span=step.span)
            case _:
                self.lines.append(f"    # {self.place(step.span)}  {short(step.text, 90)}")

    def of_moment(self, step: _Reader, own: str) -> _Reader:
        """A step that takes files from its own stage takes them from what that is now, under a name that no stage has."""
        if own not in origins(step):
            return step
        moment = f"{own}@{self.number}"
        self.word("moment", quote(moment))
        if isinstance(step, Copy):
            return step._replace(origin=moment)
        mounts = (mount._replace(origin=moment) if mount.origin == own else mount for mount in step.mounts)
        return step._replace(mounts=tuple(mounts))

    def run(self, step: Run) -> None:
        for mount in step.mounts:
            self.mount(mount)
        if self.setting.lock and self.setting.lock.concerns(self.number):
            self.word("locked")
        if step.network != "default":
            self.word("network", step.network)
        if step.security != "sandbox":
            self.word("security", step.security)
        if step.script:
            self.here(["script_run", quote(step.script.name)], with_newline(step.script.content), "RUN")
        elif not step.shell:
            self.word("run_exec", *map(quote, step.argv))
        else:
            self.shell_run(step)

    def shell_run(self, step: Run) -> None:
        """The text in the form that its author gave it, if that gives docker's argument back; else byte for byte."""
        text = step.argv[-1]
        if "\0" in text:
            raise refuse("nul", "a NUL byte cannot be part of a command", (step.span,), "remove it from the Dockerfile")
        lines = self.source[step.span.first - 1 : step.span.last]
        shown = text if step.onbuild or not lines else as_written(text, lines, self.setting.escape)
        if shown is not None and not (step.onbuild and "\n" in text) and "\r" not in shown:
            self.here(["run"], shown + "\n", "RUN")
        elif text.endswith("\n"):
            self.here(["run_lines"], text, "RUN")
        else:
            self.here(["run_text"], text + "\n", "RUN")

    def mount(self, mount: Mount) -> None:
        self.uses_context = self.uses_context or (mount.type == "bind" and not mount.origin)
        if mount.type == "bind" and mount.origin in ("", *self.plan.contexts):
            self.source_word(mount.source, False)  # what docker transfers is what it means as a wildcard
        self.word("with", mount.type, *of_mount(mount))

    def copy(self, step: Copy) -> None:
        flags = self.flags(step)
        if step.origin:
            flags.insert(0, f"--from={quote(step.origin)}")
        if step.parents:
            flags.append("--parents")
        if step.unpack is False:
            flags.append("--unpack=false")
        if step.sources:
            self.uses_context = self.uses_context or not step.origin
            sources = [self.source_word(source, step.parents) for source in step.sources]
            dashes = ["--"] if any(source.startswith("-") for source in sources) else []
            self.word("copy" if step.unpack is None else "add", *flags, *dashes, *sources, quote(without_dot(step.destination)))
        for file in step.files:
            self.file(step, file)

    def file(self, step: Copy, file: File) -> None:
        words = ["file", *of_owner(step), quote(file.name), quote(without_dot(step.destination))]
        if isinstance(file.content, Deferred):
            # only the running script knows it: an unquoted here-document, in which nothing but our expansions is live
            self.used.add("file")
            end = delimiter(file.content.shell, "TEXT")
            self.lines += [f"    {' '.join(words)} <<{end}", with_newline(file.content.shell.replace('\\"', '"')) + end]
        else:
            self.here(words, with_newline(file.content), "TEXT")

    def fetch(self, step: Fetch) -> None:
        flags = self.flags(step)
        if lock := self.setting.lock:
            held = lock.adds.get((self.number, step.source), "")
            if held or lock.records:
                self.word("locked_add", *([quote(held)] if held else []))
        if step.checksum:
            flags.append(f"--checksum={quote(step.checksum)}")
        if step.unpack:
            flags.append("--unpack=true")
        if step.git:
            flags += data.git_flags(step.git)
        word = "add_git" if step.git else "add_url"
        self.word(word, *flags, quote(step.source), quote(without_dot(step.destination)))

    def flags(self, step: Copy | Fetch) -> list[str]:
        """Docker's flags, in docker's order."""
        for pattern in step.excludes:
            bare = pattern.removeprefix("!")
            self.pattern("exclude", bare, bare)
        return [*of_owner(step), *(f"--exclude={quote(pattern)}" for pattern in step.excludes)]

    # -- data ----------------------------------------------------------------------------------------------------------

    def data(self) -> list[str]:
        """What the words ask for besides their arguments."""
        setting = self.setting
        named = {
            name: setting.named[name] for name in self.plan.contexts if name in setting.named and name not in setting.carried
        }
        parts = [data.patterns(self.globs)]
        if self.uses_context and setting.ignore and setting.context is None:
            parts.append(data.ignored(setting.ignore))
        parts.append(data.ignored_in(named))
        parts.append(data.carried_context(setting.carried))
        if self.plan.repositories:
            locked = self.locked_contexts()
            self.used |= {"git_fill", *(["locked_context"] if locked else [])}
            parts.append(data.git_context(self.plan.repositories, locked))
        if self.uses_context:
            parts.append(self.context())
        if setting.lock and self.used & {"locked", "locked_add", "locked_context"}:
            from dock2sh.emit.carried import data as carried

            parts.append(carried(setting.lock))
        return parts

    def locked_contexts(self) -> dict[str, str]:
        """The repositories that a lock has to do with, and their commits; "" where they are only noted."""
        lock = self.setting.lock
        if not lock:
            return {}
        return dict(lock.contexts) | {name: lock.contexts.get(name, "") for name in self.plan.repositories if lock.records}

    def context(self) -> str:
        """The bundled files; or the files whose digest is compared."""
        setting = self.setting
        if setting.context is None:
            self.used |= {"context_check"} if setting.digest else set()
            whole = self.plan.transfers_all()
            return data.context_needed(setting.selectors, setting.digest, whole) if setting.selectors else ""
        self.used |= {"script_tail"} if setting.tail else set()
        return data.context_data(setting.context, setting.tail, setting.behind)


def _copied_from(plan: Plan, key: str, chain: list[str]) -> bool:
    """Whether another stage needs the root of `key` as it is at its end."""
    for stage in plan.stages:
        if stage.parent == key and stage.key not in chain:
            return True
        if stage.key != key and any(key in origins(step) for step in stage.steps):
            return True
    return False
