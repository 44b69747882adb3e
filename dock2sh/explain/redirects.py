"""What a redirection of a shell command does, in words."""

from dock2sh.explain.language import Text, say
from dock2sh.shell import Redirect


def written(redirect: Redirect) -> str:
    return f"{redirect.descriptor}{redirect.operator}{redirect.target}" if redirect.operator else redirect.target


_STREAMS_SAY = {"1": "where the output goes", "2": "where errors go"}
_NAMED = {"/dev/stdout": "1", "/dev/fd/1": "1", "/dev/stderr": "2", "/dev/fd/2": "2"}


def said_of(redirect: Redirect) -> Text:
    """What a redirection does."""
    target, operator = redirect.target, redirect.operator
    if redirect.descriptor.startswith("{"):
        return _kept_in(redirect.descriptor.strip("{}"), target)
    if target.startswith(("/dev/tcp/", "/dev/udp/")):
        kind, _, place = target.removeprefix("/dev/").partition("/")
        return say("in bash a {kind} connection to {place}; other shells look for a file", kind=kind, place=place)
    if operator.startswith("<"):
        return _input(redirect)
    if operator in ("&>", "&>>"):
        return _both(target, operator)
    return _output(operator, target, _stream(redirect.descriptor))


def _kept_in(name: str, target: str) -> Text:
    """`{name}>FILE`: bash chooses the number."""
    if target == "-":
        return say("closes what has the number that the variable `{name}` holds (bash only)", name=name)
    return say("opens this under a number of its own, which the variable `{name}` then holds (bash only)", name=name)


def _stream(descriptor: str) -> Text:
    """What a descriptor is for; from 3 on each program decides."""
    if descriptor in ("", "1"):
        return say("what it prints")
    return say("errors") if descriptor == "2" else say("what goes to descriptor {number}", number=descriptor)


def _output(operator: str, target: str, what: Text) -> Text:
    stream = _NAMED.get(target, target if operator == ">&" else "")
    if stream.isdigit():
        known = _STREAMS_SAY.get(stream)
        where = say(known) if known else say("where descriptor {number} goes", number=stream)
        return say("sends {what} {where}", what=what, where=where)
    if operator == ">&":
        return _duplicated(target, what)
    if target == "/dev/null":
        return say("throws {what} away", what=what)
    if operator in (">", ">|"):
        return say("puts {what} into this file, in place of what was there", what=what)
    if operator == ">>":
        return say("puts {what} at the end of this file", what=what)
    return say("where its input comes from, or its output goes")


def _duplicated(target: str, what: Text) -> Text:
    """`>&` with no number behind it."""
    if target == "-":
        return say("sends {what} {where}", what=what, where=say("nowhere"))
    if target.endswith("-") and target[:-1].isdigit():
        return (*_output(">&", target[:-1], what), *say(", and closes descriptor {number}", number=target[:-1]))
    if target.startswith("$"):  # a number or a file
        return say("where its input comes from, or its output goes")
    both = say("output and errors")
    return (*say("puts {what} into this file, in place of what was there", what=both), *say(" (dash knows no such thing)"))


def _input(redirect: Redirect) -> Text:
    target, operator, descriptor = redirect.target, redirect.operator, redirect.descriptor
    if redirect.body is not None:
        said = say("hands it the lines that follow, up to `{end}`", end=target.strip("'\"\\"))
    elif operator == "<<<":
        said = say("hands it this text (dash does not know `<<<`)")
    elif operator in ("<", "<>"):
        said = say("hands it the content of this file")
    elif operator == "<&" and target == "-":
        said = say("hands it nothing")
    else:
        return say("where its input comes from, or its output goes")
    return (*said, *say(", as descriptor {number}", number=descriptor)) if descriptor not in ("", "0") else said


def _both(target: str, operator: str) -> Text:
    """`&>`: POSIX's sh, and so dash, ends the command at the `&`."""
    both = say("output and errors")
    if target == "/dev/null":
        done = say("throws {what} away", what=both)
    elif operator == "&>":
        done = say("puts {what} into this file, in place of what was there", what=both)
    else:
        done = say("puts {what} at the end of this file", what=both)
    return (*done, *say(" (in dash the command runs in the background instead, and prints as ever)"))
