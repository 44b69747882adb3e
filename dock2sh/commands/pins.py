"""Whether a package is asked for with a version, for each package manager."""

import re

_PINS = {
    "Debian packages": re.compile(r"([^=/]+)=(.+)"),
    "Alpine packages": re.compile(r"([^=<>~]+)[=~<>]+(.+)"),
    "Python packages": re.compile(r"([^=<>~!@]+)={2,3}(.+)|[^@]+@.+"),
    "npm packages": re.compile(r"(@?[^@]+)@(.+)"),
    "Ruby gems": re.compile(r"([^:]+):(.+)"),
    "Conda packages": re.compile(r"([^=<>]+)={1,2}(.+)"),
    "Go packages": re.compile(r"[^@]+@(?!latest\Z|none\Z).+"),
    "RPM packages": re.compile(r".+-\d[^-]*(?:-[^-]+)?"),
}


def pinned(manager: str, package: str) -> bool:
    """Whether a package is asked for with a version."""
    pattern = _PINS.get(manager)
    return bool(pattern and pattern.fullmatch(package))
