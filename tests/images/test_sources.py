"""Every form in which a base image can be given, made from one root file system, and what is none of them."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from dock2sh.images import ImageError, find_image, open_source, unpack

pytestmark = pytest.mark.root
CONFIG = {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=1"], "Cmd": ["sh"]}, "rootfs": {"type": "layers"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with what is easily lost, as directory, tars, layout and archives."""
    folder = tmp_path_factory.mktemp("sources")
    root = folder / "root"
    (root / "d").mkdir(parents=True)
    (root / "d/f").write_text("content")
    os.link(root / "d/f", root / "hard")
    (root / "link").symlink_to("/d/f")
    os.mkfifo(root / "fifo")
    os.mknod(root / "null", 0o20666, os.makedev(1, 3))
    os.setxattr(root / "d/f", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    os.chown(root / "d", 12, 34)
    os.utime(root / "d", (1400000000, 1400000000))
    tar = ["tar", "-C", str(root), "--format=pax", "--xattrs", "--xattrs-include=*", "--numeric-owner"]
    for name, option in (
        ("plain.tar", "-c"),
        ("r.tar.gz", "-cz"),
        ("r.tar.xz", "-cJ"),
        ("r.tar.bz2", "-cj"),
        ("r.tar.zst", "-c"),
    ):
        packer = ["--use-compress-program=zstd -q"] if name.endswith("zst") else []
        subprocess.run([*tar, *packer, option, "-f", str(folder / name), "."], check=True)
    _archives(folder)
    return folder


def _archives(folder: Path) -> None:
    plain = (folder / "plain.tar").read_bytes()
    layer = gzip.compress(plain)
    config = {**CONFIG, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]}}
    layout = folder / "layout"
    (layout / "blobs/sha256").mkdir(parents=True)
    about = {"config": _blob(layout, config), "layers": [_blob(layout, layer)]}
    other = _blob(layout, {**about, "layers": []})
    index = {
        "manifests": [
            {
                **_blob(layout, about),
                "annotations": {"org.opencontainers.image.ref.name": "v1"},
                "platform": {"os": "linux", "architecture": "amd64"},
            },
            {**other, "platform": {"os": "linux", "architecture": "s390x"}},
        ]
    }
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    subprocess.run(["tar", "-C", str(layout), "-cf", str(folder / "layout.tar"), "."], check=True)
    archive = folder / "archive"
    archive.mkdir()
    (archive / "manifest.json").write_text(
        json.dumps([{"Config": "c.json", "RepoTags": ["thing:1"], "Layers": ["l/layer.tar"]}])
        .replace("c.json", "c" * 64 + ".json")
        .replace("l/layer", "1" * 64 + "/layer")
    )
    (archive / ("c" * 64 + ".json")).write_text(json.dumps(config))
    (archive / ("1" * 64)).mkdir()
    (archive / ("1" * 64) / "layer.tar").write_bytes(plain)
    subprocess.run(["tar", "-C", str(archive), "-czf", str(folder / "archive.tar.gz"), "."], check=True)
    for tool, config_name, layer_name in (
        ("crane", f"sha256:{'c' * 64}", f"{'1' * 64}.tar.gz"),
        ("jib", "config.json", "l.tar.gz"),
    ):
        about = [{"Config": config_name, "RepoTags": ["thing:1"], "Layers": [layer_name]}]
        parts = ((config_name, json.dumps(config).encode()), (layer_name, layer), ("manifest.json", json.dumps(about).encode()))
        with tarfile.open(folder / f"archive-{tool}.tar", "w") as out:
            for name, data in parts:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                out.addfile(member, io.BytesIO(data))


def _blob(layout: Path, content: object) -> dict[str, object]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(data)
    kind = "layer.v1.tar+gzip" if isinstance(content, bytes) else "manifest.v1+json"
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


SOURCES = ["root", "plain.tar", "r.tar.gz", "r.tar.xz", "r.tar.bz2", "r.tar.zst", "layout", "layout.tar", "archive.tar.gz"]
SOURCES += ["archive-crane.tar", "archive-jib.tar"]


@pytest.mark.parametrize("source", SOURCES)
def test_every_form_gives_the_same_root(made: Path, tmp_path: Path, source: str) -> None:
    image = find_image("thing:1", {"docker.io/library/thing:1": str(made / source)}, "linux/amd64")
    assert image is not None
    assert image.config["config"]["Env"] == (["A=1"] if source[:2] in ("la", "ar") else [image.config["config"]["Env"][0]])
    unpack(image, str(tmp_path / "to"))
    listing = ["find", ".", "-printf", "%p %y %m %U %G %s %n %T@ %l\n"]
    ours, theirs = (
        subprocess.run(listing, cwd=place, capture_output=True, check=True).stdout for place in (tmp_path / "to", made / "root")
    )
    assert _known(ours) == _known(theirs)
    assert (tmp_path / "to/d/f").read_text() == "content"
    assert os.getxattr(tmp_path / "to/d/f", "security.capability") == os.getxattr(made / "root/d/f", "security.capability")
    assert os.lstat(tmp_path / "to/null").st_rdev == os.makedev(1, 3)


@pytest.mark.parametrize("name", ["manifest.json", "app/manifest.json", "index.json"])
def test_a_root_that_has_such_a_file_is_a_root(name: str, tmp_path: Path) -> None:
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "root" / name).write_text('[{"name": "an app"}]')
    subprocess.run(["tar", "-C", str(tmp_path / "root"), "-cf", str(tmp_path / "root.tar"), "."], check=True)
    unpack(open_source(str(tmp_path / "root.tar"), "x", "linux/amd64"), str(tmp_path / "to"))
    assert (tmp_path / "to" / name).exists()


