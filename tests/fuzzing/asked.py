"""Docker's answers about a text, and ours: is it refused, in which lines and words, which warnings; else the image's config.

`docker build --call=check` evaluates and builds nothing; config and history are asked of a build that has no files.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import dock2sh
from dock2sh.checks import check
from dock2sh.emit.plan_json import plan_object
from dock2sh.plan.context import Project
from dock2sh.plan.evaluate import Options
from dock2sh.plan.history import history
from dock2sh.source import Diagnostic, Refused

BUILD_ARGS = {"y": "arg/b"}
_FIND = dock2sh.find_bases({}, offline=True)
# what an image's name, a solver's own mistake, or this engine's older frontend brings about, and says nothing about the text
_UNDECIDED = re.compile(
    "failed to resolve source metadata|pull access denied|not found|no such host|failed to do request|i/o timeout"
    "|invalid user index|frontend|unknown flag: --(parents|security|exclude|unpack)"
)
# no part of the evaluation: the build itself says so, --call=check does not
_LATER = ("arguments are required", "illegal exclusion pattern", "failed to marshal LLB definition", "open ")


class Answer(NamedTuple):
    """`refused` is the message, empty if it is not; `lines` are the lines that it points at."""

    refused: str = ""
    lines: frozenset[int] = frozenset()
    warnings: tuple[tuple[str, int, str], ...] = ()
    config: str = ""
    history: tuple[str, ...] = ()


def checked_by_docker(text: str, home: Path) -> Answer | None:
    """None where it cannot be said."""
    done = _docker(text, home, "--progress=plain", "--call=check,format=json")
    found = json.loads(done.stdout) if done.stdout.startswith("{") else {"buildError": {"message": done.stderr}}
    warnings = tuple(sorted((row["ruleName"], _line(row), row["detail"]) for row in found.get("warnings") or ()))
    if not (error := found.get("buildError")):
        return Answer(warnings=warnings)
    return None if _UNDECIDED.search(error["message"]) else Answer(_bare(error["message"]), _arrows(done.stderr), warnings)


def checked_by_us(text: str) -> Answer | None:
    """None where only the build would say what docker says of it."""
    try:
        found = check(dock2sh.parse(text), Options(), _FIND, "")
    except Refused as refused:
        found = (refused.diagnostic,)
    errors = [each for each in found if each.severity == "error"]
    warnings = tuple(
        sorted((each.code, each.spans[0].first, _sent(each.message)) for each in found if each.severity != "error" and each.spans)
    )
    if not errors:
        return Answer(warnings=warnings)
    return None if errors[0].message.startswith(_LATER) else _refusal(errors[0])._replace(warnings=warnings)


def configured_by_docker(text: str, home: Path) -> Answer | None:
    """None where it cannot be said. The image is removed again."""
    name = f"dock2sh-fuzzing:{os.getpid()}"
    done = _docker(text, home, "-q", "--no-cache", f"--build-arg=y={BUILD_ARGS['y']}", "-t", name)
    if done.returncode:
        error = next((line for line in done.stderr.split("\n") if line.startswith("ERROR")), done.stderr)
        return None if _UNDECIDED.search(error) else Answer(_bare(error), _arrows(done.stderr))
    image = json.loads(_out("docker", "image", "inspect", name))[0]
    rows = _out("docker", "history", "--no-trunc", "--format={{json .CreatedBy}}", name).splitlines()
    _out("docker", "rmi", "-f", name)
    return Answer(config=_comparable(image["Config"]), history=_rows([json.loads(row) for row in reversed(rows)]))


def configured_by_us(text: str) -> Answer:
    """The plan's config and history; the script is made, too."""
    try:
        plan = dock2sh.evaluate(dock2sh.parse(text), Options(build_args=BUILD_ARGS), _FIND)
        dock2sh.script(plan, Project("Dockerfile", text, None, None))
    except Refused as refused:
        return _refusal(refused.diagnostic)
    return Answer(config=_comparable(plan_object(plan)["config"]), history=_rows([row["created_by"] for row in history(plan)]))


def difference(theirs: Answer, ours: Answer) -> str:
    """What differs, in words; empty if nothing does. Lines count only where docker points at some."""
    if not theirs.lines:
        ours = ours._replace(lines=theirs.lines)
    pairs = zip(Answer._fields, theirs, ours, strict=True)
    return "\n".join(f"{name}:\n  docker {one!a}\n  ours   {other!a}" for name, one, other in pairs if one != other)


def _docker(text: str, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (home / "Dockerfile").write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    command = ["docker", "build", *options, str(home)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)


def _out(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _line(warning: dict[str, Any]) -> int:
    ranges = warning["location"].get("ranges") or [{"start": {"line": 0}}]
    return int(ranges[0]["start"]["line"])


def _arrows(said: str) -> frozenset[int]:
    return frozenset(int(number) for number in re.findall(r"^ *(\d+) \| >>>", said, re.MULTILINE))


def _bare(message: str) -> str:
    """A message without what is put before it on its way to a terminal."""
    prefix = r"(?:ERROR: )?(?:failed to build: )?(?:failed to solve: )?(?:failed to run Build function: )?"
    prefix += r"(?:dockerfile parse error on line \d+: )?"
    bare = re.sub(prefix + "(?:failed to marshal LLB definition: )?", "", message, count=1)
    # of keywords that are equally near docker names any, another the next time: they are in a Go map
    bare = re.sub(r"(?<=^unknown instruction: )(.*) \(did you mean \w+\?\)$", r"\1 (did you mean)", bare)
    return re.sub(r" \(did you mean (parents|security|exclude|unpack)\?\)$", "", bare)  # this engine's older frontend has none


def _sent(text: str) -> str:
    """As a text arrives that holds bytes which are no UTF-8."""
    return re.sub("[\udc80-\udcff]", "\ufffd", text)


def _refusal(diagnostic: Diagnostic) -> Answer:
    lines = frozenset(line for span in diagnostic.spans for line in range(span.first, span.last + 1))
    return Answer(_bare(_sent(diagnostic.message)), lines)


def _comparable(config: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in config.items() if value and key != "ArgsEscaped"}, sort_keys=True)


def _rows(created: list[str]) -> tuple[str, ...]:
    """`docker history` prints no tabs. Of HEALTHCHECK this engine's BuildKit prints another Go value than that of 2026."""
    return tuple(row.replace("\t", " ") for row in created if not row.startswith("HEALTHCHECK"))
