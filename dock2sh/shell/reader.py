"""Shell text to commands. The one module with bashlex, which is imported when the first text is read.

Three steps down where a text cannot be read: whole; statement by statement, of which only the bad ones are opaque; all opaque.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any

from dock2sh.shell.mask import Masked, Masker
from dock2sh.shell.paint import Region
from dock2sh.shell.quotes import DEEPEST, Unreadable
from dock2sh.shell.syntax import Command, Opaque, Redirect, Script, Symbol, Word
from dock2sh.shell.words import word

LONGEST = 100_000
"""Characters. bashlex reads about as many in a second."""

_AT_ONCE = 4_000  # a longer text goes statement by statement, so that a fault in it hides little
_PATTERN = re.compile(r"(?:\bin|;[;&]+|\n)\s*\(?([^\n]*?)\)\Z")
_RESERVED = {"for": "for", "while": "while", "until": "until", "if": "if", "elif": "if", "then": "then", "else": "else"}


@cache
def read(text: str) -> Script:
    """All commands of a shell text. Nothing is raised: what cannot be read is opaque."""
    if len(text) > LONGEST:
        return Script(text, (), (), (Opaque(0, len(text), "too long"),))
    reader = _Reader(text)
    reader.text(0, len(text), (), 0)
    order = sorted(reader.commands, key=lambda command: (command.start, -command.end))
    symbols = sorted(reader.symbols, key=lambda symbol: symbol.start)
    return Script(text, tuple(order), tuple(symbols), tuple(reader.opaque), tuple(dict.fromkeys(reader.functions)))


@cache
def _parse() -> Any:
    """bashlex's parser: `parse(text)` gives a list of trees."""
    import bashlex

    return bashlex.parse


class _Reader:
    """Collects what is found. Offsets of a part are made offsets of the whole by `base`."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.commands: list[Command] = []
        self.symbols: list[Symbol] = []
        self.opaque: list[Opaque] = []
        self.functions: list[str] = []

    def text(self, start: int, end: int, inside: tuple[str, ...], depth: int, before: str = "") -> None:
        """Read the slice of the whole, a text of its own."""
        part = self.whole[start:end]
        if not part.strip():
            return
        if depth > DEEPEST:
            self.opaque.append(Opaque(start, end, "nested too deeply"))
            return
        try:
            masked = Masker(part, depth).masked()
        except (Unreadable, RecursionError) as error:
            self.opaque.append(Opaque(start, end, str(error) if isinstance(error, Unreadable) else "nested too deeply"))
            return
        self.masked(masked, start, inside, depth)

    def masked(self, masked: Masked, base: int, inside: tuple[str, ...], depth: int) -> None:
        walk = _Walk(self, masked.regions, base, depth)
        trees = _trees(masked.text) if len(masked.text) <= _AT_ONCE else None
        if trees is not None:
            for index, tree in enumerate(trees):  # lines that follow one another
                ended = masked.text[: tree.pos[0]].rstrip()[-1:]
                walk.node(tree, inside, 0, ("&" if ended == "&" else ";") if index else "")
        else:
            self.statements(masked, walk, inside)
        walk.rest(inside)

    def statements(self, masked: Masked, walk: "_Walk", inside: tuple[str, ...]) -> None:
        """One statement after the other; those that fail are opaque."""
        pieces = list(_pieces(masked))
        behind, before = _in_background([operator for *_, operator in pieces]), ""
        for (at, start, end, operator), background in zip(pieces, behind, strict=True):
            piece = masked.text[at:start]
            trees = _trees(piece)
            if trees is None:
                lead = len(piece) - len(piece.lstrip())
                self.opaque.append(Opaque(walk.base + at + lead, walk.base + at + len(piece.rstrip()), "not understood"))
                walk.hidden.append((at, start))
            for tree in trees or ():
                walk.node(tree, inside, at, before, background)
            before = operator or before
            if masked.text[start:end].strip():
                self.symbols.append(Symbol(walk.base + start, walk.base + end, "operator", operator, inside))


def _pieces(masked: Masked) -> Iterator[tuple[int, int, int, str]]:
    """Each statement: its start and end, where the operator behind it ends, and that: `;` for a line end that ends something."""
    at = 0
    for start, end in (*masked.breaks, (len(masked.text), len(masked.text))):
        yield at, start, end, masked.text[start:end].strip() or (";" if masked.text[at:start].strip() else "")
        at = end


def _in_background(operators: list[str]) -> list[bool]:
    """Whether `&` ends the list that each operator stands in, with what is before it: `a && b &` waits for neither."""
    found, behind = list[bool](), False
    for operator in reversed(operators):
        behind = operator == "&" or (behind and operator in ("", "&&", "||", "|", "|&"))
        found.append(behind)
    return found[::-1]


def _trees(text: str) -> list[Any] | None:
    """bashlex's trees, or None where it fails. It may raise anything: AttributeError and TypeError were seen."""
    if not text.strip():
        return []
    parse = _parse()
    try:
        trees: list[Any] = parse(text)
    except Exception:
        return None
    return trees


