"""Image references, by docker's rules and in docker's words.

The rules are those of github.com/distribution/reference; every message was measured on BuildKit's answer to a FROM of that
reference (`failed to parse stage name "Ubuntu": ` and then what is raised here).
"""

import re
from typing import NamedTuple

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
# strings, compiled (and kept by re) at the first use: importing this must cost nothing
_REFERENCE = (
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    rf"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?"
)
_IDENTIFIER = r"[a-f0-9]{64}"
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST = 255


class InvalidReference(ValueError):
    """No image can have this name; the text is docker's own message."""


class Reference(NamedTuple):
    """A reference with nothing left to guess: `docker.io`, `library/debian`, `12`, and the digest or ''."""

    domain: str
    path: str
    tag: str
    digest: str

    def __str__(self) -> str:
        """The whole reference, as docker writes it when it leaves nothing out."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.domain}/{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """Read a reference as docker does: no domain is Docker Hub, no namespace is `library`, neither tag nor digest is `latest`.

    Raises InvalidReference with docker's message.
    """
    if re.fullmatch(_IDENTIFIER, text):
        raise InvalidReference(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, rest = _split_domain(text)
    name = rest.partition(":")[0]
    if name != name.lower():
        raise InvalidReference(f"invalid reference format: repository name ({name}) must be lowercase")
    match = re.fullmatch(_REFERENCE, f"{domain}/{rest}")
    if not match:
        raise InvalidReference("invalid reference format")
    path, tag, digest = match["path"], match["tag"] or "", match["digest"] or ""
    if len(path) > _LONGEST:
        raise InvalidReference(f"repository name must not be more than {_LONGEST} characters")
    if digest:
        _check_digest(digest)
    return Reference(domain, path, tag or ("" if digest else "latest"), digest)


def normalise_reference(text: str) -> str:
    """`busybox` as `docker.io/library/busybox:latest`; raises InvalidReference with docker's message."""
    return str(parse_reference(text))


def familiar_name(text: str) -> str:
    """`docker.io/library/debian:latest` as `debian`: how docker's client and BuildKit spell the name of a build context.

    A tag beside a digest stays. Raises InvalidReference with docker's message.
    """
    whole = parse_reference(text)
    path = whole.path if whole.domain == "docker.io" else f"{whole.domain}/{whole.path}"
    if path.startswith("library/") and "/" not in path.removeprefix("library/"):
        path = path.removeprefix("library/")
    tag = f":{whole.tag}" if whole.tag and (whole.tag != "latest" or whole.digest) else ""
    return path + tag + (f"@{whole.digest}" if whole.digest else "")


def same_image(one: str, other: str) -> bool:
    """Whether two references name the same image; what is no reference names none.

    Where both have a digest it alone decides, since docker ignores the tag beside a digest.
    """
    try:
        first, second = parse_reference(one), parse_reference(other)
    except InvalidReference:
        return False
    if first.digest or second.digest:
        return first[:2] == second[:2] and first.digest == second.digest
    return first == second


def _split_domain(text: str) -> tuple[str, str]:
    """The registry and the rest. A first element is a registry if it could not be a namespace (a dot, a port, upper case)."""
    first, slash, rest = text.partition("/")
    if not slash:
        return "docker.io", f"library/{text}"
    if first not in ("localhost", "index.docker.io") and not re.search("[.:]", first) and first == first.lower():
        return "docker.io", text
    domain = "docker.io" if first == "index.docker.io" else first
    return (domain, f"library/{rest}") if domain == "docker.io" and "/" not in rest else (domain, rest)


def _check_digest(digest: str) -> None:
    """A digest's algorithm must be known and its length right, in lower case (github.com/opencontainers/go-digest)."""
    algorithm, _, value = digest.partition(":")
    if algorithm not in _DIGEST_LENGTHS:
        raise InvalidReference("unsupported digest algorithm")
    if len(value) != _DIGEST_LENGTHS[algorithm]:
        raise InvalidReference("invalid checksum digest length")
    if value != value.lower():
        raise InvalidReference("invalid checksum digest format")
