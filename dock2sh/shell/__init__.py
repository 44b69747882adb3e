"""Shell text, read: which commands it has, with which words, joined how. `read` is the one way in.

It explains and it finds; nothing that is executed depends on it. What cannot be read is `Opaque`, and its neighbours are still
read. Any input is answered, in a time that grows with its length.
"""

from dock2sh.shell.reader import read
from dock2sh.shell.syntax import Command, Opaque, Redirect, Script, Symbol, Word, substituted

__all__ = ["Command", "Opaque", "Redirect", "Script", "Symbol", "Word", "read", "substituted"]
