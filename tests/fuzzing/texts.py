"""Random texts: Dockerfiles with a few characters changed, and lines that only set the image's config, of odd words."""

import json
import re
from collections.abc import Sequence

from tests.fuzzing.dice import Dice

# what a text may get anywhere: characters that Go and Python see differently, and the words of the grammar
ODD = (
    *("\0", "\x01", "\x08", "\x1b", "\x1c", "\x1f", "\x7f", "\v", "\f", "\r", "\t", "\x85", "\xa0", "\u2028", "\u3000", "\u200b"),
    *("\ufeff", "\u0663", "²", "ª", "Ⅳ", "\u0301", "\udcff", "\udcc3", "😀", "İ", "ı", "ſ", "\u212a", "ß", "한"),
    *("\\", "`", '"', "'", "$", "{", "}", "[", "]", "#", "\n", " ", "=", ":", ",", "--", "/", "%", "@", "..", "*", "-", "+", "?"),
    *("!", "(", ")", "|", "&", ";", "0", "9", "9" * 20, "\\\n", "# c\n", "--from=", "--chown=", "--mount=", "ONBUILD ", "AS "),
    *("<<", "<<E\n", "<<-", '<<"E"', "3<<", "EOF\n", "~", "\\u0041", "null", "1.5"),
    *("$x", "${x}", "${x:-y}", "${x#a}", "${x/a/b}"),
    *("[]", "{}", '""', "''"),
)
ATOMS = (
    *"a b x y1 X_Y / . .. - + = : , 80 443 5 0 tcp udp root 1s ms".split(),
    *('"', "'", "\\", "$", "${", "}", '\\"', "\\'", "\\$", "\\\\", "\\ ", "#", "%", "*", "?", "[", "]", "~", "!", "&", "|", ";"),
    *("$x", "$y", "${x}", "${x:-d}", "${y:+z}", "${x#a}", "${x%b}", "${x##*/}", "${x//a/b}", "${x/a}", '"q r"', "'s t'", '"$x"'),
    *("'$y'", "é", "한", "\xa0", "\u2028", "\ufeff", "²", "(", ")", "<", ">", "@", "^", "`", "\t", "\x1c", "\x7f", "null", "{}"),
)
PORTS = ("80", "81/UDP", "90-92", "$x", "${y:-70}", "70-${y:-72}", "127.0.0.1:80:81", "80:90", "1-3:4-6/sctp", "[::1]:80:81")
TIMES = ("1s", "3", "0", "1m30s", "1.5h", "-1s", "1ms", "$x", "99999h", "1us", ".5s", "1_0s")


def mutated(dice: Dice, texts: Sequence[str]) -> str:
    """One of `texts` with one to three changes."""
    text = dice.pick(texts)
    for _ in range(dice.weighted([(3, 1), (2, 2), (1, 3)])):
        text = _changed(dice, text, texts)
    return text


def _changed(dice: Dice, text: str, texts: Sequence[str]) -> str:
    edges = [at for each in re.finditer(r"\S+", text) for at in each.span()]
    at = dice.pick(edges) if edges and dice.chance(40) else dice.number(0, len(text))
    lines = text.split("\n")
    line, other = dice.number(0, len(lines) - 1), dice.number(0, len(lines) - 1)
    match dice.weighted([(55, "put"), (15, "cut"), (10, "replace"), (8, "swap"), (6, "repeat"), (6, "borrow")]):
        case "put":
            return text[:at] + dice.pick(ODD) + text[at:]
        case "cut":
            return text[:at] + text[at + dice.weighted([(2, 1), (1, 2), (1, 5)]) :]
        case "replace":
            return text[:at] + dice.pick(ODD) + text[at + 1 :]
        case "swap":
            lines[line], lines[other] = lines[other], lines[line]
        case "repeat":
            lines.insert(other, lines[line])
        case _:
            lines.insert(line, dice.pick(dice.pick(texts).split("\n")))
    return "\n".join(lines)


def settings(dice: Dice) -> str:
    """A Dockerfile of instructions that only set the config, one stage or two; `y` may be a build argument."""
    lines = [*(["# escape=`"] if dice.chance(25) else []), *(["ARG x=" + word(dice)] if dice.chance(50) else [])]
    lines += ["FROM scratch AS s", *(_setting(dice) for _ in range(dice.number(1, 6)))]
    if dice.chance(30):
        lines += ["FROM " + dice.pick(("s", "scratch")), *(_setting(dice) for _ in range(dice.number(0, 3)))]
    return "\n".join(lines) + "\n"


def word(dice: Dice, atoms: int = 3) -> str:
    return "".join(dice.some(ATOMS, 1, atoms))


def words(dice: Dice) -> str:
    return dice.pick((" ", "  ", "\t")).join(word(dice) for _ in range(dice.number(1, 3)))


def _name(dice: Dice) -> str:
    return dice.pick(("x", "y", "A", "B", "x", "y", "PATH", "HOME", "a.b", "a-b", "é", word(dice, 2)))


def _json(dice: Dice) -> str:
    return json.dumps(dice.some(("a", "b c", "$x", '"', "\\", "é", "\n", "<>&", ""), 0, 3), ensure_ascii=dice.chance(50))


def _setting(dice: Dice, inner: bool = False) -> str:
    """One instruction."""
    keyword = dice.pick(tuple(_ARGUMENTS))
    trigger = keyword == "ONBUILD"
    text = f"{keyword} " + ("RUN x" if inner else _setting(dice, True)) if trigger else f"{keyword} {_ARGUMENTS[keyword](dice)}"
    return text.replace(" ", " \\\n ", 1) if dice.chance(8) else text


def _pairs(dice: Dice) -> str:
    if dice.chance(30):
        return f"{_name(dice)} {words(dice)}"
    return " ".join(f"{_name(dice)}={word(dice)}" for _ in range(dice.number(1, 3)))


def _arguments(dice: Dice) -> str:
    return " ".join(dice.pick((_name(dice), f"{_name(dice)}={word(dice)}")) for _ in range(dice.number(1, 2)))


def _command(dice: Dice) -> str:
    return dice.pick((words(dice), _json(dice)))


def _health(dice: Dice) -> str:
    flags = ("--interval=", "--timeout=", "--start-period=", "--retries=", "--start-interval=")
    given = "".join(f"{dice.pick(flags)}{dice.pick((*TIMES, word(dice, 1)))} " for _ in range(dice.number(0, 2)))
    return given + dice.pick(("CMD ", "cmd ", "CMD-SHELL ", "NONE ")) + _command(dice) if dice.chance(85) else "NONE"


_ARGUMENTS = {
    "ENV": _pairs,
    "LABEL": _pairs,
    "ARG": _arguments,
    "EXPOSE": lambda dice: " ".join(dice.some((*PORTS, word(dice, 2)), 1, 3)),
    "VOLUME": _command,
    "USER": lambda dice: dice.pick(("root", "1:2", "a:b", word(dice))),
    "WORKDIR": lambda dice: dice.pick(("/w", "w", "..", "/a//b/", "$x", "${x:-/q}/r", word(dice))),
    "CMD": _command,
    "ENTRYPOINT": _command,
    "SHELL": lambda dice: dice.pick(('["/bin/sh","-c"]', '["bash"]', "[]", _json(dice))),
    "STOPSIGNAL": lambda dice: dice.pick(("SIGTERM", "9", "$x", "TERM", "SIGRTMIN+3", "KILL", "-1", "65", "99", word(dice, 1))),
    "HEALTHCHECK": _health,
    "ONBUILD": words,
    "MAINTAINER": words,
}
