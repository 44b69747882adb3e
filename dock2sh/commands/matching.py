"""A command's words, each with what it means: explained from the tool's file, or `unknown`. Nothing is guessed."""

import re

from dock2sh.commands.knowledge import Operand, tool
from dock2sh.commands.known import Known, Part
from dock2sh.commands.options import Options, part
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
MOST_NESTED = 6
"""`sudo env nice …`: commands in commands that are looked at."""


def understand(words: tuple[Word, ...], depth: int = 0) -> Known:
    """What a command's words mean. `words` is not empty."""
    name = words[0]
    found = tool(name.value) if not name.dynamic or _BELOW_VARIABLE.match(name.value) else None
    if found is None or depth > MOST_NESTED:
        parts = (part(name, "command"), *(_by_custom(word, len(words)) for word in words[1:]))
        return Known(name.value.rpartition("/")[2] or name.value, "", "", parts, known=False)
    return _Matcher(found, words, depth).known()


def _by_custom(word: Word, count: int) -> Part:
    """A word of a program that nobody knows: `--version` or `--help` alone mean one thing (GNU coding standards, 4.8)."""
    if count == 2 and word.value in ("--version", "--help"):
        says = "by custom only prints its version" if word.value == "--version" else "by custom only prints its help"
        return part(word, "option", says)
    return part(word, "unknown")


class _Matcher(Options):
    """A cursor over the words after the name: subcommands, commands within, operands; and options, which are its base's."""

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
            self.parts.append(part(word, "operator", operator))
        elif value == "--" and not self.options_end and not self.tool.options.get("--"):
            self.options_end = True
            self.parts.append(part(word, "option", "what follows is no option"))
        elif not self.options_end and len(value) > 1 and value[0] in "-+" and self.option(word):
            pass
        elif value in self.tool.options and not self.options_end and (value[0] in "-/" or "=" in value):
            self.parts.append(part(word, "option", self.tool.options[value].text))
            self.options_end = self.tool.options[value].text.startswith("what follows is no option")  # a shell's `-`
        elif value[:1] == "/" and not self.options_end and self.wildcard(word):
            pass  # MSBuild's /p:NAME=VALUE
        elif _OPTIONS.match(word.raw) and not self.options_end:
            self.parts.append(part(word, "option", "whatever options the variable holds", "options"))
        elif _IF_SET.match(word.raw) and not self.options_end:
            self.parts.append(part(word, "option", "these options, if the variable holds something", "options"))
        elif self.is_setting(word):
            self.parts.append(part(word, "setting", "a setting", "setting"))
        else:
            self.operand(word)

    def is_setting(self, word: Word) -> bool:
        """`NAME=VALUE`, where the tool takes such; behind the command that `env` starts it is the command's."""
        anywhere = "stops" not in self.tool.traits or not self.operands
        return "settings" in self.tool.traits and anywhere and bool(_SETTING.match(word.raw.lstrip("\"'")))

    # ---- operands

    def operand(self, word: Word) -> None:
        """A subcommand, a command within, or a word for later, when it is known how many there are."""
        if not self.operands and not word.dynamic and word.value in self.tool.commands:
            self.tool = self.tool.commands[word.value]
            self.parts.append(part(word, "subcommand", self.tool.summary))
            return
        if self.unsure:  # what stands behind an unknown option may be its value
            self.parts.append(part(word, "unknown"))
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
            self.parts.append(part(word, "operand", spec.text, spec.role) if spec else part(word, "unknown"))
            if spec and spec.role == "package" and self.tool.manager == "Debian packages" and word.value.endswith("-"):
                self.parts[-1] = part(word, "operand", "a package to remove: that is what the `-` at its end says", "unwanted")
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
