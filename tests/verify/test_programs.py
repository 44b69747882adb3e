"""Programs and archives that differ, explained: by unit, and what a compiler and archivers really make in two builds."""

import gzip
import io
import subprocess
import tarfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dock2sh.verify import Difference
from dock2sh.verify.archives import archive
from dock2sh.verify.causes import detail, explain
from tests.verify.test_emulated import judged

Files = dict[str, bytes]


def tar(files: Files, when: int = 0, mode: int = 0o644) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), when, mode
            made.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zipped(files: Files, when: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, (1980 + when, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def ar(files: Files, when: int = 0) -> bytes:
    rows = (
        f"{name + '/':<16}{when:<12}0     0     100644  {len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
        for name, content in files.items()
    )
    return b"!<arch>\n" + b"".join(rows)


MAKERS: list[Callable[[Files, int], bytes]] = [
    tar,
    zipped,
    ar,
    lambda files, when: gzip.compress(tar(files, when), mtime=when),
    lambda files, when: ar({"debian-binary": b"2.0\n", "data.tar": tar(files, when)}, when),  # a .deb
    lambda files, when: zipped({"BOOT-INF/lib/a.jar": zipped(files, when)}, when),  # a jar of jars
]
FILES = {"a": b"one\n", "b": b"two\n"}


@pytest.mark.parametrize("make", MAKERS)
def test_times_of_members_are_not_what_is_in_an_archive(make: Callable[[Files, int], bytes]) -> None:
    one, two = make(FILES, 1), make(FILES, 2)
    assert one != two
    assert archive(one) == archive(two)
    assert "times" in explain(Difference("/x.bin", "content", "", ""), lambda path: (one, two)).cause


@pytest.mark.parametrize("make", MAKERS)
def test_a_member_that_differs_is_shown(make: Callable[[Files, int], bytes]) -> None:
    ours, theirs = make(FILES | {"c": b"", "b": b"2\n"}, 1), make(FILES | {"d": b""}, 1)
    assert archive(ours) != archive(theirs)
    said = detail(ours, theirs)
    for words in ("member b: theirs 4 bytes, ours 2", "-two", "+2", "only theirs: d", "only ours: c"):
        assert words in said
    assert "one" not in said


@pytest.mark.parametrize("make", MAKERS)
def test_a_damaged_archive_is_no_archive(make: Callable[[Files, int], bytes]) -> None:
    whole = make(FILES, 1)
    short = whole[: len(whole) // 20]
    assert archive(short) == short
    assert detail(short, make(FILES, 2))


def test_modes_and_what_is_only_packed() -> None:
    assert archive(tar(FILES)) != archive(tar(FILES, mode=0o600))
    assert "member a: theirs f 0600 0:0 :, ours f 0644 0:0 :" in detail(tar(FILES), tar(FILES, mode=0o600))
    assert detail(gzip.compress(b"a\n"), gzip.compress(b"b\n")).splitlines()[-2:] == ["  -b", "  +a"]
    assert "packed at another time" in detail(gzip.compress(b"a", mtime=1), gzip.compress(b"a", mtime=2))


def test_a_member_that_is_a_key_is_not_shown() -> None:
    said = detail(*(gzip.compress(tar({"k": key})) for key in (b"-----BEGIN PRIVATE KEY-----\nAAAA", b"other")))
    assert "AAAA" not in said
    assert "member k" in said


BASE = """\
FROM debian:12
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev zip && rm -rf /var/lib/apt/lists/*
"""
MADE = """\
FROM {base}
ARG X
WORKDIR /b
COPY <<A a.c
#include <stdio.h>
int helper_X(void) {{ return 0; }}
int main(void) {{ puts(WHEN); return helper_X() + N; }}
A
COPY <<A p/DEBIAN/control
Package: p
Version: 1
Architecture: all
Maintainer: m
Description: d
A
RUN gcc -Dhelper_X=helper_$X -DN=$X -DWHEN='"1"' -o symbol a.c
RUN gcc -DN=1 -DWHEN="\\"time $X\\"" -o constant a.c
RUN gcc -DN=1 -DWHEN="\\"time $X\\"" -Wl,--build-id=none -o nameless a.c
RUN gcc -DN=1 -DWHEN='"1"' -Wl,--build-id=0x$X$X$X$X -o id a.c
RUN gcc -DN=1 -DWHEN='"1"' -o half a.c && if [ $X = 2 ]; then strip half; fi
RUN gcc -DN=1 -g -DWHEN='"1"' -fdebug-prefix-map=/b=/here-$X -o debug a.c
RUN gcc -DN=1 -c -DWHEN="\\"time $X\\"" -o o.o a.c && ar rcs lib.a o.o
RUN echo $X >x && echo same >y && tar cf t.tar x y && tar czf t.tgz x y && zip -q z.jar x y && gzip -c x >g.gz
RUN mv x p/f && dpkg-deb -b p p.deb && rm p/f && dpkg-deb -b p same.deb
RUN gcc -DN=1 -c -DWHEN='"1"' -o o2.o a.c && ar rcU same.a o2.o
RUN tar czf same.tgz y && zip -q same.zip y && gzip -c same.tgz >same.gz
"""
SAYS = {
    "symbol": ("section .text", "symbols of only theirs: helper_1", "symbols of only ours: helper_2"),
    "constant": ("section .rodata", "only theirs: 'time 1'", "only ours: 'time 2'"),
    "nameless": ("build id: theirs none, ours none", "section .rodata"),
    "id": ("build id: theirs 1111, ours 2222",),
    "half": ("section .symtab: theirs", ", ours none", "symbols of only theirs"),
    "debug": ("only theirs: '/here-1'", "only ours: '/here-2'"),
    "o.o": ("only ours: 'time 2'",),
    "lib.a": ("member o.o", "only ours: 'time 2'"),
    "t.tar": ("member x", "-1", "+2"),
    "t.tgz": ("member x", "-1", "+2"),
    "z.jar": ("member x", "-1", "+2"),
    "g.gz": ("unpacked", "-1", "+2"),
    "p.deb": ("member data.tar.xz", "member ./f", "-1", "+2"),
}
WHY = {
    "id": "the same program but for its build id",
    "half": "the same code but for its symbols, which ours lacks (strip)",
    "debug": "the same code but for its debug information",
}


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a C compiler, in the engine."""
    name, folder = f"dock2sh-test-{uuid.uuid4().hex}", tmp_path_factory.mktemp("compiler")
    (folder / "Dockerfile").write_text(BASE)
    subprocess.run(["docker", "build", "-q", "-t", name, folder], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.slow
def test_what_a_compiler_and_archivers_make(compiler: str, tmp_path: Path) -> None:
    answer = judged(tmp_path, MADE.format(base=compiler), "2")
    found = {one.where.removeprefix("/b/"): one for one in answer.differences if one.what == "content"}
    for name, words in SAYS.items():
        assert all(word in found[name].detail for word in words), (name, found[name].detail)
        assert WHY.get(name, "") in found[name].cause
        assert not found[name].noise
    same = {name: one.noise for name, one in found.items() if name not in SAYS}
    assert same.items() <= {f"same.{end}": "archive-times" for end in ("a", "tgz", "zip", "gz", "deb")}.items()
    assert {"same.a", "same.tgz", "same.deb"} <= same.keys()  # a zip knows two seconds, in which both may have been made
