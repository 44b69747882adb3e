"""Archives that are damaged or mean harm: each ends in an ImageError, soon, with little memory, and nothing half."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import random
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dock2sh.images import ImageError, InvalidReference
from dock2sh.images.bring import Wish, bring
from dock2sh.images.exchange import load
from dock2sh.images.layers import apply_layer, size_of_files
from dock2sh.images.sources import open_source
from dock2sh.images.store import Store, open_store

pytestmark = pytest.mark.root

KINDS = [*[tarfile.REGTYPE] * 5, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"V"]
NAMES = ["a", "b", "d/c", "d", "d/.wh.x", ".wh..wh..opq", "etc/passwd", "x" * 120, "é" * 60, ".wh.a"]
KEYS = [
    "SCHILY.xattr.user.x",
    "GNU.sparse.map",
    "GNU.sparse.size",
    "GNU.sparse.major",
    "size",
    "mtime",
    "uid",
    "path",
    "linkpath",
]
VALUES = ["1", "x", "-1", "1e400", "nan", "0,5", "9" * 20, "1\n2", "../x", "inf"]
JSON: list[Any] = [None, 1, -1, "x", [], {}, "sha256:" + "0" * 64, "sha256:../../etc", 1e99, True, ["a"], "\ud800", "a\0b"]
PACKERS: list[Callable[[bytes], bytes]] = [bytes, bytes, gzip.compress, bz2.compress, lzma.compress]


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, **fields: bytes) -> bytes:
    """A header; `fields` are bytes at an offset, as in `_124=b"..."`."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    data = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    for place, value in fields.items():
        data[int(place[1:]) : int(place[1:]) + len(value)] = value
    return summed(data)


def summed(data: bytearray) -> bytes:
    """The header, with the right checksum."""
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


HOLES = b"00000000001\0" * 42 + b"\1" + bytes(7)
END = bytes(1024)
SPARSE = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n20 GNU.sparse.name=f\n"


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (member("a") + b"x" * 512 + member("b") + END, "damaged: .* at byte 512"),
        (member("a") + member("b")[:100], "damaged: truncated header at byte 512"),
        (member("a", 1000) + b"x" * 600, "unexpected end"),
        # a tarfile that is patched (Debian's) says the second, before we look
        (member("a", _124=b"\xff" * 12) + END, "a size that is none|invalid offset"),
        (member("a", 1 << 40) + b"x" * 1000, "unexpected end"),
        (member("a", kind=b"S", _482=b"\1") + HOLES * 20_000, "a header of more than 8 MiB|invalid header"),
        (member("x", len(SPARSE), b"x") + SPARSE.ljust(512, b"\0") + member("f", 9 << 20) + b"9000000\n" + b"1\n" * (5 << 20),
         "a header of more than 8 MiB|invalid header"),
        (member("././@LongLink", 1 << 30, b"L") + bytes(1 << 20), "a header of more than 8 MiB|invalid header"),
        (member("x", 1 << 30, b"x") + bytes(1 << 20), "a header of more than 8 MiB|invalid header"),
        (member("././@LongLink", 1 << 20, b"L") + b"n" * (1 << 20) + member("x") + END, r"name too long: '.{,300}$"),
    ],
)  # fmt: skip
def test_a_tar_that_is_not_what_it_says(archive: bytes, words: str, tmp_path: Path) -> None:
    """A damaged header is not the end of the archive: half a root file system would be taken for a whole one."""
    (root := tmp_path / "root").mkdir()
    with pytest.raises(ImageError, match=words):
        apply_layer(io.BytesIO(archive), str(root))
    if b"LongLink" not in archive[:512] or len(archive) < 1 << 21:
        (tmp_path / "t.tar").write_bytes(archive)
    assert sorted(os.listdir(tmp_path)) in (["root"], ["root", "t.tar"])


