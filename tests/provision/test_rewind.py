"""A step that is done again, or is none any more, is taken back first: a second `useradd` fails, a second `>>` adds a line."""

import subprocess
from pathlib import Path

import pytest
from nspawn import Machine, differences, ready, take_back

pytestmark = [pytest.mark.machine, pytest.mark.root]

VERSION = """FROM debian:12
RUN mkdir /srv/app && echo first >/srv/app/log && echo kept >/srv/app/kept
RUN {second}
RUN useradd -r -u 977 -U web && usermod -aG web www-data && ln -s app /srv/link && echo third >>/srv/app/log && rm -f /etc/motd
COPY --chown=web note /srv/app/note
RUN mv /srv/app/kept /srv/app/moved && echo last >>/srv/app/log && chmod 2775 /srv/app && echo x >/etc/issue
"""
FIRST, SECOND = (
    VERSION.format(second="echo second >>/srv/app/log"),
    VERSION.format(second="echo 2 >>/srv/app/log; touch /srv/two"),
)


def set_up(machine: Machine, text: str, context: Path, *words: str) -> str:
    done = machine.call("sh", ready(machine, text, context), "--yes", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def seen(machine: Machine) -> dict[str, str]:
    """All files but the bundle and our own record."""
    ours = ("srv-bundle", "var/lib/dock2sh/demo/")
    return {path: about for path, about in machine.snapshot().items() if not path.startswith(ours)}


def test_an_upgrade_is_as_a_fresh_set_up(machine: Machine, context: Path) -> None:
    before = seen(machine)
    set_up(machine, SECOND, context)
    fresh = seen(machine)
    take_back(machine)
    assert differences(before, seen(machine)) == []

    set_up(machine, FIRST, context)
    setup = ready(machine, SECOND, context)
    was = machine.snapshot()
    previewed = machine.said("sh", setup, "--preview")
    assert differences(was, machine.snapshot()) == []
    assert "A\t/srv/two" in previewed
    assert "M\t/srv/app/log" in previewed
    assert "\t/srv/app/kept" not in previewed
    assert machine.call("sh", setup, "--status").stdout.splitlines()[-1] == "left=4"
    told = set_up(machine, SECOND, context)
    assert "what the steps from 2 on had done is taken back first" in told
    assert differences(fresh, seen(machine)) == []
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    take_back(machine)
    assert differences(before, seen(machine)) == []


def test_a_step_that_is_none_any_more(machine: Machine, context: Path) -> None:
    before = seen(machine)
    shorter = FIRST[: FIRST.index("COPY")]
    set_up(machine, shorter, context)
    fresh = seen(machine)
    set_up(machine, FIRST, context)
    setup = ready(machine, shorter, context)
    assert machine.call("sh", setup, "--status").stdout.splitlines()[-1] == "left=1"
    assert "D\t/srv/app/moved" in machine.said("sh", setup, "--preview")
    set_up(machine, shorter, context)
    assert differences(fresh, seen(machine)) == []
    assert machine.said("sh", setup, "--yes") == "changed=0\n"
    take_back(machine)
    assert differences(before, seen(machine)) == []


@pytest.mark.parametrize("words", [("--from", "1"), ("--from", "3"), ("--only", "5")], ids=" ".join)
def test_done_again_on_demand(machine: Machine, context: Path, words: tuple[str, str]) -> None:
    before = seen(machine)
    set_up(machine, FIRST, context)
    once = seen(machine)
    told = set_up(machine, FIRST, context, *words)
    assert (f"[{words[1]}/5]" in told, "[5/5]" in told, "on top of" in told) == (True, True, False), told
    assert differences(once, seen(machine)) == []
    take_back(machine)
    assert differences(before, seen(machine)) == []


def test_a_step_alone_that_others_stand_on(machine: Machine, context: Path) -> None:
    """It stays, which is said; and --from is the cure."""
    before = seen(machine)
    text = "FROM debian:12\nRUN echo one >>/srv/count\nRUN echo x >>/etc/issue\n"
    assert "line 3" in set_up(machine, text, context)
    once = seen(machine)
    told = set_up(machine, text, context, "--only", "1")
    assert ("on top of what it had done" in told, "line 3" in told) == (True, False), told
    assert (machine.root / "srv/count").read_text() == "one\n" * 2
    set_up(machine, text, context, "--from=1")
    assert differences(once, seen(machine)) == []
    take_back(machine)
    assert differences(before, seen(machine)) == []


def test_an_upgrade_that_fails_has_changed_nothing(machine: Machine, context: Path) -> None:
    """And the next one goes on; and the older version comes back, if one likes that better."""
    before = seen(machine)
    set_up(machine, FIRST, context)
    once = seen(machine)
    failed = machine.call("sh", ready(machine, VERSION.format(second="touch /srv/new; exit 3"), context), "--yes")
    assert (failed.returncode, "failed: step 2 of 5" in failed.stderr) == (1, True), failed.stderr
    assert differences(once, seen(machine)) == []
    half = SECOND.replace("mv /srv/app/kept", "mv /srv/app/no-such")
    assert machine.call("sh", ready(machine, half, context), "--yes").returncode == 1
    assert (machine.root / "srv/app/log").read_text() == "first\n2\nthird\n"
    set_up(machine, FIRST, context)
    assert differences(once, seen(machine)) == []
    take_back(machine)
    assert differences(before, seen(machine)) == []


def test_what_somebody_changed_since_stays(machine: Machine, context: Path) -> None:
    text = VERSION.replace("RUN mkdir", "RUN echo {other} >/etc/issue && mkdir -p").format(second="true", other="{other}")
    set_up(machine, text.format(other="one"), context)
    (machine.root / "srv/app/moved").write_text("mine\n")
    status = machine.said("sh", "/srv-bundle/setup.sh", "--status")
    assert status == "changed here since: /srv/app/moved\nleft=0\n"
    machine.said("useradd", "-u", "1234", "admin")
    machine.said("usermod", "-aG", "web", "admin")
    told = set_up(machine, text.format(other="two"), context)
    assert "not taken back, since somebody else has changed it since: /srv/app/moved" in told
    assert (machine.root / "srv/app/log").read_text() == "first\nthird\nlast\n"
    assert machine.said("id", "-u", "admin", "web") == "1234\n977\n"
    assert (machine.root / "etc/issue").read_text() == "x\n"
    machine.said("userdel", "admin")
    take_back(machine)
    assert machine.call("id", "web").returncode == 1
    assert machine.call("getent", "group", "web").returncode == 2


NAMES = r"""cd /srv/app
for name in 'a b' 'a\tb' 'a\nb' '-n' '*' 'a\\b' "'" '$x' 'd e/f\tg'; do printf "$1" >>"./$(printf -- "$name")"; done
"""


def test_names_of_all_kinds(machine: Machine, context: Path) -> None:
    (context / "names.sh").write_text(NAMES)
    text = "FROM debian:12\nCOPY names.sh /srv/app/\nRUN mkdir '/srv/app/d e' && sh /srv/app/names.sh old\n"
    text += "RUN sh /srv/app/names.sh {what}\n"
    before = seen(machine)
    set_up(machine, text.format(what="new"), context)
    fresh = seen(machine)
    assert (machine.root / "srv/app/a\tb").read_text() == "oldnew"
    set_up(machine, text.format(what="other"), context)
    assert (machine.root / "srv/app/a\tb").read_text() == "oldother"
    set_up(machine, text.format(what="new"), context)
    assert differences(fresh, seen(machine)) == []
    take_back(machine)
    assert differences(before, seen(machine)) == []


def package(context: Path, name: str, more: str = "", version: str = "1") -> str:
    """A package of Debian's form in the context, with a file and a group of its own."""
    folder = context.parent / f"{name}-{version}"
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n{more}"
    )
    (folder / "DEBIAN/postinst").write_text(f"#!/bin/sh\ngetent group {name} >/dev/null || groupadd -r {name}\n")
    (folder / "DEBIAN/postinst").chmod(0o755)
    (folder / f"usr/share/{name}").mkdir(parents=True)
    (folder / f"usr/share/{name}/file").write_text(version)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", folder, context / f"{name}.deb"], check=True, stdout=subprocess.DEVNULL
    )
    return f"{name}.deb"


