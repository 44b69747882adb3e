"""Masks of what OpenLDAP's slapd keeps. Like those of masks.py each takes all of a file and gives the rest."""

import re
from base64 import b64decode
from binascii import Error

_STAMPS = re.compile(rb"(?m)^((?:entryUUID|createTimestamp|modifyTimestamp|entryCSN|contextCSN): ).+$")
_PASSWORDS = re.compile(rb"(?m)^((?:olcRootPW|userPassword):: )([A-Za-z0-9+/=]+)$")
_UUID = re.compile(rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\0(.{16})\0", re.DOTALL)
_TIME = re.compile(rb"\d{14}(?:\.\d{6})?Z(?=#|\0)")


def ldif(content: bytes) -> bytes:
    """A file of slapd.d: when an entry was made and its number, the sum over that, the salt and hash of a password."""
    return _PASSWORDS.sub(_scheme, _STAMPS.sub(rb"\1(new)", re.sub(rb"(?m)^# CRC32 [0-9a-f]{8}$", b"# CRC32 (sum)", content)))


def _scheme(found: re.Match[bytes]) -> bytes:
    """A password that is hashed with a salt: how it is hashed stays."""
    try:
        hashed = re.match(rb"\{(SSHA\w*|CRYPT|ARGON2|PBKDF2\S*)\}", b64decode(found[2], validate=True))
    except Error:
        return found[0]
    return found[1] + hashed[0] if hashed else found[0]


def database(content: bytes) -> bytes:
    """data.mdb: of each entry its UUID, as text and in 16 bytes, and the times in its attributes."""
    return _TIME.sub(b"(time)", _UUID.sub(_number, content))


def _number(found: re.Match[bytes]) -> bytes:
    return b"(uuid)" if bytes.fromhex(found[1].decode().replace("-", "")) == found[2] else found[0]