@pytest.mark.parametrize("kind", [b"x", b"L"])
def test_a_header_without_end_is_refused_by_who_asks_what_it_is(kind: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.tar").write_bytes(member("x", 1 << 30, kind) + bytes(1 << 20))
    with pytest.raises(ImageError, match=r"a header of more than 8 MiB|invalid header"):
        open_source(str(tmp_path / "t.tar"), "t", "")


@pytest.mark.parametrize("pack", PACKERS[2:])
def test_a_broken_compression_is_said(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    data = bytearray(pack(member("a", 100_000) + random.Random(1).randbytes(100_352) + END))
    data[50_000:50_100] = bytes(100)
    (tmp_path / "t.tar").write_bytes(data)
    with pytest.raises(ImageError, match=r"cannot be decompressed|damaged|unexpected end"):
        bring("t", {"t": str(tmp_path / "t.tar")}, "", Wish(store=open_store(str(tmp_path / "store"))))


def test_members_are_not_kept(tmp_path: Path) -> None:
    """tarfile's own iterator keeps 1.5 KB of each."""
    import tracemalloc

    archive = b"".join(member(f"f{number}") for number in range(30_000)) + END
    tracemalloc.start()
    assert size_of_files(io.BytesIO(archive)) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


class Damage:
    """Archives made by chance, and then damaged."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def tar(self) -> bytes:
        chance, out = self.chance, io.BytesIO()
        form = chance.choice([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
        with tarfile.open(fileobj=out, mode="w", format=form) as tar:
            for _ in range(chance.randint(1, 9)):
                info = tarfile.TarInfo(chance.choice(NAMES))
                info.type, info.uid = chance.choice(KINDS), chance.choice([0, 7, 1 << 20])
                info.linkname = chance.choice(["a", "../../../etc", "/etc/passwd", "d/c"])
                if form == tarfile.PAX_FORMAT and chance.random() < 0.5:
                    info.pax_headers = {chance.choice(KEYS): chance.choice(VALUES)}
                info.size = chance.choice([0, 3, 700]) if info.isreg() else 0
                tar.addfile(info, io.BytesIO(bytes(info.size)))
        return self.damaged(out.getvalue())

    def damaged(self, data: bytes) -> bytes:
        changed, chance = bytearray(data), self.chance
        for _ in range(chance.choice([0, 0, 1, 2, 5])):
            at = chance.randrange(len(changed))
            match chance.randrange(4):
                case 0:
                    changed[at] = chance.randrange(256)
                case 1:
                    del changed[at : at + chance.choice([1, 512, 5000])]
                case 2:
                    changed[at:at] = chance.randbytes(chance.choice([1, 512]))
                case _:
                    self.field(changed, at - at % 512)
            if not changed:
                return b""
        return bytes(changed)

    def field(self, data: bytearray, at: int) -> None:
        place, size = self.chance.choice([(100, 8), (108, 8), (124, 12), (136, 12), (156, 1), (157, 100), (345, 155), (386, 24)])
        value = self.chance.choice([b"7" * size, b"\xff" * size, b"\0" * size, self.chance.randbytes(size)])
        if len(head := data[at : at + 512]) == 512:
            head[place : place + size] = value
            data[at : at + 512] = summed(head)

    def json(self, value: Any) -> bytes:
        return json.dumps(self.twisted(value) if self.chance.random() < 0.3 else value).encode()

    def twisted(self, value: Any) -> Any:
        if self.chance.random() < 0.12:
            return self.chance.choice(JSON)
        if isinstance(value, dict):
            return {key: self.twisted(one) for key, one in value.items()}
        return [self.twisted(one) for one in value] if isinstance(value, list) else value

    def image(self) -> Iterator[tuple[str, bytes]]:
        """The files of an OCI layout that is a docker archive, too."""
        tars = [self.tar() for _ in range(self.chance.randint(1, 3))]
        packed = [self.chance.choice(PACKERS)(tar) for tar in tars]
        container = {"Env": ["A=b"], "Cmd": ["x"], "Labels": {"a": "b"}}
        config = self.json({"os": "linux", "config": container, "rootfs": {"diff_ids": [digest(tar) for tar in tars]}})
        about = {"config": described(config), "layers": [described(blob) for blob in packed]}
        manifest = self.json(about)
        for blob in (*packed, config, manifest):
            yield name(blob), blob
        yield "index.json", self.json({"manifests": [described(manifest)]})
        if self.chance.random() < 0.5:
            told = {"Config": name(config), "RepoTags": ["t:latest"], "Layers": [name(blob) for blob in packed]}
            yield "manifest.json", self.json([told])


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def described(data: bytes) -> dict[str, Any]:
    return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(data), "size": len(data)}


def name(data: bytes) -> str:
    return "blobs/" + digest(data).replace(":", "/")


def archive(files: Iterator[tuple[str, bytes]]) -> bytes:
    blocks = [member(name, len(data)) + data + bytes(-len(data) % 512) for name, data in files]
    return b"".join(blocks) + END


def taken(store: Store, path: str, whole: bool) -> None:
    images = [image for image, _ in load(store, path)] if whole else [bring("t", {"t": path}, "", Wish(store=store))]
    with store.busy():
        for layer in (layer for image in images for layer in image.layers):
            store.directory(layer)
            store.content_size(layer)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_wrong_with_it_is_said(seed: int, tmp_path: Path) -> None:
    """Three sources of a seed, as a root file system, an image, and for `load`."""
    damage = Damage(seed)
    for number in range(3):
        (place := tmp_path / str(number)).mkdir()
        whole = number > 0
        data = damage.damaged(archive(damage.image())) if whole else damage.tar()
        (place / "t.tar").write_bytes(damage.chance.choice(PACKERS)(data))
        store = open_store(str(place / "store"))
        with suppress(ImageError, InvalidReference):
            taken(store, str(place / "t.tar"), number == 2)
        temporary = place / "store/temporary"
        assert not temporary.exists() or os.listdir(temporary) == []
        assert set(os.listdir(place)) <= {"t.tar", "store"}
    assert sorted(os.listdir(tmp_path)) == ["0", "1", "2"]
