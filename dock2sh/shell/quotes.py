"""Behind a quote, an escape or an expansion of shell text: where each of them ends, and which commands are in it."""

DEEPEST = 40
"""Substitutions in substitutions. Beyond it nobody wrote the text to be read."""


class Unreadable(ValueError):
    """The text is no shell text, or nested too deeply."""


class Quotes:
    """A cursor over the text. Methods take the place of what they read and give the place behind it; all raise Unreadable."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text, self.end, self.depth = text, len(text), depth
        self.expansions = dict[int, tuple[int, list[tuple[int, int]]] | Unreadable]()

    def parenthesized(self, at: int) -> int:
        """Behind the `)` that belongs to the `(` at `at`, a text of commands between them."""
        raise NotImplementedError

    def quoting(self, at: int) -> tuple[int, list[tuple[int, int]]]:
        """Behind a quote, an escape or an expansion, and the commands in it."""
        text, inner = self.text, list[tuple[int, int]]()
        char = text[at]
        if char == "\\":
            return min(at + 2, self.end), inner
        if char == "'":
            return self.find("'", at + 1), inner
        if char == '"':
            return self.double(at, inner), inner
        if char == "`":
            end = self.escaped("`", at + 1)
            if "\\" not in text[at:end]:
                inner.append((at + 1, end - 1))
            return end, inner
        return self.expansion(at)

    def expansion(self, at: int) -> tuple[int, list[tuple[int, int]]]:
        """Behind an expansion, which is read once: `$((` may turn out to be two subshells, and `[[ ]]` is gone over twice, so
        that each level would double the time."""
        found = self.expansions.get(at)
        if found is None:
            inner, depth = list[tuple[int, int]](), self.depth
            try:
                found = self.dollar(at, inner), inner
            except Unreadable as error:
                found, self.depth = error, depth
            self.expansions[at] = found
        if isinstance(found, Unreadable):
            raise Unreadable(*found.args)
        return found[0], list(found[1])

    def dollar(self, at: int, inner: list[tuple[int, int]]) -> int:
        text = self.text
        if text.startswith("$'", at):
            return self.escaped("'", at + 2)
        if text.startswith("$((", at):
            end = self.arithmetic_end(at + 1)
            if end:
                return end
        if text.startswith("$(", at):
            end = self.parenthesized(at + 1)
            inner.append((at + 2, end - 1))
            return end
        if text.startswith("${", at):
            return self.brace(at, inner)
        if text.startswith("$[", at):
            return self.find("]", at + 2)
        return at + 1

    def double(self, at: int, inner: list[tuple[int, int]]) -> int:
        """Behind a double-quoted text."""
        at += 1
        while at < self.end:
            char = self.text[at]
            if char == '"':
                return at + 1
            if char in "\\`" or (char == "$" and self.text[at + 1 : at + 2] != "'"):
                at, more = self.quoting(at)
                inner += more
            else:
                at += 1
        raise Unreadable("a double quote that is not closed")

    def brace(self, at: int, inner: list[tuple[int, int]]) -> int:
        """Behind `${…}`."""
        self.deeper()
        at += 2
        while at < self.end:
            char = self.text[at]
            if char == "}":
                self.depth -= 1
                return at + 1
            if char in "\\'\"`$":
                if char == "'" and self.text.find("'", at + 1) < 0:
                    at += 1  # inside double quotes it is an ordinary character
                    continue
                at, more = self.quoting(at)
                inner += more
            else:
                at += 1
        raise Unreadable("a `${` that is not closed")

    def arithmetic_end(self, at: int) -> int:
        """Behind the `))` of the `((` at `at`, or 0 if it is two subshells."""
        depth = self.depth
        try:
            end = self.balanced(at)
        except Unreadable:
            self.depth = depth
            return 0
        return end if self.text[end - 2 : end] == "))" else 0

    def balanced(self, at: int) -> int:
        """Behind the parenthesis that closes the one at `at`, quotes respected."""
        self.deeper()
        depth = 0
        while at < self.end:
            char = self.text[at]
            if char in "\\'\"`" or self.text.startswith(("$(", "${"), at):
                at, _ = self.quoting(at)
                continue
            depth += (char == "(") - (char == ")")
            at += 1
            if not depth:
                self.depth -= 1
                return at
        raise Unreadable("a parenthesis that is not closed")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")

    def find(self, char: str, at: int) -> int:
        end = self.text.find(char, at)
        if end < 0:
            raise Unreadable(f"a {char} that is not closed")
        return end + 1

    def escaped(self, char: str, at: int) -> int:
        """Behind the next `char` that no backslash protects."""
        while at < self.end:
            if self.text[at] == "\\":
                at += 2
            elif self.text[at] == char:
                return at + 1
            else:
                at += 1
        raise Unreadable(f"a {char} that is not closed")
