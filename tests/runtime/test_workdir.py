"""WORKDIR: where later steps run, and which directories come about."""

import pytest
from copying import put, refused, sh, top
from workshop import Workshop

pytestmark = pytest.mark.root


@pytest.mark.parametrize(
    ("before", "words", "expected"),
    [
        ("", "workdir /w/a", [". d 755 0:0", "a d 755 0:0"]),
        ("", "workdir /w; workdir b/c", [". d 755 0:0", "b d 755 0:0", "b/c d 755 0:0"]),
        ("", "workdir /q/../w/r/", [". d 755 0:0", "r d 755 0:0"]),
        ("", "user www-data; workdir /w/a", [". d 755 33:33", "a d 755 33:33"]),
        ("", "user 1500; workdir /w", [". d 755 1500:1500"]),
        ("", "user nosuch:foo; workdir /w", [". d 755 0:0"]),
        ("mkdir -m 700 w; chown 4:4 w", "user www-data; workdir /w", [". d 700 4:4"]),
        ("mkdir w; ln -s t w/s", "workdir /w/s/n", [". d 755 0:0", "s l 777 0:0 -> t", "t d 755 0:0", "t/n d 755 0:0"]),
    ],
)
def test_directories(workshop: Workshop, before: str, words: str, expected: list[str]) -> None:
    workshop.busybox()
    sh(workshop.root, "umask 022", before)
    assert put(workshop, words) == expected


def test_a_file_in_the_way(workshop: Workshop) -> None:
    workshop.busybox()
    sh(workshop.root, "echo >f")
    assert "mkdir /f: not a directory" in refused(workshop, "workdir /f/x")


def test_a_name_needs_a_root_to_look_it_up(workshop: Workshop) -> None:
    words = top(["workdir /w"], before="    user foo").replace("from busybox", "from scratch")
    assert "invalid user index: -1" in workshop.run(words).stderr
