"""Which shells an image has, as far as its name tells, and what every shell sets by itself."""

from typing import NamedTuple

from dock2sh.emit.typed import shell_in
from dock2sh.explain.language import Text, say
from dock2sh.model import Plan

_DEBIAN = frozenset(
    "debian ubuntu buildpack-deps gcc golang httpd mariadb mongo nginx node perl php postgres python redis ruby rust".split()
)
_RED_HAT = frozenset("almalinux amazonlinux archlinux centos fedora mysql oraclelinux rockylinux".split())


class Shells(NamedTuple):
    """`sh`: dash, bash, ash, or empty where nobody knows. `bash`: there is one, too; `none`: there is no shell at all."""

    sh: str
    bash: bool
    none: bool = False


def shells_of(plan: Plan) -> Shells:
    """Those of the image that the result begins with."""
    image = plan.chain()[0].base
    name, _, tag = image.partition("@")[0].removeprefix("docker.io/").removeprefix("library/").partition(":")
    if image == "scratch" or not shell_in(image):
        return Shells("", False, True)
    if any(word in f"{name}:{tag}" for word in ("alpine", "busybox", "musl")):
        return Shells("ash", False)
    if name in _DEBIAN:
        return Shells("dash", True)
    if name.rpartition("/")[2] in _RED_HAT:
        return Shells("bash", True)
    return Shells("", False)


_OF_EVERY = frozenset("PWD OLDPWD IFS PPID OPTIND OPTARG LINENO".split())
"""Variables that each shell sets (POSIX, 2.5.3, getopts)."""
_OF_BASH = frozenset(
    "COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HOSTNAME HOSTTYPE MACHTYPE OPTERR OSTYPE PIPESTATUS"
    " RANDOM REPLY SECONDS SHELL SHELLOPTS SHLVL SRANDOM TERM UID".split()
)
"""Variables that bash sets (bash(1), Shell Variables). dash 0.5.12 has none of them in a build (seen)."""


def own_variable(name: str) -> Text:
    """What is said of a variable that a shell sets by itself; nothing of another."""
    if name in _OF_EVERY:
        return say("the shell itself sets it")
    if name in _OF_BASH or name.startswith("BASH"):
        return say("bash sets it itself; other shells may not")
    return ()
