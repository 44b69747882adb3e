"""ADD of archives that no tar writes: headers byte by byte, what is behind the last one. Docker's BuildKit was asked of all."""

import os

import pytest
from copying import put, refused
from workshop import Workshop

pytestmark = pytest.mark.root
END = bytes(1024)
USTAR, GNU = b"ustar\00000", b"ustar  \0"


def header(name: str | bytes, kind: bytes = b"0", size: int = 0, magic: bytes = USTAR, **fields: bytes) -> bytes:
    """A block: mode 0644, 7:8, of 2015. `fields`: raw bytes of link, size_field, prefix."""
    block = bytearray(512)

    def put_in(at: int, value: bytes) -> None:
        block[at : at + len(value)] = value

    put_in(0, name if isinstance(name, bytes) else name.encode())
    for at, number in ((100, 0o755 if kind == b"5" else 0o644), (108, 7), (116, 8), (329, 0), (337, 0)):
        put_in(at, b"%07o" % number)
    put_in(124, fields.get("size_field", b"%011o" % size))
    put_in(136, b"%011o" % 1450000000)
    put_in(148, b" " * 8)
    put_in(156, kind + fields.get("link", b""))
    put_in(257, magic)
    put_in(345, fields.get("prefix", b""))
    put_in(148, b"%06o\0" % sum(block))
    return bytes(block)


def member(name: str | bytes, content: bytes = b"", kind: bytes = b"0", magic: bytes = USTAR, **fields: bytes) -> bytes:
    return header(name, kind, len(content), magic, **fields) + content + bytes(-len(content) % 512)


def told(kind: bytes = b"x", **records: bytes) -> bytes:
    """An extended header; `__` in a key is a dot."""
    lines = b""
    for key, value in records.items():
        rest = b" " + key.replace("__", ".").encode() + b"=" + value + b"\n"
        size = next(size for size in range(len(rest) + 1, len(rest) + 9) if size == len(str(size)) + len(rest))
        lines += str(size).encode() + rest
    return member("told", lines, kind)


