"""A command's words, each with what it means: explained from the tool's file, or `unknown`. Nothing is guessed."""

import re

from dock2sh.commands.knowledge import Operand, Option, Tool, tool
from dock2sh.commands.known import Known, Part
from dock2sh.shell.syntax import Word

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?:\[[^\]]*\])?\+?=")
_BELOW_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})/(?:[\w.+-]+/)*[\w.+-]+\Z")
"""`$JAVA_HOME/bin/jlink`."""
_OPTIONS = re.compile(r"\$\{?\w*(?:OPT|OPTS|OPTIONS?|ARGS|FLAGS|PARAMS)(?:_\w+)?(?::?-[^}]*)?\}?\Z", re.IGNORECASE)
"""A variable without quotes that by its name holds options, or nothing."""
_IF_SET = re.compile(r"\"?\$\{\w+:?\+\s*[\"']?-.*\}\"?\Z", re.DOTALL)
"""`${DEPTH:+--depth $DEPTH}`."""
_BARE_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})\Z")
_RELEASE = re.compile(r"[v^~<>=]*\d[^/]*\Z")
"""What a package of PHP's, which has a `/` in it, is never called."""
_NUMBER = re.compile(r"-\d+\Z")
_BARE = ("--no-", "--with", "--enable-", "--disable-")
"""How options begin that take no value which is a word of its own."""
_NO_OPTIONS = ("sh(1)", "test(1)")
_OPPOSITES = {"--enable-*": "--disable-*", "--with-*": "--without-*"}
MOST_NESTED = 6
"""`sudo env nice …`: commands in commands that are looked at."""


def understand(words: tuple[Word, ...], depth: int = 0) -> Known:
    """What a command's words mean. `words` is not empty."""
    name = words[0]
    found = tool(name.value) if not name.dynamic or _BELOW_VARIABLE.match(name.value) else None
    if found is None or depth > MOST_NESTED:
        parts = (_part(name, "command"), *(_by_custom(word, len(words)) for word in words[1:]))
        return Known(name.value.rpartition("/")[2] or name.value, "", "", parts, known=False)
    return _Matcher(found, words, depth).known()


def _by_custom(word: Word, count: int) -> Part:
    """A word of a program that nobody knows: `--version` or `--help` alone mean one thing (GNU coding standards, 4.8)."""
    if count == 2 and word.value in ("--version", "--help"):
        says = "by custom only prints its version" if word.value == "--version" else "by custom only prints its help"
        return _part(word, "option", says)
    return _part(word, "unknown")


def _part(word: Word, kind: str, says: str = "", role: str = "") -> Part:
    return Part(word.start, word.end, word.raw, kind, says, role, word.value)


