"""What two builds by docker itself do not have in common: rows of data, each with its reason and its witness.

A row masks what is known to vary and compares the rest: no path is ignored. Measured by building the same Dockerfile twice
with docker, minutes apart (apt-get install python3 python3-pip openssh-server systemd; pip install flask).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

_TIMES = re.compile(
    rb"\d{4}-\d\d-\d\d[ T]+\d\d:\d\d:\d\d"  # dpkg.log, apt's
    rb"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d [A-Z]+ \d{4}"
)


class Noise(NamedTuple):
    """Files whose path matches `pattern` (whole) are equal if they are equal after `mask`."""

    code: str
    pattern: str
    mask: Callable[[bytes], bytes]
    reason: str
    witness: str


def _pyc(content: bytes) -> bytes:
    """PEP 552: bytes 4 to 8 are flags; 0 says that 8 to 12 are the source's mtime (a hash otherwise, which is no noise)."""
    return content[:8] + content[12:] if content[4:8] == bytes(4) else content


def _log(content: bytes) -> bytes:
    """Without times, and without the fingerprints that ssh-keygen prints of the keys that it makes."""
    return re.sub(rb"SHA256:[A-Za-z0-9+/]{43}", b"(fingerprint)", _TIMES.sub(b"(time)", content))


def _everything(content: bytes) -> bytes:
    return b""


def _shadow(content: bytes) -> bytes:
    """shadow(5): the third field counts the days from 1970 to the last change of the password."""
    return re.sub(rb"(?m)^([^:\n]*:[^:\n]*):\d*:", rb"\1::", content)


def _hexadecimal(content: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{32}", b"(id)", content)


def _key(content: bytes) -> bytes:
    """A key in OpenSSH's forms: what is around the base64 stays (type and comment)."""
    return re.sub(rb"[A-Za-z0-9+/=\n]{60,}", b"(key)", content)


ROWS = (
    Noise("pyc-mtime", r".*\.pyc", _pyc, "Python writes its source's mtime into compiled files", "apt-get install python3"),
    Noise(
        "install-log",
        r"/var/log/(dpkg|alternatives|bootstrap)\.log|/var/log/apt/(history|term)\.log",
        _log,
        "the installers' logs say when, and show the fingerprints of random keys",
        "apt-get install openssh-server",
    ),
    Noise(
        "ldconfig-aux",
        r"/var/cache/ldconfig/aux-cache",
        _everything,
        "ldconfig remembers devices, inodes and ctimes of the libraries",
        "apt-get install of a library",
    ),
    Noise("apt-cache", r"/var/cache/apt/(src)?pkgcache\.bin", _everything, "apt's binary cache holds times", "apt-get update"),
    Noise("machine-id", r"/etc/machine-id|/var/lib/dbus/machine-id", _hexadecimal, "a random number", "apt-get install systemd"),
    Noise("ssh-host-keys", r"/etc/ssh/ssh_host_\w+_key(\.pub)?", _key, "random keys", "apt-get install openssh-server"),
    Noise("shadow-day", r"/etc/shadow-?", _shadow, "the day of the last password change", "useradd on two days"),
)
