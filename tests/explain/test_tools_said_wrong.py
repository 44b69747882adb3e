"""What was said wrongly of a tool's words, found by reading RUN lines of public Dockerfiles beside the manuals."""

import time

import pytest
from explaining import meanings

from dock2sh.explain.language import plain
from dock2sh.explain.ofvalue import instead


def said_of(run: str, word: str) -> str:
    return meanings(f"FROM fedora\nENV V=9.7.1-1.el9\nRUN {run}\n", 3)[word]


@pytest.mark.parametrize(
    "package",
    ['"./R-${V}-1-1.$(arch).rpm"', "./R-4.6.1-1.rpm", "/a-1.2.3-1.rpm", '"$DIR/a-1.2.3-1.rpm"', "a-1.2.3-1.noarch.rpm", "*.rpm"],
)
def test_a_file_to_install_is_a_file_whatever_its_name_holds(package: str) -> None:
    """rstudio/r-docker installs the package file that it has downloaded: that has a version in its name, and asks for none."""
    for manager in ("dnf", "yum", "zypper", "microdnf"):
        assert said_of(f"{manager} install -y {package}", package) == "a package to install: what is in that directory or file"


def test_a_file_that_a_package_brings_names_that_package() -> None:
    assert said_of("dnf install -y /usr/bin/which", "/usr/bin/which") == "a package to install: the one that brings that file"


def test_what_a_url_brings_nobody_knows() -> None:
    url = "https://a.b/c-release-el9-1.noarch.rpm"
    assert said_of(f"dnf install -y {url}", url) == "a package to install"


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("'{print $2}'", "what is done with each line"),
        ("'/Version/{print $2;exit}'", "what is done with each line"),
        ("'BEGIN {print 1 * 2}'", "what is done, once"),
        ("'BEGIN{if (1) {print \"}{\"}}'", "what is done, once"),
        ("'BEGIN{FS=\":\"} {print $1}'", "what is done with each line; behind `BEGIN` once, before the first"),
        ("'{s += $1} END {print s}'", "what is done with each line; behind `END` once, after the last"),
        ("'BEGIN {a = 1} END {print NR}'", "what is done, once before the first line and once after the last"),
        ("'function f(x) {return x} BEGIN {print f(1)}'", "what is done, once"),
        ("'END{print}'", "what is done, once after the last line"),
        ("'/BEGIN/{print}'", "what is done with each line"),
        ('"$PROGRAM"', "what is done with each line"),
    ],
)
def test_what_awk_does_once(program: str, says: str) -> None:
    """solidity's `make -j$(awk "BEGIN {…}")` reads no line at all."""
    for name in ("awk", "gawk", "mawk"):
        assert said_of(f"{name} {program} f", program) == says.replace("`", "")


@pytest.mark.parametrize(
    ("owner", "says"),
    [
        ("www-data:www-data", "the user and group"),
        ("$U:$G", "the user and group"),
        ("$OWNER", "the user and group"),
        ("0755", "the user; the group stays as it is"),
        ("root", "the user; the group stays as it is"),
        (":root", "the group; the user stays as it is"),
        ("root:", "the user, and the group that it logs in with"),
    ],
)
def test_chown_changes_no_group_that_is_not_named(owner: str, says: str) -> None:
    """tiredofit's `chown -R 0755 /etc/cont-init.d` meant chmod: a number without a colon is a user."""
    assert said_of(f"chown -R {owner} /a", owner) == says


def test_tar_takes_out_only_the_members_that_are_named() -> None:
    run = "wget -O- https://a.b/c | tar -xzf - docker/docker --strip-component=1 -C /b"
    assert said_of(run, "docker/docker") == "only this"
    assert said_of(run, "--strip-component=1") == "leaves out so many directories of each path"
    assert said_of("tar xzf a.tgz b", "b") == "only this"
    assert said_of("tar tf a.tgz b", "b") == "only this"
    assert said_of("tar czf a.tgz b", "b") == "the file"


def test_a_setting_may_be_quoted() -> None:
    """The python images' `make "LDFLAGS=…" python`: no target of the Makefile."""
    for setting in ('"LDFLAGS=${LDFLAGS:-} -Wl,--strip-all"', "'A=b'", "C=d"):
        assert said_of(f"make -j 2 {setting} python", setting) == "a setting"
    assert said_of('env "A=b c" ls', '"A=b c"') == "a setting"


def test_what_follows_a_lone_dash_is_no_option_of_a_shell() -> None:
    assert said_of("bash - -x f", "-x") == "the script that it runs; without one, what comes through the pipe"
    assert said_of("su - app -c 'echo 3'", "-c 'echo 3'") == "runs this text"


def test_functions_are_exported_and_options_of_set_switched() -> None:
    assert said_of("export -f f", "f") == "the function"
    assert said_of("shopt -so pipefail", "-o") == "those of set -o"
    assert said_of("composer global require a/b", "a/b") == "a package to install"


@pytest.mark.parametrize(
    "program", ["\n" * 60_000, "BEGIN{}" * 9_000, "BEGIN{" * 9_000, "}" * 60_000, '"' * 60_001, " " * 60_000 + "{"]
)
def test_no_program_of_awk_takes_long(program: str) -> None:
    begun = time.process_time()
    assert instead("what is done with each line", program) is not None
    assert time.process_time() - begun < 1


def test_a_program_of_awk_on_many_lines() -> None:
    """In a here-document, as a script of its own."""
    said = instead("what is done with each line", "\n  BEGIN {a = 1}\n\n  BEGIN {b = 2}\n  END {print NR}\n")
    assert plain(said) == "what is done, once before the first line and once after the last"
