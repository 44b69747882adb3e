"""When neither side builds: whether they agree on that, or something from outside was the reason.

They agree where both refuse the Dockerfile itself, or where the same step's command fails with the same status: that is what the
Dockerfile says. A step that fails for want of a network says nothing, and two steps that fail differently say that one side at
least has failed for a reason of its own.
"""

import re
from collections.abc import Sequence

from .case import Step
from .engines import NOT_STARTED, Failure
from .report import Verdict

# What programs say that found no network, or nobody there: glibc and musl, curl, wget, apt, git, pip, npm, Go.
_NETWORK = re.compile(
    r"temporary failure in name resolution|could not resolve host|couldn't resolve host|unable to resolve host|bad address '"
    r"|name or service not known|no such host|getaddrinfo|network is unreachable|no route to host|connection timed out"
    r"|failed to connect to|connection refused|could not connect to|tls handshake timeout|i/o timeout"
    r"|eai_again|etimedout|enotfound"
    r"|self.signed certificate|unable to verify the first certificate|unable_to_verify_leaf_signature|certificate has expired"
    r"|certificate verify failed|could not handshake|unable to get local issuer certificate|failed to establish a new connection",
    re.IGNORECASE,
)
_MISSING = 3  # the script's exit status where something is not here: a tool, a right, an image
_SHELLS_UNSTARTED = (126, 127)  # how a shell ends whose command is no program, or not there
# the emulator's words, which are runc's, for a command that is not there or no program; its status, 1, many a command has
_EMULATORS_UNSTARTED = re.compile(r'^exec: "[^\n]*": [^\n]*\n+error: the command ended with exit status 1$', re.MULTILINE)
_STATUS = re.compile(r"ended with exit status (\d+)")
_WORDS = re.compile(r"^(?:error|missing): (.*)", re.MULTILINE)


def script_failure(status: int, output: str, steps: Sequence[Step], number: int) -> Failure:
    """How our script failed, by its exit status and all that it said; `number` is the step that it was at."""
    words = _WORDS.findall(output)
    code = _STATUS.search(words[-1]) if words else None
    line = next((step.line for step in steps if step.number == number), 0)
    said = f"exit status {status}: {_once(output)[-2000:]}"
    ended = NOT_STARTED if _EMULATORS_UNSTARTED.search(output) else int(code[1]) if code else None
    return Failure(said, line, ended, output[-8000:], missing=status >= _MISSING or status == 2)


def _once(output: str) -> str:
    """What was printed, without blank lines, and the script's last words only once: who runs it repeats them."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join(line for number, line in enumerate(lines) if line not in lines[number + 1 :] or not _WORDS.match(line))


def neither(ours: Failure, theirs: Failure, who: str, engine: str) -> Verdict:
    """The verdict where both sides failed. `who` is our side in words."""
    notes = (f"{engine}: {theirs.said}", f"{who}: {ours.said}")
    if why := _why_not(ours, theirs, engine):
        return Verdict("inconclusive", notes=(f"neither side builds it, but {why}", *notes), failures=(ours, theirs))
    return Verdict("identical", notes=(f"both refuse it. {notes[0]}", notes[1]), failures=(ours, theirs))


def _why_not(ours: Failure, theirs: Failure, engine: str) -> str:
    """Why that both failed is no agreement; "" if it is one."""
    if ours.missing:
        return "ours for want of something on this machine"
    if (ours.status is None) != (theirs.status is None):
        runs, refuses = ("ours", engine) if theirs.status is None else (engine, "ours")
        return f"not in the same way: {runs} by a command's exit status, {refuses} without"
    if ours.status is None:
        return "" if not _no_network(ours, theirs) else "the network may be the reason"
    if ours.line and theirs.line and ours.line != theirs.line:
        return f"not in the same step: ours in line {ours.line}, {engine} in line {theirs.line}"
    if ours.status != theirs.status and not (theirs.status == NOT_STARTED and ours.status in _SHELLS_UNSTARTED):
        return f"not with the same exit status: ours with {ours.status}, {engine} with {theirs.status}"
    return "the network may be the reason" if _no_network(ours, theirs) else ""


def _no_network(*sides: Failure) -> bool:
    return any(_NETWORK.search(side.output or side.said) for side in sides)
