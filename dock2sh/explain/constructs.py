"""What is no command in a shell text and still is told: the heads of loops and `case`, `time`, redirections of whole groups."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from dock2sh.explain.language import Text, joined, say
from dock2sh.explain.redirects import said_of
from dock2sh.explain.tree import Command, Explained
from dock2sh.shell import Redirect, Script, Symbol

JOINED_SAY = {
    "&&": "if that went well",
    "||": "if that failed",
    "|": "what that prints goes to",
    "|&": "what that prints, errors too, goes to",
    "&": "at the same time",
}

_INSIDE_SAY = {
    "if": "to decide",
    "then": "if so",
    "else": "if not",
    "for": "for each",
    "while": "as long as",
    "until": "as long as this fails",
    "loop": "each time",
    "case": "in one of several cases",
    "$()": "its output becomes a part of the command",
    "<()": "its output is read like a file (bash)",
    ">()": "it reads what is written into that file (bash)",
    "()": "in a shell of its own",
}
_LOOPS = ("for", "select")
_AHEAD = (*_LOOPS, "time")
_REDIRECT = re.compile(r"(\d*)(<<<|<<-?|<>|>>|>\||&>>|&>|<&|>&|<|>)\s*(.*)", re.DOTALL)
_CASE = re.compile(r"case\s.*?\sin(?=\s)", re.DOTALL)


def inside_of(names: tuple[str, ...]) -> Text:
    """What the innermost of the constructs means for what stands in it."""
    said = list[Text]()
    for name in _levels(names):
        if name.startswith("function "):
            said.append(say("as the function `{name}`", name=name.removeprefix("function ")))
        elif name.startswith("case "):
            said.append(say("in the case `{pattern}`", pattern=name.removeprefix("case ")))
        elif name in _INSIDE_SAY:
            said.append(say(_INSIDE_SAY[name]))
    return joined(said[-1:])


def _levels(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name not in ("{}", "!")]


def with_constructs(made: list[tuple[int, Command]], script: Script) -> None:
    """Put the rows of constructs among those of the commands, each with its place in the text."""
    operators = [each for each in script.symbols if each.kind == "operator"]
    ends, at, rows = [each.end for each in operators], 0, list[tuple[int, int, Command]]()
    for symbol, said in _heads(script):
        while at < len(made) and made[at][0] <= symbol.start:
            at += 1
        before = bisect_right(ends, symbol.start)
        joined = _asked(operators[before - 1], symbol, script.text) if before else ()
        row = _row(symbol, said)
        taken = _taken(made, at, row, symbol.end) if symbol.text.startswith(_AHEAD) else ()
        rows.append((at, symbol.start, row._replace(joined=joined or taken)))
    rows += _of_groups(made, script)
    for place, start, row in sorted(rows, key=lambda row: row[:2], reverse=True):
        made.insert(place, (start, row))


def _of_groups(made: list[tuple[int, Command]], script: Script) -> Iterator[tuple[int, int, Command]]:
    """Redirections of groups: behind all commands of theirs, those of shells within among them."""
    at = len(made)
    for symbol in reversed([symbol for symbol in script.symbols if symbol.kind == "redirect"]):
        while at and made[at - 1][0] >= symbol.start:
            at -= 1
        yield at, symbol.start, _of_group(symbol)


def _heads(script: Script) -> Iterator[tuple[Symbol, Text]]:
    """The heads of constructs, and what is said of each."""
    for index, symbol in enumerate(script.symbols):
        if symbol.kind == "time":
            yield symbol, say("tells how long that took")
        elif symbol.kind == "coproc":
            yield symbol, say("goes on beside the rest, with pipes to and from the shell (bash only)")
        elif symbol.kind == "case" and (match := _CASE.match(symbol.text)):
            yield symbol._replace(text=match[0]), say("does what stands at the first pattern that fits")
        elif symbol.kind == "reserved" and symbol.text in _LOOPS:
            yield _loop(symbol, script, index)


def _loop(symbol: Symbol, script: Script, index: int) -> tuple[Symbol, Text]:
    """`for f in *.c`: the symbols up to `do`."""
    behind = list[Symbol]()
    if script.text[symbol.end :].lstrip().startswith("(("):
        end = script.text.find("))", symbol.end) + 2
        return symbol._replace(end=end, text=script.text[symbol.start : end]), say("as often as that says (bash only)")
    for each in script.symbols[index + 1 :]:
        if each.kind != "item" and each.text != "in":
            break
        behind.append(each)
    end = behind[-1].end if behind else symbol.end
    name = behind[0].text if behind else ""
    head = symbol._replace(end=end, text=script.text[symbol.start : end])
    if symbol.text == "select":
        return head, say("asks which of these, again and again; the answer is in the variable `{name}` (bash only)", name=name)
    if len(behind) == 1:
        return head, say("for each of `$1`, `$2`, …, as the variable `{name}`", name=name)
    return head, say("for each of these, as the variable `{name}`", name=name)


def _asked(operator: Symbol, symbol: Symbol, text: str) -> Text:
    """How the command before went, if the operator right before a construct asks for it."""
    right_before = not text[operator.end : symbol.start].strip("\\ \n\t")
    return say(JOINED_SAY[operator.text]) if right_before and operator.text in JOINED_SAY else ()


def _taken(made: list[tuple[int, Command]], at: int, row: Command, end: int) -> Text:
    """When a loop begins is noted at the first command in it, however deep; it belongs to the loop's head (up to `end`)."""
    last = next((index for index in range(at, len(made)) if made[index][1].level <= row.level), len(made))
    first = min((index for index in range(at, last) if made[index][0] >= end), key=lambda index: made[index][0], default=None)
    if first is None:
        return ()
    start, command = made[first]
    made[first] = (start, command._replace(joined=()))
    return command.joined


def _row(symbol: Symbol, said: Text) -> Command:
    text = " ".join(symbol.text.replace("\\\n", " ").split())
    parts = (Explained(text, "operator", said),)
    return Command(text, "", True, (), (), inside_of(symbol.inside), len(_levels(symbol.inside)), parts, "sh(1)")


def _of_group(symbol: Symbol) -> Command:
    """Where the input of `{ }`, `( )` or a loop comes from, or its output goes."""
    match = _REDIRECT.match(symbol.text)
    says = said_of(Redirect(symbol.start, symbol.end, match[1], match[2], match[3])) if match else ()
    parts = (Explained(symbol.text, "redirect", says),)
    return Command(symbol.text, "", True, (), say("for all of that together"), (), len(_levels(symbol.inside)), parts, "")
