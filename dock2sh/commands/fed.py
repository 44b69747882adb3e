"""Here-documents that are shell text: what a shell reads from its standard input, and where that stands.

bash <<EOF          sudo -u app sh -e <<'EOF'          su - app <<EOF          cat <<EOF | sh          bash <<<'make install'
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dock2sh.commands.known import Known
from dock2sh.shell import Command, Redirect
from dock2sh.shell.words import word

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
_INPUT = ("", "-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
"""Ways to name the standard input where a file may be named."""
_READ_THEMSELVES = ("xargs", "ssh", "find")
"""Programs that start others and keep the input for themselves, or start them on another machine."""


class Fed(NamedTuple):
    """A text, and the place of each of its characters in the text around it (None: it does not stand there as it is).

    `literal`: the shell around it puts nothing into it.
    """

    text: str
    where: Sequence[int] | None
    literal: bool


def document(command: Command, piped: Redirect | None) -> Redirect | None:
    """The here-document that a command has for its standard input: the last one counts, else what the pipe hands on."""
    own = [each for each in command.redirects if each.descriptor in ("", "0") and each.operator.startswith("<")]
    if not own:
        return piped
    return own[-1] if own[-1].operator in ("<<", "<<-", "<<<") else None


def hands_on(known: Known | None) -> bool:
    """Whether a command prints what it reads, and nothing else."""
    if known is None or known.within:
        return False
    files = [part.value for part in known.parts if part.kind == "operand" and part.value not in _INPUT]
    return known.title == "tee" or (known.title == "cat" and not files)


def reader(known: Known | None) -> Known | None:
    """The shell in a command, or within it, that reads commands from the standard input."""
    if known is None or known.title in _READ_THEMSELVES:
        return None
    if known.within:
        return reader(known.within[0])
    return known if _reads(known) else None


def _reads(known: Known) -> bool:
    given = {part.text for part in known.parts if part.kind == "option"}
    operands = [part for part in known.parts if part.kind == "operand"]
    first = operands[0].value if operands else ""
    if any(part.role == "script" for part in known.parts):
        return False
    if known.title in SHELLS:
        return "-s" in given or first in _INPUT
    if known.title in ("dot", "source"):
        return bool(operands) and first in _INPUT[2:]
    if known.title in ("su", "runuser"):
        return all(part.role == "user" for part in operands)
    if known.title == "sudo":
        return bool(given & {"-s", "--shell", "-i", "--login"}) and not operands
    return known.title == "chroot" and len(operands) == 1


def text_of(redirect: Redirect) -> Fed:
    """What a here-document, or the text of `<<<`, hands over."""
    if redirect.body is not None:
        return _body(redirect, redirect.body)
    read = word(redirect.end - len(redirect.target), redirect.target)
    at = read.raw.find(read.value)
    where = range(read.start + at, read.start + at + len(read.value)) if at >= 0 else None
    return Fed(read.value, where, not read.dynamic)


def _body(redirect: Redirect, body: str) -> Fed:
    """The lines, less the one that ends them. Without quotes around the name the shell takes `\\$` for `$`, and so on."""
    name, chomp = re.sub(r"['\"\\]", "", redirect.target), redirect.operator == "<<-"
    chars, at = list[tuple[str, int]](), redirect.at
    for line in re.findall(r"[^\n]*\n|[^\n]+\Z", body):
        tabs = len(line) - len(line.lstrip("\t")) if chomp else 0
        if line[tabs:].removesuffix("\n") == name:
            break
        chars += zip(line[tabs:], range(at + tabs, at + len(line)), strict=True)
        at += len(line)
    quoted = name != redirect.target
    kept = chars if quoted else _unescaped(chars)
    literal = quoted or not any(char in "$`" for char, _ in chars)
    return Fed("".join(char for char, _ in kept), [at for _, at in kept], literal)


def _unescaped(chars: list[tuple[str, int]]) -> list[tuple[str, int]]:
    kept, index = list[tuple[str, int]](), 0
    while index < len(chars):
        following = chars[index + 1][0] if index + 1 < len(chars) else ""
        if chars[index][0] == "\\" and following in ("$", "`", "\\", "\n"):
            kept += [chars[index + 1]] if following != "\n" else []
            index += 2
        else:
            kept.append(chars[index])
            index += 1
    return kept
