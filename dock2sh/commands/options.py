"""Options of a command, with the values that they take: attached, the next word, or a command of its own."""

import re

from dock2sh.commands.knowledge import Option, Tool, tool
from dock2sh.commands.known import Known, Part
from dock2sh.shell.syntax import Word

_NUMBER = re.compile(r"-\d+\Z")
_BARE = ("--no-", "--with", "--enable-", "--disable-")
"""How options begin that take no value which is a word of its own."""
_NO_OPTIONS = ("sh(1)", "test(1)")
_OPPOSITES = {"--enable-*": "--disable-*", "--with-*": "--without-*"}


def part(word: Word, kind: str, says: str = "", role: str = "") -> Part:
    return Part(word.start, word.end, word.raw, kind, says, role, word.value)


class Options:
    """A cursor over the words after the name, which takes options and their values."""

    def __init__(self, found: Tool, words: tuple[Word, ...], depth: int) -> None:
        self.tool, self.words, self.depth, self.at = found, words, depth, 1
        self.parts = [part(words[0], "command", found.summary)]
        self.operands: list[Word] = []
        self.given: list[Option] = []
        self.within: list[Known] = []
        self.scripts: list[Word] = []
        self.options_end = False
        self.doubt = self.unsure = False

    def word(self, word: Word) -> None:
        """Take a word, whatever it is."""
        raise NotImplementedError

    def nest(self, start: int, end: int) -> None:
        """Understand these words as a command of their own."""
        raise NotImplementedError

    def option(self, word: Word) -> bool:
        """Whether `word` is an option, which is then taken with its value."""
        if self.begins_question(word):
            return True
        if word.value.startswith("--") or self.tool.style in ("long", "compiler"):
            taken = self.long(word)
        elif self.exact(word):
            return True
        else:
            taken = self.cluster(word)
        if not taken and not self.wildcard(word) and not self.custom(word):
            if "free" in self.tool.traits or (word.value[0] == "+" and "+e" not in self.tool.options):
                return False
            self.parts.append(part(word, "unknown"))
            self.doubt = "=" not in word.value and not word.value.startswith(_BARE)
        return True

    def begins_question(self, word: Word) -> bool:
        """`[ -a FILE ]`: not the -a between two questions."""
        option, before = self.tool.begins.get(word.value), self.parts[-1]
        here = before.start == self.words[self.at - 2].start  # operands have no part yet
        between = before.value in self.tool.begins and not before.role
        begun = here and (before.kind == "command" or before.value in ("!", "(", "&&", "||") or between)
        follows = self.words[self.at].value if self.at < len(self.words) else "]"
        if option is None or not begun or follows in self.tool.operators:
            return False
        self.take(word, option)
        return True

    def custom(self, word: Word) -> bool:
        """`--version` and `--help`, of which no file need speak; to `echo` and `[` they are text like any other."""
        if word.value not in ("--version", "--help") or self.tool.source in _NO_OPTIONS:
            return False
        says = "only prints its version" if word.value == "--version" else "only prints its help"
        self.parts.append(part(word, "option", says))
        return True

    def exact(self, word: Word) -> bool:
        """A whole word that is an option, such as `-qq`, or a number such as `-9`."""
        name = word.value if word.value in self.tool.options else "-#" if _NUMBER.match(word.value) else ""
        option = self.tool.options.get(name)
        if option is None:
            return False
        self.take(word, option)
        return True

    def long(self, word: Word) -> bool:
        name, equals, value = word.value.partition("=")
        option = self.tool.options.get(name) or (self.tool.options.get(name[1:]) if self.tool.style == "long" else None)
        if option is None:
            return self.attached(word) if self.tool.style == "compiler" else False
        if equals and not option.role and value in ("false", "no", "off", "0"):
            return False
        if not equals or not option.role:
            self.take(word, option)
            return True
        self.given.append(option)
        self.parts.append(part(word, "option", option.text, option.role)._replace(value=value))
        return True

    def attached(self, word: Word) -> bool:
        """A compiler's `-I/usr/include`."""
        option = self.tool.options.get(word.value[:2])
        if option is None or not option.role or len(word.value) < 3:
            return False
        self.parts.append(part(word, "option", option.text, option.role)._replace(value=word.value[2:]))
        return True

    def take(self, word: Word, option: Option) -> None:
        """An option that is a word of its own; its value, if it takes one, is the next."""
        self.given.append(option)
        self.options_end = self.options_end or word.value == "--"
        valued = bool(option.role) and (not option.optional or self.is_count(option))
        self.parts.append(part(word, "option", option.text if valued else self.tool.alone.get(word.value, option.text)))
        if valued:
            self.value(option)

    def is_count(self, option: Option) -> bool:
        """Whether a number follows (a substitution is one), which `make -j` takes though it may stand alone, or npm's true."""
        word = self.words[self.at] if self.at < len(self.words) else None
        if word is None or option.role not in ("number", "yesno"):
            return False
        if option.role == "yesno":
            return word.value in ("true", "false")
        return word.value.isdigit() or word.raw.strip('"').startswith(("$", "`"))

    def value(self, option: Option) -> None:
        if self.at >= len(self.words):
            return
        if option.role == "rest":
            self.parts += [part(rest, "operand", option.text, "text") for rest in self.words[self.at :]]
            self.at = len(self.words)
            return
        if option.role == "command;":
            self.until_semicolon()
            return
        if option.role == "script":  # a shell's -c is a flag: the text is the first word that is no option (POSIX, sh)
            self.options_before_script()
        if self.at >= len(self.words):
            return
        word = self.words[self.at]
        self.at += 1
        self.parts.append(part(word, "value", option.text, option.role))
        if option.second and self.at < len(self.words):
            self.parts.append(part(self.words[self.at], "value", option.text, option.second))
            self.at += 1
        self.options_end = self.options_end or option.ends
        if option.role == "script":
            self.scripts.append(word)
        if option.role == "module":
            if tool(word.value) is not None:
                self.parts.pop()
                self.nest(self.at - 1, len(self.words))
            else:
                self.operands += self.words[self.at :]
                self.parts += [part(rest, "operand", "what it is told", "text") for rest in self.operands]
                self.operands.clear()
            self.at = len(self.words)

    def options_before_script(self) -> None:
        """`sh -c -e TEXT`."""
        while self.at < len(self.words) and self.words[self.at].value[:1] in ("-", "+") and len(self.words[self.at].value) > 1:
            self.at += 1
            self.word(self.words[self.at - 1])

    def until_semicolon(self) -> None:
        """The command of `find -exec`, which `;` or `+` ends."""
        start = self.at
        while self.at < len(self.words) and self.words[self.at].value not in (";", "+"):
            self.at += 1
        self.nest(start, self.at)
        if self.at < len(self.words):
            end = self.words[self.at]
            many = "the command ends; it is called with many at once"
            says = many if end.value == "+" else "the command ends; it is called for each"
            self.parts.append(part(end, "operator", says))
            self.at += 1

    def cluster(self, word: Word) -> bool:
        """`-xzf`: a letter an option; one that takes a value takes the rest, or the next word."""
        sign, letters = word.value[0], word.value[1:]
        pieces = list[tuple[int, int, Option]]()
        for index, letter in enumerate(letters):
            rest = letters[index + 1 :]
            name = f"{sign}{letter}"
            if rest and f"{name}*" in self.tool.options:
                pieces.append((index, len(letters), self.tool.options[f"{name}*"]))
                break
            option = self.tool.options.get(name) or (self.tool.options.get("-#") if letter.isdigit() else None)
            if option is None:
                return False
            if option.role and rest and not (option.optional and not (rest[0].isdigit() or rest[0] in "$`")):
                pieces.append((index, len(letters), option))
                break
            pieces.append((index, index + 1, option))
        self.pieces(word, pieces)
        return True

    def pieces(self, word: Word, pieces: list[tuple[int, int, Option]]) -> None:
        """The parts of a cluster, each shown with the sign; they have places of their own where no quotes are in between."""
        plain = word.raw == word.value
        for first, last, option in pieces:
            self.given.append(option)
            start = word.start + 1 + first - (first == 0) if plain else word.start
            end = word.start + 1 + last if plain else word.end
            held = word.value[2 + first : 1 + last]
            text = word.value[0] + word.value[1 + first : 1 + last] if plain or len(pieces) > 1 else word.raw
            says = option.text if held else self.tool.alone.get(word.value[0] + word.value[1 + first], option.text)
            self.parts.append(Part(start, end, text, "option", says, option.role if held else "", held))
        first, last, option = pieces[-1]
        held_by_word = last - first > 1
        if option.role and not option.optional and not held_by_word:
            self.value(option)

    def bare(self, word: Word) -> None:
        """tar's `xzf FILE`: letters without a dash, whose values follow in their order."""
        options = [self.tool.options.get(f"-{letter}") for letter in word.value]
        if not word.value.isalpha() or None in options:
            return
        self.at += 1
        for index, option in enumerate(options):
            assert option is not None
            self.given.append(option)
            at = word.start + index
            self.parts.append(Part(at, at + 1, word.value[index], "option", option.text))
        for option in options:
            if option is not None and option.role:
                self.value(option)

    def wildcard(self, word: Word) -> bool:
        """`--enable-*`, `-W*`: the longest that fits."""
        fits = [name for name in self.tool.options if name.endswith("*") and word.value.startswith(name[:-1])]
        if not fits:
            return False
        name = max(fits, key=len)
        value = word.value[len(name) - 1 :]
        if value.endswith("=no"):  # GNU coding standards, 7.1: the same as --disable-X, --without-X
            name = _OPPOSITES.get(name, name)
        option = self.tool.options.get(name)
        if option is None:
            return False
        self.parts.append(part(word, "option", option.text, option.role)._replace(value=value))
        return True
