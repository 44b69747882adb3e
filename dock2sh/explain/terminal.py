"""An Explanation as text for a terminal: in the width that is there, in colour or without, in an order that can be read aloud."""

from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import category, east_asian_width

from dock2sh.explain.language import Piece, Text, plain, say
from dock2sh.explain.measures import amount
from dock2sh.explain.tree import Account, Command, Explanation, Measures, Place, Remark, Stage, Step
from dock2sh.source import visible

_BOLD, _DIM, _CODE, _RED, _YELLOW, _BLUE, _PLAIN = "1", "2", "36", "31;1", "33;1", "34;1", "0"
_COLOUR_OF = {
    "command": "1;36", "subcommand": "1;36", "option": "32", "value": "33", "operand": "33", "setting": "35", "operator": "35",
    "redirect": "35", "unknown": "2",
}  # fmt: skip
_COLUMN = 30
"""Columns for a word of a command; what it means stands beside it, or below where it is longer."""


class Style(NamedTuple):
    """The width in columns, and whether there is colour."""

    width: int = 80
    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[{_PLAIN}m" if self.colour and code and text else text


def lines(explanation: Explanation, style: Style, only: tuple[int, int] | None = None) -> Iterator[str]:
    """All lines after the title; with `only` the instructions on those lines of the file alone."""
    writer = _Writer(style._replace(width=max(40, min(style.width, 110))))
    if only:
        for stage in explanation.stages:
            for step in stage.steps:
                if step.first <= only[1] and step.last >= only[0]:
                    yield from writer.step(step)
        return
    yield ""
    yield from writer.wrapped(explanation.summary, "  ")
    for stage in explanation.stages:
        yield from writer.stage(stage)
    yield from writer.start(explanation)
    yield from writer.account(explanation.account)
    yield from writer.sections(explanation)
    yield from writer.findings(explanation.remarks)
    yield from writer.end(explanation)


class _Writer:
    def __init__(self, style: Style) -> None:
        self.style = style

    # ---- wrapping

    def wrapped(self, text: Text, indent: str, first: str | None = None, colour: str = "") -> Iterator[str]:
        """A sentence in lines of the width; `first` stands before the first of them instead of `indent`."""
        lead, line, used = indent if first is None else first, "", 0
        room = self.style.width - _columns(indent)
        for word, plain_word in self._words(text, colour):
            size = _columns(plain_word)
            if line and used + 1 + size > room:
                yield lead + line
                lead, line, used = indent, "", 0
            line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
        if line:
            yield lead + line

    def _words(self, text: Text, colour: str) -> Iterator[tuple[str, str]]:
        """Words that no line end may break, painted, and as they are counted."""
        painted, counted = "", ""
        for piece in text:
            marked = Piece(f"`{piece.text}`", True) if piece.code and not self.style.colour else piece
            for index, part in enumerate(visible(marked.text).split(" ")):
                if index and (painted or counted):
                    yield painted, counted
                    painted = counted = ""
                painted += self.style.paint(part, _CODE if piece.code else colour)
                counted += part
        if counted:
            yield painted, counted

    def heading(self, text: str) -> list[str]:
        shown = visible(text)
        return ["", self.style.paint(shown, _BOLD), "-" * min(_columns(shown), self.style.width), ""]

    # ---- instructions

    def stage(self, stage: Stage) -> Iterator[str]:
        yield from self.heading(plain(stage.title))
        for step in stage.steps:
            yield from self.step(step)

    def step(self, step: Step) -> Iterator[str]:
        number = f"{step.first:>4}  "
        for index, line in enumerate(step.source.split("\n")):
            shown = visible(line).rstrip()
            keyword, blank, rest = shown.partition(" ") if not index else ("", "", shown)
            prefix = number if not index else f"{step.first + index:>4}  "
            yield self.style.paint(prefix, _DIM) + self.style.paint(keyword, _BLUE) + blank + rest
        yield from self.about(step)
        yield ""

    def about(self, step: Step) -> Iterator[str]:
        indent = " " * 6
        when = [text for text in (say(PHASE_SAY[step.phase]) if step.phase in PHASE_SAY else (), step.place) if text]
        if when:
            said = "; ".join(map(plain, when))
            yield from self.wrapped((Piece(f"[{said}]"),), indent, colour=_DIM)
        for text in step.does:
            yield from self.wrapped(text, indent)
        for command in step.commands:
            yield from self.command(command)
        for unread, why in step.unread:
            yield from self.wrapped((*why, Piece(": "), Piece(" ".join(unread.split())[:200], True)), indent + "  ")
        yield from self.variables(step)
        for remark in step.remarks:
            yield from self.remark(remark, indent)
        for measures in step.measures:
            yield from self.measured(step, measures)
        yield from self.hand(step)

    def measured(self, step: Step, measures: Measures) -> Iterator[str]:
        """What a build was seen to do."""
        trigger = f" {' '.join(visible(measures.text).split())}" if step.keyword == "FROM" else ""
        yield f"      {self.style.paint(plain(say('Measured:')), _DIM)}{trigger}"
        for text in measures.says:
            yield from self.wrapped(text, " " * 8, colour=_RED if measures.failed else "")
        yield from (f"          {visible(line)}" for line in measures.printed.split("\n") if line)
        for place in measures.places:
            yield from self.wrapped(in_place(place), " " * 12, " " * 10)

    def command(self, command: Command) -> Iterator[str]:
        indent = " " * (8 + 2 * min(command.level, 6))
        context = [text for text in (command.inside, command.joined) if text]
        if context:
            yield from self.wrapped((Piece("; ".join(map(plain, context)) + ":"),), indent, colour=_DIM)
        for part in command.parts:
            shown = " ".join(visible(part.text).split())
            column = max(12, min(_COLUMN, self.style.width - len(indent) - 30))
            word = self.style.paint(shown, _COLOUR_OF.get(part.kind, ""))
            says = part.says or say("not known")
            if _columns(shown) <= column:
                yield from self.wrapped(says, indent + " " * (column + 2), indent + word + " " * (column + 2 - _columns(shown)))
            else:
                yield from self.broken(shown, indent, _COLOUR_OF.get(part.kind, ""))
                yield from self.wrapped(says, indent + " " * (column + 2))

    def broken(self, text: str, indent: str, colour: str) -> Iterator[str]:
        """Code that is longer than its column, over the width."""
        yield from self.wrapped((Piece(text),), indent + "  ", indent, colour)

    def variables(self, step: Step) -> Iterator[str]:
        for variable in step.variables:
            value = "" if variable.value is None else f"={variable.value}"
            yield from self.wrapped((Piece(f"${variable.name}{value}", True), Piece(": "), *variable.origin), " " * 10, " " * 8)

    def remark(self, remark: Remark, indent: str) -> Iterator[str]:
        colour = {"error": _RED, "warning": _YELLOW}.get(remark.severity, _BLUE)
        names = ", ".join((remark.code, *remark.others))
        head = self.style.paint(plain(say(SEVERITY_SAY[remark.severity])), colour)
        below = " " * (len(indent) + 2)
        yield from self.wrapped((*remark.message, Piece(f" [{names}]")), below, f"{indent}{head}: ")
        if remark.cure:
            yield from self.wrapped(remark.cure, below)

    def hand(self, step: Step) -> Iterator[str]:
        typed = "\n".join(step.by_hand).split("\n") if step.by_hand else []
        if not typed:
            return
        label = plain(say("By hand:"))
        if same := same_by_hand(step):
            yield from self.wrapped(same, " " * 8, f"      {self.style.paint(label, _DIM)} ")
            return
        yield f"      {self.style.paint(label, _DIM)}"
        yield from (f"        {visible(line)}" for line in typed)

    # ---- the rest

    def start(self, explanation: Explanation) -> Iterator[str]:
        yield from self.heading(plain(say("How it starts and stops")))
        for fact in explanation.start.facts:
            yield from self.wrapped((*fact.name, Piece(": "), *fact.value), "    ", "  ")
        for row in explanation.start.rows:
            yield ""
            yield f"  {self.style.paint(visible(row.typed), _CODE)}"
            if row.process:
                process = " ".join(shell_word(word) for word in row.process)
                yield from self.wrapped((*say("process 1"), Piece(": "), Piece(process, True)), "      ", "    ")
            mark = self.style.paint("! ", _YELLOW) if row.warns else ""
            yield from self.wrapped(row.says, "    ", "    " + mark)
        for advice in explanation.start.advice:
            yield ""
            yield from self.wrapped(advice, "  ")

    def account(self, account: Account | None) -> Iterator[str]:
        """Sizes and seconds in columns, then the bar that shows them."""
        if account is None:
            return
        yield from self.heading(plain(say("What it weighs")))
        for text in account.says:
            yield from self.wrapped(text, "  ")
        yield ""
        most = max((part.size for part in account.parts), default=0)
        for part in account.parts:
            seconds = "" if part.seconds is None else f"{part.seconds:.1f} s"
            row = f"{part.line:>4}  {amount(part.size):>8} {seconds:>9}  "
            bar = "#" * round(12 * part.size / most) if most else ""
            room = self.style.width - len(row) - 14
            name = visible(part.name) if part.result else f"({visible(part.name)})"
            yield f"{row}{self.style.paint(f'{bar:<12}', _BLUE)}  {_cut(name, room)}".rstrip()

    def sections(self, explanation: Explanation) -> Iterator[str]:
        if explanation.sections:
            yield from self.heading(plain(say("What it needs and leaves")))
        for section in explanation.sections:
            yield f"  {self.style.paint(plain(section.title), _BOLD)}"
            for item in section.items:
                mark = self.style.paint("! ", _YELLOW) if item.warns else "  "
                yield from self.wrapped(item.text, " " * 12, f"{item.line:>8}  {mark}")
            yield ""

    def findings(self, remarks: tuple[Remark, ...]) -> Iterator[str]:
        if not remarks:
            return
        yield from self.heading(plain(say("Findings")))
        for remark in remarks:
            yield from self.remark(remark, f"{remark.line:>4}  ")

    def end(self, explanation: Explanation) -> Iterator[str]:
        yield from self.heading(plain(say("Words")))
        for fact in explanation.glossary:
            yield from self.wrapped((*fact.name, Piece(": "), *fact.value), "    ", "  ")
        reading = explanation.reading
        if reading.commands:
            yield ""
            yield from self.wrapped(
                say(
                    "Read: {commands} commands with {words} words, of which {unknown} are not known.",
                    commands=reading.commands,
                    words=reading.words,
                    unknown=reading.unknown_words,
                ),
                "  ",
                colour=_DIM,
            )


def in_place(place: Place) -> Text:
    """A directory and what a step wrote there."""
    return say("{size} in `{path}`, {files} files", size=amount(place.size), path=place.path, files=f"{place.files:,}")


def same_by_hand(step: Step) -> Text:
    """What is said where one would type the instruction's own text; nothing where it is another."""
    typed = _bare("\n".join(step.by_hand))
    if step.keyword != "RUN" or not typed:
        return ()
    written = _bare(step.source.partition(" ")[2])
    if typed == written:
        return say("the same")
    if typed[0].startswith("(") and _bare("\n".join(typed).strip()[1:-1]) == written:
        return say("the same between `(` and `)`, where `cd`, `set` and `export` end with it")
    return ()


def _bare(text: str) -> list[str]:
    """Lines without blanks at their ends, comments and empty ones."""
    return [line.strip() for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]


PHASE_SAY = {
    "build": "while the image is built",
    "run": "when a container starts",
    "record": "only noted in the image",
    "unused": "not built",
}

SEVERITY_SAY = {"error": "error", "warning": "warning", "info": "note"}


def shell_word(word: str) -> str:
    """A word as one would type it."""
    from dock2sh.emit.quoting import quote

    return quote(" ".join(word.split())) if "\0" not in word else word


def _cut(text: str, width: int) -> str:
    """The beginning that fits."""
    if _columns(text) <= width:
        return text
    while text and _columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _columns(text: str) -> int:
    """Columns in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)
