"""The picture as boxes and arrows: images, the build context, stages, the result, the process. layout.py places them."""

import re

from dock2sh.dockerfile.syntax import Dockerfile, Node
from dock2sh.explain.language import Text, plain, say
from dock2sh.explain.tree import Edge, Graph
from dock2sh.explain.tree import Node as Box
from dock2sh.model import Copy, Plan, Run, Stage, Step

MOST_LINES = 9


def graph(dockerfile: Dockerfile, plan: Plan) -> Graph:
    """Boxes in the order of the file, arrows without doubles."""
    maker = _Maker(plan)
    froms = [node for node in dockerfile.nodes if node.keyword.lower() == "from"]
    needed = {stage.index: stage for stage in plan.stages}
    for index, node in enumerate(froms):
        if index in needed:
            maker.stage(needed[index], dockerfile)
        else:
            maker.unused(index, node)
    maker.result()
    return Graph(tuple(maker.nodes.values()), tuple(dict.fromkeys(maker.edges)))


class _Maker:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.nodes: dict[str, Box] = {}
        self.edges: list[Edge] = []
        self.names: dict[str, str] = {}

    def image(self, name: str) -> str:
        key = f"image:{name}"
        self.nodes.setdefault(key, Box(key, "image", name, (plain(self.kind(name)),)))
        return key

    def kind(self, name: str) -> Text:
        if name in self.plan.contexts:
            return say("a build context")
        return say("nothing at all") if name == "scratch" else say("an image")

    def context(self) -> str:
        self.nodes.setdefault("context", Box("context", "context", plain(say("build context")), (plain(say("your folder")),)))
        return "context"

    def stage(self, stage: Stage, dockerfile: Dockerfile) -> None:
        key = f"stage:{stage.key}"
        origin = self.image(stage.base) if stage.parent is None else f"stage:{stage.parent}"
        last = stage is self.plan.stages[-1]
        title = stage.name or plain(say("stage {index}", index=stage.index))
        self.nodes[key] = Box(key, "target" if last else "stage", title, _lines(stage), stage.span.first)
        self.edges.append(Edge(origin, key, "from", "FROM"))
        for step in stage.steps:
            if isinstance(step, Copy) and (step.sources or step.origin) and step.origin != stage.key:
                names = [source.lstrip("/") or "." for source in step.sources]
                self.edges.append(Edge(self.origin(step.origin), key, "copy", _short(names)))
            elif isinstance(step, Run):
                for mount in step.mounts:
                    if mount.type == "bind" and mount.origin != stage.key:
                        self.edges.append(
                            Edge(self.origin(mount.origin), key, "mount", _short([mount.source.lstrip("/") or "."]))
                        )

    def origin(self, origin: str) -> str:
        if not origin:
            return self.context()
        return f"stage:{origin}" if any(stage.key == origin for stage in self.plan.stages) else self.image(origin)

    def unused(self, index: int, node: Node) -> None:
        name = node.args[2].lower() if len(node.args) == 3 else ""
        key = f"unused:{index}"
        title = name or plain(say("stage {index}", index=index))
        base = node.args[0]
        stage = next((f"stage:{other.key}" for other in self.plan.stages if other.name == base), self.names.get(base))
        self.nodes[key] = Box(key, "unused", title, (plain(say("not built")),), node.span.first)
        self.edges.append(Edge(stage or self.image(base), key, "from", "FROM"))
        if name:
            self.names[name] = key

    def result(self) -> None:
        last = self.plan.stages[-1]
        config = self.plan.config
        argv = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
        self.nodes["result"] = Box("result", "result", plain(say("the image")), (plain(say("files and settings")),))
        self.edges.append(Edge(f"stage:{last.key}", "result", "build", "docker build"))
        shown = (
            " ".join(argv)
            if argv
            else plain(say("what the base image starts"))
            if not last.known
            else plain(say("nothing to start"))
        )
        self.nodes["process"] = Box("process", "process", plain(say("a container")), (" ".join(shown.split()),))
        self.edges.append(Edge("result", "process", "run", "docker run"))


def _short(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}" if names else ""


def _text(step: Step) -> str:
    """An instruction as written; of a RUN that is a here-document what it does."""
    within = isinstance(step, Run) and bool(step.handed()) and re.fullmatch(r"(?i)RUN(\s+--\S+)*\s+<<\S+", step.text.strip())
    return f"RUN {step.handed()}" if isinstance(step, Run) and within else step.text


def _lines(stage: Stage) -> tuple[str, ...]:
    """The instructions of a stage, each a line; the middle left out where there are many."""
    shown = [f"{step.span.first} {' '.join(_text(step).replace(chr(92), ' ').split())}" for step in stage.steps]
    if len(shown) > MOST_LINES:
        left = len(shown) - MOST_LINES + 1
        shown = [*shown[: MOST_LINES - 3], plain(say("… {count} more", count=left)), *shown[-2:]]
    return tuple(shown)
