"""What is left of a file when that is taken away which two builds cannot have in common. Each mask takes all and gives the rest.

A mask that cannot read its file gives it back whole, so that nothing is excused by accident.
"""

import hashlib
import io
import re
import struct
import tarfile
from collections.abc import Callable

from .archives import archive

Mask = Callable[[bytes], bytes]
_TIMES = re.compile(
    rb"\d{4}-\d\d-\d\d[ T]+\d\d:\d\d:\d\d"  # dpkg.log, apt's
    rb"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d [A-Z]+ \d{4}"
)
_NPM_TIMES = re.compile(rb'"time":\d+|"(date|age|last-modified|expires)":"[^"]*"')
_SALTED = re.compile(rb"(?m)^([^:\n]*):(\$[^:$\n]+\$(?:[^:$\n]+\$)*?)[^:$\n]+\$[^:$\n]+:")


def pyc(content: bytes) -> bytes:
    """PEP 552: bytes 4 to 8 are flags; 0 says that 8 to 12 are the source's mtime (a hash otherwise, which is no noise)."""
    return content[:8] + content[12:] if content[4:8] == bytes(4) else content


def log(content: bytes) -> bytes:
    """Without times, and without the fingerprints that ssh-keygen prints of the keys that it makes."""
    return re.sub(rb"SHA256:[A-Za-z0-9+/]{43}", b"(fingerprint)", _TIMES.sub(b"(time)", content))


def everything(content: bytes) -> bytes:
    """For a cache that no program but its own can read."""
    return b""


def texts(content: bytes) -> bytes:
    """The texts of a binary file, in order, and its size: for what has times, sums and addresses all over it."""
    return b"\n".join([b"%d" % len(content), *re.findall(rb"[ -~\t\r\n]{6,}", content)])


def shadow(content: bytes) -> bytes:
    """shadow(5), crypt(5): the salt and the hash of a password (its method and cost stay), and the day of its last change."""
    return re.sub(rb"(?m)^([^:\n]*:[^:\n]*):\d*:", rb"\1::", _SALTED.sub(rb"\1:\2(salt and hash):", content))


def berkeley(content: bytes) -> bytes:
    """A hash or tree of Berkeley DB (db_page.h, DBMETA): the file's number, wherever a page has kept it; postalias's time."""
    if content[12:16] not in (b"\x61\x15\x06\0", b"\x62\x31\x05\0") or not any(content[52:72]):
        return content
    return re.sub(rb"\d+(?=\x01YP_LAST_MODIFIED)", b"(time)", content.replace(content[52:72], b"(uid)"))


def crontab(content: bytes) -> bytes:
    """crontab(1) writes on top of a table when it was installed."""
    return re.sub(rb"(?m)^(# \(.* installed on )\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\)$", rb"\1(time))", content)


def hexadecimal(content: bytes) -> bytes:
    """A number of 128 bits."""
    return re.sub(rb"[0-9a-f]{32}", b"(id)", content)


def key(content: bytes) -> bytes:
    """Keys and certificates in base64: what is around it stays (type and comment)."""
    return re.sub(rb"[A-Za-z0-9+/=\n]{60,}", b"(key)", content)


def ldconfig(content: bytes) -> bytes:
    """glibc, elf/cache.c: of each library its inode, ctime and device go; size, flags and soname stay, in any order."""
    magic, head, size = b"glibc-ld.so.auxcache-", struct.Struct("<24sII"), struct.Struct("<QQQQiII4x")
    try:
        name, count, length = head.unpack_from(content)
        start = head.size + count * size.size
        if not name.startswith(magic) or start + length != len(content):
            return content
        rows = [size.unpack_from(content, head.size + number * size.size) for number in range(count)]
        names = content[start:]
        return b"\n".join(sorted(b"%d %d %d " % (row[2], row[4], row[6]) + _string(names, row[5]) for row in rows))
    except struct.error:
        return content


def _string(table: bytes, at: int) -> bytes:
    return table[at:].split(b"\0", 1)[0]


