"""The history that docker writes into an image: one entry an instruction (semantics.md 1.3, `history`)."""

from collections.abc import Mapping
from typing import Any, assert_never

from dock2sh.dockerfile.gotext import quoted
from dock2sh.model import Configure, Copy, Fetch, MakeDirectory, Plan, Run, Stage, Step

COMMENT = "buildkit.dockerfile.v0"


def history(plan: Plan) -> list[dict[str, Any]]:
    """The base image's entries and one for each instruction, without times."""
    entries = [dict(entry) for entry in plan.image.get("history") or ()]
    arguments: dict[str, str | None] = {}
    for stage in plan.chain():
        seen: tuple[Any, ...] | None = None
        for step in stage.steps:
            if isinstance(step, (Copy, Fetch)) and seen == (step.span, step.words, step.text):
                continue  # one ADD that became several steps
            seen = (step.span, step.words, step.text) if isinstance(step, (Copy, Fetch)) else None
            entries += _entry(step, arguments, stage)
    return entries


def _entry(step: Step, arguments: dict[str, str | None], stage: Stage) -> list[dict[str, Any]]:
    match step:
        case Run():
            return [_layer("RUN " + _run(step, arguments) + " # buildkit")]
        case Copy() | Fetch():
            return [_layer(_copy(step, stage) + " # buildkit")]
        case MakeDirectory():
            return [_layer("WORKDIR " + step.cwd) if step.path else _empty("WORKDIR " + step.cwd)]
        case Configure():
            if step.keyword == "ARG":
                arguments.update(step.pairs)
            return [] if step.keyword == "ONBUILD" else [_empty(_configure(step))]
        case _:
            assert_never(step)


def _layer(text: str) -> dict[str, Any]:
    return {"created_by": text, "comment": COMMENT}


def _empty(text: str) -> dict[str, Any]:
    return {"created_by": text, "comment": COMMENT, "empty_layer": True}


def _run(step: Run, arguments: dict[str, str | None]) -> str:
    """`|N k=v …` of the ARGs so far, with the values that the environment has, then argv."""
    env = step.env.items()
    known = [f"{name}={env.get(name, value or '')}" for name, value in arguments.items()]
    return " ".join(([f"|{len(known)}", *known] if known else []) + list(step.argv))


def _copy(step: Copy | Fetch, stage: Stage) -> str:
    words = ["ADD" if isinstance(step, Fetch) or step.unpack is not None else "COPY"]
    if isinstance(step, Copy) and step.parents:
        words.append("--parents")
    words += [f"--{flag}={value}" for flag, value in (("chown", step.chown), ("chmod", step.chmod)) if value]
    files = _files(step, stage)
    return " ".join([*words, *step.words[:-1], *(f"<<{name}" for name in files), step.words[-1]])


def _files(step: Copy | Fetch, stage: Stage) -> list[str]:
    """The here-documents of the whole instruction (of an ADD in several steps the last has them)."""
    group = [other for other in stage.steps if isinstance(other, Copy) and other.span == step.span and other.words == step.words]
    return [file.written for other in group for file in other.files]


def _configure(step: Configure) -> str:
    keyword, words = step.keyword, list(step.words)
    if keyword in ("ENV", "LABEL"):
        return " ".join([keyword, *(f"{name}={value}" for name, value in step.pairs)])
    if keyword == "ARG":
        return " ".join([keyword, *(name if value is None else f"{name}={value}" for name, value in step.pairs)])
    if keyword in ("CMD", "ENTRYPOINT"):
        return f"{keyword} [{' '.join(map(quoted, words))}]"
    if keyword in ("EXPOSE", "VOLUME", "SHELL"):
        return f"{keyword} [{' '.join(words)}]"
    if keyword == "HEALTHCHECK":
        return "HEALTHCHECK " + _health(step)
    return " ".join([keyword, *words])


def _health(step: Configure) -> str:
    """Go's %+v of the Healthcheck struct. `words` are the test's, then name and nanoseconds of what is set."""
    test = list(step.words)
    values = {name: int(value or 0) for name, value in step.pairs}
    durations = [f"{name}:{duration(values.get(name, 0))}" for name in ("Interval", "Timeout", "StartPeriod", "StartInterval")]
    return f"{{Test:[{' '.join(test)}] {' '.join(durations)} Retries:{values.get('Retries', 0)}}}"


def duration(nanoseconds: int) -> str:
    """Go's Duration.String."""
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if nanoseconds < size * 1000:
            return _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = _decimal(rest, 10**9) + "s"
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, size: int) -> str:
    whole, part = divmod(value, size)
    digits = f"{part:0{len(str(size)) - 1}d}".rstrip("0") if part else ""
    return f"{whole}.{digits}" if digits else str(whole)


def without_times(entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries less `created`, which no two builds share."""
    return [{key: value for key, value in entry.items() if key != "created"} for entry in entries]