def test_a_tag_of_a_layout_that_docker_wrote(made: Path, tmp_path: Path) -> None:
    """docker writes the whole name beside the tag; both are names."""
    layout = shutil.copytree(made / "layout", tmp_path / "layout")
    index = json.loads((layout / "index.json").read_text())
    index["manifests"][0]["annotations"]["io.containerd.image.name"] = "docker.io/library/thing:v1"
    (layout / "index.json").write_text(json.dumps(index))
    for tag in ("v1", "docker.io/library/thing:v1"):
        assert open_source(f"oci-layout://{layout}" + (f":{tag}" if tag == "v1" else ""), tag, "linux/amd64").config["config"]


def _known(listing: bytes) -> list[str]:
    """Lines without a directory's size (the file system's own) and fractions of seconds (a tar may have none)."""
    rows = [line.split(" ") for line in listing.decode().splitlines()]
    return sorted(
        " ".join([*row[:5], "" if row[1] == "d" else row[5], row[6], row[7].partition(".")[0], row[8]])
        for row in rows
        if row[0] != "."
    )


def test_a_layout_by_tag_digest_and_address(made: Path) -> None:
    assert open_source(f"oci-layout://{made}/layout:v1", "x").config["config"]["Cmd"] == ["sh"]
    digest = json.loads((made / "layout/index.json").read_text())["manifests"][0]["digest"]
    assert open_source(f"oci-layout://{made}/layout@{digest}", "x").config["os"] == "linux"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing-here", "does not exist"),
        ("archive/" + "c" * 64 + ".json", "is no tar"),
        ("oci-layout://{made}/layout:v2", "v1"),
        ("oci-layout://{made}/root", "no OCI image layout"),
        ("docker-image://dock2sh-no-such-image", "docker pull dock2sh-no-such-image"),
    ],
)
def test_what_is_no_image_is_said(made: Path, source: str, words: str) -> None:
    place = source.format(made=made) if "://" in source else str(made / source)
    with pytest.raises(ImageError, match=words):
        open_source(place, "thing:1")


def test_an_unknown_image_is_none() -> None:
    assert find_image("dock2sh-no-such-image", {"other": "x"}) is None


def test_only_into_an_empty_directory(made: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="not empty"):
        unpack(open_source(str(made / "plain.tar"), "x"), str(tmp_path))


def _layout(folder: Path, index: object, **files: bytes) -> str:
    """A layout that somebody made up."""
    (folder / "blobs/sha256").mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text("{}")
    for name, data in files.items():
        (folder / "blobs/sha256" / name).write_bytes(data)
    return str(folder)


SELF = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:me", "size": 1}


@pytest.mark.parametrize(
    ("index", "files", "words"),
    [
        ([], {}, "index.json is not an object"),
        ({"manifests": ["x"]}, {}, r"manifests\[0\] is not an object"),
        ({"manifests": [{"digest": 5}]}, {}, "digest is not text"),
        ({"manifests": [{"digest": "sha256:../../../etc/passwd"}]}, {}, "no digest"),
        ({"manifests": [SELF]}, {"me": json.dumps({"manifests": [SELF]}).encode()}, "indexes without end"),
        ({"manifests": [{"digest": "sha256:m"}]}, {"m": b"[]"}, "m is not an object"),
        ({"manifests": [{"digest": "sha256:m"}]}, {"m": b"[" * 100_000}, "no JSON"),
        ({"manifests": [{"digest": "sha256:m"}]}, {"m": b"x" * ((1 << 24) + 2)}, "larger than any manifest"),
        ({"manifests": [{"digest": "sha256:m"}]}, {"m": b"\xff"}, "no JSON"),
    ],
)
def test_a_layout_that_means_harm(tmp_path: Path, index: object, files: dict[str, bytes], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        open_source(_layout(tmp_path / "layout", index, **files), "x")


def test_a_link_in_a_layout_leads_nowhere_else(tmp_path: Path) -> None:
    place = _layout(tmp_path / "layout", {"manifests": [{"digest": "sha256:m"}]})
    (tmp_path / "layout/blobs/sha256/m").symlink_to("/etc/passwd")
    with pytest.raises(ImageError, match="leads out of"):
        open_source(place, "x")


@pytest.mark.parametrize("packer", ["zstd", "gzip"])
def test_a_bomb_is_refused_before_it_fills_the_disk(packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 GiB of zeros in four MiB, or forty. (A GiB may any archive have; for the test it is less.)"""
    monkeypatch.setattr("dock2sh.images.streams._FREE", 1 << 25)
    info = tarfile.TarInfo("zeros")
    info.size = 40 << 30
    header, zeros = (
        subprocess.run([packer, "-qc"], input=data, capture_output=True, check=True).stdout
        for data in (info.tobuf(), bytes(64 << 20))
    )
    (tmp_path / "bomb.tar").write_bytes(header + zeros * 640)
    with pytest.raises(ImageError, match="taken for a bomb"):
        unpack(open_source(str(tmp_path / "bomb.tar"), "x"), str(tmp_path / "root"))
    written = tmp_path / "root/zeros"  # nothing, if it was read to the end before, for what it is
    assert not written.exists() or written.stat().st_size < 1 << 28