class _Walk:
    """One masked text's trees. `shift` makes a tree's offsets those of the part, `base` those of the whole."""

    def __init__(self, reader: _Reader, regions: tuple[Region, ...], base: int, depth: int) -> None:
        self.reader, self.base, self.depth = reader, base, depth
        self.starts = {region.start: region for region in regions if region.kind in ("case", "condition", "arithmetic")}
        self.heredocs = {region.start: region for region in regions if region.kind == "heredoc"}
        self.bodies = [region for region in regions if region.kind == "body"]
        self.timed = sorted((region for region in regions if region.kind in ("time", "coproc")), key=lambda region: region.end)
        self.inner = [region for region in regions if region.kind in ("word", "process", "body", "for") and region.inner]
        self.hidden: list[tuple[int, int]] = []
        self.order = {region.start: index for index, region in enumerate(sorted(self.heredocs.values(), key=lambda r: r.start))}
        self.owners: list[tuple[int, int, tuple[str, ...]]] = []

    def slice(self, start: int, end: int) -> str:
        return self.reader.whole[self.base + start : self.base + end]

    def symbol(self, kind: str, start: int, end: int, inside: tuple[str, ...]) -> None:
        text = self.slice(start, end)
        self.reader.symbols.append(Symbol(self.base + start, self.base + end, kind, text, inside))

    def time(self, start: int, inside: tuple[str, ...]) -> None:
        """The `time` or `coproc` right before a command or a group."""
        at = bisect_right(self.timed, start, key=lambda region: region.end)
        if at and not self.slice(self.timed[at - 1].end, start).strip():
            self.symbol(self.timed[at - 1].kind, self.timed[at - 1].start, self.timed[at - 1].end, inside)

    def node(self, node: Any, inside: tuple[str, ...], shift: int, before: str = "", background: bool = False) -> None:
        match node.kind:
            case "command":
                self.command(node, inside, shift, before, background)
            case "list" | "pipeline":
                self.sequence(node.parts, inside, shift, before, background)
            case "compound":
                self.compound(node, inside, shift, before, background)
            case "if" | "for" | "while" | "until":
                self.construct(node.parts, inside, shift, before, background)
            case "function":
                self.function(node, inside, shift)
            case _:
                start, end = node.pos[0] + shift, node.pos[1] + shift
                self.reader.opaque.append(Opaque(self.base + start, self.base + end, "not understood"))

    def sequence(self, parts: list[Any], inside: tuple[str, ...], shift: int, before: str, background: bool) -> None:
        """Nodes with operators between them."""
        behind = _in_background([getattr(part, "op", "").strip() for part in parts])
        for part, ends in zip(parts, behind, strict=True):
            if part.kind in ("operator", "pipe"):
                before = str(getattr(part, "op", "") or getattr(part, "pipe", "|")).strip() or ";"
                if before != ";" or self.slice(part.pos[0] + shift, part.pos[1] + shift).strip():
                    self.symbol("operator", part.pos[0] + shift, part.pos[1] + shift, inside)
            elif part.kind == "reservedword":  # `!`
                self.symbol("reserved", part.pos[0] + shift, part.pos[1] + shift, inside)
                inside = (*inside, "!")
            else:
                self.node(part, inside, shift, before, background or ends)

    def compound(self, node: Any, inside: tuple[str, ...], shift: int, before: str, background: bool) -> None:
        """`( )`, `{ }`, or what holds an if or a loop; its redirections too."""
        self.time(node.pos[0] + shift, inside)
        for part in node.list:
            if part.kind == "reservedword":
                self.symbol("reserved", part.pos[0] + shift, part.pos[1] + shift, inside)
            else:
                opening = self.slice(node.pos[0] + shift, node.pos[0] + shift + 1)
                within = {"(": (*inside, "()"), "{": (*inside, "{}")}.get(opening, inside)
                place = within if part.kind not in ("if", "for", "while", "until") else inside
                self.node(part, place, shift, before, background)
                before = ""
        for redirect in getattr(node, "redirects", ()):
            self.symbol("redirect", redirect.pos[0] + shift, redirect.pos[1] + shift, inside)
            self.owners.append((redirect.pos[0] + shift, redirect.pos[1] + shift, inside))

    def construct(self, parts: list[Any], inside: tuple[str, ...], shift: int, before: str, background: bool) -> None:
        """`if`, `for`, `while`: reserved words, and what stands between them. bashlex puts a second `elif` into a word."""
        within, loop = inside, False
        for part in _flat(parts):
            if part.kind == "reservedword":
                name, start = part.word, part.pos[0] + shift
                end = start + 6 if self.slice(start, start + 6) == "select" else part.pos[1] + shift
                self.symbol("reserved", start, end, inside)
                loop = loop or name in ("for", "while", "until")
                within = (*inside, "loop") if name == "do" else (*inside, _RESERVED[name]) if name in _RESERVED else within
            elif part.kind == "word":
                self.symbol("item", part.pos[0] + shift, part.pos[1] + shift, inside)
                self.owners.append((part.pos[0] + shift, part.pos[1] + shift, inside))
            else:
                self.node(part, within, shift, before, background)
                before = ""

    def function(self, node: Any, inside: tuple[str, ...], shift: int) -> None:
        name = self.slice(node.name.pos[0] + shift, node.name.pos[1] + shift)
        self.reader.functions.append(name)
        self.symbol("function", node.pos[0] + shift, node.body.pos[0] + shift, inside)
        self.node(node.body, (*inside, f"function {name}"), shift)

    def command(self, node: Any, inside: tuple[str, ...], shift: int, before: str, background: bool) -> None:
        start, end = node.pos[0] + shift, node.pos[1] + shift
        self.owners.append((start, end, inside))
        self.time(start, inside)
        region = self.starts.get(start)
        if region and region.kind == "case":
            self.case(region, inside)
            for part in node.parts:
                if part.kind == "redirect":
                    self.symbol("redirect", part.pos[0] + shift, part.pos[1] + shift, inside)
            return
        assignments, words, redirects = list[Word](), list[Word](), list[Redirect]()
        for part in node.parts:
            here = part.pos[0] + shift
            if part.kind == "redirect":
                redirects.append(_numbered(words, self.redirect(part, shift)))
            elif region is None:
                read = word(self.base + here, self.slice(here, part.pos[1] + shift))
                (assignments if _assigns(part, read) and not words else words).append(read)
        if region:
            words = self.asked(region, inside)
        self.reader.commands.append(
            Command(
                self.base + start,
                self.base + end,
                tuple(assignments),
                tuple(words),
                tuple(redirects),
                before,
                inside,
                background,
            )
        )

    def asked(self, region: Region, inside: tuple[str, ...]) -> list[Word]:
        """The words of a `[[ ]]` or `(( ))`, which stood below the paint."""
        self.symbol(region.kind, region.start, region.end, inside)
        for start, end in region.inner:
            self.reader.text(self.base + start, self.base + end, (*inside, "$()"), self.depth + 1)
        first, last = region.start + 2, region.end - 2
        blanks = len(self.slice(first, last)) - len(self.slice(first, last).lstrip())
        expression = (first + blanks, first + len(self.slice(first, last).rstrip()))
        slices = region.asked or ((region.start, first), expression, (last, region.end))
        return [word(self.base + start, self.slice(start, end)) for start, end in slices if start < end]

    def case(self, region: Region, inside: tuple[str, ...]) -> None:
        """A `case`, which stood below the paint. `;&` goes on into the next arm, whatever its pattern."""
        for start, end in region.asked:
            self.reader.text(self.base + start, self.base + end, (*inside, "$()"), self.depth + 1)
        at, name = region.start, ""
        for start, end in region.inner:
            self.symbol("case", at, start, inside)
            text = self.slice(at, start)
            match = _PATTERN.search(text)
            own = " ".join(match[1].split()) if match else ""
            name = f"{name}|{own}" if name and own and text.startswith(";&") else own
            self.reader.text(self.base + start, self.base + end, (*inside, f"case {name}".rstrip()), self.depth + 1)
            at = end
        self.symbol("case", at, region.end, inside)

    def redirect(self, part: Any, shift: int) -> Redirect:
        start, end = part.pos[0] + shift, part.pos[1] + shift
        text = self.slice(start, end)
        match = re.match(r"(\d*|\{\w+\})(<<<|<<-?|<>|>>|>\||&>>|&>|<&|>&|<|>)\s*(.*)", text, re.DOTALL)
        if not match:
            return Redirect(self.base + start, self.base + end, "", "", text)
        region = self.heredocs.get(start + len(match[1]))
        if region is None:
            return Redirect(self.base + start, self.base + end, match[1], match[2], match[3])
        index = self.order[region.start]
        body = self.bodies[index] if index < len(self.bodies) else None
        content = self.slice(body.start, body.end) if body else ""
        at = self.base + body.start if body else -1
        return Redirect(self.base + start, self.base + end, match[1], match[2], match[3], content, at)

    def rest(self, inside: tuple[str, ...]) -> None:
        """Commands in substitutions, each a text of its own."""
        waiting = sorted(self.owners, key=lambda owner: (-owner[0], owner[1]))  # the next one last
        around: list[tuple[int, int, tuple[str, ...]]] = []
        for region in sorted(self.inner, key=lambda region: region.start):
            while waiting and waiting[-1][0] <= region.start:
                around.append(waiting.pop())
            while around and around[-1][1] <= region.start:
                around.pop()
            if any(start <= region.start < end for start, end in self.hidden):
                continue
            owner = around[-1][2] if around else inside
            place = f"{self.slice(region.start, region.start + 1)}()" if region.kind == "process" else "$()"
            for start, end in region.inner:
                self.reader.text(self.base + start, self.base + end, (*owner, place), self.depth + 1)


_ELEMENT = re.compile(r"[A-Za-z_]\w*\[[^\]]*\]\+?=")
_KEPT_IN = re.compile(r"\{[A-Za-z_]\w*\}\Z")


def _assigns(part: Any, read: Word) -> bool:
    """`a=1`, and bash's `a[1]=2`, which bashlex takes for a word."""
    return part.kind == "assignment" or bool(_ELEMENT.match(read.raw))


def _numbered(words: list[Word], redirect: Redirect) -> Redirect:
    """A redirection with the `{name}` right before it, in which bash keeps the number of what it opens."""
    if not (words and words[-1].end == redirect.start and _KEPT_IN.match(words[-1].raw)):
        return redirect
    kept = words.pop()
    return redirect._replace(start=kept.start, descriptor=kept.raw)


def _flat(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if part.kind == "reservedword" and isinstance(part.word, list):
            yield from _flat(part.word)
        else:
            yield part
