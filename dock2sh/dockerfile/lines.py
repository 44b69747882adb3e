"""Text to nodes: lines, comments, continuations, directives, here-documents (semantics.md 1.0 and 1.5).

The grammar, as BuildKit's parser has it:

    file         = directive* (comment | blank | instruction)*
    directive    = "#" blanks key blanks "=" blanks value          until the first line that is none
    instruction  = first-line continuation*  here-document*
    continuation = any line; blank ones and comments are skipped   while the line before ends in the escape character
"""

import re
from collections.abc import Callable
from functools import cache
from itertools import takewhile

from dock2sh.dockerfile.gotext import ASCII_SPACE, SPACE
from dock2sh.dockerfile.jsonform import json_array
from dock2sh.dockerfile.syntax import Dockerfile, Heredoc, Node
from dock2sh.source import Refused, Span, located, refuse

MAX_LINE = 65535
"""Bytes in a line without its newline: bufio.Scanner's token size (measured: semantics.md 1.0)."""

_KEYWORD = re.compile(r"([^\t\v\f\r ]*)[\t\v\f\r ]*(.*)", re.DOTALL)
_NO_BLANKS = frozenset("\x1c\x1d\x1e\x1f")  # at which str.split splits, and Go does not
_BLANKS = re.compile(r"[\t\v\f\r ]+")


def parse(text: str) -> Dockerfile:
    """The syntax of a Dockerfile's text (decoded with surrogateescape).

    Raises Refused for what BuildKit's parser refuses: an empty file, a bad directive, an unterminated here-document, a JSON
    array of other than strings, `ENV` without a value, a line that is too long.
    """
    if not text:
        raise refuse("empty", "the Dockerfile cannot be empty", hint="begin with FROM, for example `FROM debian:12`")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if lines and lines[0].startswith("\ufeff"):
        lines[0] = lines[0][1:]
    too_long = _first_too_long(lines, text.endswith("\n"))
    reader = _Reader(lines if too_long is None else lines[:too_long])
    nodes = reader.read()
    if not nodes:
        raise refuse(
            "no-instructions", "file with no instructions", _lines(reader.at, 0), "begin with FROM, for example `FROM debian:12`"
        )
    if too_long is not None:
        message = f"dockerfile line greater than max allowed size of {MAX_LINE}"
        raise refuse(
            "long-line", message, _lines(reader.at, 0), f"line {too_long + 1} is too long: break it with `\\`, or COPY a file"
        )
    return Dockerfile(text, tuple(nodes), reader.escape, reader.directives, tuple(reader.empty_continuations))


def _first_too_long(lines: list[str], ends: bool) -> int | None:
    """The index of the first line that BuildKit's scanner cannot hold."""
    if max(map(len, lines), default=0) * 4 <= MAX_LINE:
        return None
    for index, line in enumerate(lines):
        if len(line) * 4 > MAX_LINE and len(line.encode("utf-8", "surrogateescape")) > MAX_LINE:
            return index
    return None


def _lines(first: int, last: int) -> tuple[Span, ...]:
    return (Span(first, max(first, last)),)


