"""What stands around `build` in a script: the comment at the top, what `start` starts, what the helpers want to know."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dock2sh import __version__
from dock2sh.digest import sha256
from dock2sh.emit.quoting import quote
from dock2sh.model import IMAGE_SCHEME, Plan

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried
    from dock2sh.plan.ignore import Ignore, Named

STARTERS = {"entrypoint": "Entrypoint", "cmd": "Cmd"}
"""The words of `image`, and the config's keys that they say."""


class Setting(NamedTuple):
    """What a script is made with besides the plan: the Dockerfile's name, text and escape, the ignore file, bundled files, what
    it carries of a lock, the ignore files of named contexts; `carried` are the files of those that are in it, each a gzipped tar.

    `tail`: the bundled files stand behind the script's last line, in no here-document: bash reads a pipe byte by byte.
    `behind` is how many bytes of something else stand behind them.
    """

    name: str
    text: str
    escape: str = "\\"
    ignore: "Ignore | None" = None
    context: bytes | None = None
    tail: bool = False
    behind: int = 0
    digest: str = ""
    selectors: tuple[str, ...] = ()
    lock: "Carried | None" = None
    named: "Mapping[str, Named]" = MappingProxyType({})
    carried: Mapping[str, bytes] = MappingProxyType({})


class Frame(NamedTuple):
    """What another kind of script has of its own: its first lines, data for its helpers, the folders of runtime/ with them."""

    head: str
    data: str
    library: str


def head(plan: Plan, setting: Setting) -> str:
    """The comment at the top: what it is, how to run it."""
    digest = sha256(setting.text)[:12]
    lines = [
        f"What `docker build` does with {setting.name}, as a shell script.",
        f"Made by dock2sh {__version__} from {setting.name} (sha256:{digest}).",
        *(f"Target stage: {plan.target}" for _ in range(bool(plan.target and len(plan.stages) > 1))),
        *left_out_lines(plan),
        *lock_lines(setting.lock),
        "",
        *_how_to_run(plan, setting),
        "",
        "  sh setup.sh              do every step         --list        show the steps",
        "  sh setup.sh --from 3     go on at step 3       --dry-run     say what would be done",
        "  sh setup.sh --root DIR   build into DIR        start ARG...  start it, as `docker run IMAGE ARG...`",
    ]
    unknown = [stage.base for stage in plan.stages if not stage.known and stage.parent is None]
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        lines += ["", f"The image config of {names} was not at hand when this was made: its environment is",
                  "taken from where the script runs. `dock2sh --base NAME=SOURCE` makes a script that knows it."]  # fmt: skip
    return "#!/bin/sh\n" + "\n".join(("# " + line).rstrip() for line in lines) + "\n"


def left_out_lines(plan: Plan) -> list[str]:
    """What markers keep away from this machine: docker, which knows none, does it."""
    if not plan.left_out:
        return []
    lines = ", ".join(str(left.span.first) for left in plan.left_out)
    plural = "s" if len(plan.left_out) > 1 else ""
    return [f"Made for a {plan.where}: markers leave out line{plural} {lines} of it, which `docker build` does."]


def lock_lines(lock: "Carried | None") -> list[str]:
    """That a lock says what the steps get."""
    return [f"What it gets is fixed by {lock.name} ({lock.mode})."] if lock and not lock.records else []


def _how_to_run(plan: Plan, setting: Setting) -> list[str]:
    base = plan.chain()[0].base
    where = "as root" if setting.context is not None else "as root beside the build context"
    image = plan.image_meant(base)
    if base == "scratch" or not image:
        why = "`FROM scratch` has no shell" if base == "scratch" else f"it begins with the build context {base}"
        return [f"Run it {where}; it builds into a directory, since {why}:", "", "  sh setup.sh --root DIR"]
    return [
        f"Run it {where}, on a fresh {image} (a container, a VM, a host):",
        "",
        f'  docker run -it -v "$PWD:/context:ro" -w /context {image} sh setup.sh',
    ]


def image(plan: Plan) -> str:
    """What `start` starts."""
    config: Mapping[str, list[str]] = plan.config
    lines = [f"    {word} {' '.join(map(quote, config[key]))}" for word, key in STARTERS.items() if config.get(key)]
    comment = "# What `sh setup.sh start` starts: ENTRYPOINT and CMD.\n"
    return comment + "image() {\n" + ("\n".join(lines) or "    :") + "\n}\n"


def _other_images(plan: Plan) -> list[str]:
    """The images besides the target's own that the script needs: of other stages, COPY --from and mounts."""
    keys, begun = {stage.key for stage in plan.stages}, plan.chain()[0]
    bases = [stage.base for stage in plan.stages if stage.parent is None and stage.key != begun.key]
    found = [*bases, *(need for stage in plan.stages for need in stage.needs() if need not in keys)]
    return [name for name in dict.fromkeys(found) if name != "scratch"]


def _contexts(plan: Plan, setting: Setting) -> list[str]:
    """The named contexts that the script was made with; which of them are images, and which are in it."""
    images = " ".join(quote(f"{name}={source}") for name, source in plan.contexts.items() if source.startswith(IMAGE_SCHEME))
    lines = [f"known_contexts={quote(' '.join(plan.contexts))}"] if plan.contexts else []
    lines += [f"context_images={quote(images)}"] if images else []
    lines += [f"git_contexts={quote(' '.join(plan.repositories))}"] if plan.repositories else []
    return lines + ([f"carried_contexts={quote(' '.join(setting.carried))}"] if setting.carried else [])


def numbers(plan: Plan, setting: Setting, total: int) -> str:
    """What the helpers want to know of the whole."""
    key = sha256(setting.name + setting.text + (plan.where if plan.left_out else ""))[:12]
    keys = {stage.key for stage in plan.stages}
    names = "\n".join(" ".join([stage.key, *(need for need in stage.needs() if need in keys)]) for stage in plan.stages)
    lines = [f"id={key}", f"total={total}", f"stages={quote(names)}"]
    if others := _other_images(plan):
        lines += [f"target_image={quote(plan.chain()[0].base)}", f"other_images={quote(' '.join(others))}"]
    lines += _contexts(plan, setting)
    return "\n".join(lines) + "\n"
