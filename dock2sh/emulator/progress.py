"""A build as one sees it: plain lines for a log, a JSON object a line for programs. (On a terminal: live.py.)"""

import json
import time
from base64 import b64encode
from collections.abc import Iterator

from dock2sh.digest import sha256
from dock2sh.emulator.build import Event
from dock2sh.model import Configure, Plan, Run, Stage

_SHOWN = 20


class Plain:
    """Lines as buildx's --progress=plain writes them: `#N` is the number of the step, in the order in which they began."""

    def __init__(self, plan: Plan) -> None:
        self._titles = Titles(plan)
        self._numbers: dict[int, int] = {}
        self._began: dict[int, float] = {}
        self._rest: dict[int, bytes] = {}
        self.tails: dict[int, list[str]] = {}

    def lines(self, event: Event) -> Iterator[str]:
        """What there is to say of it."""
        if event.number not in self._numbers:
            self._numbers[event.number] = len(self._numbers) + 1
            self._began[event.number] = time.monotonic()
            yield f"\n#{self._numbers[event.number]} {self._titles.of(event)}"
        prefix = f"#{self._numbers[event.number]}"
        match event.kind:
            case "output":
                yield from (f"{prefix} {line}" for line in self._output(event))
            case "cached":
                yield f"{prefix} CACHED"
            case "done":
                yield from self._flushed(event, prefix)
                yield f"{prefix} DONE {event.seconds:.1f}s"
            case "failed":
                yield from self._flushed(event, prefix)
                yield f"{prefix} ERROR: {reason(event)}"

    def tail(self, number: int) -> list[str]:
        """The last lines that a step has printed."""
        return self.tails.get(number, [])

    def _output(self, event: Event) -> Iterator[str]:
        whole = self._rest.pop(event.number, b"") + event.data
        *lines, rest = whole.split(b"\n")
        if rest:
            self._rest[event.number] = rest
        yield from (self._line(event.number, line) for line in lines)

    def _flushed(self, event: Event, prefix: str) -> Iterator[str]:
        """A last line without an end."""
        if rest := self._rest.pop(event.number, b""):
            yield f"{prefix} {self._line(event.number, rest)}"

    def _line(self, number: int, line: bytes) -> str:
        text = printable(line)
        self.tails[number] = [*self.tails.get(number, ())[-_SHOWN + 1 :], text]
        return f"{time.monotonic() - self._began[number]:.3f} {text}"


class Titles:
    """`[build 2/5] RUN make`, as buildx has it: the stage's name where there are several, the step's place in it (a base image is
    the first), and the instruction."""

    def __init__(self, plan: Plan) -> None:
        self._several = len(plan.stages) > 1
        self._firsts: dict[str, int] = {}
        self._sizes = {stage.key: len(stage.layers()) for stage in plan.stages}
        number = 1
        for stage in plan.stages:
            self._firsts[stage.key] = number
            number += self._sizes[stage.key]

    def of(self, event: Event) -> str:
        """The title of a step."""
        before = int(event.stage.parent is None and event.stage.base != "scratch")
        total = str(self._sizes[event.stage.key] + before)
        place = event.number - self._firsts[event.stage.key] + 1 + before
        name = f"{self._name(event.stage)} " if self._several else ""
        first = event.steps[0]
        told = (not isinstance(first, Configure) and first.title) or " ".join(first.text.split())
        return f"[{name}{place:>{len(total)}}/{total}] {'ONBUILD ' if first.onbuild else ''}{told}"

    def follows(self, event: Event) -> bool:
        """Whether there is a step before it in its stage."""
        return event.number > self._firsts[event.stage.key]

    def _name(self, stage: Stage) -> str:
        return stage.name or f"stage-{stage.index}"


def as_json(event: Event, titles: Titles) -> str:
    """One line: `event` is cached, begin, output, done or failed; `seconds` are those of the step."""
    about = {"event": event.kind, "stage": event.stage.key, "step": event.number, "line": event.steps[0].span.first}
    if event.kind in ("begin", "cached"):
        about["title"] = titles.of(event)
    elif event.kind == "done":
        about["seconds"] = round(event.seconds, 6)
    elif event.data:
        about["text"] = event.data.decode("utf-8", "replace")
    return json.dumps(about)


class RawJson:
    """buildx's --progress=rawjson: BuildKit's own messages (client/graph.go), an object a line, a vertex for each step."""

    def __init__(self, plan: Plan) -> None:
        self._titles = Titles(plan)
        self._began: dict[int, str] = {}
        self._vertices: dict[int, dict[str, object]] = {}

    def line(self, event: Event) -> str:
        """The message that tells of it. What a step prints is of one stream, 1."""
        vertex, now = self._vertex(event), _timestamp()
        began = self._began.setdefault(event.number, now)
        match event.kind:
            case "output":
                data = b64encode(event.data).decode()
                log = {"vertex": vertex["digest"], "stream": 1, "data": data, "timestamp": now}
                return _compact({"logs": [log]})
            case "begin":
                told: dict[str, object] = {}
            case "cached":
                told = {"completed": now, "cached": True}
            case "failed":
                told = {"completed": now, "error": reason(event)}
            case _:
                told = {"completed": now}
        return _compact({"vertexes": [{**vertex, "started": began, **told}]})

    def _vertex(self, event: Event) -> dict[str, object]:
        """The step; it goes on from the one before it in its stage."""
        if event.number not in self._vertices:
            name = self._titles.of(event)
            vertex: dict[str, object] = {"digest": f"sha256:{sha256(f'{event.number} {name}')}"}
            before = self._vertices.get(event.number - 1) if self._titles.follows(event) else None
            self._vertices[event.number] = {**vertex, **({"inputs": [before["digest"]]} if before else {}), "name": name}
        return self._vertices[event.number]


def _timestamp() -> str:
    """Now, as Go writes it: RFC 3339 with nanoseconds."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def reason(event: Event) -> str:
    """Why a step failed, in docker's words where it is a command."""
    step, text = event.steps[0], event.data.decode(errors="replace")
    if isinstance(step, Run) and text.startswith("the command ended with exit status "):
        return f'process "{" ".join(step.argv)}" did not complete successfully: exit code: {text.split()[-1]}'
    return text


def printable(line: bytes) -> str:
    """A line that can do a terminal no harm: of what a carriage return has overwritten the last, and no control characters."""
    text = line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
    return "".join(char if char.isprintable() or char == "\t" else "" for char in _without_colours(text))


def _without_colours(text: str) -> str:
    import re

    return re.sub(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)", "", text)
