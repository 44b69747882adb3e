"""Each row of noise has a witness: what two builds by docker made of a file, minutes apart (noise/CODE/one and two, its path in
noise/CODE/path). A row excuses that, and nothing more; one that excuses nothing has no place."""

import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dock2sh.verify.calibrate import CODE, Shown, excused, learn
from dock2sh.verify.compare import Difference, Result, compare, masks_of, verdict
from dock2sh.verify.mariadb import definition
from dock2sh.verify.masks import archive
from dock2sh.verify.noise import NAMES, ROWS, Noise
from dock2sh.verify.snapshot import Entry

HERE = Path(__file__).parent / "noise"
FILE = Entry("f", 0o644, 0, 0, 1500000000, 3, "ab" * 32)

# what a real change of the second file looks like, which no row may excuse
CHANGED: dict[str, Callable[[bytes], bytes]] = {
    "pyc-mtime": lambda two: two[:-1] + b"X",
    "install-log": lambda two: two.replace(b"pager", b"parer"),
    "ldconfig-aux": lambda two: two.replace(b"libc.so.6", b"libc.so.7"),
    "machine-id": lambda two: b"uninitialized\n",
    "ssh-host-keys": lambda two: two.replace(b"ssh-ed25519", b"ssh-dss"),
    "snakeoil": lambda two: two.replace(b"CERTIFICATE", b"SOMETHING"),
    "slapd-config": lambda two: two.replace(b"olcDbMaxSize: 1073741824", b"olcDbMaxSize: 1073741825"),
    "slapd-database": lambda two: two.replace(b"cn=admin", b"cn=ada\0\0"),
    "shadow": lambda two: two.replace(b"ada:$y$j9T$", b"ada:$1$"),
    "berkeley-db": lambda two: two.replace(b"postmaster", b"postmistes"),
    "crontab": lambda two: two.replace(b"5 4 ", b"5 5 "),
    "java-keystore": lambda two: two[:200] + bytes([two[200] ^ 1]) + two[201:],
    "fontconfig": lambda two: two[:70] + b"X" + two[71:],
    "git-index": lambda two: two.replace(b"\1f\0", b"\1g\0"),
    "git-reflog": lambda two: two.replace(b"commit (initial)", b"clone"),
    "npm-index": lambda two: two.replace(b'integrity":"sha512-', b'integrity":"sha512-X'),
    "archive-times": lambda two: _other_zip(),
    "gem-archive": lambda two: _other_gem(two),
    "gem-build": lambda two: two.replace(b"n.c", b"m.c"),
    "go-cache": lambda two: two.replace(b" 2653 ", b" 2654 "),
    "mariadb-control": lambda two: two[:20] + b"\1" + two[21:],
    "mariadb-definition": lambda two: two[:-1] + b"X",
    "mariadb-tables": lambda two: two.replace(b"localhost", b"elsewhere"),
    "pid-file": lambda two: b"none\n",
    "postgres-control": lambda two: two[:16] + b"\1" + two[17:],  # its state
    "postgres-lock": lambda two: two.replace(b"5432", b"5433"),
    "postgres-log": lambda two: two.replace(b"is ready", b"is not ready"),
    "postgres-relations": lambda two: two[:-1] + bytes([two[-1] ^ 1]),
    "postgres-statistics": lambda two: b"\xa8" + two[1:],
    "pdf-dates": lambda two: two.replace(b"/Producer", b"/Producee"),
    "tex-dvi": lambda two: two.replace(b"Hello", b"Hallo"),
    "tex-format": lambda two: two[:1000],
    "tex-log": lambda two: two.replace(b"(INITEX)", b"").replace(b"Output written", b"No output"),
    "tex-ls-R": lambda two: two.replace(b"updmap.log", b"updmap.lag"),
    "postgres-wal": lambda two: two[:57] + bytes([two[57] ^ 1]) + two[58:],  # what the first record is a record of
}


def _other_gem(two: bytes) -> bytes:
    """The archive with other data in it, whatever the sums say."""
    import gzip

    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(two)) as old, tarfile.open(fileobj=made, mode="w") as new:
        for member in old:
            file = old.extractfile(member)
            data = gzip.compress(b"other") if member.name == "data.tar.gz" else file.read() if file else b""
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return made.getvalue()


def _other_zip() -> bytes:
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("passwd", "other")
    return made.getvalue()


def witness(row: Noise) -> tuple[str, bytes, bytes]:
    path, one, two = ((HERE / row.code / name).read_bytes() for name in ("path", "one", "two"))
    return path.decode().strip(), one, two


def judged(path: str, one: bytes, two: bytes) -> list[Difference]:
    mine, their = {path: FILE}, {path: FILE._replace(digest="cd" * 32)}
    return compare(Result(mine, {}), Result(their, {}), lambda asked: (one, two))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_row_excuses_what_docker_made_twice(row: Noise) -> None:
    path, one, two = witness(row)
    assert one != two
    found = judged(path, one, two)
    assert [difference.noise for difference in found] == [row.code]
    assert verdict(found) == "equivalent"


@pytest.mark.parametrize("row", [row for row in ROWS if row.code != "apt-cache"], ids=lambda row: row.code)
def test_a_row_excuses_nothing_more(row: Noise) -> None:
    path, one, two = witness(row)
    changed = CHANGED[row.code](two)
    assert changed != two
    assert verdict(judged(path, one, changed)) == "different"
    assert verdict(judged(path, one, b"something else")) == "different"
    assert verdict(judged("/srv/other", one, two)) == "different"