X, Y = member("x", b"xx"), member("y", b"yy")
UP, HERE = ". d 755 0:0", "x f 644 7:8 1450000000"
THERE = "y f 644 7:8 1450000000"
FILE = "{} f 644 7:8 1450000000"
LANDS = {
    "a file whose name ends with a slash": (
        [member("e/", b"content"), member("d", kind=b"5"), member("d/e/", b"more"), member("d//f//", b"f"), END],
        ["d d 755 7:8", *(FILE.format(name) for name in ("d/e", "d/f", "e"))],
    ),
    "and has no other": ([member("/", b"content"), END], []),
    "of the old type it is a directory": ([header("e/", b"\0"), X, END], ["e d 644 7:8", HERE]),
    "a directory with a size": ([header("d", b"5", 600), X, END], ["d d 755 7:8", HERE]),
    "links with a size": (
        [X, header("l", b"1", 600, link=b"x"), header("s", b"2", 600, link=b"x"), END],
        ["l f 644 7:8 1450000000 =l", "s l 777 7:8 -> x", HERE + " =l"],
    ),
    "no last padding": ([X, Y[:514]], [HERE, THERE]),
    "no end": ([X], [HERE]),
    "half an end": ([X, bytes(512)], [HERE]),
    "more behind the end": ([X, END, Y], [HERE]),
    "a global header": ([X, told(b"g", mtime=b"1400000000", path=b"nope"), Y, END], [HERE, THERE]),
    "a global header in front": ([told(b"g", uid=b"77"), X, told(path=b"z"), Y, END], [HERE, FILE.format("z")]),
    "a comment in front": ([told(b"g", comment=b"1234"), X, END], [HERE]),
    "a name, owners and a time of an extended header": (
        [told(path=b"p" * 120, uid=b"3000000", gid=b"12", mtime=b"1300000000.75"), X, Y, END],
        ["p" * 120 + " f 644 3000000:12 1300000000", THERE],
    ),
    "a record without a value": ([told(path=b"", mtime=b""), X, END], [HERE]),
    "long names of GNU's": (
        [member("L", b"q" * 130 + b"\0", b"L", GNU), member("q", b"y", magic=GNU), member("K", b"k" * 130 + b"\0", b"K", GNU),
         member("s", kind=b"2", magic=GNU, link=b"k"), END],
        [FILE.format("q" * 130), "s l 777 7:8 -> " + "k" * 130],
    ),
    "the oldest format": (
        [member("x", b"xx", b"\0", bytes(8)), member("l", kind=b"1", magic=bytes(8), link=b"x"), END],
        ["l f 644 7:8 1450000000 =l", HERE + " =l"],
    ),
    "a prefix": ([member("x", b"xx", prefix=b"some"), END], ["some d 755 0:0", "some/x f 644 7:8 1450000000"]),
    "a size that is no octal number": ([header("x", size_field=b"\x80" + bytes(10) + b"\3") + b"abc" + bytes(509), END], [HERE]),
    "times that are none": (
        [told(mtime=b"-5.5"), X, told(mtime=b"99999999999"), Y, END], ["x f 644 7:8 0", "y f 644 7:8 0"],
    ),
    "names of any bytes": (
        [member(b"\xfe\xff\xe4", b"l"), member("-rf", b"n"), member('b\\c "d', b"n"), END],
        ["-rf f 644 7:8 1450000000", 'b\\c "d f 644 7:8 1450000000', "\udcfe\udcff\udce4 f 644 7:8 1450000000"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LANDS)
def test_as_docker_reads_it(workshop: Workshop, what: str) -> None:
    workshop.busybox()
    blocks, lands = LANDS[what]
    (workshop.context / "a.tar").write_bytes(b"".join(blocks))
    assert put(workshop, "add a.tar /w") == [UP, *lands]


REFUSED = {
    "a lone block of zeros": ([X, bytes(512), Y, END], "archive/tar: invalid tar header"),
    "an end in the middle of a content": ([X, Y[:513]], "unexpected EOF"),
    "an end in the middle of a header": ([X, Y[:300]], "unexpected EOF"),
    "an end in the middle of the end": ([X, bytes(700)], "unexpected EOF"),
    "a wrong sum": ([X, b"y" + X[1:], END], "archive/tar: invalid tar header"),
    "a directory with a content": ([member("d", b"content", b"5"), X, END], "archive/tar: invalid tar header"),
    "a number that is none": ([X, header("y", size_field=b"12x45"), END], "archive/tar: invalid tar header"),
    "a record that is none": ([X, told(mtime=b"soon"), Y, END], "archive/tar: invalid tar header"),
    "a sparse file of GNU's own": ([X, member("s", b"xx", b"S", GNU), END], "unhandled tar header type 83"),
    "a contiguous file": ([X, member("c", kind=b"7"), END], "unhandled tar header type 55"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_as_docker_refuses_it(workshop: Workshop, what: str) -> None:
    workshop.busybox()
    blocks, message = REFUSED[what]
    (workshop.context / "a.tar").write_bytes(b"".join(blocks))
    assert message in refused(workshop, "add a.tar /w")


CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
SET = told(
    SCHILY__xattr__user__a=b"1\0\xff\n", SCHILY__xattr__security__selinux=b"u:r:t:s0\0", SCHILY__xattr__security__any=b"any",
    SCHILY__xattr__trusted__t=b"t", SCHILY__xattr__security__capability=CAPABILITY,
)  # fmt: skip
ATTRIBUTES = {
    "security.any": b"any", "security.capability": CAPABILITY, "security.selinux": b"u:r:t:s0\0", "trusted.t": b"t",
    "user.a": b"1\0\xff\n",
}  # fmt: skip


def found(path: str) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in sorted(os.listxattr(path))}


@pytest.fixture(params=["setfattr", "python3", "neither"])
def setter(request: pytest.FixtureRequest, workshop: Workshop) -> str:
    """What is there to set attributes with."""
    workshop.busybox()
    hidden = {"setfattr": "", "python3": "setfattr", "neither": "setfattr|python3"}[request.param]
    return f'tool() {{ case $1 in {hidden or "none"}) return 1 ;; esac; tool_find "$1" && printf "%s\\n" "$tool_found"; }}'


@pytest.mark.parametrize("name", ["x", "a/../x"])
def test_attributes_of_all_kinds(workshop: Workshop, setter: str, name: str) -> None:
    """By GNU tar; and by what can where it did not unpack them."""
    (workshop.context / "a.tar").write_bytes(SET + member(name, b"xx") + END)
    result = workshop.run(f"id=t total=1\nbuild() {{\n    {setter}\n    from x\n    step 1 x\n    add a.tar /w\n}}\n")
    assert result.returncode == 0, result.stderr
    lost = "python3" in setter and (name != "x" or "busybox" in workshop.shell)
    assert (f"attributes in /a.tar are lost ({' '.join(ATTRIBUTES)})" in result.stderr) == lost
    assert found(f"{workshop.root}/w/x") == ({} if lost else ATTRIBUTES)


def test_attributes_of_a_link_are_those_of_what_it_means(workshop: Workshop) -> None:
    workshop.busybox()
    link = told(SCHILY__xattr__trusted__t=b"l") + member("l", kind=b"2", link=b"x")
    (workshop.context / "a.tar").write_bytes(SET + X + link + END)
    assert put(workshop, "add a.tar /w") == [UP, "l l 777 7:8 -> x", HERE]
    assert found(f"{workshop.root}/w/x") == {**ATTRIBUTES, "trusted.t": b"l"}


def test_attributes_are_copied_out_of_a_stage(workshop: Workshop) -> None:
    """By GNU tar. Busybox's cpio cannot."""
    workshop.busybox()
    (workshop.context / "a.tar").write_bytes(SET + X + END)
    words = ["stage a scratch", "step 1 x", "add a.tar /", "from x", "step 2 x", "copy --from=a x /w/"]
    result = workshop.run("id=t total=2 stages='a\n1 a'\nbuild() {\n    " + "\n    ".join(words) + "\n}\n")
    assert result.returncode == 0, result.stderr
    assert found(f"{workshop.root}/w/x") == ({} if "busybox" in workshop.shell else ATTRIBUTES)