PACKAGES = """FROM debian:12
COPY ours.deb /srv/app/
RUN dpkg -i /srv/app/ours.deb
RUN echo {word} >>/srv/app/log && useradd -r web
"""


def test_packages_that_came_since(machine: Machine, context: Path) -> None:
    """Their database is everybody's: it is not taken back, and what dpkg thinks is installed is."""
    package(context, "ours"), package(context, "theirs")
    set_up(machine, PACKAGES.format(word="one"), context)
    (machine.root / "srv-bundle/theirs.deb").write_bytes((context / "theirs.deb").read_bytes())
    machine.said("dpkg", "-i", "/srv-bundle/theirs.deb")
    # only the last step: no package is in it
    set_up(machine, PACKAGES.format(word="two"), context)
    assert (machine.root / "srv/app/log").read_text() == "two\n"
    told = set_up(machine, PACKAGES.format(word="two").replace("RUN dpkg", "RUN : && dpkg"), context)
    assert "steps that brought packages are done on top of what they had done" in told
    assert (machine.root / "srv/app/log").read_text() == "two\n"
    assert machine.said("dpkg", "--verify", "ours", "theirs") == ""
    assert machine.said("dpkg-query", "-f", "${Package} ${Status}\n", "-W", "ours", "theirs") == (
        "ours install ok installed\ntheirs install ok installed\n"
    )
    dry = machine.call("sh", "/var/lib/dock2sh/demo/uninstall.sh", "--dry-run")
    assert "dpkg removes ours" in dry.stderr
    assert "D\t/usr/share/ours/file" in dry.stdout
    assert "/var/lib/dpkg/status" not in dry.stdout
    take_back(machine)
    assert machine.said("dpkg-query", "-f", "${Package} ${Status}\n", "-W", "theirs") == "theirs install ok installed\n"
    assert machine.call("dpkg-query", "-W", "ours").returncode == 1
    assert machine.call("getent", "passwd", "web").returncode == 2
    assert not (machine.root / "usr/share/ours").exists()
    assert not (machine.root / "srv/app").exists()
    machine.said("dpkg", "--purge", "theirs")
    machine.said("groupdel", "theirs")


def test_a_package_that_another_one_needs_by_now(machine: Machine, context: Path) -> None:
    package(context, "ours"), package(context, "needy", "Depends: ours\n")
    set_up(machine, PACKAGES.format(word="one"), context)
    (machine.root / "srv-bundle/needy.deb").write_bytes((context / "needy.deb").read_bytes())
    machine.said("dpkg", "-i", "/srv-bundle/needy.deb")
    said = take_back(machine)
    assert "packages that stay, since others may need them by now (the package manager removes them): ours" in said
    assert machine.said("dpkg", "--verify", "ours", "needy") == ""
    assert machine.said("getent", "group", "ours").startswith("ours:")
    machine.said("dpkg", "--purge", "needy", "ours")
    for name in ("needy", "ours"):
        machine.said("groupdel", name)
    machine.call("userdel", "web")