def keystore(content: bytes) -> bytes:
    """Java's JKS: names and certificates, without the days on which they were added and the sum over all."""
    try:
        if content[:8] != b"\xfe\xed\xfe\xed\0\0\0\2":
            return content
        at, found = 12, []
        for _ in range(struct.unpack_from(">I", content, 8)[0]):
            if struct.unpack_from(">I", content, at)[0] != 2:  # a private key: nothing of it is noise
                return content
            name, at = _counted(content, at + 4, ">H")
            kind, at = _counted(content, at + 8, ">H")
            certificate, at = _counted(content, at, ">I")
            found.append(name + b" " + kind + b" " + hashlib.sha256(certificate).hexdigest().encode())
        return b"\n".join(sorted(found)) if at + 20 == len(content) else content
    except struct.error:
        return content


def _counted(content: bytes, at: int, form: str) -> tuple[bytes, int]:
    """A string behind its length, and where it ends."""
    length = struct.unpack_from(form, content, at)[0]
    start = at + struct.calcsize(form)
    return content[start : start + length], start + length


def fontconfig(content: bytes) -> bytes:
    """fccache.c: behind seven words of a cache stands the time of its directory, in seconds and nanoseconds."""
    return content[:48] + content[64:] if content[:2] == b"\x04\xfc" and len(content) > 64 else content


def git_index(content: bytes) -> bytes:
    """gitformat-index(5), versions 2 and 3: of each file its mode, object, flags and name, without what stat(2) says of it."""
    try:
        magic, version, count = struct.unpack_from(">4sII", content)
        if magic != b"DIRC" or version not in (2, 3):
            return content
        at, found = 12, [content[:12]]
        for _ in range(count):
            flags = struct.unpack_from(">H", content, at + 60)[0]
            start = at + 62 + 2 * bool(flags & 0x4000)
            end = content.index(b"\0", start)
            found.append(content[at + 24 : at + 28] + content[at + 40 : end])
            at += (end - at + 8) // 8 * 8
        return b"\n".join([*found, content[at:-20]])
    except (struct.error, ValueError):
        return content


def git_log(content: bytes) -> bytes:
    """A reflog without its times."""
    return re.sub(rb"> \d+ [+-]\d{4}\t", b"> (time)\t", content)


def npm_index(content: bytes) -> bytes:
    """cacache's index: times, those in the server's answers too, and the sum that stands before each line."""
    return re.sub(rb"(?m)^[0-9a-f]{40}\t", b"(sum)\t", _NPM_TIMES.sub(b"(time)", content))


def go_cache(content: bytes) -> bytes:
    """go's build cache: an action, what came of it, its size; and when it was last used, which is all that trim.txt has."""
    return re.sub(rb"\A(v1 [0-9a-f]{64} [0-9a-f]{64} +\d+ |) *\d{10,19}(\n?)\Z", rb"\1(time)\2", content)


def process(content: bytes) -> bytes:
    """The number of a process."""
    return re.sub(rb"\A *\d{1,7}(\n?)\Z", rb"(process)\1", content)


def gem(content: bytes) -> bytes:
    """RubyGems' archives: a tar of gzips, one of which has the sums of the others; a day stands in the description."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return b"\n".join(_of_gem(member, tar) for member in tar)
    except tarfile.TarError:
        return content


def _of_gem(member: tarfile.TarInfo, tar: tarfile.TarFile) -> bytes:
    file = tar.extractfile(member)
    inner = archive(file.read()) if file else b""
    if member.name == "checksums.yaml.gz":
        inner = hexadecimal(inner)
    elif member.name == "metadata.gz":
        inner = re.sub(rb"(?m)^date: \d{4}-\d\d-\d\d ", b"date: (day) ", inner)
    return repr((member.name, member.type, member.mode, hashlib.sha256(inner).hexdigest())).encode()


def gem_build(content: bytes) -> bytes:
    """Where RubyGems has compiled a gem's extension; in rdoc's form a string's length stands before it."""
    names = re.sub(rb"(\.gem\.|siteconf)\d{8}-\d+-[0-9a-z]+", rb"\1(random)", content)
    return re.sub(rb'".(site(?:arch|lib)dir = )', rb'"\1', names, flags=re.DOTALL) if content[:2] == b"\4\b" else names
