"""ADD: archives and URLs (repositories: test_add_git.py). Every expectation was measured on docker's BuildKit."""

import hashlib
import http.server
import io
import itertools
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from copying import put, refused, sh
from workshop import Workshop

pytestmark = pytest.mark.root
TYPES = {"d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "p": tarfile.FIFOTYPE}


def pack(path: Path, *members: str) -> None:
    """An archive of `NAME`, `NAME MODE`, `NAME MODE TYPE LINK`, all 7:8 and of 2015; a name is its file's content."""
    with tarfile.open(path, "w") as tar:
        for member in members:
            name, mode, kind, link = (member.split() + ["644", "f", ""][member.count(" ") :] + [""])[:4]
            info = tarfile.TarInfo(name)
            info.uid, info.gid, info.mtime, info.mode = 7, 8, 1450000000, int(mode, 8)
            info.type, info.linkname = TYPES.get(kind, tarfile.REGTYPE), link
            data = name.encode() if kind == "f" else b""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


X = "x f 644 7:8 1450000000"
# (in the root before, the members, the words, what is below /w)
LANDS = [
    ("", ["x"], "add a.tar /w", [". d 755 0:0", X]),
    ("", ["./ 700 d", "./x"], "add a.tar /w", [". d 755 0:0", X]),
    ("", ["/y/x"], "add a.tar /w", [". d 755 0:0", "y d 755 0:0", "y/x f 644 7:8 1450000000"]),
    ("", ["x", "h 640 h x"], "add a.tar /w", [". d 755 0:0", "h f 640 7:8 1450000000 =h", "x f 640 7:8 1450000000 =h"]),
    ("", ["x 4755", "p 600 p", "s 777 l /etc/x", "d 3777 d"], "add a.tar /w",
     [". d 755 0:0", "d d 3777 7:8", "p p 600 7:8 1450000000", "s l 777 7:8 -> /etc/x", "x f 4755 7:8 1450000000"]),
    ("", ["d/x", "y 4755"], "add --chown=3:4 --chmod=0600 a.tar /w/n",
     [". d 755 3:4", "n d 755 3:4", "n/d d 755 0:0", "n/d/x f 644 3:4 1450000000", "n/y f 4755 3:4 1450000000"]),
    ("mkdir -p w/d; chmod 711 w/d; echo >w/d/o", ["d/x"], "add a.tar /w",
     [". d 755 0:0", "d d 711 0:0", "d/o f 644 0:0", "d/x f 644 7:8 1450000000"]),
    ("mkdir -p w/d", ["d 700 d", "d/x"], "add a.tar /w", [". d 755 0:0", "d d 700 7:8", "d/x f 644 7:8 1450000000"]),
    ("mkdir -p w/x/y", ["x"], "add a.tar /w", [". d 755 0:0", X]),
    ("mkdir w; echo >w/x", ["x 700 d", "x/y"], "add a.tar /w", [". d 755 0:0", "x d 700 7:8", "x/y f 644 7:8 1450000000"]),
    ("mkdir -p w/u; ln -s /u w/l", ["l/x"], "add a.tar /w",
     [". d 755 0:0", "l l 777 0:0 -> /u", "u d 755 0:0", "u/x f 644 7:8 1450000000"]),
    ("mkdir -p w/u; ln -s u w/l", ["l 700 d", "l/x"], "add a.tar /w",
     [". d 755 0:0", "l d 700 7:8", "l/x f 644 7:8 1450000000", "u d 755 0:0"]),
    ("", ["x"], "add --unpack=false a.tar /w/", [". d 755 0:0", "a.tar f 644 0:0"]),
    ("", ["x"], "copy a.tar /w/", [". d 755 0:0", "a.tar f 644 0:0"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "members", "words", "lands"), LANDS, ids=[f"{b} {m} {w}" for b, m, w, _ in LANDS])
def test_archives(workshop: Workshop, before: str, members: list[str], words: str, lands: list[str]) -> None:
    workshop.busybox()
    sh(workshop.root, "umask 022", before)
    pack(workshop.context / "a.tar", *members)
    assert put(workshop, words) == lands


# what tar would do otherwise than docker is done member by member
STRANGE = [
    ("", ["a/../x"], [". d 755 0:0", X]),
    ("", [". 600", "x"], [". d 755 0:0", X]),
    ("", ["a 700 d", "a/x", "a"], [". d 755 0:0", "a f 644 7:8 1450000000"]),
    ("", ["l 777 l t", "l 711 d", "l/x"], [". d 755 0:0", "l d 711 7:8", "l/x f 644 7:8 1450000000"]),
    ("", ["t 755 d", "l 777 l /t", "l/d/x"],
     [". d 755 0:0", "l l 777 7:8 -> /t", "t d 755 7:8", "t/d d 755 0:0", "t/d/x f 644 7:8 1450000000"]),
    ("", ["l 777 l no", "l/x"], [". d 755 0:0", "l l 777 7:8 -> no", "no d 755 0:0", "no/x f 644 7:8 1450000000"]),
    ("", ["x", "s 777 l x", "h 644 h s"],
     [". d 755 0:0", "h l 777 7:8 -> x", "s l 777 7:8 -> x", X]),
    ("mkdir w; echo >w/x", ["h 640 h x"], [". d 755 0:0", "h f 640 7:8 1450000000 =h", "x f 640 7:8 1450000000 =h"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "members", "lands"), STRANGE, ids=[f"{b} {m}" for b, m, _ in STRANGE])
def test_strange_archives(workshop: Workshop, before: str, members: list[str], lands: list[str]) -> None:
    workshop.busybox()
    sh(workshop.root, "umask 022", before)
    pack(workshop.context / "a.tar", *members)
    assert put(workshop, "add a.tar /w") == lands


def test_owners_with_names(workshop: Workshop) -> None:
    """busybox's tar tells the names of owners, which mean nothing here."""
    workshop.busybox()
    with tarfile.open(workshop.context / "a.tar", "w") as tar:
        for name, kind in (("x", tarfile.REGTYPE), ("l", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = kind, "x" if name == "l" else "", 1450000000
            info.uid, info.gid, info.uname, info.gname = 7, 8, "root", "daemon"
            tar.addfile(info)
    words = "add a.tar /w"
    assert put(workshop, words) == [". d 755 0:0", "l l 777 7:8 -> x", X]


@pytest.mark.parametrize("tool", ["gzip", "bzip2", "xz", "zstd"])
def test_compressed(workshop: Workshop, tool: str) -> None:
    workshop.busybox()
    pack(workshop.context / "a.tar", "x")
    (workshop.context / "text").write_text("no archive")
    sh(workshop.context, f"{tool} -c <a.tar >any.name", f"{tool} -c <text >text.tar.gz", ": >empty.tar")
    lands = put(workshop, "add any.name /w", "add text.tar.gz empty.tar /w/")
    assert lands == [". d 755 0:0", "empty.tar f 644 0:0", "text.tar.gz f 644 0:0", X]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (["../x"], "invalid entry name"),
        (["a/../../x"], "invalid entry name"),
        (["h 644 h ../x"], "invalid hardlink target"),
        (["h 644 h /etc/passwd"], "the hard link"),
        (["l 777 l ..", "l/x"], "l"),
    ],
)
def test_bad_archives(workshop: Workshop, members: list[str], message: str) -> None:
    workshop.busybox()
    pack(workshop.context / "a.tar", *members)
    assert message in refused(workshop, "add a.tar /w")
    assert not list((workshop.root / "tmp").iterdir())


def test_a_missing_decompressor_is_named(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.context / "a").write_bytes(bytes.fromhex("28b52ffd") + b"rest")
    tools = workshop.home / "tools"
    tools.mkdir()
    for tool in [
        "sh",
        "awk",
        "fold",
        "od",
        "find",
        "stat",
        "tar",
        "tr",
        "cat",
        "readlink",
        "rm",
        "mkdir",
        "mktemp",
        "id",
        "env",
        "flock",
        "mv",
        "sed",
        "ls",
        "uname",
        "chmod",
        "setpriv",
        "unshare",
        "sync",
    ]:
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    said = refused(workshop, f"PATH={tools}; add a /w", status=3)
    assert "missing: zstd" in said.replace("\x1b", "")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if "missing" in self.path or self.path == "/up" else 302 if "moved" in self.path else 200)
        if "moved" in self.path:
            self.send_header("Location", "/missing/../dated/else" if "dotted" in self.path else "/dated/else")
        if "dated" in self.path:
            self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


DIGEST = hashlib.sha256(b"hello\n").hexdigest()


@pytest.mark.parametrize(
    ("words", "lands"),
    [
        ("/dated/f.txt?a=b/c /w/", [". d 755 0:0", "f.txt f 600 0:0 1445412480"]),
        ("/f /w", [". f 600 0:0 0"]),
        ("/ /w/", [". d 755 0:0", "__unnamed__ f 600 0:0 0"]),
        # docker takes what such a name says: the directory that the file is in
        ("--chown=3:4 --chmod=750 /dated/%2e%2e /w", [". d 750 3:4", "download f 750 3:4 1445412480"]),
        ("/dated/%2e /w", [". f 600 0:0 1445412480"]),
        ("/a%20b/ /w/", [". d 755 0:0", "a b f 600 0:0 0"]),
        ("/moved /w/", [". d 755 0:0", "moved f 600 0:0 1445412480"]),
        ("--chown=3:4 --chmod=u+x --checksum=sha256:" + DIGEST + " /f /w/", [". d 755 3:4", "f f 700 3:4 0"]),
    ],
)
def test_urls(workshop: Workshop, server: str, words: str, lands: list[str]) -> None:
    workshop.busybox()
    *flags, url, dest = words.split()
    assert put(workshop, " ".join(["add_url", *flags, f"'{server}{url}'", dest])) == lands


DOTTED = [
    ("/no/../../up /w/", [". d 755 0:0", "up f 600 0:0 0"]),
    ("/dated/.. /w/", [". d 755 0:0", "download f 600 0:0 1445412480"]),
    ("/a/../moved/./dotted /w/", [". d 755 0:0", "dotted f 600 0:0 1445412480"]),
]
# apt's downloader does not resolve the path of a redirection
DOWNLOADERS = [*itertools.product(["", "curl"], DOTTED), *(("curl python3", row) for row in DOTTED[:2])]


@pytest.mark.parametrize(("absent", "row"), DOWNLOADERS)
def test_a_path_is_asked_for_as_it_is_written(workshop: Workshop, server: str, absent: str, row: tuple[str, list[str]]) -> None:
    """docker asks for `..`, and resolves it only where it is redirected; curl and GNU wget resolve it always."""
    words, lands = row
    workshop.busybox()
    tools = without(absent.split(), workshop.home / "tools")
    assert put(workshop, f"PATH={tools}; add_url {server}{words}") == lands


def test_nothing_of_the_context_is_run(workshop: Workshop, server: str) -> None:
    """Python would import what lies where it is called."""
    (workshop.context / "email").mkdir()
    (workshop.context / "email/__init__.py").write_text("raise SystemExit('of the context')\n")
    workshop.busybox()
    tools = without(["curl", "wget"], workshop.home / "tools")
    assert put(workshop, f"PATH={tools}; add_url {server}/dated/f /w") == [". f 600 0:0 1445412480"]


def without(absent: list[str], tools: Path) -> Path:
    """A directory of this machine's programs but for some."""
    tools.mkdir()
    for folder in os.environ["PATH"].split(":"):
        for program in Path(folder).glob("*"):
            if program.name not in absent and not os.path.lexists(tools / program.name):
                (tools / program.name).symlink_to(program)
    return tools


def test_urls_that_fail(workshop: Workshop, server: str) -> None:
    workshop.busybox()
    assert "invalid response status 404" in refused(workshop, f"add_url {server}/missing /w")
    wrong = "sha256:" + "0" * 64
    assert f"digest mismatch sha256:{DIGEST}: {wrong}" in refused(workshop, f"add_url --checksum={wrong} {server}/f /w")
    other = "sha512:" + hashlib.sha512(b"hello\n").hexdigest()  # it is right, and docker never says so
    assert f"digest mismatch sha256:{DIGEST}: {other}" in refused(workshop, f"add_url --checksum={other} {server}/f /w")
    assert not (workshop.root / "w").exists()