def test_every_witness_has_its_row() -> None:
    assert sorted(path.name for path in HERE.iterdir()) == sorted(row.code for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_record_knows_noise_too(row: Noise) -> None:
    """A record keeps what is left of noisy files, so that it judges where its build is gone."""
    path, one, two = witness(row)
    theirs = {path: FILE._replace(digest="cd" * 32)}
    kept = Result(theirs, {}, masked=masks_of(theirs, lambda asked: two))
    assert [found.noise for found in compare(Result({path: FILE}, {}), kept, bytes_of=lambda asked: one)] == [row.code]
    if row.code != "apt-cache":
        assert [found.noise for found in compare(Result({path: FILE}, {}), kept, bytes_of=lambda asked: b"else")] == [""]


def test_a_view_is_compared_as_text() -> None:
    view = b"TYPE=VIEW\nquery=select 1\ntimestamp=%d\n"
    assert definition(view % 1) == definition(view % 2) != definition(view.replace(b"1", b"2") % 1)


NAMED = {
    "npm-log": ("/root/.npm/_logs/2026-11-26T14_29_22_775Z-debug-0.log", "/root/.npm/_logs/2026-11-26T14_33_43_448Z-debug-0.log")
}


@pytest.mark.parametrize("row", NAMES, ids=lambda row: row.code)
def test_names_that_are_new_each_time(row: Noise) -> None:
    one, two = NAMED[row.code]
    same = compare(Result({one: FILE}, {}), Result({two: FILE}, {}), lambda path: (b"", b""))
    assert [found.noise for found in same] == [row.code] * 2
    for other in ({}, {two: FILE._replace(uid=7)}):
        assert verdict(compare(Result({one: FILE}, {}), Result(other, {}), lambda path: (b"", b""))) == "different"


def _tar(mtime: int, name: str = "a", mode: int = 0o644) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.mtime, info.mode, info.size = mtime, mode, 3
        tar.addfile(info, io.BytesIO(b"abc"))
    return made.getvalue()


def test_archives_are_compared_by_what_is_in_them() -> None:
    import gzip

    assert archive(_tar(1)) == archive(_tar(2)) != archive(_tar(1, mode=0o600))
    assert archive(gzip.compress(_tar(1), mtime=5)) == archive(gzip.compress(_tar(2), mtime=6))
    assert archive(gzip.compress(b"x", mtime=5)) == b"x"
    assert archive(b"\x1f\x8bdamaged") == b"\x1f\x8bdamaged"
    assert archive(b"PK\3\4damaged") == b"PK\3\4damaged"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
@pytest.mark.parametrize("size", [0, 1, 7, 13, 30, 100, 200])
def test_a_mask_never_breaks_on_damaged_files(row: Noise, size: int) -> None:
    _, one, two = witness(row)
    row.mask(one[:size])
    row.mask(two[size:])
    row.mask(one[: size + 40] + struct.pack(">IIII", 2**32 - 1, 2**31, 7, 0) + one[size:])


# -- calibration -------------------------------------------------------------------------------------------------------------


def test_only_what_docker_shows_is_excused() -> None:
    shown = learn(Shown(), [Difference("/when", "content", "a", "b")])
    ours = [
        Difference("/when", "content", "a", "c"),
        Difference("/when", "mode", "0644", "0600"),
        Difference("/x.pyc", "content", "a", "b", "pyc-mtime"),
        Difference("Env", "config", "a", "b"),
    ]
    assert [one.noise for one in excused(ours, shown)] == [CODE, "", "", ""]


def test_a_row_that_docker_shows_keeps_its_name() -> None:
    shown = learn(Shown(), [Difference("/x.pyc", "content", "a", "b")])
    assert [one.noise for one in excused([Difference("/x.pyc", "content", "a", "c", "pyc-mtime")], shown)] == ["pyc-mtime"]


@pytest.mark.parametrize(
    ("one", "two", "ours", "known"),
    [
        ("/tmp/tmp.0sqDFzcmaa", "/tmp/tmp.RMnBNkkJDB", "/tmp/tmp.abcdefghij", True),
        ("/tmp/tmp.0sqDFzcmaa", "/tmp/tmp.RMnBNkkJDB", "/tmp/tmp.abcdefghij/in/it", True),
        ("/tmp/tmp.0sqDFzcmaa", "/tmp/tmp.RMnBNkkJDB", "/tmp/tmp.short", False),
        ("/tmp/tmp.0sqDFzcmaa", "/tmp/tmp.RMnBNkkJDB", "/srv/tmp.abcdefghij", False),
        ("/a/x1", "/a/x2", "/a/x3", False),
        ("/k/714F8149.key", "/k/BF150902.key", "/k/AAAAAAAA.key", True),
        ("/k/714F8149.key", "/k/BF150902.key", "/k/AAAAAAAA.pem", False),
    ],
)
def test_names_that_docker_makes_anew(one: str, two: str, ours: str, known: bool) -> None:
    shown = learn(Shown(), [Difference(one, "extra", "f", ""), Difference(two, "missing", "", "f")])
    assert [found.noise for found in excused([Difference(ours, "extra", "f", "nothing")], shown)] == [CODE if known else ""]
