"""COPY: what lands where, with which mode, owner and time. Every expectation was measured on docker's BuildKit."""

import os
import subprocess
from pathlib import Path

import pytest
from copying import put, refused, sh, top, tree
from workshop import Workshop

from dock2sh.plan.exclusions import exclude_regex

pytestmark = pytest.mark.root
A, X = "a f 4755 0:0 1222222222", "sub/x f 644 0:0 1222222222"


@pytest.fixture
def context(workshop: Workshop) -> Path:
    workshop.busybox()
    sh(
        workshop.context,
        "umask 022; mkdir -p d/sub; echo a >a; chmod 4755 a; echo x >d/sub/x; chmod 1777 d/sub; ln a d/h; ln a d/i",
        "ln -s a l; ln -s d dl; ln -s /etc d/etc; ln -s ../../../../etc out; mkfifo fifo; mknod dev c 1 3",
        "touch -d @1222222222 a d/sub/x; touch -h -d @1234567890 d/etc; chown -R 5:6 d; chmod 4755 a",
    )
    return workshop.context


# (in the root before, the words, what is below /w)
LANDS = [
    ("", "copy a /w", [". f 4755 0:0 1222222222"]),
    ("", "copy a /w/", [". d 755 0:0", A]),
    ("", "copy a /w/x/y", [". d 755 0:0", "x d 755 0:0", "x/y f 4755 0:0 1222222222"]),
    ("", "copy d/sub /w", [". d 755 0:0", "x f 644 0:0 1222222222"]),
    ("", "copy l dl/sub /w/", [". d 755 0:0", "l f 4755 0:0 1222222222", "x f 644 0:0 1222222222"]),
    ("", "copy --exclude=sub d /w",
     [". d 755 0:0", "etc l 777 0:0 -> /etc", "h f 4755 0:0 1222222222 =h", "i f 4755 0:0 1222222222 =h"]),
    ("", "copy --exclude=h --exclude=i --exclude=etc d /w", [". d 755 0:0", "sub d 1777 0:0", X]),
    ("", "copy --exclude=** --exclude='!sub/x' d /w", [". d 755 0:0", "sub d 1777 0:0", X]),
    ("", "copy d/h d/i /w/", [". d 755 0:0", "h f 4755 0:0 1222222222", "i f 4755 0:0 1222222222"]),
    ("", "copy 'd/[hi]' /w/", [". d 755 0:0", "h f 4755 0:0 1222222222", "i f 4755 0:0 1222222222"]),
    ("", "copy '*/x' /w/", []),
    ("", "copy '[al]' /w", [". f 4755 0:0 1222222222"]),
    ("", "copy fifo dev /w/", [". d 755 0:0", "dev c 644 0:0", "fifo p 644 0:0"]),
    ("", "copy --chown=5:6 a d/sub /w/", [". d 755 5:6", "a f 4755 5:6 1222222222", "x f 644 5:6 1222222222"]),
    ("", "copy --chown=33 a /w/", [". d 755 33:33", "a f 4755 33:33 1222222222"]),
    ("", "copy --chown=www-data:staff a /w", [". f 4755 33:50 1222222222"]),
    ("", "copy --chown=www-data:nosuch a /w", [". f 4755 33:33 1222222222"]),
    ("", "copy --chown=nosuch:staff a /w", [". f 4755 0:50 1222222222"]),
    ("", "copy --chown=daemon: a /w", [". f 4755 1:0 1222222222"]),
    ("", "copy --chown=:7 a /w", [". f 4755 0:7 1222222222"]),
    ("", "copy --chmod=0640 --exclude=[hie]* d /w", [". d 640 0:0", "sub d 640 0:0", "sub/x f 640 0:0 1222222222"]),
    ("", "copy --chmod=1777 a /w/", [". d 755 0:0", "a f 1777 0:0 1222222222"]),
    ("", "copy --chmod=u=rwX,go=rX a d/sub /w/", [". d 755 0:0", "a f 755 0:0 1222222222", "x f 644 0:0 1222222222"]),
    ("mkdir -m 1777 w; chown 3:3 w", "copy a /w", [". d 1777 3:3", A]),
    ("mkdir -p w/sub; echo old >w/sub/x; echo >w/sub/y; touch -d @1 w/sub/y", "copy --exclude=[hie]* d /w",
     [". d 755 0:0", "sub d 1777 0:0", X, "sub/y f 644 0:0 1"]),
    ("mkdir w; chown 0:9 w; chmod 2777 w", "copy a /w/n/", [". d 2777 0:9", "n d 2755 0:9", "n/a f 4755 0:0 1222222222"]),
    ("ln -s gone/x w", "copy a /w", [". l 777 0:0 -> gone/x"]),
    ("mkdir w; ln -s /etc/passwd w/a", "copy a /w/", [". d 755 0:0", A]),
    ("mkdir -p w/t; ln -s t w/s", "copy a /w/s/",
     [". d 755 0:0", "s l 777 0:0 -> t", "t d 755 0:0", "t/a f 4755 0:0 1222222222"]),
    ("mkdir -p w/t; ln -s t w/s; chmod 1777 w", "copy --link a /w/s/",
     [". d 755 0:0", "s d 755 0:0", "s/a f 4755 0:0 1222222222", "t d 755 0:0"]),
    ("", "copy --parents d/sub/x /w", [". d 755 0:0", "d d 755 0:0", "d/sub d 1777 0:0", "d/sub/x f 644 0:0 1222222222"]),
    ("", "copy --parents d/./sub/x /w/", [". d 755 0:0", "sub d 1777 0:0", X]),
    ("", "copy --parents '**/x' /w/", [". d 755 0:0", "d d 755 0:0", "d/sub d 1777 0:0", "d/sub/x f 644 0:0 1222222222"]),
    ("", "copy --parents 'd/nope*' /w/", [". d 755 0:0"]),
    # a wildcard before the pivot: each match is a source of its own, a file among them is copied as it is
    ("", "copy --parents 'd/s*/./x' /w/", [". d 755 0:0", X.removeprefix("sub/")]),
    ("", "copy --parents '[ad]/./**/x' /w/", [". d 755 0:0", A, "sub d 1777 0:0", X]),
    ("", "copy --parents 'nope*/./x' /w/", []),
    ("", "copy --parents 'd/s*/./nope' /w/", [". d 755 0:0"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "words", "lands"), LANDS, ids=[f"{before} {words}" for before, words, _ in LANDS])
def test_what_lands(workshop: Workshop, context: Path, before: str, words: str, lands: list[str]) -> None:
    sh(workshop.root, "umask 022", before)
    assert put(workshop, words) == lands


# (in the root before, the words, docker's message)
REFUSED = [
    ("", "copy nope /w/", '"/nope": not found'),
    ("", "copy a/x /w/", '"/a/x": not found'),
    ("", "copy out /w/", '"/out": not found'),
    ("", "copy 'nodir/*' /w/", "lstat /nodir: no such file or directory"),
    ("", "copy --parents d/nope /w/", '"/d/nope": not found'),
    ("mkdir -p w/a", "copy a /w/", "cannot replace to directory /w/a with file"),
    ("mkdir -p w/t; ln -s t w/sub", "copy d /w/", "cannot copy to non-directory: /w/sub"),
    ("echo >w", "copy d /w", "cannot copy to non-directory: /w"),
    ("echo >w", "copy d /w/", "mkdir /w: not a directory"),
    ("echo >w", "copy a /w/y", "mkdir /w: not a directory"),
    ("ln -s w w", "copy a /w", "too many links"),
    ("", "copy --link --chown=www-data a /w", "invalid user index: -1"),
    ("", "copy --chmod=8 a /w", "it should be octal string and between 0 and 07777"),
    ("", "copy --chmod=u=z a /w", "invalid syntax"),
]


@pytest.mark.parametrize(("before", "words", "message"), REFUSED, ids=[f"{before} {words}" for before, words, _ in REFUSED])
def test_what_is_refused(workshop: Workshop, context: Path, before: str, words: str, message: str) -> None:
    sh(workshop.root, before)
    assert message in refused(workshop, words)


# --chmod with letters: BSD's setmode, for a file 4755, a file 644 and a directory 1777
LETTERS = [
    ("a-x,+X", "4755 644 1777"), ("u=g,o=u", "4555 444 1777"), ("+t", "5755 1644 1777"), ("=rw", "666 666 1666"),
    ("o=", "4750 640 1770"), ("u=rwxs", "4755 4744 5777"), ("go-rwx", "4700 600 1700"), ("g+s", "6755 2644 3777"),
    ("-w", "4555 444 1555"), ("+x", "4755 755 1777"),
]  # fmt: skip


@pytest.mark.parametrize(("letters", "modes"), LETTERS)
def test_letters(workshop: Workshop, context: Path, letters: str, modes: str) -> None:
    put(workshop, f"copy --chmod={letters} a d /w/")
    found = [(workshop.root / "w" / name).stat().st_mode & 0o7777 for name in ("a", "sub/x", "sub")]
    assert " ".join(f"{mode:o}" for mode in found) == modes


@pytest.mark.parametrize("tar", ["GNU tar", "busybox"])
def test_a_link_with_several_names(workshop: Workshop, context: Path, monkeypatch: pytest.MonkeyPatch, tar: str) -> None:
    """Each name becomes a link of its own, in a directory that keeps its time; files stay one."""
    sh(
        context,
        "mkdir -p o/s; echo >o/f; ln o/f o/g; ln -s 'no -> where' o/a; ln -P o/a o/b; ln -P o/a o/s/c",
        "touch -h -d @1234567890 o/a; touch -d @1222222222 o/f o/s o; chown -h 5:6 o/a",
    )
    link = "l 777 7:8 -> no -> where"
    if tar == "busybox":
        tools = workshop.busybox(workshop.home / "tools") / "bin"
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    words = ["copy --chown=7:8 o /w/", "copy --parents --chown=7:8 o/s/c o/b /w/p/"]
    lands = put(workshop, *words)
    assert [line for line in lands if line[0] in "abs"] == [f"a {link}", f"b {link}", "s d 755 7:8", f"s/c {link}"]
    assert [line for line in lands if line[0] in "fg"] == ["f f 644 7:8 1222222222 =f", "g f 644 7:8 1222222222 =f"]
    links = [workshop.root / "w" / name for name in ("a", "b", "s/c", "p/o/b", "p/o/s/c")]
    assert {(path.lstat().st_nlink, path.lstat().st_mtime) for path in links} == {(1, 1234567890)}
    assert (workshop.root / "w/s").stat().st_mtime == 1222222222


@pytest.mark.parametrize("text", ["", "text"])
def test_attributes_of_a_file_that_gets_another_name(workshop: Workshop, context: Path, text: str) -> None:
    """Also of an empty one, which tar does not open."""
    file = context / "attributes"
    file.write_text(text)
    os.setxattr(file, "user.a", b"one")
    os.utime(file, (-1000, -1000))
    file.chmod(0o4755)
    assert put(workshop, "copy attributes /w/other", "copy 'attr*' /w/.empty/") == [
        ". d 755 0:0",
        ".empty d 755 0:0",
        ".empty/attributes f 4755 0:0 -1000",
        "other f 4755 0:0 -1000",
    ]
    for name in ("other", ".empty/attributes") if "busybox" not in workshop.shell else ():  # whose tar has no attributes
        assert os.getxattr(workshop.root / "w" / name, "user.a") == b"one"


def test_times_before_1970(workshop: Workshop, context: Path) -> None:
    """They come through, rounded down to whole seconds; a link has its own."""
    (context / "old").mkdir()
    (context / "old/link").symlink_to("file")
    (context / "old/file").write_text("")
    for name, seconds in (("file", -1000), ("link", -7), ("", -3)):
        os.utime(context / "old" / name, (seconds, seconds), follow_symlinks=False)
    os.utime(context / "a", ns=(0, -1_500_000_000))
    put(workshop, "copy . /w/all/", "copy old/link a /w/one/")
    times = [
        int((workshop.root / "w" / name).lstat().st_mtime_ns // 10**9) for name in ("all/old", "all/old/file", "all/old/link")
    ]
    assert times == [-3, -1000, -7]
    assert [(workshop.root / "w/one" / name).lstat().st_mtime_ns // 10**9 for name in ("link", "a")] == [-1000, -2]


def test_names_of_any_kind(workshop: Workshop, context: Path) -> None:
    names = ["-rf", "sp ace", "new\nline", "*", "q'uo\"te", "\udcff", "$(id)", "back\\slash", "\u00e9"]
    (context / "n").mkdir()
    for name in names:
        (context / "n" / name).write_text(name.encode("utf-8", "surrogateescape").hex())
    assert len(put(workshop, "copy n /w/all/", "copy 'n/*' /w/each/", "copy n/-rf 'n/sp ace' /w/each/")) == 3 + 2 * len(names)
    for name in names:
        for place in ("all", "each"):
            assert (workshop.root / "w" / place / name).read_text() == name.encode("utf-8", "surrogateescape").hex()


def test_many_matches_in_order(workshop: Workshop, context: Path) -> None:
    """Files go together, yet what comes later still wins: here the directory f2d, whose f1 comes after the file f1."""
    (context / "f2d").mkdir()
    for number in range(9):
        (context / f"f{number}").write_text("file")
    (context / "f2d/f1").write_text("directory")
    put(workshop, "copy 'f*' /w/")
    assert (workshop.root / "w/f1").read_text() == "directory"
    assert (workshop.root / "w/f8").read_text() == "file"


def test_what_is_ignored_does_not_exist(workshop: Workshop, context: Path) -> None:
    rules = "".join(f"{sign}{exclude_regex(glob)}\n" for sign, glob in (("+", "d"), ("-", "d/sub"), ("+", "a"), ("+", "f*")))
    assert put(workshop, "copy d /w", "copy '[af]*' /w/", ignored=rules) == [". d 755 0:0", "sub d 1777 0:0", X]
    assert '"/a": not found (.dockerignore' in refused(workshop, "copy a /w", ignored=rules)


def test_own_files_are_no_part_of_the_context(workshop: Workshop, context: Path) -> None:
    workshop.root, workshop.state = context / "made", context / "state"
    workshop.busybox()
    names = [line.split()[0] for line in put(workshop, "copy . /w/")]
    assert {"a", "d/sub/x"} <= set(names)
    assert not [name for name in names if name.startswith(("made", "state"))]


def test_no_link_leads_out_of_the_root(workshop: Workshop, context: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sh(workshop.root, f"ln -s {outside} w; ln -s ../../../../../../../{outside} v")
    put(workshop, "copy a /w/", "copy a /v/")
    assert not list(outside.iterdir())
    assert (workshop.root / str(outside).lstrip("/") / "a").exists()


def test_a_stage_keeps_its_owners(workshop: Workshop, context: Path) -> None:
    files = ["copy --chown=7:8 --exclude=etc d /src/"]
    words = top(["copy --from=s /src /w", *files]).replace("\n".join(["", *files]), "")
    words = words.replace("    from busybox", "\n".join(["    stage s scratch", *files, "    from busybox"]))
    words = words.replace("total=1", "total=2\nstages='s\nbusybox s'").replace(files[0], "    step 1 'Dockerfile:1'\n" + files[0])
    result = workshop.run(words.replace("step 1 'Dockerfile:2'", "step 2 'Dockerfile:2'"))
    assert result.returncode == 0, result.stderr
    linked = ["h f 4755 7:8 1222222222 =h", "i f 4755 7:8 1222222222 =h"]
    assert tree(workshop.root / "w") == [". d 755 0:0", *linked, "sub d 1777 7:8", "sub/x f 644 7:8 1222222222"]


def test_an_empty_file_keeps_its_attributes(workshop: Workshop, context: Path) -> None:
    """GNU tar does not open it, and would take those of a link that stands for it."""
    (context / "e").touch()
    os.setxattr(context / "e", "user.a", b"one")
    put(workshop, "copy --chown=3 e /w/new", "copy 'e*' /w/other", "copy e /w/in/")
    kept = [os.listxattr(workshop.root / "w" / name) for name in ("new", "other", "in/e")]
    assert kept == ([[]] * 3 if "busybox" in workshop.command else [["user.a"]] * 3)  # busybox's tools know no attributes


def test_here_document_is_byte_for_byte(workshop: Workshop) -> None:
    workshop.busybox()
    words = ["file A /w/ <<'A'", " $X `id` \\ \n", "A", "file --chmod=700 --chown=3:4 B /w/b <<'B'", "B"]
    assert put(workshop, *words) == [". d 755 0:0", "A f 644 0:0", "b f 700 3:4"]
    assert (workshop.root / "w/A").read_text() == " $X `id` \\ \n\n"


@pytest.mark.parametrize("words", ["copy d /w/", "copy 'd/*a' /w/", "copy --exclude=b --chmod=u+x d /w/"])
def test_a_full_disk_leaves_no_file_out(workshop: Workshop, words: str) -> None:
    """Wherever a list of the script's own is cut off, the step fails: there is a size at which each of them no longer fits."""
    workshop.busybox()
    (workshop.context / "d").mkdir()
    for number in range(300):
        (workshop.context / f"d/{number:0200d}a").touch()
    workshop.state.mkdir()
    place = 'size=$1; shift; mount -t tmpfs -o size="${size}k" tmpfs "$0" && exec "$@"'
    command, failed = workshop.command, []
    for size in (100, 150, 230, 270, 600):
        workshop.command = ["unshare", "-m", "sh", "-c", place, str(workshop.state), str(size), *command]
        result = workshop.run(top([words], ignored="+^k$\n"))
        there = len(list((workshop.root / "w").glob("*"))) if (workshop.root / "w").exists() else 0
        assert result.returncode == 1 or there == 300, (size, result.stderr)
        failed.append(result.returncode)
        subprocess.run(["rm", "-rf", workshop.root / "w"], check=True)
    assert set(failed) == {0, 1}