class _Reader:
    """A cursor over the lines. `at` is the number of lines read."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.at = lines, 0
        self.escape = "\\"
        self.directives: dict[str, str] = {}
        self.in_directives = True
        self.empty_continuations: list[int] = []

    def read(self) -> list[Node]:
        """All instructions. The loop of the grammar above; everything else is a method it calls."""
        lines, count, nodes, comments = self.lines, len(self.lines), list[Node](), list[str]()
        while self.at < count:
            raw = lines[self.at]
            line = raw.strip(SPACE) if raw else ""
            if not line:
                self.in_directives = False
                self.at += 1
                continue
            if line[0] == "#":
                if not (self.in_directives and self.directive(raw.lstrip(SPACE).rstrip("\r"))):
                    # an indented comment keeps its `#` here (BuildKit cuts one byte off the raw line)
                    comment = (raw[1:] if raw[0].isascii() else _text(_bytes(raw)[1:])).strip(SPACE)
                    comments = [*comments, comment] if comment else []
                self.at += 1
                continue
            self.in_directives = False
            self.at += 1
            nodes.append(self.instruction(raw.lstrip(SPACE).rstrip("\r"), comments))
            if comments:
                comments = []
        return nodes

    def directive(self, line: str) -> bool:
        """Whether `line` is a parser directive; remembers it. The first line that is none ends them."""
        key, value = _directive(line)
        if key not in ("syntax", "escape", "check"):
            self.in_directives = False
            return False
        if key in self.directives:
            raise refuse("directive-twice", f"only one {key} parser directive can be used", _lines(self.at, 0))
        self.directives[key] = value
        if key == "escape":
            if value not in ("\\", "`"):
                message = f"invalid escape token '{value}' does not match ` or \\"
                raise refuse("escape-token", message, _lines(self.at, 0), "use `# escape=\\` or `# escape=`` (a backtick)", value)
            self.escape = value
        return True

    def instruction(self, line: str, comments: list[str]) -> Node:
        """The instruction that begins with `line` (already read): continuations joined, here-documents taken."""
        start = self.at
        if line.rstrip(" \t").endswith(self.escape):
            line = self.joined(line)
        try:
            node = node_of(line, self.escape, Span(start, self.at), tuple(comments))
        except Refused as refused:
            raise located(refused, Span(start, self.at)) from None
        if "<<" in line and _may_hold_heredocs(node):
            node = self.with_heredocs(node, line, start)
        return node

    def joined(self, line: str) -> str:
        """`line` and its continuations as one line: blank lines and comments between them vanish."""
        parts, empty = list[str](), False
        part, more = self.cut(line)
        parts.append(part)
        while more and self.at < len(self.lines):
            line = self.lines[self.at].rstrip("\r")
            self.at += 1
            content = line.lstrip(SPACE)
            if not content:
                empty = True
            elif content[0] != "#":
                part, more = self.cut(line)
                parts.append(part)
        if empty:
            self.empty_continuations.append(self.at)
        return "".join(parts)

    def cut(self, line: str) -> tuple[str, bool]:
        """The line without its continuation character, and whether it had one: `\\\\` at the end is none."""
        bare = line.rstrip(" \t")
        if not bare.endswith(self.escape) or bare.endswith(self.escape * 2):
            return line, False
        return bare[:-1], True

    def with_heredocs(self, node: Node, line: str, start: int) -> Node:
        """The node with the here-documents that its line names."""
        from dock2sh.dockerfile.heredocs import named_in

        found = list[Heredoc]()
        try:
            names = named_in(line)
        except Refused as refused:
            raise located(refused, Span(start, self.at)) from None
        for heredoc in names:
            found.append(heredoc._replace(content=self.body(heredoc, node, start)))
        return node._replace(heredocs=tuple(found), span=Span(start, self.at)) if found else node

    def body(self, heredoc: Heredoc, node: Node, start: int) -> str:
        first = self.at
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip("\r")
            self.at += 1
            if (line.lstrip("\t") if heredoc.chomp else line) == heredoc.name:
                return "".join(text + "\n" for text in self.lines[first : self.at - 1])
        hint = f"a line with nothing but {heredoc.name} must end it; `<<` that is none needs no blank behind it, or quotes"
        raise refuse("unterminated-heredoc", "unterminated heredoc", (Span(start, self.at),), hint, "<<")


def _directive(comment: str) -> tuple[str, str]:
    """Key (in lower case) and value of `# key = value`; empty for another comment. Of blanks alone the last one is a value."""
    key, equals, value = comment[1:].lstrip(SPACE).partition("=")
    key, value = key.rstrip("\t\n\f\r "), value.strip("\t\n\f\r ") or value[-1:]
    is_name = key.isascii() and key.isalnum() and key[0].isalpha()
    return (key.lower(), value) if equals and value and is_name else ("", "")


def _may_hold_heredocs(node: Node) -> bool:
    """RUN, COPY and ADD, also under ONBUILD, unless in JSON form."""
    inner = node.child if node.child and node.keyword.lower() == "onbuild" else node
    return inner.keyword.lower() in ("run", "copy", "add") and not inner.json


def node_of(line: str, escape: str, span: Span, comments: tuple[str, ...] = ()) -> Node:
    """One joined line as a node: keyword, flags, and the arguments as the keyword wants them. Raises Refused."""
    match = _KEYWORD.match(line.strip(SPACE))
    assert match
    keyword, rest = match[1], match[2]
    flags: tuple[str, ...] = ()
    if rest.startswith("--") or (rest and rest[0] in SPACE):
        from dock2sh.dockerfile.flags import extract

        flags, rest = extract(rest, escape)
    rule = _RULES.get(keyword) or _RULES.get(keyword.lower())
    if rule is _sub_instruction:
        child = node_of(rest, escape, Span(0, 0)) if rest else None
        return Node(keyword, (), flags, False, line, span, (), comments, child)
    args, json = rule(rest, escape) if rule else (("",), False)
    return Node(keyword, args, flags, json, line, span, (), comments)


Rule = Callable[[str, str], tuple[tuple[str, ...], bool]]


def _one(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    """The rest of the line is the argument."""
    return ((rest,) if rest else ()), False


def _blank_separated(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    """Words between blanks; quotes mean nothing."""
    return (tuple(_BLANKS.split(rest)) if rest else ()), False


def _json_or_one(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    if (bare := rest.lstrip(SPACE))[:1] == "[" and (array := json_array(bare)) is not None:
        return array, True
    return ((rest,) if rest else ()), False


def _json_or_words(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    if rest[:1] == "[" and (array := json_array(rest)) is not None:
        return array, True
    return _blank_separated(rest, escape)


def _quoted_words(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    return tuple(words_of(rest, escape)), False


def _health(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    """A type word, then JSON or the rest of the line.

    BuildKit looks for blanks byte by byte here: of a wide one (U+3000) no byte is one, of a no-break space the second.
    """
    line = _bytes(rest).decode("latin-1")
    kind = "".join(takewhile(lambda char: char not in SPACE, line))
    if not kind:
        return (), False
    args, json = _json_or_one(_text(line[len(kind) :].lstrip(SPACE).encode("latin-1")), escape)
    return (_text(kind.encode("latin-1")), *args), json


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _name_values(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    """`k=v k2=v2 …`, or the legacy `k the rest`: triples of name, value and "=" or ""."""
    words = words_of(rest, escape)
    if not words:
        return (), False
    if "=" not in words[0]:
        parts = _BLANKS.split(rest, maxsplit=1)
        if len(parts) < 2:
            raise refuse("no-value", "must have two arguments", near=rest, hint=f"write {rest}=VALUE")
        return (parts[0], parts[1], ""), False
    out = list[str]()
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            from dock2sh.dockerfile.gotext import quoted

            message = f"Syntax error - can't find = in {quoted(word)}. Must be of the form: name=value"
            raise refuse("no-equals", message, near=word, hint='quote a value with blanks: name="a value"')
        out += (name, value, "=")
    return tuple(out), False


def _env(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    return _named("ENV", rest, escape)


def _label(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    return _named("LABEL", rest, escape)


def _named(keyword: str, rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    try:
        return _name_values(rest, escape)
    except Refused as refused:
        if refused.diagnostic.code != "no-value":
            raise
        raise Refused(refused.diagnostic._replace(message=f"{keyword} must have two arguments")) from None


def _sub_instruction(rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    raise NotImplementedError  # ONBUILD: node_of makes the child


_RULES: dict[str, Rule] = {
    "add": _json_or_words,
    "arg": _quoted_words,
    "cmd": _json_or_one,
    "copy": _json_or_words,
    "entrypoint": _json_or_one,
    "env": _env,
    "expose": _blank_separated,
    "from": _blank_separated,
    "healthcheck": _health,
    "label": _label,
    "maintainer": _one,
    "onbuild": _sub_instruction,
    "run": _json_or_one,
    "shell": _json_or_one,
    "stopsignal": _one,
    "user": _one,
    "volume": _json_or_words,
    "workdir": _one,
}
_RULES |= {keyword.upper(): rule for keyword, rule in _RULES.items()}

KEYWORDS = [keyword for keyword in _RULES if keyword.isupper()]


def words_of(rest: str, escape: str) -> list[str]:
    """Words between blanks, with quotes and escapes respected and kept."""
    if "'" not in rest and '"' not in rest and escape not in rest and rest.isascii() and _NO_BLANKS.isdisjoint(rest):
        return rest.split()
    return [match[0] for match in _word_regex(escape, rest.isascii()).finditer(rest)]


@cache
def _word_regex(escape: str, ascii_only: bool) -> re.Pattern[str]:
    """The words of a line; of one in ASCII by a set that is read in half the time. An escape as the very last character, also
    within double quotes, belongs to none."""
    e, blanks = re.escape(escape), ASCII_SPACE if ascii_only else SPACE
    return re.compile(rf"(?:[^{blanks}'\"{e}]+|{e}.|'[^']*(?:'|\Z)|\"(?:[^\"{e}]|{e}.)*(?:\"|(?={e}?\Z)))+", re.DOTALL)
