"""dock2sh.lock as text: written and read it is the same lock, and what somebody has edited into it is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dock2sh.lock.held import Apk, Archive, Base, Deb, File, Gem, Git, Lock, LockError, Npm, Open, Pip, Rpm, Step, Url
from dock2sh.lock.text import read, write

DIGEST = "ab" * 32
THINGS = (
    Archive("http://deb.debian.org/debian/", "bookworm", "contrib main", "2026-11-01T10:00:00Z", "debian"),
    Deb("libc6", "2.36-9+deb12u13", "amd64", DIGEST, "glibc"),
    Deb("byhand", "1:2.0~rc1", "all"),
    Apk("curl", "8.5.0-r0", "x86_64", "Q1abc+/="),
    Rpm("bash", "5.2.26-3.fc40", "x86_64", DIGEST),
    Pip(
        "flask", "3.0.3", "flask-3.0.3-py3-none-any.whl", DIGEST, "/usr/local/lib/python3.11/site-packages/flask-3.0.3.dist-info"
    ),
    Npm("@babel/core", "7.24.0", "/app/node_modules/@babel/core", "sha512-AbC+/=="),
    Gem("rake", "13.2.1", "/usr/local/bundle/specifications/rake-13.2.1.gemspec"),
    Url("https://example.org/x?y=%20z", DIGEST, "12"),
    Git("https://example.org/r.git", "clone:main", "ab" * 20),
)
STEP = Step("build", "3", 'RUN echo "x" \\ # \t', f"sha256:{DIGEST}", THINGS, (), (Open("go build", "go.sum alone"),), DIGEST)
LOCK = Lock("linux/arm64/v8", (Base("debian:12", f"sha256:{DIGEST}", f"sha256:{DIGEST}"), Base("busybox")), (STEP,))


def test_it_comes_back() -> None:
    again = read(write(LOCK), "dock2sh.lock")
    assert again == LOCK._replace(steps=(STEP._replace(line="0"),))
    assert write(LOCK) == write(LOCK)


def test_a_thing_stands_on_a_line_of_its_own() -> None:
    lines = write(LOCK).splitlines()
    for thing in THINGS:
        assert any(line.startswith("    { ") and all(f'"{word}"' in line for word in thing[:2]) for line in lines), thing


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    step = Step("0", "0", text, "-", files=(File("/app/package-lock.json", text),), open=(Open(text, text),))
    assert read(write(LOCK._replace(steps=(step,)), text), "x").steps == (step,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "libc6"', 'name = "libc6; rm -rf /"', "step 1, deb: `name` is 'libc6; rm -rf /', which it cannot be"),
        ('name = "libc6"', 'name = "-o"', "`name` is '-o'"),
        ('version = "7.24.0"', 'version = "$(id)"', "step 1, npm: `version` is '$(id)'"),
        ('path = "/app/', 'path = "/app/../../etc/', "`path` is"),
        ('path = "/app/', 'path = "app/', "`path` is"),
        ('url = "https://example.org/x', 'url = "--output=/etc/passwd', "step 1, url: `url` is"),
        (f'commit = "{"ab" * 20}"', 'commit = "main"', "`commit` is 'main'"),
        (f'sha256 = "{DIGEST}"', 'sha256 = "abcd"', "`sha256` is 'abcd'"),
        ('suite = "bookworm"', 'suite = "bookworm] http://evil"', "`suite` is"),
        ('released = "2026-', 'released = "next ', "`released` is"),
        ("version = 1\n", "version = 2\n", "version 2: this dock2sh reads version 1"),
        ("version = 1\n", "", "version None"),
        ("[[step]]", "[step]", "`step`: a list of tables is expected"),
        ('stage = "build"', 'stages = "build"', "what is `stages`?"),
        ('arch = "amd64"', 'arch = "amd64", evil = "x"', "step 1, deb: what is `evil`?"),
        ("deb = [", "deb = [3,", "`deb`: a list of tables is expected"),
        ('platform = "linux/arm64/v8"', 'platform = """linux\narm"""', "`platform` is"),
        ("[[step]]", "[[step", "dock2sh.lock: "),
    ],
)
def test_what_was_edited_is_named(old: str, new: str, said: str) -> None:
    text = write(LOCK)
    assert old in text
    with pytest.raises(LockError) as refused:
        read(text.replace(old, new, 1), "dock2sh.lock")
    assert said in str(refused.value)
    assert "dock2sh lock" in str(refused.value)


@pytest.mark.parametrize("path", ["/etc/cron.d/x", "/app/package-lock.json/x", "/app/my-package-lock.json", "/app/package.json"])
def test_a_lock_brings_no_files_but_those_that_steer_npm(path: str) -> None:
    step = Step("0", "0", "RUN x", "-", files=(File(path, "* * * * * root id"),))
    with pytest.raises(LockError, match=r"file: `path` is .*: only a package-lock.json can be there"):
        read(write(LOCK._replace(steps=(step,))), "dock2sh.lock")
