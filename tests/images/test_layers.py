"""Layers laid over a directory: whiteouts, what replaces what, and archives that mean harm."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from dock2sh.images import ImageError
from dock2sh.images.layers import apply_layer, inside

pytestmark = pytest.mark.root


def layer(*members: tuple[str, str, str]) -> io.BytesIO:
    """A tar of (type, name, content or target): d, f, l, h."""
    kinds = {"d": tarfile.DIRTYPE, "f": tarfile.REGTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for kind, name, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.mode = kinds[kind], 1500000000, 0o711 if kind == "d" else 0o640
            info.uid, info.gid = 7, 8
            if kind == "f":
                info.size = len(text)
            elif kind in "lh":
                info.linkname = text
            tar.addfile(info, io.BytesIO(text.encode()) if kind == "f" else None)
    out.seek(0)
    return out


def tree(root: Path) -> dict[str, str]:
    found = {}
    for place in sorted(root.rglob("*")):
        name = str(place.relative_to(root))
        found[name] = f"-> {os.readlink(place)}" if place.is_symlink() else place.read_text() if place.is_file() else "/"
    return found


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ([("f", "d/.wh.a", "")], {"d": "/", "d/s": "/", "d/s/c": "3", "d/b": "2", "l": "-> d"}),
        ([("f", "d/n", "new"), ("f", "d/.wh..wh..opq", "")], {"d": "/", "d/n": "new", "l": "-> d"}),
        ([("f", ".wh.d", "")], {"l": "-> d"}),
        ([("f", "d", "file now")], {"d": "file now", "l": "-> d"}),
        ([("d", "d/a", "")], {"d": "/", "d/a": "/", "d/b": "2", "d/s": "/", "d/s/c": "3", "l": "-> d"}),
        ([("f", "l/x", "through")], {"d": "/", "d/a": "1", "d/b": "2", "d/s": "/", "d/s/c": "3", "d/x": "through", "l": "-> d"}),
        ([("h", "h", "d/b")], {"d": "/", "d/a": "1", "d/b": "2", "d/s": "/", "d/s/c": "3", "h": "2", "l": "-> d"}),
        ([("d", "l", "")], {"d": "/", "d/a": "1", "d/b": "2", "d/s": "/", "d/s/c": "3", "l": "/"}),
        ([("f", "d/s/c", "4"), ("l", "d/s", "/")], {"d": "/", "d/a": "1", "d/b": "2", "d/s": "-> /", "l": "-> d"}),
    ],
)
def test_a_layer_over_another(tmp_path: Path, over: list[tuple[str, str, str]], expected: dict[str, str]) -> None:
    below = [("d", "d", ""), ("f", "d/a", "1"), ("f", "d/b", "2"), ("d", "d/s", ""), ("f", "d/s/c", "3"), ("l", "l", "d")]
    apply_layer(layer(*below), str(tmp_path))
    apply_layer(layer(*over), str(tmp_path))
    assert tree(tmp_path) == expected


@pytest.mark.parametrize(
    "members",
    [
        [("f", "/etc/x", "")],
        [("f", "a/../../x", "")],
        [("h", "x", "/etc/passwd")],
        [("h", "x", "../../etc/passwd")],
        [("f", "a/.wh...", "")],
        [("f", ".wh.", "")],
        [("f", "x", "1"), ("f", "x/y", "")],
        [("l", "a", "b"), ("l", "b", "a"), ("f", "a/x", "")],
    ],
)
def test_what_leads_out_or_makes_no_sense_is_refused(tmp_path: Path, members: list[tuple[str, str, str]]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(ImageError):
        apply_layer(layer(*members), str(root))
    assert os.listdir(tmp_path) == ["root"]


def test_a_link_out_of_the_root_leads_back_into_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    apply_layer(layer(("l", "out", "../../.."), ("l", "abs", "/etc"), ("f", "out/x", "1"), ("f", "abs/y", "2")), str(root))
    assert sorted(os.listdir(tmp_path)) == ["root"]
    assert (root / "x").read_text() == "1"
    assert (root / "etc/y").read_text() == "2"


def test_owner_mode_and_time_are_kept(tmp_path: Path) -> None:
    apply_layer(layer(("d", "d", ""), ("f", "d/f", "x"), ("l", "d/l", "f")), str(tmp_path))
    for name in ("d", "d/f", "d/l"):
        about = os.lstat(tmp_path / name)
        assert (about.st_uid, about.st_gid, int(about.st_mtime)) == (7, 8, 1500000000)
    assert (tmp_path / "d/f").stat().st_mode & 0o7777 == 0o640


def test_another_layer_than_promised_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="damaged"):
        apply_layer(layer(("f", "x", "1")), str(tmp_path), "sha256:" + "0" * 64)


def test_inside_follows_links_as_the_kernel_would(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/up").symlink_to("../b")
    (tmp_path / "b").symlink_to("/c/./d")
    assert inside(str(tmp_path), "a/up/x") == f"{tmp_path}/c/d/x"
    assert inside(str(tmp_path), "../../etc") == f"{tmp_path}/etc"


def test_the_root_itself_stays_as_docker_makes_it(tmp_path: Path) -> None:
    """A tar of a `mktemp -d` says 0700 for "./"; docker does not listen (a user in the image could not even enter /)."""
    tmp_path.chmod(0o755)
    apply_layer(layer(("d", "./", ""), ("f", "./x", "1")), str(tmp_path))
    about = tmp_path.stat()
    assert (about.st_mode & 0o7777, about.st_uid) == (0o755, 0)


def pax(kind: bytes = tarfile.REGTYPE, link: str = "", name: str = "a", **headers: str) -> io.BytesIO:
    """One member with headers that no tar program would write."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, 5 if kind == tarfile.REGTYPE else 0
        info.pax_headers = headers
        tar.addfile(info, io.BytesIO(b"hello"))
    out.seek(0)
    return out


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (pax(path="../../evil"), "outside of a root"),
        (pax(path="/evil"), "outside of a root"),
        (pax(path="a\0b"), "null byte"),
        (pax(kind=tarfile.LNKTYPE, link="x", linkpath="/etc/passwd"), "outside of a root"),
        (pax(kind=tarfile.LNKTYPE, link="a"), "No such file"),
        (pax(kind=tarfile.LNKTYPE, link="."), "hard link to a directory"),
        (pax(mtime="nan"), "NaN"),
        (pax(mtime="9" * 25), "out of range"),
        (pax(uid="99999999999"), "uid"),
        (pax(size="999999999999"), "unexpected end"),
        (pax(name="/".join(["d"] * 3000)), r"without end|too long"),
        (pax(name="n" * 300), "too long"),
        (pax(**{"SCHILY.xattr.nonsense": "y"}), "not supported"),
    ],
)
def test_headers_that_mean_harm(tmp_path: Path, archive: io.BytesIO, words: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(ImageError, match=words):
        apply_layer(archive, str(root))
    assert os.listdir(tmp_path) == ["root"]


def test_names_may_be_anything_but_a_slash(tmp_path: Path) -> None:
    apply_layer(layer(("f", "a\nb", "1"), ("f", "-rf *", "2"), ("f", "c\nd/e", "3")), str(tmp_path))
    assert tree(tmp_path) == {"-rf *": "2", "a\nb": "1", "c\nd": "/", "c\nd/e": "3"}


FORMS = (["gnu"], ["pax", "--sparse-version=0.0"], ["pax", "--sparse-version=0.1"], ["pax", "--sparse-version=1.0"])


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_holes_stay_holes(tmp_path: Path, form: list[str]) -> None:
    """In each of the four forms; a file of eight terabytes takes no room, and what stands behind it is there."""
    (tmp_path / "from").mkdir()
    with open(tmp_path / "from/sparse", "wb") as file:
        file.write(b"begin")
        file.seek(1 << 23)
        file.write(b"middle")
        file.truncate(1 << 43)
    (tmp_path / "from/then").write_text("next")
    (root := tmp_path / "root").mkdir()
    tar = ["tar", "-C", str(tmp_path / "from"), "--sparse", f"--format={form[0]}", *form[1:], "-c", "sparse", "then"]
    try:
        apply_layer(io.BytesIO(subprocess.run(tar, check=True, capture_output=True).stdout), str(root))
        with open(root / "sparse", "rb") as file:
            assert file.read(6) == b"begin\0"
            file.seek((1 << 23) - 1)
            assert file.read(8) == b"\0middle\0"
        about = (root / "sparse").stat()
        assert (about.st_size, about.st_blocks < 1000) == (1 << 43, True)
        assert (root / "then").read_text() == "next"
    finally:
        subprocess.run(["rm", "-r", str(root), str(tmp_path / "from")], check=True)
