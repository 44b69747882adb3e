"""The same change of two files that were not the same before: what a machine's own records hide, and what they must not."""

import pytest

from dock2sh.verify.changes import Sides, earlier, rotated, same_change, same_numbers

IMAGE = b"root:x:0:0::/root:/bin/sh\n"
MACHINE = b"root:x:0:0::/root:/bin/sh\nsshd:x:998:998::/run:/bin/false\n"
WEB = b"web:x:999:999::/home/web:/bin/sh\n"
TAKEN = ((0, 998), (0, 998))


def same(mine: bytes, theirs: bytes = IMAGE + WEB, before: bytes = MACHINE, taken: tuple[tuple[int, ...], ...] = TAKEN) -> bool:
    now = Sides(mine, theirs)
    return same_change("/etc/passwd", now, Sides(before, IMAGE)) and same_numbers(now, before, taken)


def test_an_account_is_put_in_beside_others() -> None:
    assert same(MACHINE + WEB)
    assert not same(MACHINE)


@pytest.mark.parametrize(
    "mine",
    [
        MACHINE + b"web:x:997:999::/home/web:/bin/sh\n",  # nobody had 999
        MACHINE + b"web:x:0:999::/home/web:/bin/sh\n",
        MACHINE.replace(b"998:998", b"0:998") + WEB,
        MACHINE + WEB + b"web:x:0:0::/home/web:/bin/sh\n",
        MACHINE + WEB + b"mallory:x:0:0::/:/bin/sh\n",
        MACHINE.replace(b"/bin/false", b"/bin/sh") + WEB,
    ],
)
def test_what_no_setup_brings_about(mine: bytes) -> None:
    assert not same(mine)


def test_another_number_where_theirs_was_given_away() -> None:
    before = MACHINE + b"other:x:999:5::/:/bin/sh\n"
    assert same(before + b"web:x:997:999::/home/web:/bin/sh\n", before=before, taken=((0, 998, 999), (0, 998, 5)))


def test_paragraphs() -> None:
    """Packages that were here before are not put in again; what was taken out must be gone."""
    one, two, three = (b"Package: %d\n" % number for number in (1, 2, 3))
    path = "/var/lib/dpkg/status"
    assert same_change(path, Sides(b"\n".join([one, three, two]), b"\n".join([one, two])), Sides(b"\n".join([one, three]), one))
    assert not same_change(path, Sides(b"\n".join([one, three]), b"\n".join([one, two])), Sides(b"\n".join([one, three]), one))
    assert not same_change(
        path, Sides(b"\n".join([one, three]), three), Sides(b"\n".join([one, three]), b"\n".join([one, three]))
    )
    assert same_change(
        path, Sides(three, b"\n".join([two, three])), Sides(three, three), lambda record: record.startswith(b"Package: 2")
    )


def test_copies_of_some_changes_ago() -> None:
    """ucf keeps eight: each has what the machine had at first, and what the setup had put in by then."""
    before, path = Sides(b"1  /etc/ssh/sshd_config\n", b""), "/var/lib/ucf/hashfile.3"
    assert (rotated(path), rotated("/srv/hashfile.3")) == ("/var/lib/ucf/hashfile", "/srv/hashfile.3")
    assert same_change(path, Sides(before.mine + b"2  /etc/a\n", b"2  /etc/a\n"), before)
    assert not same_change(path, Sides(before.mine + b"3  /etc/b\n", b"2  /etc/a\n"), before)
    assert not same_change(path, Sides(before.mine, b"2  /etc/a\n"), before)


def test_a_file_without_records_is_never_the_same() -> None:
    assert not same_change("/srv/app", Sides(b"a\n", b"a\n"), Sides(b"", b""))


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/etc/passwd-", "passwd"),
        ("/etc/gshadow-", "gshadow"),
        ("/etc/group-", "group"),
        ("/var/lib/dpkg/status-old", "status"),
        ("/srv/x-", "x-"),
    ],
)
def test_the_file_of_which_this_is_a_copy(path: str, file: str) -> None:
    assert earlier(path).endswith(f"/{file}")
