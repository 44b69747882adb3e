"""Masks of what MariaDB keeps in its data directory. Like those of masks.py each takes all of a file and gives the rest."""

import re

_MAGIC = b"\xfe\x01"
# of a table's definition the first extra segment: which it is (the definition's version), its length, a UUID with a time in it
_VERSION = b"\0\x10"


def definition(content: bytes) -> bytes:
    """A .frm file: of a table without the UUID of its version; of a view, which is text, without its time."""
    if content[:2] == _MAGIC and content[64:66] == _VERSION:
        return content[:66] + content[82:]
    return re.sub(rb"(?m)^timestamp=\d+$", b"timestamp=(time)", content) if content.startswith(b"TYPE=VIEW\n") else content


def control(content: bytes) -> bytes:
    """Aria's control file: behind its magic number the server's UUID, and in the end a sum over all."""
    return content[:4] + content[20:26] + content[30:] if content[:3] == b"\xfe\xfe\x0c" and len(content) == 52 else content
