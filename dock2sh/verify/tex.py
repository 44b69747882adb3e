"""Masks of what TeX writes. Like those of masks.py each takes all of a file and gives the rest."""

import gzip
import re
import zlib

from .masks import texts

_PDF = re.compile(rb"(/(?:Creation|Mod)Date ?\(D:)\d{14}(?:Z|[+-]\d\d'\d\d'?)?\)|(/ID ?\[)<[0-9A-Fa-f]{32}> ?<[0-9A-Fa-f]{32}>")
_LOG = re.compile(rb"\A(This is [A-Za-z]*(?:TeX|METAFONT), Version .*?)\d{1,2} [A-Z]{3} \d{4} \d\d:\d\d$", re.MULTILINE)
_DAY = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}")
_FORMAT_DAY = re.compile(rb"(preloaded format=\S+) \d{4}\.\d{1,2}\.\d{1,2}")


def log(content: bytes) -> bytes:
    """The first line of a log says when; updmap's says it in more places."""
    if content.startswith(b"updmap "):
        return _DAY.sub(b"(time)", content)
    return _LOG.sub(rb"\1(time)", _FORMAT_DAY.sub(rb"\1 (day)", content, count=1))


def dvi(content: bytes) -> bytes:
    """The preamble of a DVI file says when."""
    return re.sub(rb"\A(\xf7.{13}.) TeX output \d{4}\.\d\d\.\d\d:\d{4}", rb"\1(time)", content, count=1, flags=re.DOTALL)


def pdf(content: bytes) -> bytes:
    """When a PDF was made, and its identifiers, which are made of that."""
    return _PDF.sub(rb"\1\2(made)", content)


def listing(content: bytes) -> bytes:
    """An ls-R: directories, and what is in each, in any order."""
    return b"\n\n".join(sorted(b"\n".join(sorted(part.splitlines())) for part in content.split(b"\n\n")))


def format(content: bytes) -> bytes:
    """A format or base holds the minute in which it was made, as a number among others: its texts are compared."""
    try:
        return texts(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (OSError, EOFError, zlib.error):
        return content
