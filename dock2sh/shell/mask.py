"""Shell text with everything that bashlex stumbles on painted over, so that each character keeps its place.

bashlex reads words, operators and compound commands. It fails on `case`, `[[ ]]`, `$(( ))`, arrays and `&&` in a substitution,
loses the quoting of `$''`, takes the lines of a here-document for commands, and never ends on `'${'x`. So quotes, expansions and
those constructs become letters, and a list of regions says what is below the paint and where commands stand in it.
"""

import re
from typing import NamedTuple

from dock2sh.shell.paint import ENDS_WORD, Region, paint
from dock2sh.shell.quotes import Quotes, Unreadable


class Masked(NamedTuple):
    """The painted text, as long as the original; what is below; where top-level statements end."""

    text: str
    regions: tuple[Region, ...]
    breaks: tuple[tuple[int, int], ...]


_NAME_ARRAY = re.compile(r"[A-Za-z_]\w*(?:\[[^\]\s]*\])?\+?=\(")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_HEREDOC = re.compile(r"<<(-?)[ \t]*((?:'[^'\n]*'|\"[^\"\n]*\"|\\.|[^\s;&|<>()'\"\\])+)")
_TIME, _SELECT = re.compile(r"time(?=\s|\Z)(?:[ \t]+-p(?=\s))?(?![ \t]+-)"), re.compile(r"select(?=\s+[A-Za-z_]\w*[\s;])")
_TIMER = re.compile(r"time(?=[ \t]+-(?!p\s))")
"""With options of its own it is the program; bashlex takes it for the shell's word."""
_COPROC = re.compile(r"coproc(?=\s)(?:[ \t]+[A-Za-z_]\w*(?=\s+(?:[{(]|(?:if|for|while|until|case|select|\[\[)\s)))?")
"""A name stands only before a compound command (bash(1), Coprocesses)."""
_CASE, _IN, _ESAC = re.compile(r"case(?=\s)"), re.compile(r"(?:\s|\\\n)*in(?=\s)"), re.compile(r"esac(?![\w-])")
_BETWEEN_ARMS = re.compile(r"(?:\s|\\\n|#[^\n]*(?:\n|\Z))*")
_OPENS, _CLOSES = {"if", "for", "while", "until", "select", "{"}, {"fi", "done", "}"}
_THEN_COMMAND = {"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "coproc"}
_SPECIAL = re.compile(r"[\\'\"$`;&|()<>\s]")


class _Pending(NamedTuple):
    """A here-document whose body comes after this line."""

    name: str
    chomp: bool
    quoted: bool


class Masker(Quotes):
    """Reads statements and words, and keeps the regions."""

    def __init__(self, text: str, depth: int = 0) -> None:
        super().__init__(text, depth)
        self.regions: list[Region] = []
        self.breaks: list[tuple[int, int]] = []

    def masked(self) -> Masked:
        """Raises Unreadable."""
        self.statements(0, "")
        return Masked(paint(self.text, self.regions), tuple(self.regions), tuple(self.breaks))

    # ---- statements

    def statements(self, at: int, stop: str) -> tuple[int, str]:
        """Read on to `stop`: `)`, or a case arm's end for `esac`. Gives where, and what stood there."""
        text, command, assigned, nested, opened = self.text, True, False, 0, 0
        pending = list[_Pending]()
        while at < self.end:
            char = text[at]
            if char == "\\" and text[at + 1 : at + 2] == "\n":
                self.regions.append(Region("blank", at, at + 2))
                at += 2
            elif char == "\n":
                if not nested and not opened:
                    self.breaks.append((at, at + 1))
                at, command, assigned = self.bodies(at + 1, pending), True, False
            elif char.isspace():
                at += 1
            elif char == "#" and (at == 0 or text[at - 1] in ENDS_WORD):
                at = self.comment(at)
            elif char == ")" and stop == ")" and not nested:
                return at, ")"
            elif char in "()":
                at, nested, command = self.parenthesis(at, command, nested)
                assigned = False
            elif text.startswith((";;", ";&"), at) and stop == "esac":
                return at, ";;"
            elif char in ";&|" and not text.startswith("&>", at):
                at, command, assigned = self.operator(at, bool(nested or opened)), True, False
            elif char in "<>&":
                at = self.redirection(at, pending)
            else:
                start, command_before = at, command
                at = self.word(at, command and not assigned)  # behind `a=1` no word is the shell's own
                word = text[start:at]
                if stop == "esac" and command_before and word == "esac":
                    return start, "esac"
                opened = max(0, opened + (command_before and (word in _OPENS) - (word in _CLOSES)))
                goes_on = word in _THEN_COMMAND or _TIME.fullmatch(word) or _COPROC.match(word)
                assigned = command_before and bool(_ASSIGNMENT.match(word))
                command = (command_before and bool(goes_on)) or assigned or word in ("do", "then", "else")
        if stop:
            raise Unreadable(f"no `{stop}` to end it")
        return self.end, ""

    def operator(self, at: int, within: bool) -> int:
        after = at + 1
        while after < self.end and self.text[after] in ";&|" and after - at < 2:
            after += 1
        if not within and self.text[at:after] not in ("|", "|&"):
            self.breaks.append((at, after))
        return after

    def parenthesis(self, at: int, command: bool, nested: int) -> tuple[int, int, bool]:
        """A subshell's, a function's, or a whole `(( ))`."""
        if self.text[at] == ")":
            return at + 1, max(0, nested - 1), True
        if self.text.startswith("((", at) and (command or self.text[:at].rstrip().endswith("for")):
            end = self.arithmetic_end(at)
            if end:
                self.regions.append(Region("arithmetic" if command else "for", at, end, self.within(at + 2, end - 2)))
                return end, nested, False
        return at + 1, nested + 1, True

    def comment(self, at: int) -> int:
        end = self.text.find("\n", at)
        end = self.end if end < 0 else end
        self.regions.append(Region("blank", at, end))
        return end

    def redirection(self, at: int, pending: list[_Pending]) -> int:
        text = self.text
        match = None if text.startswith("<<<", at) else _HEREDOC.match(text, at)
        if match:
            name = re.sub(r"['\"\\]", "", match[2])
            pending.append(_Pending(name, bool(match[1]), name != match[2]))
            self.regions.append(Region("heredoc", at, match.end()))
            return match.end()
        if text.startswith(("<(", ">("), at):
            end = self.parenthesized(at + 1)
            self.regions.append(Region("process", at, end, ((at + 2, end - 1),)))
            return end
        at += 1
        while at < self.end and text[at] in "<>&|":
            at += 1
        return at

    def bodies(self, at: int, pending: list[_Pending]) -> int:
        """The here-documents that begin on this line."""
        for name, chomp, quoted in pending:
            start = at
            while at < self.end:
                end = self.text.find("\n", at)
                end = self.end if end < 0 else end
                line = self.text[at:end]
                at = min(end + 1, self.end)
                if (line.lstrip("\t") if chomp else line) == name:
                    break
            self.regions.append(Region("body", start, at, () if quoted else self.expanded(start, at)))
        pending.clear()
        return at

    def expanded(self, at: int, end: int) -> tuple[tuple[int, int], ...]:
        """The commands whose output the shell puts into a here-document; none where their end is not in it."""
        inner, kept, depth = list[tuple[int, int]](), (len(self.regions), len(self.breaks)), self.depth
        try:
            while at < end:
                char, following = self.text[at], self.text[at + 1 : at + 2]
                if char == "\\" or (char == "$" and following == "'"):
                    at += 2
                elif char in "$`":
                    at, found = self.quoting(at)
                    inner += found if at <= end else ()
                else:
                    at += 1
        except Unreadable:
            del self.regions[kept[0] :], self.breaks[kept[1] :]
            self.depth = depth
        return tuple(inner)

    def within(self, at: int, end: int) -> tuple[tuple[int, int], ...]:
        """The commands in the substitutions of a slice whose own words are no commands."""
        inner, kept = list[tuple[int, int]](), (len(self.regions), len(self.breaks))
        while at < end:
            if self.text[at] in "\\'\"$`":
                at, found = self.quoting(at)
                inner += found
            else:
                at += 1
        del self.regions[kept[0] :], self.breaks[kept[1] :]
        return tuple(inner)

    # ---- words

    def word(self, at: int, command: bool) -> int:
        """One word, or a construct that begins like one."""
        text = self.text
        if command:
            if _CASE.match(text, at):
                return self.case(at)
            if text.startswith("[[", at) and text[at + 2 : at + 3].isspace():
                return self.condition(at)
            if _TIMER.match(text, at):
                self.regions.append(Region("word", at, at + 4))
                return at + 4
            for kind, begins in (("time", _TIME), ("coproc", _COPROC), ("select", _SELECT)):
                if match := begins.match(text, at):
                    self.regions.append(Region(kind, at, match.end()))
                    return match.end()
        match = _NAME_ARRAY.match(text, at)
        if match:
            end = self.balanced(match.end() - 1)
            self.regions.append(Region("word", match.end() - 1, end, self.within(match.end(), end - 1)))
            return end
        return self.word_end(at, not command)

    def word_end(self, at: int, patterns: bool) -> int:
        """Behind a word; every quote and expansion in it becomes a region."""
        text, start = self.text, at
        while at < self.end:
            char = text[at]
            if char in "@?*+!" and patterns and text[at + 1 : at + 2] == "(":
                end = self.balanced(at + 1)
                self.regions.append(Region("word", at, end))
                at = end
            elif char in ENDS_WORD:
                break
            elif char in "\\'\"$`":
                end, inner = self.quoting(at)
                self.regions.append(Region("word", at, end, tuple(inner)))
                at = end
            else:
                at += 1
        return at if at > start else at + 1

    # ---- constructs

    def case(self, at: int) -> int:
        """Behind `esac`; the arms' commands are inner."""
        start, text = at, self.text
        at = _BETWEEN_ARMS.match(text, at + 4).end()  # type: ignore[union-attr]  # it matches the empty text
        after = self.silently(at)
        match = _IN.match(text, after)
        if not match:
            raise Unreadable("a `case` without `in`")
        asked, arms = self.within(at, after), list[tuple[int, int]]()
        at = match.end()
        while True:
            at = _BETWEEN_ARMS.match(text, at).end()  # type: ignore[union-attr]
            if _ESAC.match(text, at):
                break
            at = self.pattern(at)
            begin = at
            kept, breaks = len(self.regions), len(self.breaks)
            self.deeper()
            at, why = self.statements(at, "esac")
            self.depth -= 1
            del self.regions[kept:], self.breaks[breaks:]
            arms.append((begin, at))
            if why == "esac":
                break
            at += 2
            while text[at : at + 1] in ("&", ";"):
                at += 1
        self.regions.append(Region("case", start, at + 4, tuple(arms), asked))
        return at + 4

    def pattern(self, at: int) -> int:
        """Behind the `)` of a case arm's patterns."""
        at += self.text[at : at + 1] == "("
        while self.text[at : at + 1] != ")":
            if at >= self.end:
                raise Unreadable("a `case` that is not closed")
            after = self.silently(at)
            at = after if after > at else at + 1
        return at + 1

    def silently(self, at: int) -> int:
        """Behind a word whose regions do not count, since what holds it is a region itself."""
        kept = len(self.regions)
        end = self.word_end(at, True) if at < self.end and self.text[at] not in ENDS_WORD else at
        del self.regions[kept:]
        return end

    def condition(self, at: int) -> int:
        """Behind `]]`."""
        start, text, words = at, self.text, [(at, at + 2)]
        at += 2
        while at < self.end:
            if text[at].isspace() or text.startswith("\\\n", at):
                at += 1
                continue
            begin, pattern = at, text[slice(*words[-1])] == "=~"
            closing = text.startswith("]]", at) and (at + 2 >= self.end or text[at + 2] in ENDS_WORD)
            at = at + 2 if closing else self.expression(at) if pattern else self.term(at)
            words.append((begin, at))
            if closing:
                self.regions.append(Region("condition", start, at, self.within(start + 2, begin), tuple(words)))
                return at
        raise Unreadable("a `[[` that is not closed")

    def term(self, at: int) -> int:
        """Behind a word or an operator of `[[ ]]`."""
        if self.text.startswith(("&&", "||"), at):
            return at + 2
        return at + 1 if self.text[at] in ENDS_WORD else self.silently(at)

    def expression(self, at: int) -> int:
        """Behind the regular expression of `=~`: parentheses and bars are its own, and blanks within them."""
        depth = 0
        while at < self.end and (depth > 0 or not self.text[at].isspace()):
            depth += (self.text[at] == "(") - (self.text[at] == ")")
            at = self.quoting(at)[0] if self.text[at] in "\\'\"$`" else at + 1
        return at

    def parenthesized(self, at: int) -> int:
        """Behind the `)` that belongs to the `(` at `at`, a text of commands between them."""
        self.deeper()
        kept, breaks = len(self.regions), len(self.breaks)
        end, _ = self.statements(at + 1, ")")
        del self.regions[kept:], self.breaks[breaks:]
        self.depth -= 1
        return end + 1
