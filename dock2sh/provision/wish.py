"""What is asked for besides the plan."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dock2sh.emit.carried import Carried


class Vendored(NamedTuple):
    """A base image that stands behind setup.sh: its name, the file here that has it (what `docker save | gzip` gives), its bytes,
    its SHA-256."""

    image: str
    path: str
    size: int
    sha256: str


class Wish(NamedTuple):
    """`url` is where machines that are made new will find setup.sh, `lock` what that carries of one, `vendored` the base images
    that stand behind it. `tools` are those of machines.TOOLS that get a file."""

    url: str = ""
    lock: "Carried | None" = None
    vendored: tuple[Vendored, ...] = ()
    tools: tuple[str, ...] = ()
