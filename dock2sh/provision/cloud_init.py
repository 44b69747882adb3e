"""cloud-init user-data: a machine that sets itself up at its first boot."""

import base64
import gzip
import json
from typing import NamedTuple

from dock2sh import __version__
from dock2sh.provision.names import Service


class Sent(NamedTuple):
    """How setup.sh reaches a machine that is made: as it is in `script`, or from `url`, and then its SHA-256 is `digest`."""

    service: Service
    script: bytes = b""
    url: str = ""
    digest: str = ""

    @property
    def path(self) -> str:
        """Where it comes to lie there."""
        return f"/var/lib/cloud/dock2sh/{self.service.name}-setup.sh"


def user_data(sent: Sent) -> str:
    """`#cloud-config`: setup.sh and the command that runs it, or the command that fetches, compares and runs it.

    A step that fails makes cloud-init's status `error`; the script can be run again by hand.
    """
    first = f"""\
#cloud-config
# Made by dock2sh {__version__}: sets up {sent.service.name} at the first boot.
# Afterwards: cloud-init status; sh {sent.path} --status

"""
    if sent.url:
        return f"{first}runcmd:\n  - [sh, -c, {json.dumps('; '.join(_fetch(sent)))}]\n"
    lines = "".join(f"      {line}\n" for line in _packed(sent).splitlines())
    return f"""\
{first}write_files:
  - path: {sent.path}
    permissions: "0700"
    encoding: gz+b64
    content: |
{lines}
runcmd:
  - [sh, {sent.path}, --yes]
"""


def shell_text(sent: Sent) -> str:
    """The same as a script of its own, for tools that run one on a new machine."""
    if sent.url:
        return "\n".join(["#!/bin/sh", *_fetch(sent), ""])
    folder = sent.path.rpartition("/")[0]
    return f"""\
#!/bin/sh
set -e
umask 077
mkdir -p {folder}
base64 -d <<'SETUP' | gzip -dc >{sent.path}
{_packed(sent)}SETUP
exec sh {sent.path} --yes
"""


def _packed(sent: Sent) -> str:
    return base64.encodebytes(gzip.compress(sent.script, 9, mtime=0)).decode()


def _fetch(sent: Sent) -> list[str]:
    """The commands that fetch the script, compare it, and run it."""
    from dock2sh.emit.quoting import quote

    address = quote(sent.url)
    return [
        "set -e",
        "umask 077",
        f"mkdir -p {sent.path.rpartition('/')[0]}",
        f"curl -fsSL -o {sent.path} {address} || wget -qO {sent.path} {address}",
        f"echo '{sent.digest}  {sent.path}' | sha256sum -c -",
        f"exec sh {sent.path} --yes",
    ]
