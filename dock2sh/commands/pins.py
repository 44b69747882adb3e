"""Whether a package is asked for with a version, for each package manager.

RPM's names hold numbers, too (`gcc-toolset-12`, `java-17-openjdk`, `dotnet-sdk-8.0`): a version is one that has a release
behind it, or three parts.
"""

import re

_AT = r"(?:[\w.-]+(?:\[[^\]]*\])? *@ *)"
"""PEP 508's `name @ URL`."""
_REPOSITORY = r"[a-z]+\+[a-z]+://[^/]+/[^@]+"
"""`git+https://…`, without a branch, tag or commit."""
_PINS = {
    "Debian packages": re.compile(r"([^=/]+)=(.+)"),
    "Alpine packages": re.compile(r"([^=<>~]+)[=~<>]+(.+)"),
    "Python packages": re.compile(rf"([^=<>~!@]+)={{2,3}}(.+)|{_AT}?{_REPOSITORY}@.+|{_AT}(?! *[a-z]+\+).+"),
    "npm packages": re.compile(r"(@?[^@]+)@(?!latest\Z|next\Z)(.+)"),
    "Ruby gems": re.compile(r"([^:]+):(.+)"),
    "Conda packages": re.compile(r"([^=<>]+)={1,2}(.+)"),
    "Go packages": re.compile(r"[^@]+@(?!latest\Z|none\Z).+"),
    "RPM packages": re.compile(r".+-\d[^-]*-\d[^-]*|.+-(?:\d+:)?\d+\.\d+\.\d[^-]*|.+-[^-]*\$.+|[^=]+=.+"),
    "PHP extensions": re.compile(r".+-[\d^$].*"),
    "PHP packages": re.compile(r"[^:= ]+[:= ].+"),
    "Perl modules": re.compile(r"[^@~]+[@~].+"),
    "OCaml packages": re.compile(r"[^.=<>]+[.=<>].+"),
}


_EXACT = {
    "Debian packages": re.compile(r"[^=/]+=[^*]+"),
    "Alpine packages": re.compile(r"[^=<>~]+=[^*]+"),
    "Python packages": re.compile(rf"[^=<>~!@]+={{2,3}}[^*,]+|.+@[0-9a-f]{{40}}(?:[#&].*)?|{_AT}(?! *[a-z]+\+).+"),
    "npm packages": re.compile(r"@?[^@]+@v?(?:\d+\.\d+\.\d.*|\$.*)"),
    "Ruby gems": re.compile(r"[^:]+:[\d$][^,]*"),
    "Conda packages": re.compile(r"[^=<>]+(?:==[^*]+|=[^=*]+=[^*]+)"),
    "Go packages": re.compile(r"[^@]+@(?:v\d+\.\d+\.\d.*|[0-9a-f]{7,40}|v?\$.*)"),
    "RPM packages": re.compile(r".+"),
    "PHP extensions": re.compile(r".+-(?:\d+\.\d+\.\d.*|\$.*)"),
    "PHP packages": re.compile(r"[^:= ]+[:= ]v?(?:\d+\.\d+\.\d[^*,| ]*|\$.*)"),
    "Perl modules": re.compile(r"[^@]+@.+"),
    "OCaml packages": re.compile(r"[^.=]+[.=].+"),
}


def exact(manager: str, package: str) -> bool:
    """Whether what is asked for is one version, and no range."""
    pattern = _EXACT.get(manager)
    return pinned(manager, package) and bool(pattern and pattern.fullmatch(package))


def pinned(manager: str, package: str) -> bool:
    """Whether a package is asked for with a version. What the shell makes of `$(…)` and `${…}` is no part of its name."""
    pattern, bare = _PINS.get(manager), _EXPANSION.sub("$", package)
    if is_file(manager, package) or is_provided(manager, package) or (manager == "RPM packages" and "://" in package):
        return False
    return bool(pattern and not bare.startswith(("$(", "`")) and pattern.fullmatch(bare))


def is_file(manager: str, package: str) -> bool:
    """Whether a package file (or a directory) is named instead of a package: RPM's tools know one by its end (dnf(8))."""
    if manager == "RPM packages":
        return "://" not in package and package.endswith((".rpm", "/*"))
    return package.startswith(("/", "./", "../")) or package == "."


def is_provided(manager: str, package: str) -> bool:
    """Whether what is asked for is the package that brings a file: `dnf install /usr/bin/which`."""
    return manager == "RPM packages" and package.startswith("/") and not is_file(manager, package)


_EXPANSION = re.compile(r"\$\{[^{}]*\}")
_OTHER = re.compile(r"[$`./~]|.*://|.*[<>=]|.*\.(?:whl|deb|rpm|apk|gem|tgz|tar\.\w+|zip)\Z")


def is_name(package: str) -> bool:
    """Whether it is a package's bare name: no file or place, no range of versions, and not what a variable holds."""
    return not _OTHER.match(package)
