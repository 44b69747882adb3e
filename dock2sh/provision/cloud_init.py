"""cloud-init user-data: a machine that sets itself up at its first boot."""

import base64
import gzip
import hashlib
import json

from dock2sh import __version__
from dock2sh.provision.service import Service


def user_data(script: bytes, service: Service, url: str = "") -> str:
    """`#cloud-config`: setup.sh, gzipped and in base64, and the command that runs it.

    With `url` the machine fetches it from there and compares its digest. A step that fails makes cloud-init's status `error`; the
    script can be run again by hand.
    """
    path = f"/var/lib/cloud/dock2sh/{service.name}-setup.sh"
    first = f"""\
#cloud-config
# Made by dock2sh {__version__}: sets up {service.name} at the first boot. Afterwards: cloud-init status; sh {path} --status

"""
    if url:
        fetch = _fetch(url, path, hashlib.sha256(script).hexdigest())
        return f"{first}runcmd:\n  - [sh, -c, {json.dumps(fetch)}]\n"
    text = base64.encodebytes(gzip.compress(script, 9, mtime=0)).decode()
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return f"""\
{first}write_files:
  - path: {path}
    permissions: "0700"
    encoding: gz+b64
    content: |
{lines}
runcmd:
  - [sh, {path}, --yes]
"""


def _fetch(url: str, path: str, digest: str) -> str:
    """The command that fetches the script, compares it, and runs it."""
    from dock2sh.emit.quoting import quote

    address = quote(url)
    return (
        f"set -e; umask 077; mkdir -p {path.rpartition('/')[0]}; "
        f"curl -fsSL -o {path} {address} || wget -qO {path} {address}; "
        f"echo '{digest}  {path}' | sha256sum -c -; exec sh {path} --yes"
    )
