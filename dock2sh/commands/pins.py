"""Whether a package is asked for with a version, for each package manager.

RPM's names hold numbers, too (`gcc-toolset-12`, `java-17-openjdk`, `dotnet-sdk-8.0`): a version is one that has a release
behind it, or three parts.
"""

import re

_PINS = {
    "Debian packages": re.compile(r"([^=/]+)=(.+)"),
    "Alpine packages": re.compile(r"([^=<>~]+)[=~<>]+(.+)"),
    "Python packages": re.compile(r"([^=<>~!@]+)={2,3}(.+)|[^@]+@.+"),
    "npm packages": re.compile(r"(@?[^@]+)@(?!latest\Z|next\Z)(.+)"),
    "Ruby gems": re.compile(r"([^:]+):(.+)"),
    "Conda packages": re.compile(r"([^=<>]+)={1,2}(.+)"),
    "Go packages": re.compile(r"[^@]+@(?!latest\Z|none\Z).+"),
    "RPM packages": re.compile(r".+-\d[^-]*-\d[^-]*|.+-(?:\d+:)?\d+\.\d+\.\d[^-]*|.+-[^-]*\$.+|[^=]+=.+"),
    "PHP extensions": re.compile(r".+-[\d^$].*"),
}


_EXACT = {
    "Debian packages": re.compile(r"[^=/]+=[^*]+"),
    "Alpine packages": re.compile(r"[^=<>~]+=[^*]+"),
    "Python packages": re.compile(r"[^=<>~!@]+={2,3}[^*,]+"),
    "npm packages": re.compile(r"@?[^@]+@v?(?:\d+\.\d+\.\d.*|\$.*)"),
    "Ruby gems": re.compile(r"[^:]+:[\d$][^,]*"),
    "Conda packages": re.compile(r"[^=<>]+(?:==[^*]+|=[^=*]+=[^*]+)"),
    "Go packages": re.compile(r"[^@]+@(?:v\d+\.\d+\.\d.*|[0-9a-f]{7,40}|v?\$.*)"),
    "RPM packages": re.compile(r".+"),
    "PHP extensions": re.compile(r".+-(?:\d+\.\d+\.\d.*|\$.*)"),
}


def exact(manager: str, package: str) -> bool:
    """Whether what is asked for is one version, and no range."""
    pattern = _EXACT.get(manager)
    return pinned(manager, package) and bool(pattern and pattern.fullmatch(package))


def pinned(manager: str, package: str) -> bool:
    """Whether a package is asked for with a version."""
    pattern = _PINS.get(manager)
    return bool(pattern and pattern.fullmatch(package))