class _Matcher:
    """A cursor over the words after the name."""

    def __init__(self, found: Tool, words: tuple[Word, ...], depth: int) -> None:
        self.tool, self.words, self.depth, self.at = found, words, depth, 1
        self.parts = [_part(words[0], "command", found.summary)]
        self.operands: list[Word] = []
        self.given: list[Option] = []
        self.within: list[Known] = []
        self.scripts: list[Word] = []
        self.options_end = False
        self.doubt = self.unsure = False

    def known(self) -> Known:
        if "first" in self.tool.traits and len(self.words) > 1 and not self.words[1].value.startswith("-"):
            self.bare(self.words[1])
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            self.word(word)
        self.place()
        tool = self.tool
        parts = tuple(sorted(self.parts))
        return Known(
            tool.name,
            tool.summary,
            tool.source,
            parts,
            True,
            tool.manager,
            tool.effects,
            tuple(self.within),
            tuple(self.scripts),
        )

    def word(self, word: Word) -> None:
        value = word.value
        self.unsure, self.doubt = self.doubt, False
        operator = self.tool.operators.get(value)
        if operator is not None:
            self.parts.append(_part(word, "operator", operator))
        elif value == "--" and not self.options_end and not self.tool.options.get("--"):
            self.options_end = True
            self.parts.append(_part(word, "option", "what follows is no option"))
        elif not self.options_end and len(value) > 1 and value[0] in "-+" and self.option(word):
            pass
        elif value in self.tool.options and not self.options_end and (value[0] in "-/" or "=" in value):
            self.parts.append(_part(word, "option", self.tool.options[value].text))
        elif value[:1] == "/" and not self.options_end and self.wildcard(word):
            pass  # MSBuild's /p:NAME=VALUE
        elif _OPTIONS.match(word.raw) and not self.options_end:
            self.parts.append(_part(word, "option", "whatever options the variable holds", "options"))
        elif _IF_SET.match(word.raw) and not self.options_end:
            self.parts.append(_part(word, "option", "these options, if the variable holds something", "options"))
        elif self.is_setting(word):
            self.parts.append(_part(word, "setting", "a setting", "setting"))
        else:
            self.operand(word)

    def is_setting(self, word: Word) -> bool:
        """`NAME=VALUE`, where the tool takes such; behind the command that `env` starts it is the command's."""
        anywhere = "stops" not in self.tool.traits or not self.operands
        return "settings" in self.tool.traits and anywhere and bool(_SETTING.match(word.raw))

    # ---- operands

    def operand(self, word: Word) -> None:
        """A subcommand, a command within, or a word for later, when it is known how many there are."""
        if not self.operands and not word.dynamic and word.value in self.tool.commands:
            self.tool = self.tool.commands[word.value]
            self.parts.append(_part(word, "subcommand", self.tool.summary))
            return
        if self.unsure:  # what stands behind an unknown option may be its value
            self.parts.append(_part(word, "unknown"))
            return
        specs = self.specs()
        index = len(self.operands)
        if index < len(specs) and specs[index].role == "command":
            self.nest(self.at - 1, len(self.words))
            self.at = len(self.words)
            return
        self.operands.append(word)
        if "stops" in self.tool.traits and not (index + 1 < len(specs) and specs[index + 1].role == "command"):
            self.operands += self.words[self.at :]
            self.at = len(self.words)

    def specs(self) -> tuple[Operand, ...]:
        changed = (operands for name, operands in self.tool.instead.items() if self.tool.options.get(name) in self.given)
        return next(changed, self.tool.operands)

    def place(self) -> None:
        """Give each operand its role: fixed ones from both ends, the rest in the middle."""
        specs = self.specs()
        many = next((index for index, spec in enumerate(specs) if spec.many), len(specs))
        last = specs[many + 1 :] if len(self.operands) > many + len(specs[many + 1 :]) else ()
        tail = len(self.operands) - len(last)
        for index, word in enumerate(self.operands):
            if index >= tail:
                spec: Operand | None = last[index - tail]
            elif index < many:
                spec = specs[index]
            else:
                spec = specs[many] if many < len(specs) else None
            if spec and spec.role == "url" and len(self.operands) > 1 and _BARE_VARIABLE.match(word.raw):
                spec = None  # `curl $AUTH URL`: it may hold options
            self.parts.append(_part(word, "operand", spec.text, spec.role) if spec else _part(word, "unknown"))
            if index and self.tool.manager == "PHP packages" and spec and spec.role == "package" and _RELEASE.match(word.value):
                self.version_behind()
            if spec and spec.role == "script":
                self.scripts.append(word)

    def version_behind(self) -> None:
        """`composer require vendor/package 1.0`: the last operand is no package, it is the version of the one before."""
        package, version = self.parts[-2:]
        self.parts[-2] = package._replace(value=f"{package.value} {version.value}")
        self.parts[-1] = version._replace(says="which version", role="version")

    def nest(self, start: int, end: int) -> None:
        if start < end:
            self.within.append(understand(self.words[start:end], self.depth + 1))

    # ---- options

    def option(self, word: Word) -> bool:
        """Whether `word` is an option, which is then taken with its value."""
        if word.value.startswith("--") or self.tool.style in ("long", "compiler"):
            taken = self.long(word)
        elif self.exact(word):
            return True
        else:
            taken = self.cluster(word)
        if not taken and not self.wildcard(word) and not self.custom(word):
            if "free" in self.tool.traits or (word.value[0] == "+" and "+e" not in self.tool.options):
                return False
            self.parts.append(_part(word, "unknown"))
            self.doubt = "=" not in word.value and not word.value.startswith(_BARE)
        return True

    def custom(self, word: Word) -> bool:
        """`--version` and `--help`, of which no file need speak; to `echo` and `[` they are text like any other."""
        if word.value not in ("--version", "--help") or self.tool.source in _NO_OPTIONS:
            return False
        says = "only prints its version" if word.value == "--version" else "only prints its help"
        self.parts.append(_part(word, "option", says))
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
        self.parts.append(_part(word, "option", option.text, option.role)._replace(value=value))
        return True

    def attached(self, word: Word) -> bool:
        """A compiler's `-I/usr/include`."""
        option = self.tool.options.get(word.value[:2])
        if option is None or not option.role or len(word.value) < 3:
            return False
        self.parts.append(_part(word, "option", option.text, option.role)._replace(value=word.value[2:]))
        return True

    def take(self, word: Word, option: Option) -> None:
        """An option that is a word of its own; its value, if it takes one, is the next."""
        self.given.append(option)
        self.options_end = self.options_end or word.value == "--"
        self.parts.append(_part(word, "option", option.text))
        if option.role and (not option.optional or self.is_count(option)):
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
        if option.role == "command;":
            self.until_semicolon()
            return
        if option.role == "script":  # a shell's -c is a flag: the text is the first word that is no option (POSIX, sh)
            self.options_before_script()
        if self.at >= len(self.words):
            return
        word = self.words[self.at]
        self.at += 1
        self.parts.append(_part(word, "value", option.text, option.role))
        if option.second and self.at < len(self.words):
            self.parts.append(_part(self.words[self.at], "value", option.text, option.second))
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
                self.parts += [_part(rest, "operand", "what it is told", "text") for rest in self.operands]
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
            self.parts.append(_part(end, "operator", says))
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
            self.parts.append(Part(start, end, text, "option", option.text, option.role if held else "", held))
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
        self.parts.append(_part(word, "option", option.text, option.role)._replace(value=value))
        return True
