"""Findings about a URL itself, whoever fetches it: RUN or ADD."""

import re
from collections.abc import Iterator

from dock2sh.findings.rule import Finding
from dock2sh.source import Span

_LOCAL = re.compile(r"(?:[a-z]+://)?(?:[^/@]*@)?(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1\])(?:[:/]|\Z)")


def is_local(url: str) -> bool:
    """Whether the other end is the same machine."""
    return bool(_LOCAL.match(url))


def about(url: str, span: Span) -> Iterator[Finding]:
    """Whether it means another file tomorrow, and whether it is encrypted."""
    if re.search(r"[/_-]latest(?:[/._-]|\Z)", url):
        yield Finding("D2S105", span, (("url", url),), url)
    if url.startswith(("http://", "git://", "ftp://")) and not is_local(url):
        yield Finding("D2S172", span, (("url", url),), url)
