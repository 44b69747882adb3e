"""The lines of `build`, word by word, and what they make use of: the helpers, and the wildcards that `pattern` must know."""

from dock2sh.dockerfile.deferred import Deferred
from dock2sh.emit.display import delimiter, short
from dock2sh.emit.quoting import quote
from dock2sh.model import Step
from dock2sh.source import Span

COMMENT_COLUMN = 76


class Pen:
    """Writes for a Dockerfile that is called `name`. `used` are helpers, `globs` what each (kind, text) is as an expression."""

    def __init__(self, name: str, used: set[str]) -> None:
        self.name, self.used = name, used
        self.lines: list[str] = []
        self.globs: dict[tuple[str, str], str] = {}
        self.number = 0

    def word(self, *words: str, span: Span | None = None, note: str = "") -> None:
        """One word of the vocabulary with its arguments, quoted already; the Dockerfile line behind it."""
        self.used.add(words[0])
        line = "    " + " ".join(words)
        comment = self.place(span) if span else note
        self.lines.append(f"{line:<{COMMENT_COLUMN - 1}} # {comment}" if comment and "\n" not in line else line)

    def place(self, span: Span) -> str:
        return f"{self.name}:{span.first}"

    def here(self, words: list[str], content: str, wish: str) -> None:
        """A word that reads a here-document. `content` ends with a newline."""
        self.used.add(words[0])
        end = delimiter(content, wish)
        self.lines += [f"    {' '.join(words)} <<'{end}'", content + end]

    def step(self, step: Step) -> None:
        """The line that announces a step."""
        self.number += 1
        self.used.add("step")
        place = self.place(step.span)
        origin = "ONBUILD " if step.onbuild else ""
        title = f"{place:<{len(self.name) + 4}}  {origin}{short(step.text)}"
        self.lines.append(f"\n    step {self.number} {quote(title)}")

    def source_word(self, source: str, parents: bool) -> str:
        """A source relative to the root of where it comes from; its wildcard is noted for `pattern`."""
        if isinstance(source, Deferred):
            return quote(source)
        relative = source.lstrip("/") or "."
        if parents:  # BuildKit matches what follows the pivot like a line of an ignore file
            before, pivot, rest = relative.partition("/./")
            rest = (rest if pivot else relative.removeprefix("./")) or "."
            self.pattern("exclude", rest, rest)
            if pivot:
                self.pattern("glob", before, before)
        elif any(char in relative for char in "*?["):
            self.pattern("glob", relative, relative)
        return quote(relative)

    def pattern(self, kind: str, text: str, cleaned: str) -> None:
        """Note what `pattern KIND TEXT` has to print."""
        from dock2sh.plan.exclusions import exclude_regex, sent_regex
        from dock2sh.plan.patterns import glob_regex, has_wildcard

        if kind == "exclude":
            self.globs[kind, text] = exclude_regex(cleaned)
        elif has_wildcard(text):
            self.globs[kind, text] = glob_regex(cleaned)
            if sent := sent_regex(cleaned):
                self.globs["sent", text] = sent
