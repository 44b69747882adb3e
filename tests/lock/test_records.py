"""What steps noted, as things that are locked. A step is a stranger: what it writes there is a note or nothing."""

from dock2sh.lock.gather import step
from dock2sh.lock.held import Apk, Archive, Deb, Git, Npm, Open, Pip, Rpm, Url
from dock2sh.lock.layers import Found
from dock2sh.lock.records import noted

D, E = "ab" * 32, "cd" * 32


def test_notes_are_things() -> None:
    got = noted(
        f"base {D}\ndeb curl amd64 7.88.1 {D} curl\nurl https://u:p@h/x {D} 12\ngit https://h/r clone:main {'ab' * 20}\n"
        f"fetched flask-3.0.3-py3-none-any.whl {D} -\nfetched my_pkg-1.0.tar.gz - -\n"
        f"list http://deb.debian.org/debian/ bookworm main Debian Debian 1761991200 - -\n"
        f"list http://deb.debian.org/debian/ bookworm contrib Debian Debian 1761991200 - -\n"
        f"list http://security.debian.org/ bookworm-security main Debian Debian-Security 1761991200 - -\n"
        f"list http://nodesource.example/ nodistro main . . 1761991200 /usr/share/keyrings/n.gpg -\n"
    )
    assert got.packages == D
    assert set(got.things) == {
        Deb("curl", "7.88.1", "amd64", D, "curl"),
        Url("https://h/x", D, "12"),
        Git("https://h/r", "clone:main", "ab" * 20),
        Pip("flask", "3.0.3", "flask-3.0.3-py3-none-any.whl", D),
        Pip("my-pkg", "1.0", "my_pkg-1.0.tar.gz", "-"),
        Archive("http://deb.debian.org/debian/", "bookworm", "contrib main", "2025-11-01T10:00:00Z", "debian"),
        Archive("http://security.debian.org/", "bookworm-security", "main", "2025-11-01T10:00:00Z", "debian-security"),
        Archive("http://nodesource.example/", "nodistro", "main", "2025-11-01T10:00:00Z", "-", "/usr/share/keyrings/n.gpg"),
    }
    assert [one.what for one in got.open] == ["pip my-pkg 1.0"]


def test_what_a_step_makes_up_is_no_thing() -> None:
    got = noted(f"deb $(id) amd64 1.0 {D} x\nurl x\ngit -u -x {'ab' * 20}\nbase ;rm\nlist a b c d e f g h\n\0\n")
    assert (got.things, got.packages) == ((), "-")
    assert got.open == (Open("5 notes of the step", "they are not as dock2sh writes them"),)


def test_what_gives_other_content_each_time_is_open() -> None:
    got = noted(f"url http://h/now {D} 1\nurl http://h/now {E} 1\nurl http://h/same {D} 1\nurl http://h/same {D} 1\n")
    assert got.things == (Url("http://h/same", D, "1"),)
    assert got.open == (Open("http://h/now", "it gave other content each time in the same step"),)


def test_of_a_reference_the_last_commit_counts() -> None:
    one, two = "ab" * 20, "cd" * 20
    assert noted(f"git http://h/r pull:main {one}\ngit http://h/r pull:main {two}\n").things == (
        Git("http://h/r", "pull:main", two),
    )


def test_packages_without_a_note() -> None:
    before = "deb dpkg amd64 1.21\n"
    after = before + "deb local all 2.0\ndeb curl amd64 7.88.1\napk musl x86_64 1.2.5-r0 Q1abc=\n"
    got = noted(f"deb curl amd64 7.88.1 {D} curl\n", before, after)
    assert set(got.things) == {
        Deb("curl", "7.88.1", "amd64", D, "curl"),
        Deb("local", "2.0", "all"),
        Apk("musl", "1.2.5-r0", "x86_64", "Q1abc="),
    }
    assert got.open == (Open("deb local 2.0", "not by apt: its version is locked, its file is not"),)


def test_packages_that_a_step_removed_again() -> None:
    """Known by a note alone; without a list of what there is at the end (an ADD) nothing is said of it."""
    notes = f"deb gcc amd64 12.2 {D} gcc\nrpm make x86_64 4.4-1 {D}\napk curl x86_64 8-r0 Q1abc=\n"
    got = noted(notes, "", "apk curl x86_64 8-r0 Q1abc=\n")
    assert set(got.things) == {
        Deb("gcc", "12.2", "amd64", D, "gcc", "yes"),
        Rpm("make", "4.4-1", "x86_64", D, "yes"),
        Apk("curl", "8-r0", "x86_64", "Q1abc="),
    }
    assert {getattr(thing, "gone", "") for thing in noted(notes).things} == {"-"}


def test_a_name_that_no_lock_can_hold_is_counted() -> None:
    got = noted("", "", "rpm $(id) x86_64 1-1 -\nrpm curl x86_64 1:8.6^git1-1 -\n")
    assert got.things == (Rpm("curl", "1:8.6^git1-1", "x86_64"),)
    assert got.open == (Open("1 notes of the step", "they are not as dock2sh writes them"),)


def test_commands_that_nobody_can_foretell() -> None:
    got = noted("unlocked curl -sI http://h/x \nunlocked go build ./... \n")
    assert got.open == (
        Open("curl -sI http://h/x", "not a plain download of one URL"),
        Open("go build ./...", "what it fetches is fixed by the lock file of go alone, if there is one"),
    )


def test_what_was_fetched_and_what_is_installed_are_one() -> None:
    where = "/usr/local/lib/python3.11/site-packages/"
    fetched = noted(f"fetched flask-3.0.3-py3-none-any.whl {D} -\nfetched setuptools-70.0-py3-none-any.whl {D} -\n")
    installed = Found(
        (Pip("flask", "3.0.3", path=f"{where}flask-3.0.3.dist-info"), Pip("uvx", "1.0", path=f"{where}uvx-1.0.dist-info"),
         Npm("left-pad", "1.3.0", "/app/node_modules/left-pad", "-"), Rpm("bash", "5.2-1", "x86_64")), (), ())  # fmt: skip
    got = step("0", 4, "RUN x", "-", fetched, installed)
    assert got.things == (
        Rpm("bash", "5.2-1", "x86_64"),
        Pip("flask", "3.0.3", "flask-3.0.3-py3-none-any.whl", D, f"{where}flask-3.0.3.dist-info"),
        Pip("setuptools", "70.0", "setuptools-70.0-py3-none-any.whl", D),
        Pip("uvx", "1.0", path=f"{where}uvx-1.0.dist-info"),
        Npm("left-pad", "1.3.0", "/app/node_modules/left-pad", "-"),
    )
    assert [one.what for one in got.open] == ["npm /app/node_modules (1)", "pip uvx 1.0"]
